"""The decision that Dovecot asks for, on a real PostgreSQL as its own role: every combination against a model in words."""

import concurrent.futures
import itertools
import statistics
import time
import uuid

import psycopg2
import pytest

import mail_world
from mail_world import CONNINFO, INSIDE, OUTSIDE, World, connect, rows, sha256_hex

pytestmark = pytest.mark.skipif(not CONNINFO, reason="GATEPOST_TEST_DATABASE is not set: no migrated database to ask")


@pytest.fixture(scope="module", autouse=True)
def roles():
    with connect() as sql:
        mail_world.make_roles(sql)


@pytest.fixture(scope="module")
def shared():
    world = World()
    yield world
    world.close()


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


# ----------------------------------------------------------------------------------------------------------------------
# Every service × state × token × rule × mode

SERVICES = ["imap", "pop3", "sieve", "smtp", "submission", "dav", "doveadm"]
STATES = {  # state → what the directory says, the mailbox's columns, the code of the shut door
    "open": (True, {}, None),
    "inactive": (False, {}, 5111),
    "gone": (None, {}, 5111),
    "lent": (False, {"lent_until": "2999-01-01"}, None),
    "lent-over": (False, {"lent_until": "2001-01-01"}, 5111),
    "disabled": (True, {"state": "disabled", "why": "left the group"}, 5112),
    "contained": (True, {"contained_at": "2001-01-01", "contained_why": "under suspicion"}, 5113),
    "purged": (True, {"state": "purged"}, 5114),
}
TOKENS = ["good", "plain", "revoked", "expired", "off", "imap-only", "network", "wrong", "foreign", "upper"]
RULES = {
    "allow": [{}],
    "deny": [{}, {"effect": "deny", "cidrs": ["198.51.100.0/24"], "message": "[ALERT] Not\r\nfrom here"}],
    "none": [],
}
MODES = ["observe", "directory", "idp"]
CLEAN = {"state": "active", "why": None, "lent_until": None, "contained_at": None, "contained_why": None}


def expected(service, state, token, rule, mode):
    """The model: (let in?, reason, code, did rules have a say?)."""
    protocol = {"submission": "smtp"}.get(service, service)
    if token in ("wrong", "foreign", "upper"):
        return False, "unknown", None, False
    if token in ("revoked", "expired"):
        return False, token, {"revoked": 5105, "expired": 5103}[token], False
    if token == "off":
        return False, "tokens-off", 5108, False
    if protocol not in (("imap",) if token == "imap-only" else ("imap", "pop3", "smtp", "sieve", "dav")):
        return False, "protocol", 5106, False
    if token == "network":
        return False, "network", 5107, False
    if STATES[state][2]:
        return False, "door", STATES[state][2], False
    if protocol == "dav":
        return False, "protocol", 5109, False
    if rule != "allow" and mode != "observe":
        return False, "rule", {"deny": 6101, "none": 6102}[rule], True
    return True, None, None, True


@pytest.fixture(scope="module")
def matrix(shared):
    person, other = shared.person(), shared.person()
    secrets = {
        "good": shared.token(person), "revoked": shared.token(person, revoked_at="2001-01-01"),
        "expired": shared.token(person, expires_at="2001-01-01"), "imap-only": shared.token(person, protocols=["imap"]),
        "network": shared.token(person, cidrs=[OUTSIDE + "/32"]), "foreign": shared.token(other),
    }
    secrets.update(off=secrets["good"], plain=secrets["good"].replace("-", ""), upper=secrets["good"].upper(), wrong="wrong")
    return shared, person, secrets


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("state", STATES)
def test_every_combination(matrix, state, rule, mode):
    world, person, secrets = matrix
    active, columns, _ = STATES[state]
    world.directory(person.user_id, active)
    world.mailbox(person, **{**CLEAN, **columns})
    world.rules(*RULES[rule])
    mark, wanted, wrong = world.audit_mark(), {}, []
    for token in TOKENS:
        world.settings(mode=mode, pat_enabled=token != "off")
        world.run("DELETE FROM mail_failure")  # of many wrong secrets few are recorded; here each is one by itself
        for service in SERVICES:
            session = uuid.uuid4().hex
            row = world.auth(person.address, secrets[token], service, session=session)
            wanted[session] = outcome = expected(service, state, token, rule, mode)
            if not answers_so(row, person, service, outcome):
                wrong.append((token, service, row, outcome))
    assert wrong == []
    assert records_differ(world.audit(mark), wanted, person) == []
    world.settings(pat_enabled=True)


