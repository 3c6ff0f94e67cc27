"""Logins that are nobody's mailbox: bare names, addresses at rest, service tokens; and failures that Dovecot alone saw."""

import contextlib

import pytest

import mail_world
from mail_world import CONNINFO, INSIDE, World, connect, rows

pytestmark = pytest.mark.skipif(not CONNINFO, reason="GATEPOST_TEST_DATABASE is not set: no migrated database to ask")
MODES = ["observe", "directory", "idp"]


@pytest.fixture(scope="module", autouse=True)
def roles():
    with connect() as sql:
        mail_world.make_roles(sql)


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@contextlib.contextmanager
def alone(world, *more):
    """Within: the only organisation with a proved domain, or one of few."""
    world.run("BEGIN")
    world.run("UPDATE domain SET verified_at = NULL, verified_by = NULL WHERE org_id <> ALL (%s)",
              [world.org, *(other.org for other in more)])
    try:
        yield
    finally:
        world.run("ROLLBACK")


def local(person):
    return person.address.split("@")[0]


# ----------------------------------------------------------------------------------------------------------------------
# A login without a domain, which the mail server's own password database has let in

@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how, code", [("open", None), ("inactive", 5111), ("contained", 5113)])
def test_a_bare_name_is_judged_as_its_person_where_an_organisation_is_alone(world, mode, how, code):
    person = world.person(**({"contained_at": "2001-01-01"} if how == "contained" else {}))
    world.directory(person.user_id, how != "inactive")
    world.settings(mode=mode)
    code = code or (5101 if mode == "idp" else None)
    refused = code == 5113 or (code is not None and mode != "observe")
    with alone(world):
        mark = world.audit_mark()
        for login in (local(person), local(person).upper(), local(person) + "@", person.address + "."):
            status, message = world.policy(login)
            assert status == (-1 if refused else 0), login
            assert not refused or message.endswith(f"(GP-{code})")
        records = world.audit(mark, "AUTHENTICATION")
        assert [r["subject"] for r in records] == [person.user_id] * 4
        assert {r["detail"]["auth_successful"] for r in records} == {int(not refused)}
        assert ("would_refuse" in records[0]["detail"]) == (code is not None and not refused)


@pytest.mark.parametrize("mode, status", [("observe", 0), ("directory", 0), ("idp", -1)])
def test_a_bare_name_that_is_nobodys(world, mode, status):
    world.settings(mode=mode)
    with alone(world):
        mark = world.audit_mark()
        assert world.policy("root")[0] == status
        assert world.policy("") == (0, "")
        assert [(r["detail"]["user"], r["detail"]["auth_successful"]) for r in world.audit(mark)] == [("root", status + 1)]


def test_of_two_people_of_one_organisation_the_strictest_answer_holds(world):
    """ada@ one domain is let in, ada@ the other is contained: nobody can tell which of them types "ada"."""
    ada = world.person("ada")
    world.run("INSERT INTO domain (org_id, domain, challenge, verified_at, verified_by) VALUES (%s, %s, '', now(), 'trust')",
              world.org, "second-" + world.domain)
    twin = world.person("twin")
    world.run("UPDATE mail_address SET address = %s WHERE address = %s", f"ada@second-{world.domain}", twin.address)
    with alone(world):
        assert world.policy("ada")[0] == 0
        world.mailbox(twin, contained_at="2001-01-01")
        assert world.policy("ada")[0] == -1
        world.mailbox(twin, contained_at=None, state="disabled")
        assert world.policy("ada")[0] == 0, "observe"
        world.settings(mode="directory")
        assert world.policy("ada")[0] == -1 and ada.address


