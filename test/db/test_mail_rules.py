"""Access rules, modes, the policy server's answers and the rate cap, asked in SQL as the program asks them."""

import pytest

import mail_world
from mail_world import CONNINFO, INSIDE, OUTSIDE, World, connect

pytestmark = pytest.mark.skipif(not CONNINFO, reason="GATEPOST_TEST_DATABASE is not set: no migrated database to ask")

MONDAY_10 = "2026-11-23 10:00:00+00"
ADA, BOB = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
DENY, ALL = {"effect": "deny"}, {}


@pytest.fixture(scope="module")
def shared():
    with connect() as sql:
        mail_world.make_roles(sql)
    world = World()
    yield world
    world.close()


@pytest.fixture
def world(shared):
    world = World()
    yield world
    world.close()


def decide(world, user=ADA, protocol="imap", ip=INSIDE, token=None, at=MONDAY_10):
    found = world.run("SELECT effect, rule_name FROM public.mail_rule_decide(%s, %s, %s, %s, %s, %s)",
                      world.org, user, protocol, ip, token, at)
    assert len(found) == 1
    return found[0]["effect"], found[0]["rule_name"]


NIGHT = {"from_time": "22:00", "to_time": "06:00"}
OFFICE = {"from_time": "08:00", "to_time": "18:00"}
# rules, what is asked, effect, number of the rule that decides (None: no rule)
CASES = [
    ([], {}, "deny", None),
    ([ALL], {}, "allow", 0),
    ([ALL, DENY], {}, "deny", 1),
    ([DENY, ALL], {}, "deny", 0),
    ([ALL, ALL], {}, "allow", 0),
    ([{"actions": ["imap", "smtp"]}], {}, "allow", 0),
    ([{"actions": ["pop3"]}], {}, "deny", None),
    ([ALL, {**DENY, "not_actions": ["imap"]}], {}, "allow", 0),
    ([ALL, {**DENY, "not_actions": ["imap"]}], {"protocol": "pop3"}, "deny", 1),
    ([{"cidrs": ["198.51.100.0/24"]}], {}, "allow", 0),
    ([{"cidrs": ["198.51.100.0/24"]}], {"ip": OUTSIDE}, "deny", None),
    ([{"cidrs": ["203.0.113.0/24", "2001:db8::/32"]}], {"ip": "2001:db8:1::7"}, "allow", 0),
    ([{"cidrs": ["2001:db8::/32"]}], {}, "deny", None),
    ([{"cidrs": ["0.0.0.0/0"]}], {"ip": "2001:db8::1"}, "deny", None),
    ([ALL, {**DENY, "not_cidrs": ["198.51.100.0/24"]}], {}, "allow", 0),
    ([ALL, {**DENY, "not_cidrs": ["198.51.100.0/24"]}], {"ip": OUTSIDE}, "deny", 1),
    # An address nobody knows: what looks at addresses denies, and does not allow.
    ([{"cidrs": ["0.0.0.0/0"]}], {"ip": None}, "deny", None),
    ([{"not_cidrs": ["203.0.113.0/24"]}], {"ip": None}, "deny", None),
    ([ALL, {**DENY, "cidrs": ["203.0.113.0/24"]}], {"ip": None}, "deny", 1),
    ([ALL, {**DENY, "not_cidrs": ["203.0.113.0/24"]}], {"ip": None}, "deny", 1),
    ([{"users": [ADA]}], {}, "allow", 0),
    ([{"users": [ADA]}], {"user": BOB}, "deny", None),
    ([{"users": [ADA]}], {"user": None}, "deny", None),
    ([{"not_users": [ADA]}], {}, "deny", None),
    ([{"not_users": [ADA]}], {"user": BOB}, "allow", 0),
    ([{"not_users": [ADA]}], {"user": None}, "allow", 0),
    ([{"users": [ADA], "not_users": [ADA]}], {}, "deny", None),
    ([{"tokens": [7, 8]}], {"token": 8}, "allow", 0),
    ([{"tokens": [7, 8]}], {"token": 9}, "deny", None),
    ([{"tokens": [7, 8]}], {}, "deny", None),
    ([{"actions": ["imap"], "cidrs": ["198.51.100.0/24"], "users": [ADA], "tokens": [1]}], {"token": 1}, "allow", 0),
    ([{"actions": ["imap"], "cidrs": ["198.51.100.0/24"], "users": [BOB], "tokens": [1]}], {"token": 1}, "deny", None),
    # Days and hours; 2026-11-23 is a Monday.
    ([{"days": [1]}], {}, "allow", 0),
    ([{"days": [2, 7]}], {}, "deny", None),
    ([{"days": [2], "zone": "Pacific/Kiritimati"}], {}, "allow", 0),
    ([OFFICE], {}, "allow", 0),
    ([OFFICE], {"at": "2026-11-23 07:59:59+00"}, "deny", None),
    ([OFFICE], {"at": "2026-11-23 08:00:00+00"}, "allow", 0),
    ([OFFICE], {"at": "2026-11-23 18:00:00+00"}, "deny", None),
    ([{**OFFICE, "zone": "Europe/Berlin"}], {"at": "2026-11-23 17:30:00+00"}, "deny", None),
    ([{**OFFICE, "zone": "Europe/Berlin"}], {"at": "2026-07-20 06:30:00+00"}, "allow", 0),
    ([{**OFFICE, "days": [1]}], {"at": "2026-11-24 10:00:00+00"}, "deny", None),
    ([NIGHT], {}, "deny", None),
    ([NIGHT], {"at": "2026-11-23 23:00:00+00"}, "allow", 0),
    ([NIGHT], {"at": "2026-11-24 05:59:59+00"}, "allow", 0),
    ([NIGHT], {"at": "2026-11-24 06:00:00+00"}, "deny", None),
    # The night of Monday ends on Tuesday morning.
    ([{**NIGHT, "days": [1]}], {"at": "2026-11-24 05:00:00+00"}, "allow", 0),
    ([{**NIGHT, "days": [1]}], {"at": "2026-11-23 05:00:00+00"}, "deny", None),
    ([{**NIGHT, "days": [7]}], {"at": "2026-11-23 05:00:00+00"}, "allow", 0),
    ([{"from_time": "09:00", "to_time": "09:00"}], {}, "allow", 0),
]