def answers_so(row, person, service, outcome):
    let_in, reason, code, _ = outcome
    if let_in:
        return (row is not None and row["user"] == person.address and row["nopassword"] == "y" and row["password"] is None
                and row["nologin"] is None and row["reason"] is None and row["userdb_home"].startswith("/var/vmail/")
                and row["userdb_uid"] == 5000 and row["userdb_gp_token"].isdigit())
    if reason == "unknown" or service not in ("imap", "pop3", "sieve"):
        return row is None
    return (row is not None and row["nologin"] == "y" and row["nopassword"] == "y" and row["userdb_home"] is None
            and row["userdb_gp_token"] == "refused"
            and row["reason"].endswith(f" (GP-{code})") and not row["reason"].startswith("[")
            and "suspicion" not in row["reason"] and row["reason"].isprintable() and len(row["reason"]) < 400)


def records_differ(records, wanted, person):
    """What is wrong with the audit records: exactly one outcome a call, and the rule's word where rules were asked."""
    wrong, found = [], {session: [] for session in wanted}
    for record in records:
        found.setdefault(record["detail"].get("session"), []).append(record)
    for session, (let_in, reason, code, ruled) in wanted.items():
        kinds = [record["kind"] for record in found[session]]
        if kinds != (["ACCESS_CONTROL"] if ruled else []) + ["AUTHENTICATION"]:
            wrong.append((session, kinds))
            continue
        record = found[session][-1]
        detail = record["detail"]
        good = (detail["auth_successful"] == int(let_in) and detail.get("auth_failed_reason") == reason
                and detail.get("code") == (f"GP-{code}" if code else None) and record["source_ip"] == INSIDE
                and record["subject"] == person.user_id == detail["user_id"] and detail["user"] == person.address
                and ("personal_access_token_id" in detail) == (reason != "unknown")
                and detail["method"] == "basic" and detail["protocol"] == record["action"].split(".")[1].upper()
                and detail["request_id"] == str(record["request_id"]) and detail["organization_id"] == record["org_id"]
                and abs(detail["event_timestamp"] / 1000 - time.time()) < 120)
        if not good:
            wrong.append((reason, code, record))
    return wrong


# ----------------------------------------------------------------------------------------------------------------------
# Who is meant, and which secret

@pytest.mark.parametrize("kind, works", [("alias", True), ("former", False), ("resting", False)])
def test_primary_and_alias_sign_in_as_the_primary_address(world, kind, works):
    person = world.person()
    secret = world.token(person)
    row = world.auth(world.address(person, "second", kind).upper(), secret)
    assert (row and row["user"]) == (person.address if works else None)
    assert world.auth(person.address.title(), secret)["user"] == person.address
    assert world.auth(" " + person.address, secret) is None


@pytest.mark.parametrize("mode", MODES)
def test_nobody_contained_comes_in_by_an_address_at_rest(world, mode):
    """Another password database may still know it, with its domain or without."""
    person, free = world.person(contained_at="2001-01-01"), world.person()
    world.settings(mode=mode)
    resting = world.address(person, "rest", "resting")
    mark = world.audit_mark()
    status, message = world.policy(resting)
    assert status == -1 and message.endswith("(GP-5113)")
    assert [r["detail"]["auth_successful"] for r in world.audit(mark, "AUTHENTICATION")] == [0]
    status, message = world.policy(world.address(free, "other", "resting"))
    assert status == (0 if mode == "observe" else -1) and (mode == "observe" or message.endswith("(GP-5115)"))
    world.run("BEGIN")
    world.run("UPDATE domain SET verified_at = NULL, verified_by = NULL WHERE org_id <> %s", world.org)
    status, message = world.policy(resting.split("@")[0])
    world.run("ROLLBACK")
    assert status == -1 and message.endswith("(GP-5113)")


@pytest.mark.parametrize("mech, ours", [("XOAUTH2", True), ("OAUTHBEARER", True), ("xoauth2", True), ("PLAIN", False),
                                        ("LOGIN", False), ("", False)])
