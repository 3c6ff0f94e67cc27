"""What Postfix reads and Dovecot looks up: addresses, lists, senders, homes, each asked as the mail server's own role."""

import pytest

import mail_world
from mail_world import CONNINFO, World, connect, rows

pytestmark = pytest.mark.skipif(not CONNINFO, reason="GATEPOST_TEST_DATABASE is not set: no migrated database to ask")


@pytest.fixture(scope="module")
def postfix():
    with connect() as sql:
        mail_world.make_roles(sql)
    connection = connect("gatepost_postfix")
    yield lambda view, key, column: {
        row[key]: row[column] for row in rows(connection, f"SELECT * FROM gatepost.postfix_{view}")}
    connection.close()


@pytest.fixture
def world(postfix):
    world = World()
    yield world
    world.close()


def mailboxes(postfix):
    return postfix("mailbox", "address", "refusal")


def aliases(postfix):
    return postfix("alias", "address", "targets")


STATES = [
    ({}, True), ({"state": "disabled", "deliver_disabled": True}, True), ({"state": "disabled", "deliver_disabled": False}, False),
    ({"contained_at": "2001-01-01", "deliver_disabled": False}, True),
]


@pytest.mark.parametrize("active", [True, False, None])
@pytest.mark.parametrize("columns, delivers", STATES)
def test_mail_arrives_by_the_mailboxs_state_alone(world, postfix, columns, delivers, active):
    person = world.person(**columns)
    world.directory(person.user_id, active)
    alias, former = world.address(person, "alias", "alias"), world.address(person, "old", "former", "2999-01-01")
    found, sent_on = mailboxes(postfix), aliases(postfix)
    if delivers:
        assert found[person.address] is None
        assert alias not in found and sent_on[alias] == sent_on[former] == person.address
    else:
        assert {found[a][:9] for a in (person.address, alias, former)} == {"550 5.2.1"}
        assert not {alias, former} & set(sent_on)
    assert person.address not in sent_on
    lmtp = rows(world.dovecot, "SELECT * FROM gatepost.dovecot_userdb(%s, 'lmtp')", alias.upper())
    assert [row["user"] for row in lmtp] == ([person.address] if delivers else [])


def test_a_purged_mailbox_is_nowhere_but_for_the_purge_itself(world, postfix):
    person = world.person(state="purged")
    alias = world.address(person, "alias", "alias")
    assert not {person.address, alias} & (set(mailboxes(postfix)) | set(aliases(postfix)))
    assert person.address not in postfix("sender", "address", "logins")
    assert rows(world.dovecot, "SELECT * FROM gatepost.dovecot_userdb(%s, 'lmtp')", person.address) == []
    assert len(rows(world.dovecot, "SELECT * FROM gatepost.dovecot_userdb(%s, 'doveadm')", person.address)) == 1
    assert {"user": person.address} not in rows(world.dovecot, "SELECT * FROM gatepost.dovecot_user")


def test_former_addresses_end_and_resting_ones_are_nobodys(world, postfix):
    person = world.person()
    over = world.address(person, "over", "former", "2001-01-01")
    resting = world.address(person, "resting", "resting", "2999-01-01")
    found = set(mailboxes(postfix)) | set(aliases(postfix)) | set(postfix("sender", "address", "logins"))
    assert not {over, resting} & found


def test_only_proved_domains_of_the_same_organisation_count(world, postfix):
    person = world.person()
    alias = world.address(person, "alias", "alias")
    assert world.domain in postfix("domain", "name", "name")
    world.run("UPDATE domain SET verified_at = NULL, verified_by = NULL WHERE org_id = %s", world.org)
    other = World()
    other.run("INSERT INTO domain (org_id, domain, challenge, verified_at, verified_by) VALUES (%s, %s, '', now(), 'dns')",
              other.org, world.domain)
    assert world.domain in postfix("domain", "name", "name")
    everything = set(mailboxes(postfix)) | set(aliases(postfix)) | set(postfix("sender", "address", "logins"))
    assert not {person.address, alias} & everything
    other.close()


def test_a_list_reaches_its_members_and_theirs_once(world, postfix):
    ada, bob, off, away = world.person("ada"), world.person("bob"), world.person("off", state="disabled"), world.person("away")
    world.mailbox(off, deliver_disabled=False)
    inner = world.group([ada, away])
    outer = world.group([ada, bob, off], [inner])
    world.run("INSERT INTO scim_member (org_id, group_id, member_id, kind) VALUES (%s, %s, %s, 'g')", world.org, inner, outer)
    world.directory(away.user_id, None)
    address = f"all@{world.domain}"
    number = world.one("INSERT INTO mail_group (org_id, group_id, group_name, domain, list_address)"
                       " VALUES (%s, %s, 'all', %s, %s) RETURNING mail_group_id", world.org, outer, world.domain, address)
    world.run("INSERT INTO mail_address (org_id, address, kind, mail_group_id) VALUES (%s, %s, 'list', %s)",
              world.org, address, number)
    assert aliases(postfix)[address].split(", ") == [ada.address, away.address, bob.address]
    assert address not in postfix("sender", "address", "logins")
    world.run("DELETE FROM scim_member WHERE org_id = %s", world.org)
    assert address not in aliases(postfix)