@pytest.mark.parametrize("rules, asked, effect, rule", CASES)
def test_rules(shared, rules, asked, effect, rule):
    shared.rules(*rules)
    assert decide(shared, **asked) == (effect, None if rule is None else f"rule {rule}")


def test_rules_know_groups_and_groups_in_groups(world):
    ada, bob = world.person(), world.person()
    inner = world.group([ada])
    outer = world.group([bob], [inner])
    for rule, who, effect in [({"groups": [inner]}, ada, "allow"), ({"groups": [inner]}, bob, "deny"),
                              ({"groups": [outer]}, ada, "allow"), ({"groups": [outer]}, bob, "allow"),
                              ({"not_groups": [inner]}, ada, "deny"), ({"not_groups": [inner]}, bob, "allow"),
                              ({"not_groups": [outer]}, ada, "deny")]:
        world.rules(rule)
        assert decide(world, user=who.user_id)[0] == effect, rule
    world.rules({"not_groups": [outer]})
    assert decide(world, user=None)[0] == "allow"
    world.run("INSERT INTO scim_member (org_id, group_id, member_id, kind) VALUES (%s, %s, %s, 'g')", world.org, inner, outer)
    assert decide(world, user=bob.user_id)[0] == "deny"


def test_an_unknown_zone_is_refused_when_it_is_set(world):
    with pytest.raises(Exception, match="time zone"):
        world.rules({"zone": "Moon/Tranquility"})


def test_the_first_setting_brings_the_rule_that_allows_everything(shared):
    world = World(settings=False)
    assert decide(world) == ("deny", None)
    world.run("INSERT INTO mail_setting (org_id) VALUES (%s)", world.org)
    assert decide(world) == ("allow", "default")
    world.run("DELETE FROM access_rule WHERE org_id = %s", world.org)
    world.run("INSERT INTO mail_setting (org_id) VALUES (%s) ON CONFLICT (org_id) DO UPDATE SET help_text = ''", world.org)
    assert decide(world) == ("deny", None)
    world.close()


@pytest.mark.parametrize("person, group, org, mode", [
    (None, None, None, "observe"), (None, None, "idp", "idp"), (None, "directory", "idp", "directory"),
    ("observe", "directory", "idp", "observe"), ("idp", None, "observe", "idp")])
