"""A purge destroys one person's mail and nobody else's, whatever else their mail store shows them."""

import os
import pathlib
import pwd
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "db"))

import mail_world  # noqa: E402
from conftest import new_gatepost  # noqa: E402
from stack import doveadm, dovecot, host, mailclient  # noqa: E402

OLD_PASSWORD = "the-old-password"
POLICY_KEY = "policy-key-of-the-purge-test"
# Folders of all: one in a place of its own; and everybody's own ones, in a place of their own.
SHARED = """
passdb {{
  driver = static
  args = password=%s
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/others/%%u
}}
namespace public {{
  type = public
  separator = /
  prefix = Public/
  location = maildir:{folder}/mail/public:INDEX=~/public-index
  subscriptions = no
  list = yes
}}
namespace inbox {{
  separator = /
}}
""" % OLD_PASSWORD


@pytest.fixture(scope="module")
def world(run_dir, cluster):
    instance = new_gatepost(run_dir / "purge", cluster, "purge", mail_policy_key=POLICY_KEY)
    before, mail_world.CONNINFO = mail_world.CONNINFO, cluster.conninfo("purge")
    with cluster.session("purge") as sql:
        mail_world.make_roles(sql.connection)
    world = mail_world.World()
    world.settings(mode="directory")
    world.rules({})
    world.gatepost = instance
    for name, text in (("doveadm.key", doveadm.KEY), ("policy.header", f"Authorization: Bearer {POLICY_KEY}")):
        path = instance.folder / "keys" / name
        path.write_text(text)
        path.chmod(0o600)
        host.give(path)
    instance.start()
    yield world
    world.close()
    mail_world.CONNINFO = before
    assert instance.stop() == 0


@pytest.fixture(scope="module")
def store(world, run_dir):
    folder, who = run_dir / "purge-dovecot", pwd.getpwnam(host.USER) if host.is_root() else pwd.getpwuid(0)
    try:
        instance = dovecot.Dovecot(folder, world.gatepost.cli, "both", SHARED.format(folder=folder, uid=who.pw_uid, gid=who.pw_gid)).create(doveadm.KEY).start()
    except host.StackError as missing:
        pytest.skip(str(missing))
    user = os.stat(instance.folder / "mail")
    world.run("UPDATE mail_backend SET url = %s, secret_file = %s, home = %s, uid = %s, gid = %s WHERE backend = 'dovecot'",
              f"http://127.0.0.1:{instance.ports['doveadm']}/doveadm/v1", str(world.gatepost.folder / "keys" / "doveadm.key"),
              str(instance.folder / "mail/%d/%n"), user.st_uid, user.st_gid)
    yield instance
    instance.stop()


PUBLIC = ("Public/All", "Public/All/Part")
OWN = ("Work", "Work/In", '"a*b"', '"50%"')


def once(world):
    done = world.gatepost.cli.run("sync", "once", "--org", world.name)
    print(done.stderr)
    return done.returncode


def folders(store, person):
    return {row["mailbox"] for row in store.doveadm(("mailboxList", {"user": person.address}))[0][1]}


def messages(store, person, mask):
    ask = {"user": person.address, "field": ["messages"], "mailboxMask": [mask]}
    return {row["mailbox"]: int(row["messages"]) for row in store.doveadm(("mailboxStatus", ask))[0][1]}


def with_mail(world, store, names):
    person = world.person()
    client = mailclient.Imap(store.ports["imap"]).login(person.address, world.token(person))
    for name in names:
        client.connection.create(name)
        assert client.connection.append(name, None, None, b"Subject: kept\r\n\r\nhello\r\n")[0] == "OK", name
    client.close()
    mailclient.lmtp(store.ports["lmtp"], "friend@elsewhere.example", person.address, "in the inbox")
    return person


def test_an_approved_purge_leaves_the_folders_of_all(world, store):
    leaver, neighbour = with_mail(world, store, (*PUBLIC, *OWN)), with_mail(world, store, ("Work",))
    assert {"INBOX", "Work", "Work/In", "a*b", "50%", *PUBLIC} <= folders(store, leaver)
    assert messages(store, leaver, "Public/*") == dict.fromkeys(PUBLIC, 1)
    world.run("UPDATE mailbox SET applied_gen = desired_gen WHERE org_id = %s", world.org)
    world.mailbox(leaver, state="purged", open=False, desired_gen=2)
    assert once(world) == 0
    assert world.one("SELECT desired_gen = applied_gen FROM mailbox WHERE mailbox_id = %s", leaver.mailbox_id)
    assert messages(store, neighbour, "Public/*") == dict.fromkeys(PUBLIC, 1)
    assert messages(store, neighbour, "Work") == {"Work": 1} and messages(store, neighbour, "INBOX") == {"INBOX": 1}
    place = pathlib.Path(store.doveadm(("user", {"userMask": [leaver.address]}))[0][1][leaver.address]["home"])
    assert place.is_dir() and [path for path in place.rglob("*") if path.parent.name in ("cur", "new")] == []
    assert {name for name in folders(store, neighbour) if name.startswith("Public/")} == set(PUBLIC)


@pytest.mark.parametrize("name", ["bare", "alias", "former"])
def test_sessions_under_another_name_of_a_leaver_end(world, store, name):
    """The mail server's own password database lets in by whatever name it knows."""
    person = world.person()
    world.run("UPDATE mailbox SET applied_gen = desired_gen WHERE org_id = %s", world.org)
    local = person.address.partition("@")[0]
    login = local if name == "bare" else world.address(person, f"{name}-{local}", name, "infinity" if name == "former" else None)
    session = mailclient.Imap(store.ports["imap"]).login(login, OLD_PASSWORD).idle()
    assert store.who(login) == 1
    world.directory(person.user_id, False)
    world.mailbox(person, open=False, desired_gen=2)
    assert once(world) == 0
    assert store.who(login) == 0 and session.ended(5) is not None
    session.close()


def test_a_session_that_came_in_under_an_alias_is_cut_again(world, store):
    person = world.person()
    alias = world.address(person, f"also-{person.address.partition('@')[0]}", "alias")
    session = mailclient.Imap(store.ports["imap"]).login(alias, OLD_PASSWORD).idle()
    world.directory(person.user_id, False)
    world.mailbox(person, open=False, state="disabled", disabled_at="now")
    world.run("UPDATE mailbox SET applied_gen = desired_gen WHERE org_id = %s", world.org)
    assert once(world) == 0
    assert store.who(alias) == 0 and session.ended(5) is not None
    session.close()
