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
    world.token(ada)
    world.directory(gone.user_id, None)
    alias, former = world.address(ada, "alias", "alias"), world.address(ada, "old", "former", "2999-01-01")
    live, dead, taken = f"scanner@{world.domain}", f"old-scanner@{world.domain}", world.person().address
    world.token(login=live, protocols=["smtp"])
    world.token(login=live, protocols=["smtp"], revoked_at="2001-01-01")
    world.token(login=dead, protocols=["smtp"], expires_at="2001-01-01")
    world.token(login="scanner@elsewhere.example", protocols=["smtp"])
    world.token(login=taken, protocols=["smtp"])
    sender = postfix("sender", "address", "logins")
    assert sender[ada.address] == sender[alias] == ada.address
    assert sender[live] == live
    assert not {former, locked.address, dead, "scanner@elsewhere.example"} & set(sender)
    # In mode observe whoever signs in by another password database keeps what he has; in idp he needs a token.
    passwords = {gone.address, off.address, no_smtp.address}
    assert passwords & set(sender) == (passwords if mode == "observe" else set())
    assert (taken in sender) == (mode != "idp"), "as the person, never as the service"
    login = postfix("login", "address", "refusal")
    assert login[locked.address].startswith("554 5.7.1 ") and login[dead].endswith("(GP-5105)")
    assert login["scanner@elsewhere.example"].endswith("(GP-5105)"), "no domain of ours"
    assert not {ada.address, alias, live} & set(login)
    assert passwords & set(login) == (set() if mode == "observe" else passwords)
    assert not set(sender) & set(login)
    for person in (gone, no_smtp):
        world.token(person)
    world.access_token(off)
    login = postfix("login", "address", "refusal")
    assert [login[p.address][-9:] for p in (gone, no_smtp, off)] == ["(GP-5111)", "(GP-5109)", "(GP-5112)"]


ENDS = {"revoked": "revoked_at = now()", "expired": "expires_at = now()", "not for smtp": "protocols = '{imap}'"}


@pytest.mark.parametrize("mode", ["directory", "idp"])
@pytest.mark.parametrize("end", [*ENDS, "switched off"])
def test_without_a_live_secret_no_session_can_be_ours(world, postfix, end, mode):
    """Elsewhere than in mode idp the session may be one by a password."""
    person = world.person()
    alias = world.address(person, "alias", "alias")
    world.token(person)
    world.settings(mode=mode)
    assert person.address not in postfix("login", "address", "refusal")
    if end == "switched off":
        world.settings(pat_enabled=False)
    else:
        world.run(f"UPDATE mail_token SET {ENDS[end]} WHERE token_id = %s", world.last_token)
    login, sender = postfix("login", "address", "refusal"), postfix("sender", "address", "logins")
    over = {a: "554 5.7.1 This access token has ended (GP-5105)" for a in (person.address, alias)} if mode == "idp" else {}
    assert {a: login[a] for a in (person.address, alias) if a in login} == over
    assert (person.address in sender) == (mode != "idp")
    world.access_token(person)
    assert person.address in postfix("sender", "address", "logins"), "the webmail's is one of ours"


OLD = {"revoked": {"revoked_at": "2001-01-01"}, "expired": {"expires_at": "2001-01-01"}, "never for smtp": {"protocols": ["imap"]}}


@pytest.mark.parametrize("kind", [*OLD, "of the webmail"])
def test_in_mode_observe_a_secret_that_cannot_have_opened_the_session_does_not_judge_it(world, postfix, kind):
    """An old password goes on working for somebody who once had a token; not for somebody whose token ended a moment ago."""
    world.settings(mode="observe")
    person = world.person(protocols=["imap"])
    if kind == "of the webmail":
        world.access_token(person)
        table = "access_token SET expires_at ="
    else:
        world.token(person, **OLD[kind])
        table = "mail_token SET protocols = '{smtp}', revoked_at ="
    if kind == "of the webmail":
        assert postfix("login", "address", "refusal")[person.address].endswith("(GP-5109)")
        world.run(f"UPDATE {table} now() - interval '25 hours' WHERE user_id = %s", person.user_id)
    assert person.address not in postfix("login", "address", "refusal")
    assert postfix("sender", "address", "logins")[person.address] == person.address
    world.run(f"UPDATE {table} now() - interval '23 hours' WHERE user_id = %s", person.user_id)
    world.run("UPDATE mail_token SET expires_at = NULL WHERE user_id = %s", person.user_id)
    assert postfix("login", "address", "refusal")[person.address].endswith("(GP-5109)")
    assert person.address not in postfix("sender", "address", "logins")