def test_of_two_organisations_neither_shuts_the_other_out(world):
    other = World()
    mine, theirs = world.person("bert"), other.person("bert")
    world.settings(mode="idp")
    other.settings(mode="observe")
    with alone(world, other):
        assert world.policy("bert")[0] == 0
        world.run("UPDATE mail_setting SET mode = 'idp' WHERE org_id = %s", other.org)
        assert world.policy("bert")[0] == -1 and world.policy("root")[0] == -1
        world.run("UPDATE mail_setting SET mode = 'directory' WHERE org_id = %s", other.org)
        assert world.policy("bert")[0] == 0 and world.policy("root")[0] == 0
        assert mine.address != theirs.address
    other.close()


SPELLINGS = ["{local}+x@{domain}", "{local}@{domain}.", "{local}@{domain}@elsewhere.example", "x@elsewhere.example@{domain}",
             "{local}@@{domain}", "nobody@{domain}"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_goes_around_mode_idp(world, spelling):
    person = world.person()
    world.settings(mode="idp")
    status, message = world.policy(spelling.format(local=local(person), domain=world.domain.upper()))
    assert status == -1 and message.endswith("(GP-5101)")
    assert world.policy("somebody@elsewhere.example") == (0, "")


# ----------------------------------------------------------------------------------------------------------------------
# An address at rest

@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("owned", [True, False])
def test_a_resting_address_lets_nobody_in(world, mode, owned):
    person = world.person()
    address = world.address(person, "freed", "resting", "2999-01-01")
    if not owned:
        world.run("UPDATE mail_address SET mailbox_id = NULL WHERE address = %s", address)
    world.settings(mode=mode)
    mark = world.audit_mark()
    status, message = world.policy(address)
    assert (status, message.endswith("(GP-5115)")) == ((0, False) if mode == "observe" else (-1, True))
    record, = world.audit(mark)
    assert record["detail"]["auth_successful"] == int(mode == "observe") and record["detail"]["code"] == "GP-5115"
    with alone(world):
        assert world.policy("freed")[0] == status
        assert rows(world.sql, "SELECT refusal FROM gatepost.postfix_login WHERE address = 'freed'") == (
            [] if mode == "observe" else [{"refusal": "554 5.7.1 This address is no longer in use (GP-5115)"}])


# ----------------------------------------------------------------------------------------------------------------------
# Service tokens

def test_a_service_token_is_never_a_person(world):
    """Its address became somebody's mailbox after it was made."""
    person = world.person("scanner")
    secret = world.token(login=person.address, protocols=["smtp"])
    mark = world.audit_mark()
    assert world.auth(person.address, secret, "smtp") is None
    record, = world.audit(mark, "AUTHENTICATION")
    assert (record["detail"]["auth_failed_reason"], record["detail"]["code"]) == ("login", "GP-5206")
    world.run("UPDATE mail_address SET kind = 'resting' WHERE address = %s", person.address)
    assert world.auth(person.address, secret, "smtp") is None
    world.run("DELETE FROM mail_address WHERE address = %s", person.address)
    assert world.auth(person.address, secret, "smtp")["user"] == person.address


def test_a_service_token_ends_with_its_domain(world):
    login = f"scanner@{world.domain}"
    secret = world.token(login=login, protocols=["smtp"])
    assert world.auth(login, secret, "smtp")["user"] == login
    world.run("UPDATE domain SET verified_at = NULL, verified_by = NULL WHERE org_id = %s", world.org)
    assert world.auth(login, secret, "smtp") is None
    refused = rows(world.sql, "SELECT refusal FROM gatepost.postfix_login WHERE address = %s", login)
    assert [row["refusal"].endswith("(GP-5105)") for row in refused] == [True]
    other = World()
    other.run("INSERT INTO domain (org_id, domain, challenge, verified_at, verified_by) VALUES (%s, %s, '', now(), 'trust')",
              other.org, world.domain)
    assert world.auth(login, secret, "smtp") is None, "the domain is another organisation's now"
    other.close()


# ----------------------------------------------------------------------------------------------------------------------
# Failures that Dovecot reports

def told(world, login, ip=INSIDE, protocol="imap", session="", mech="PLAIN"):
    world.run("SELECT public.mail_failure_told(%s, %s, %s, %s, %s, '\"name\" \"Thunderbird\"')", login, ip, protocol, mech, session)


def test_a_wrong_password_that_only_dovecot_saw_is_recorded(world):
    person = world.person()
    mark = world.audit_mark()
    told(world, person.address.upper(), session="s1")
    told(world, f"nobody@{world.domain}")
    told(world, "nobody@elsewhere.example")
    told(world, None)
    mine, nobodys = world.audit(mark)
    detail = mine["detail"]
    assert (mine["kind"], mine["action"], mine["subject"], mine["source_ip"]) == ("AUTHENTICATION", "auth.imap", person.user_id, INSIDE)
    assert (detail["auth_successful"], detail["auth_failed_reason"], detail["session"]) == (0, "unknown", "s1")
    assert detail["user_agent"] == '"name" "Thunderbird"' and detail["user"] == person.address
    assert nobodys["subject"] is None and nobodys["detail"]["user"] == f"nobody@{world.domain}"


@pytest.mark.parametrize("session", ["s1", ""])
def test_what_our_passdb_refused_is_not_recorded_twice(world, session):
    person = world.person()
    for login in (person.address, f"nobody@{world.domain}"):
        mark = world.audit_mark()
        world.auth(login, "wrong", session=session)
        told(world, login, session=session)
        assert len(world.audit(mark)) == 1, login
        told(world, login, session=session, protocol="pop3")
        told(world, login, session="another")
        told(world, login, session="another")
        assert len(world.audit(mark)) == 4, "other sign-ins, and those told before are no reason to skip one"


def test_guessing_leaves_few_records(world):
    person = world.person()
    mark = world.audit_mark()
    for n in range(100):
        told(world, person.address, session=f"s{n}")
    detail = [r["detail"] for r in world.audit(mark)]
    assert [d.get("tries") for d in detail] == [None] * 10 + [20, 40, 80]
    mark = world.audit_mark()
    for n in range(30):
        told(world, f"guess-{n}@{world.domain}")
    assert len(world.audit(mark)) == 11, "all that are nobody's count together"
    told(world, person.address, ip="203.0.113.9")
    assert len(world.audit(mark)) == 12, "another address counts by itself"
    world.run("UPDATE mail_failure SET minute = minute - interval '2 hours' WHERE org_id = %s", world.org)
    told(world, person.address)
    assert world.one("SELECT count(*) FROM mail_failure WHERE org_id = %s", world.org) == 1


def test_a_good_old_password_leaves_few_records_too(world):
    """Where tokens stand beside passwords, each of these passes our look-up first, and Dovecot tells of the wrong ones once more."""
    person = world.person()
    mark = world.audit_mark()
    for n in range(100):
        world.auth(person.address, "the-old-password", session=f"s{n}")
        told(world, person.address, session=f"s{n}")
    detail = [r["detail"] for r in world.audit(mark)]
    assert [d.get("tries") for d in detail] == [None] * 10 + [20, 40, 80] and not any("told_by" in d for d in detail)
    world.auth(person.address, "wrong", ip="203.0.113.9")
    assert len(world.audit(mark)) == 14, "another address counts by itself"


@pytest.mark.parametrize("service", ["lmtp", "doveadm"])
def test_a_delivery_is_no_sign_in(world, service):
    """A static userdb asks the passdbs whether the recipient exists."""
    person = world.person()
    mark = world.audit_mark()
    row = world.auth(person.address.upper(), "", service=service, mech="")
    assert row["user"] == person.address and row["password"] == "{CRYPT}!" and row["nopassword"] is None
    assert world.auth(f"nobody@{world.domain}", "", service=service, mech="") is None
    assert world.audit(mark) == []


def test_the_program_s_role_may_ask_all_of_it(world):
    person = world.person()
    world.run("SET ROLE gatepost_app")
    told(world, person.address)
    assert world.policy(local(person))[0] == 0
    world.run("RESET ROLE")