@pytest.mark.parametrize("mode", ["observe", "directory", "idp"])
def test_who_may_send_as_whom(world, postfix, mode):
    world.settings(mode=mode)
    ada, no_smtp, gone, off, locked = (world.person(), world.person(protocols=["imap"]), world.person(),
                                       world.person(state="disabled"), world.person(contained_at="2001-01-01"))
    world.directory(gone.user_id, None)
    alias, former = world.address(ada, "alias", "alias"), world.address(ada, "old", "former", "2999-01-01")
    live, dead = f"scanner@{world.domain}", f"old-scanner@{world.domain}"
    world.token(login=live, protocols=["smtp"])
    world.token(login=live, protocols=["smtp"], revoked_at="2001-01-01")
    world.token(login=dead, protocols=["smtp"], expires_at="2001-01-01")
    world.token(login="scanner@elsewhere.example", protocols=["smtp"])
    sender = postfix("sender", "address", "logins")
    assert sender[ada.address] == sender[alias] == ada.address
    assert sender[live] == live
    assert not {former, no_smtp.address, locked.address, dead, "scanner@elsewhere.example"} & set(sender)
    # In mode observe whoever signs in by another password database keeps what he has.
    assert {gone.address, off.address} & set(sender) == ({gone.address, off.address} if mode == "observe" else set())
    login = postfix("login", "address", "refusal")
    assert login[locked.address].startswith("554 5.7.1 ") and login[dead].endswith("(GP-5105)")
    assert not {ada.address, alias, live, no_smtp.address} & set(login)
    assert (gone.address in login, off.address in login) == (mode != "observe", mode != "observe")
    world.token(gone)
    world.access_token(off)
    login = postfix("login", "address", "refusal")
    assert login[gone.address].endswith("(GP-5111)") and login[off.address].endswith("(GP-5112)")


USERDB = [  # state, mode → services that find the mailbox
    ({}, "directory", "imap pop3 sieve smtp lmtp doveadm indexer-worker"),
    ({"state": "disabled"}, "directory", "lmtp doveadm indexer-worker"),
    ({"state": "disabled", "deliver_disabled": False}, "idp", "doveadm indexer-worker"),
    ({"state": "disabled"}, "observe", "imap pop3 sieve smtp lmtp doveadm indexer-worker"),
    ({"contained_at": "2001-01-01"}, "observe", "lmtp doveadm indexer-worker"),
    ({"state": "purged"}, "observe", "doveadm"),
]


@pytest.mark.parametrize("columns, mode, services", USERDB)
def test_the_second_lock_of_dovecot_s_userdb(world, columns, mode, services):
    world.settings(mode=mode)
    person = world.person(**columns)
    found = [service for service in "imap pop3 sieve smtp lmtp doveadm indexer-worker".split()
             if rows(world.dovecot, "SELECT * FROM gatepost.dovecot_userdb(%s, %s)", person.address, service)]
    assert found == services.split()


@pytest.mark.parametrize("view", ["mailbox", "alias", "sender", "login"])
def test_one_address_is_found_by_indexes(world, view):
    rows(world.sql, "SET enable_seqscan = off")
    plan = rows(world.sql, f"EXPLAIN SELECT * FROM gatepost.postfix_{view} WHERE address = 'a@b.example'")
    steps = [line["QUERY PLAN"] for line in plan]
    assert any("Index" in step for step in steps)
    assert [step for step in steps if "Seq Scan" in step and any(
        table in step for table in ("mail_token", "mailbox", "mail_address", "scim_user"))] == []


def test_home_and_quota(world):
    person = world.person(quota_bytes=10 ** 10)
    world.run("UPDATE mail_backend SET home = '/m/%o/%d/%n/%i' WHERE backend = 'dovecot'")
    found = rows(world.dovecot, "SELECT * FROM gatepost.dovecot_userdb(%s, 'lmtp')", person.address)
    world.run("UPDATE mail_backend SET home = DEFAULT WHERE backend = 'dovecot'")
    local = person.address.split("@")[0]
    assert found == [{"user": person.address, "home": f"/m/{world.name}/{world.domain}/{local}/{person.mailbox_id}",
                      "uid": 5000, "gid": 5000, "quota_rule": "*:bytes=10000000000"}]
    assert {"user": person.address} in rows(world.dovecot, 'SELECT "user" FROM gatepost.dovecot_user')