def test_access_tokens_and_typed_secrets_never_stand_for_each_other(world, mech, ours):
    person = world.person()
    typed, bearer = world.token(person), world.access_token(person)
    assert (world.auth(person.address, bearer, mech=mech) is not None) == ours
    assert (world.auth(person.address, typed, mech=mech) is not None) != ours


def test_an_access_token_ends_with_its_time_its_owner_and_the_door(world):
    person, other = world.person(), world.person()
    assert world.auth(person.address, world.access_token(person, -1), mech="XOAUTH2") is None
    bearer = world.access_token(person)
    assert world.auth(other.address, bearer, mech="XOAUTH2") is None
    assert world.auth(person.address, bearer, mech="XOAUTH2")["userdb_gp_token"] == "oauth"
    world.settings(pat_enabled=False)
    assert world.auth(person.address, bearer, mech="XOAUTH2")["nologin"] is None
    world.directory(person.user_id, False)
    assert world.auth(person.address, bearer, mech="XOAUTH2")["reason"].endswith("(GP-5111)")
    assert world.auth(person.address, bearer, "smtp", mech="XOAUTH2") is None


def test_a_service_token_sends_as_its_own_address_and_nothing_else(world):
    login = f"scanner@{world.domain}"
    secret = world.token(login=login, protocols=["imap", "smtp"], cidrs=["198.51.100.0/24"])
    mark = world.audit_mark()
    assert world.auth(login.upper(), secret, "smtp")["user"] == login
    assert world.audit(mark, "AUTHENTICATION")[0]["detail"]["via"] == "service"
    assert world.auth(login, secret, "imap")["reason"].endswith("(GP-5106)")
    assert world.auth(login, secret, "smtp", ip=OUTSIDE) is None
    assert world.auth(f"other@{world.domain}", secret, "smtp") is None
    assert world.auth(world.person().address, secret, "smtp") is None
    world.settings(mode="directory")
    world.rules({"actions": ["imap"]})
    assert world.auth(login, secret, "smtp") is None


def test_organisations_do_not_meet(world, shared):
    here, there = world.person(), shared.person()
    secret = shared.token(there)
    mark_here, mark_there = world.audit_mark(), shared.audit_mark()
    assert world.auth(here.address, secret) is None
    assert shared.audit(mark_there) == []
    assert [r["detail"]["auth_failed_reason"] for r in world.audit(mark_here)] == ["unknown"]


def test_an_unknown_login_is_recorded_where_its_domain_is_at_home_and_nowhere_else(world):
    mark = world.audit_mark()
    assert world.auth(f"nobody@{world.domain}", "x") is None
    assert world.auth("nobody@elsewhere.example", "x") is None
    assert world.auth("nobody", "x") is None
    assert world.auth("", "x") is None
    records = world.run("SELECT org_id, detail->>'user' AS who FROM audit WHERE audit_id > %s", mark)
    assert records == [{"org_id": world.org, "who": f"nobody@{world.domain}"}]


def test_the_row_is_what_dovecot_needs(world):
    person = world.person(quota_bytes=5000)
    secret = world.token(person)
    assert world.auth(person.address, secret) == {
        "user": person.address, "password": None, "nopassword": "y", "nologin": None, "reason": None,
        "userdb_home": f"/var/vmail/{world.domain}/{person.address.split('@')[0]}", "userdb_uid": 5000, "userdb_gid": 5000,
        "userdb_quota_rule": "*:bytes=5000", "userdb_gp_token": str(world.last_token)}
    for override, rule in [(7000, "*:bytes=7000"), (0, None)]:
        world.mailbox(person, quota_override=override)
        assert world.auth(person.address, secret)["userdb_quota_rule"] == rule
    world.mailbox(person, home="/elsewhere")
    assert world.auth(person.address, secret)["userdb_home"] == "/elsewhere"


HOSTILE = ["x'); DROP TABLE audit; --", "' OR '1'='1", "\\'", "$$", "%u", "\r\nA OK", "\u202e", "ß" * 300, "a" * 100000,
           "NULL", "{}", "\ufeff", "'||pg_sleep(9)||'"]


@pytest.mark.parametrize("position", range(6))
def test_hostile_words_are_words(world, position):
    person = world.person()
    good = [person.address, sha256_hex(world.token(person)), INSIDE, "imap", "PLAIN", "s"]
    for word in HOSTILE + [None, ""]:
        call = good[:position] + [word] + good[position + 1:]
        found = rows(world.dovecot, "SELECT * FROM gatepost.dovecot_auth(%s, %s, %s, %s, %s, %s)", *call)
        assert (len(found) == 1 and found[0]["nologin"] is None) == (position in (2, 4, 5)), word
    assert world.one("SELECT to_regclass('audit') IS NOT NULL")