def test_mode_is_the_persons_then_the_groups_then_the_organisations(shared, person, group, org, mode):
    world = World(settings=org is not None)
    if org:
        world.settings(mode=org)
    number = world.one("INSERT INTO mail_group (org_id, group_id, group_name, domain, mode)"
                       " VALUES (%s, gen_random_uuid(), 'g', %s, %s) RETURNING mail_group_id", world.org, world.domain, group)
    ada = world.person(mail_group_id=number, mode=person)
    assert world.one("SELECT public.mail_mode(%s, %s)", world.org, ada.mailbox_id) == mode
    world.close()


# ----------------------------------------------------------------------------------------------------------------------
# The policy server

def shut(world, person, how):
    changes = {"inactive": lambda: world.directory(person.user_id, False), "gone": lambda: world.directory(person.user_id, None),
               "disabled": lambda: world.mailbox(person, state="disabled"),
               "contained": lambda: world.mailbox(person, contained_at="2001-01-01"),
               "imap-off": lambda: world.mailbox(person, protocols=["smtp"]),
               "rule": lambda: world.rules(ALL, {**DENY, "message": "Not at night"}), "no-rule": world.rules, "open": lambda: None}
    changes[how]()


CODES = {"open": None, "inactive": 5111, "gone": 5111, "disabled": 5112, "contained": 5113, "imap-off": 5109, "rule": 6101,
         "no-rule": 6102}


@pytest.mark.parametrize("mode", ["observe", "directory", "idp"])
@pytest.mark.parametrize("how", CODES)
def test_a_password_of_another_database_follows_the_mode(world, how, mode):
    person = world.person()
    shut(world, person, how)
    world.settings(mode=mode)
    mark = world.audit_mark()
    status, message = world.policy(person.address.upper(), client='"name" "Thunderbird"', session="s1")
    code = CODES[how] or (5101 if mode == "idp" else None)
    refused = code is not None and (mode != "observe" or how == "contained")
    assert (status, message == "") == (-1 if refused else 0, not refused)
    assert not refused or (message.endswith(f"(GP-{code})") and not message.startswith("["))
    control, auth = world.audit(mark)
    assert (control["kind"], control["detail"]["access_granted"]) == ("ACCESS_CONTROL", int(how not in ("rule", "no-rule")))
    detail = auth["detail"]
    assert (auth["kind"], detail["auth_successful"], detail["via"]) == ("AUTHENTICATION", int(not refused), "password")
    assert detail["user_agent"] == '"name" "Thunderbird"' and detail["session"] == "s1" and detail["mode"] == mode
    assert ("auth_failed_reason" in detail) == refused and ("would_refuse" in detail) == (code is not None and not refused)
    assert detail.get("code") == (f"GP-{code}" if code else None)


@pytest.mark.parametrize("kind", ["alias", "former"])
def test_a_password_under_another_address_of_the_person_is_judged_all_the_same(world, kind):
    person = world.person()
    other = world.address(person, "other", kind)
    world.settings(mode="idp")
    assert world.policy(other)[0] == -1


def test_people_without_a_mailbox_here_are_none_of_our_business(world):
    world.settings(mode="directory")
    mark = world.audit_mark()
    for login in ("root", "", "somebody@elsewhere.example", f"somebody@{world.domain}", None):
        assert world.policy(login) == (0, "")
    assert [r["detail"]["user"] for r in world.audit(mark)] == [f"somebody@{world.domain}"]


def test_in_mode_idp_no_spelling_of_a_login_goes_around_the_tokens(world):
    """Dovecot's own passdb may take ada+x@ for ada@: in our domain a password is no way in, whoever it names."""
    person = world.person()
    world.settings(mode="idp")
    mark = world.audit_mark()
    logins = [person.address.replace("@", "+x@"), f"nobody@{world.domain}"]
    for login in logins:
        status, message = world.policy(login)
        assert status == -1 and message.endswith("(GP-5101)")
    assert [(r["detail"]["user"], r["detail"]["auth_successful"]) for r in world.audit(mark)] == [(login, 0) for login in logins]
    for login in ("root", "somebody@elsewhere.example"):
        assert world.policy(login) == (0, "")


def test_a_sign_in_with_our_secret_is_not_judged_twice(world):
    person = world.person()
    world.token(person)
    world.settings(mode="idp")
    mark = world.audit_mark()
    assert world.policy(person.address, token=str(world.last_token)) == (0, "")
    assert world.policy(person.address, token="oauth") == (0, "")
    assert world.audit(mark) == []


