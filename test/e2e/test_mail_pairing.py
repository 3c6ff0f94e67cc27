"""Whose a mailbox is that was there before: told by its address, or by hand; never the wrong one's."""

import pytest

from conftest import new_gatepost
from mail_world import REFUSED, World
from stack import host, recorder


@pytest.fixture(scope="module")
def mail(run_dir, cluster):
    instance = new_gatepost(run_dir / "pairing", cluster, "mail")
    instance.start()
    yield instance
    assert instance.stop() == 0


@pytest.fixture(scope="module")
def store(mail):
    store = recorder.Recorder()
    key = mail.folder / "hook.key"
    key.write_text(store.secret + "\n")
    host.give(key)
    mail.cli.json("backend", "add", "hook", "--kind", "webhook", "--url", store.url, "--secret-file", str(key))
    yield store
    store.stop()


@pytest.fixture
def world(mail, store, cluster):
    return World(mail, cluster)


def adopt(world, mail, *addresses):
    names = mail.folder / "more.txt"
    names.write_text("\n".join(addresses) + "\n")
    host.give(names)
    return {row["address"]: (row["match"], row["person"]) for row in world.cli("mailbox", "adopt", str(names), "--yes")["mailboxes"]}


def test_adopting_counts_who_has_a_mailbox_already(world, mail):
    """Whose mail it is cannot be told while its likely owner has another mailbox: the next who has the address does not get it."""
    shared, named = f"shared@{world.domain}", f"named@{world.domain}"
    busy = world.person(emails=[{"value": shared}])
    owner = world.person("named")
    world.once()
    world.person(join=False, emails=[{"value": shared}, {"value": named}])
    world.sql("DELETE FROM mail_address WHERE address IN (%s, %s)", shared, named)
    world.sql("UPDATE mailbox SET address = %s WHERE user_id = %s", f"elsewhere@{world.domain}", owner["id"])
    assert adopt(world, mail, shared, named) == {shared: ("unsure", unsure(world, shared)), named: ("unsure", owner["userName"])}
    alone = f"alone@{world.domain}"
    world.patch(f"/Users/{busy['id']}", {"op": "replace", "path": "emails", "value": [{"value": alone}]})
    assert adopt(world, mail, alone) == {alone: ("unsure", busy["userName"])}


def unsure(world, address):
    """Of several the first by id is named."""
    return world.sql("SELECT user_name FROM scim_user u JOIN org o USING (org_id) WHERE o.name = %s AND email_keys @> ARRAY[%s]"
                     " ORDER BY user_id LIMIT 1", world.org, address)[0][0]


def found(world, address, why=None):
    world.sql("INSERT INTO mailbox (org_id, address, state, origin, backend, why) SELECT org_id, %s, 'active', 'found', 'hook', %s"
              " FROM org WHERE name = %s", address, why, world.org)


@pytest.mark.parametrize("which, code", [("unverified", "GP-4202"), ("unfit", "GP-4208"), ("rests", "GP-4201"), ("alias", "GP-4201")])
def test_pairing_asks_what_adopting_asks(world, which, code):
    person = world.person(join=False)
    other = world.person(emails=[{"value": f"alias@{world.domain}"}])
    world.once()
    address = f"{which}@{'elsewhere.example' if which == 'unverified' else world.domain}"
    found(world, address, "its home belongs to 1:1" if which == "unfit" else None)
    if which == "rests":
        world.sql("INSERT INTO mail_address (org_id, address, kind, until) SELECT org_id, %s, 'resting', now() + interval '1 day' FROM org"
                  " WHERE name = %s", address, world.org)
    refused = world.run("mailbox", "pair", address, person["userName"])
    assert refused.returncode == REFUSED and code in refused.stderr, refused.stderr
    assert world.box(person) is None and world.box(other) is not None
    assert world.sql("SELECT origin, user_id FROM mailbox WHERE address = %s", address) == [("found", None)]
    world.sql("DELETE FROM mailbox WHERE address = %s AND origin = 'found'", address)


def test_pairing_with_another_ends_what_the_first_had_open(world, store):
    first, second = world.person("first"), world.person(join=False)
    address = first["userName"]
    world.once()
    cuts = store.count("cut", address)
    world.cli("mailbox", "pair", address, first["userName"])
    world.once()
    assert store.count("cut", address) == cuts, "nobody else's now"
    world.cli("mailbox", "pair", address, second["userName"])
    world.join(second)
    world.leave(first)
    world.once()
    assert store.count("cut", address) == cuts + 1 and world.box(first) is None and world.box(second)[0] == address
    assert world.sql("SELECT kind FROM mail_address WHERE address = %s", address) == [("primary",)]