@pytest.mark.parametrize("remote, seen", [("::ffff:198.51.100.7", "198.51.100.7"), ("2001:DB8::7", "2001:db8::7"),
                                          ("::ffff:255.255.255.255", "255.255.255.255"), ("198.51.100.7/8", None),
                                          ("fe80::1%eth0", None), ("1.2.3", None), ("...", None), ("", None), (None, None)])
def test_addresses_are_read_as_the_network_means_them(world, remote, seen):
    assert world.one("SELECT host(public.mail_ip(%s))", remote) == seen


# ----------------------------------------------------------------------------------------------------------------------
# What is kept

def test_last_use_is_kept_but_not_written_each_time(world):
    person = world.person()
    secret = world.token(person)
    version = "SELECT xmin::text FROM mail_token WHERE token_id = %s"
    first = world.one(version, world.last_token)
    world.auth(person.address, secret)
    used = world.one(version, world.last_token)
    world.auth(person.address, secret)
    assert first != used == world.one(version, world.last_token)
    for change in ({"ip": OUTSIDE}, {"ip": OUTSIDE, "service": "pop3"}):
        world.auth(person.address, secret, **change)
        assert world.one(version, world.last_token) != used
        used = world.one(version, world.last_token)
    assert world.run("SELECT host(last_used_ip) AS ip, last_used_protocol AS protocol FROM mail_token WHERE token_id = %s",
                     world.last_token) == [{"ip": OUTSIDE, "protocol": "pop3"}]
    world.run("UPDATE mail_token SET last_used_at = now() - interval '61 seconds' WHERE token_id = %s", world.last_token)
    world.auth(person.address, secret, "pop3", OUTSIDE)
    assert world.one("SELECT last_used_at > now() - interval '5 seconds' FROM mail_token WHERE token_id = %s", world.last_token)


def test_a_locked_token_row_delays_nobody(world):
    person = world.person()
    secret = world.token(person)
    other = connect()
    other.autocommit = False
    rows(other, "UPDATE mail_token SET name = 'phone' WHERE token_id = %s", world.last_token)
    rows(world.dovecot, "SET statement_timeout = '2s'")
    assert world.auth(person.address, secret)["nologin"] is None
    other.rollback()
    other.close()


def test_a_storm_writes_one_outcome_a_call_and_refuses_no_good_one(world, capsys):
    people = [world.person() for _ in range(20)]
    secrets = [world.token(person) for person in people]
    mark, calls, clients = world.audit_mark(), 2000, 8

    def storm(client):
        connection = connect("gatepost_dovecot")
        taken, let_in = [], 0
        for i in range(client, calls, clients):
            who = 0 if i % 2 else i % len(people)
            secret = "wrong" if i % 10 == 0 else secrets[who]
            begin = time.monotonic()
            let_in += len(rows(connection, "SELECT * FROM gatepost.dovecot_auth(%s, %s, %s, 'imap', 'PLAIN', 's')",
                               people[who].address, sha256_hex(secret), f"198.51.100.{i % 200}"))
            taken.append(time.monotonic() - begin)
        connection.close()
        return let_in, taken

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(storm, range(clients)))
    taken = sorted(itertools.chain.from_iterable(t for _, t in results))
    assert sum(n for n, _ in results) == calls - calls // 10
    counted = world.run("SELECT kind, detail->>'auth_successful' AS ok, count(*) AS n FROM audit"
                        " WHERE org_id = %s AND audit_id > %s GROUP BY 1, 2 ORDER BY 1, 2", world.org, mark)
    assert [tuple(row.values()) for row in counted] == [
        ("ACCESS_CONTROL", None, 1800), ("AUTHENTICATION", "0", 200), ("AUTHENTICATION", "1", 1800)]
    with capsys.disabled():
        print(f"\ntime decision storm: {clients} connections, median {statistics.median(taken) * 1000:.2f} ms,"
              f" p99 {taken[int(len(taken) * 0.99)] * 1000:.2f} ms with commit")


