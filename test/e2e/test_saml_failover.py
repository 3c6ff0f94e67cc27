"""One answer of an identity provider is one session, whichever server it reaches, before and after the database failed over."""

import pytest

from conftest import new_tenant
from saml_world import SamlWorld
from stack import postgres, server


@pytest.fixture(scope="module")
def pair(run_dir):
    """A primary and the standby that must confirm each commit."""
    primary = postgres.Postgres(run_dir / "primary").create().start()
    follower = None
    try:
        conninfo = primary.create_database("gatepost")
        follower = primary.follower(run_dir / "follower")
        both = conninfo.replace(f"host={primary.folder} port={primary.port}",
                                f"host={primary.folder},{follower.folder} port={primary.port},{follower.port}")
        yield primary, follower, both + " target_session_attrs=read-write"
    finally:
        primary.stop("immediate")
        if follower is not None:
            follower.stop("immediate")


@pytest.fixture(scope="module")
def servers(pair, run_dir):
    """Two servers on the pair; both say the same of their address, as behind one front."""
    _, _, conninfo = pair
    first = server.Server(run_dir / "one", conninfo).write_config()
    done = first.cli.run("db", "migrate")
    assert done.returncode == 0, done
    first.start()
    keys = run_dir / "one" / "keys"
    second = server.Server(run_dir / "two", conninfo, {"public_url": first.settings["public_url"], "keys_dir": str(keys)}).write_config()
    yield first, second
    first.stop()
    second.stop()


class Site:
    """What new_tenant and SamlWorld ask of a cluster, whoever is the primary now."""

    def __init__(self, cluster):
        self.cluster = cluster

    def session(self, database):
        return self.cluster.session(database)


def test_replay_across_servers_and_across_a_failover(pair, servers, run_dir):
    primary, follower, _ = pair
    first, second = servers
    site = Site(primary)
    w = SamlWorld(new_tenant(first, site), run_dir)
    w.person("ada")
    second.start()
    asked = w.ask()
    fields = w.good(asked, w.address("ada"))
    w.answer(asked, fields)
    assert w.signed_in(asked.browser), w.last_failure()
    waiting = w.ask()  # a sign-in on its way while the primary dies

    # The other server, before: the same message comes to nothing.
    w.acs = w.acs.replace(first.address, second.address)
    assert w.answer(asked, fields, follow=False).status in (400, 401, 403)
    assert len(w.sessions()) == 1

    primary.stop("immediate")
    follower.promote()
    site.cluster = follower

    for here in (second, first):
        w.acs = f"http://{here.address}/saml/{w.slug}/acs"
        assert w.answer(asked, fields, follow=False).status in (400, 401, 403)
        assert w.last_failure() in ("irt_reused", "replay")
    assert len(w.sessions()) == 1
    # What was acknowledged is still there: the session, and the question that nobody had answered yet.
    assert w.signed_in(asked.browser)
    w.acs = f"http://{first.address}/saml/{w.slug}/acs"
    w.answer(waiting, w.good(waiting, w.address("ada")))
    assert w.signed_in(waiting.browser), w.last_failure()
    assert len([row for row in w.sessions() if row[1] is None]) == 2