def test_a_services_session_ends_when_tokens_are_switched_off(world, postfix):
    login = f"scanner@{world.domain}"
    world.token(login=login, protocols=["smtp"])
    assert postfix("sender", "address", "logins")[login] == login
    world.settings(pat_enabled=False)
    assert login not in postfix("sender", "address", "logins")
    assert postfix("login", "address", "refusal")[login].endswith("(GP-5105)")
    world.settings(pat_enabled=True)
    assert login not in postfix("login", "address", "refusal")


@pytest.mark.parametrize("mode", ["observe", "directory", "idp"])
def test_nobody_contained_sends_by_an_address_at_rest(world, mode):
    person, free = world.person(contained_at="2001-01-01"), world.person()
    world.settings(mode=mode)
    resting, other = world.address(person, "rest", "resting", "2999-01-01"), world.address(free, "other", "resting", "2999-01-01")
    refusal = "SELECT refusal FROM gatepost.postfix_login WHERE address = %s"
    assert world.one(refusal, resting).endswith("(GP-5113)")
    found = world.run(refusal, other)
    assert len(found) == (mode != "observe") and all(row["refusal"].endswith("(GP-5115)") for row in found)
    world.run("BEGIN")
    world.run("UPDATE domain SET verified_at = NULL, verified_by = NULL WHERE org_id <> %s", world.org)
    bare = world.one(refusal, resting.split("@")[0])
    world.run("ROLLBACK")
    assert bare.endswith("(GP-5113)")


def test_a_bare_login_sends_as_its_person_where_an_organisation_is_alone(world):
    """Postfix hears from Dovecot what was typed."""
    ada, twin = world.person("ada"), world.person("twin")
    key = f"ada@{world.domain}"
    world.run("BEGIN")
    try:
        world.run("UPDATE domain SET verified_at = NULL, verified_by = NULL WHERE org_id <> %s", world.org)
        logins = "SELECT logins FROM gatepost.postfix_sender WHERE address = %s"
        refusal = "SELECT refusal FROM gatepost.postfix_login WHERE address = %s"
        assert world.one(logins, key) == f"ada, {key}" and world.one(refusal, "ada") is None
        world.settings(mode="idp")
        world.token(ada)
        assert world.one(logins, key) == key, "a bare name is no token's login"
        world.settings(mode="directory")
        world.mailbox(ada, state="disabled")
        assert world.one(refusal, "ada").endswith("(GP-5112)") and world.one(logins, key) is None
        world.mailbox(ada, state="active")
        world.run("INSERT INTO domain (org_id, domain, challenge, verified_at, verified_by) VALUES (%s, %s, '', now(), 'trust')",
                  world.org, "second-" + world.domain)
        world.run("INSERT INTO mail_address (org_id, address, kind, mailbox_id) VALUES (%s, %s, 'alias', %s)",
                  world.org, f"ada@second-{world.domain}", twin.mailbox_id)
        assert world.one(logins, key) == key, "two people may be meant"
        world.mailbox(twin, contained_at="2001-01-01")
        assert world.one(refusal, "ada").endswith("(GP-5113)") and world.one(refusal, key) is None
    finally:
        world.run("ROLLBACK")


def test_each_recipient_counts_against_the_cap_of_whoever_is_signed_in(world):
    person = world.person()
    world.settings(send_per_hour=2)
    role = connect("gatepost_postfix")
    ask = lambda login: [row["postfix_send"] for row in rows(role, "SELECT gatepost.postfix_send(%s)", login)]  # noqa: E731
    assert [ask(person.address) for _ in range(2)] == [[], []]
    assert ask(person.address.upper())[0].startswith("450 4.7.1 You have sent to 2 recipients")
    assert ask("stranger@elsewhere.example") == ask("root") == ask("") == ask("x'); DROP TABLE audit; --") == []
    rows(role, "SET search_path = gatepost, pg_temp")
    assert ask(person.address)[0].endswith("(GP-5110)")
    role.close()


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