def test_how_long_it_takes(world, capsys):
    person = world.person()
    secret = sha256_hex(world.token(person))
    with world.dovecot.cursor() as cursor:
        cursor.execute("BEGIN")
        for name, digest in [("yes", secret), ("unknown", "0" * 64)]:
            begin = time.monotonic()
            for _ in range(500):
                cursor.execute("SELECT * FROM gatepost.dovecot_auth(%s, %s, %s, 'imap', 'PLAIN', 's')",
                               (person.address, digest, INSIDE))
            with capsys.disabled():
                print(f"\ntime decision {name}: {(time.monotonic() - begin) * 2:.3f} ms a call without commit")
        cursor.execute("ROLLBACK")


# ----------------------------------------------------------------------------------------------------------------------
# What the mail server's roles may not do

REFUSED = [
    "SELECT * FROM public.mailbox", "SELECT * FROM public.mail_token", "SELECT hash FROM public.mail_token LIMIT 1",
    "SELECT * FROM public.access_token", "SELECT * FROM public.audit", "SELECT * FROM public.mail_now",
    "SELECT * FROM public.mail_address_now", "SELECT * FROM public.scim_user", "SELECT * FROM public.org",
    "SELECT public.mail_ip('1.2.3.4')", "SELECT public.mail_audit(1, 'AUTHENTICATION', 'x', NULL, 'imap', NULL, '{}')",
    "SELECT * FROM public.mail_door(1, NULL)", "SELECT public.mail_policy('', '', '', '', '', '', '')",
    "SELECT public.gatepost_grant()", "SELECT public.audit_prepare()", "SELECT nextval('public.audit_id')",
    "INSERT INTO public.audit (org_id, kind, actor, action) VALUES (1, 'x', 'x', 'x')",
    "DELETE FROM public.audit", "UPDATE public.mailbox SET state = 'active'", "DELETE FROM gatepost.dovecot_user",
    "UPDATE gatepost.postfix_domain SET name = 'x'", "CREATE TABLE gatepost.t ()", "CREATE TABLE public.t ()",
    "CREATE TEMPORARY TABLE t ()", "CREATE SCHEMA s", "CREATE FUNCTION gatepost.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION dblink SCHEMA gatepost", "SET ROLE gatepost_app", "SET ROLE gatepost", "SET ROLE postgres",
    "COPY public.mail_token TO STDOUT", "COPY (SELECT 1) TO '/tmp/gatepost-copy'", "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT lo_import('/etc/passwd')", "SELECT pg_read_file('/etc/passwd')", "SELECT pg_ls_dir('/')",
    "SELECT rolpassword FROM pg_authid", "SELECT * FROM pg_statistic", "ALTER ROLE gatepost_dovecot SUPERUSER",
    "DO LANGUAGE plpgsql $$ BEGIN PERFORM * FROM public.mail_token; END $$",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SET session_replication_role = replica", "ALTER DATABASE gatepost OWNER TO gatepost_dovecot",
]
OTHERS = {
    "gatepost_dovecot": ["SELECT * FROM gatepost.postfix_" + view for view in ("domain", "mailbox", "alias", "sender", "login")]
    + ["SELECT * FROM gatepost.postfix_send('')"],
    "gatepost_postfix": ["SELECT * FROM public.mail_send_allowed('', 1)", "SELECT * FROM public.mail_send_hour",
                         "SELECT * FROM public.mail_login_owner('')", "SELECT * FROM public.mail_sender_shut",
                         "SELECT * FROM gatepost.dovecot_user", "SELECT * FROM gatepost.dovecot_userdb('', '')",
                         "SELECT * FROM gatepost.dovecot_auth('', '', '', '', '', '')"],
}


@pytest.mark.parametrize("role", OTHERS)
def test_the_roles_can_do_nothing_else(shared, role):
    shared.token(shared.person())
    connection = connect(role)
    for statement in REFUSED + OTHERS[role]:
        with pytest.raises(psycopg2.Error) as refused:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        assert refused.value.pgcode == "42501", (statement, str(refused.value))
    connection.close()


def test_a_search_path_of_the_caller_changes_nothing(world):
    person = world.person()
    secret = world.token(person)
    rows(world.dovecot, "SET search_path = gatepost, pg_temp")
    assert world.auth(person.address, secret)["user"] == person.address
    assert world.auth(person.address, "wrong") is None