@pytest.mark.parametrize("reuse, second, seen", [("off", 0, 2), ("notice", 0, 2), ("enforce", -1, 1)])
def test_a_token_in_two_kinds_of_program(world, reuse, second, seen):
    person = world.person()
    world.token(person)
    token = str(world.last_token)
    world.settings(pat_reuse=reuse, help_text="Ask it@example.org")
    for client in ("", '"name" "Thunderbird" "version" "115.3.1"', '"name" "Thunderbird" "version" "128.0"'):
        assert world.policy(person.address, token, client=client) == (0, "")
    mark = world.audit_mark()
    status, message = world.policy(person.address, token, client='"name" "iOS Mail" "version" "17"')
    assert status == second
    assert message == "" or message.endswith("Ask it@example.org (GP-5104)")
    assert [r["detail"]["code"] for r in world.audit(mark)] == (["GP-5104"] if second else [])
    row = world.run("SELECT clients, last_used_client FROM mail_token WHERE token_id = %s", world.last_token)[0]
    assert row["clients"] == ["thunderbird", "ios mail"][:seen]
    assert ("128.0" in row["last_used_client"]) == (seen == 1)
    other = world.person()
    assert world.policy(other.address, token, client='"name" "Evil"') == (0, "")
    assert world.one("SELECT clients FROM mail_token WHERE token_id = %s", world.last_token) == row["clients"]


# ----------------------------------------------------------------------------------------------------------------------
# The rate cap

def allowed(world, login, n):
    found = world.run("SELECT allowed, message FROM public.mail_send_allowed(%s, %s)", login, n)
    return found[0]["allowed"], found[0]["message"]


def test_the_rate_cap_counts_recipients_of_an_hour(world):
    person, other = world.person(), world.person()
    login = world.address(person, "other", "alias")
    assert allowed(world, login, 10 ** 6) == (True, "")
    world.settings(send_per_hour=10)
    mark = world.audit_mark()
    assert [allowed(world, login, n)[0] for n in (6, 5, 4, 1)] == [True, False, True, False]
    assert allowed(world, person.address.upper(), 0)[1].endswith("(GP-5110)")
    assert allowed(world, other.address, 10)[0] and not allowed(world, other.address, 1)[0]
    assert not allowed(world, world.person().address, 11)[0]
    assert [r["detail"]["scope"] for r in world.audit(mark)] == ["SendRate"] * 3
    world.run("UPDATE mail_send_hour SET hour = hour - interval '1 hour' WHERE org_id = %s", world.org)
    assert allowed(world, login, 10)[0]
    assert world.one("SELECT count(*) FROM mail_send_hour WHERE org_id = %s AND login = %s", world.org, person.address) == 1
    assert allowed(world, "stranger@elsewhere.example", 99) == (True, "")
    world.token(login=f"scanner@{world.domain}", protocols=["smtp"])
    assert [allowed(world, f"scanner@{world.domain}", n)[0] for n in (10, 1)] == [True, False]


def test_the_program_s_role_may_ask_all_of_it(world):
    person = world.person()
    world.sql.cursor().execute("SET ROLE gatepost_app")
    world.settings(send_per_hour=1, mode="directory")
    assert world.policy(person.address) == (0, "")
    assert allowed(world, person.address, 1)[0] and not allowed(world, person.address, 1)[0]
    assert world.run("SELECT open, code, reason FROM public.mail_door(%s, %s)", world.org, person.mailbox_id) == [
        {"open": True, "code": None, "reason": None}]
    assert decide(world)[0] == "allow"
    assert world.run("SELECT * FROM gatepost.dovecot_auth('', '', '', '', '', '')") == []
    world.sql.cursor().execute("RESET ROLE")


@pytest.mark.parametrize("columns, code", [({}, None), ({"state": "disabled", "why": "[left]\nthe group"}, 5112),
                                           ({"contained_at": "2001-01-01", "contained_why": "suspicion"}, 5113)])
def test_the_door_says_why(world, columns, code):
    world.settings(help_text="Ask it@example.org")
    person = world.person(**columns)
    found = world.run("SELECT * FROM public.mail_door(%s, %s)", world.org, person.mailbox_id)[0]
    assert (found["open"], found["code"]) == (code is None, code)
    assert code is None or found["reason"].endswith(f". Ask it@example.org (GP-{code})")
    assert "suspicion" not in (found["reason"] or "") and (found["reason"] or "x").isprintable()
