"""Who may sign in: tokens, rules, modes, containment, readiness and notices, by the admin's commands."""

import itertools
import json
import uuid

import pytest

from stack import host  # noqa: F401

OK, FAILED, USAGE, NOT_FOUND, REFUSED, UNREACHABLE = 0, 1, 2, 3, 4, 5
_numbers = itertools.count(1)


class House:
    """An organisation with a domain, a mail group, and people with mailboxes."""

    def __init__(self, gatepost, cluster):
        number = next(_numbers)
        self.gatepost, self.cluster = gatepost, cluster
        self.org, self.domain = f"doors-{number}", f"doors{number}.example"
        gatepost.cli.json("org", "create", self.org)
        gatepost.cli.json("source", "add", "main", "--org", self.org)
        gatepost.cli.json("domain", "add", self.domain, "--org", self.org)
        gatepost.cli.json("domain", "verify", self.domain, "--trust", "--org", self.org)
        self.org_id = self.sql("SELECT org_id FROM org WHERE name = %s", self.org)[0][0]
        self.source_id = self.sql("SELECT source_id FROM source WHERE org_id = %s", self.org_id)[0][0]
        self.sql("INSERT INTO mail_backend (backend, kind, url) VALUES ('dovecot', 'dovecot', 'http://127.0.0.1:9/doveadm/v1')"
                 " ON CONFLICT DO NOTHING")
        self.people = {}
        for name in ("ada", "bob"):
            self.people[name] = self.person(name)

    def sql(self, statement, *arguments, role="gatepost"):
        with self.cluster.session("gatepost", role) as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else None

    def person(self, name):
        """The rows that a SCIM push and the worker leave behind."""
        address, user_id = f"{name}@{self.domain}", str(uuid.uuid4())
        self.sql("INSERT INTO scim_user (org_id, source_id, user_id, user_name, user_name_key, active, doc, fold)"
                 " VALUES (%s, %s, %s, %s, %s, true, %s, '{}')", self.org_id, self.source_id, user_id, address, address,
                 json.dumps({"userName": address, "displayName": name.title()}))
        mailbox = self.sql("INSERT INTO mailbox (org_id, user_id, address, state, origin, backend)"
                           " VALUES (%s, %s, %s, 'active', 'made', 'dovecot') RETURNING mailbox_id",
                           self.org_id, user_id, address)[0][0]
        self.sql("INSERT INTO mail_address (org_id, address, kind, mailbox_id) VALUES (%s, %s, 'primary', %s)",
                 self.org_id, address, mailbox)
        return user_id

    def run(self, *argv):
        return self.gatepost.cli.run(*argv, "--org", self.org)

    def ask(self, *argv):
        return self.gatepost.cli.json(*argv, "--org", self.org)

    def address(self, name):
        return f"{name}@{self.domain}"

    def records(self, kind, action=None):
        return self.sql("SELECT action, actor, subject, detail FROM audit WHERE org_id = %s AND kind = %s"
                        " AND coalesce(action = %s, true) ORDER BY audit_id", self.org_id, kind, action)


@pytest.fixture(scope="module")
def house(gatepost, cluster):
    return House(gatepost, cluster)


@pytest.fixture
def own(gatepost, cluster):
    """A house that a test may turn upside down."""
    return House(gatepost, cluster)


def refused(done, exit_code, words):
    told = done.stdout + done.stderr  # the first letter of a message is a capital
    assert done.returncode == exit_code and words.lower() in told.lower(), told


# Tokens

def test_create_shows_the_secret_once_with_the_settings(house):
    made = house.ask("pat", "create", house.address("ada"), "--name", "Thunderbird on Ada's laptop")
    assert [len(part) for part in made["token"].split("-")] == [4] * 6 + [3]
    assert made["hint"] == made["token"].replace("-", "")[-4:]
    assert made["protocols"] == ["imap", "pop3", "smtp", "sieve"] and made["login"] == house.address("ada")
    assert made["settings"]["imap"]["port"] == 993 and made["settings"]["smtp"]["port"] == 465
    assert made["state"] == "active" and made["expires"] is not None
    listed = house.run("pat", "list", house.address("ada"))
    assert made["hint"] in listed.stdout and made["token"] not in listed.stdout
    shown = house.run("pat", "create", house.address("ada"), "--name", "Phone", "--protocols", "imap,smtp")
    assert "Password" in shown.stdout and "port 993, SSL/TLS" in shown.stdout and "POP3" not in shown.stdout
    assert "shown this once" in shown.stderr


def test_secret_is_kept_as_hashes_of_both_spellings(house):
    made = house.ask("pat", "create", house.address("ada"), "--name", "hashes")
    rows = house.sql("SELECT encode(hash, 'hex') = encode(sha256(convert_to(replace(%s, '-', ''), 'UTF8')), 'hex'),"
                     " encode(hash_grouped, 'hex') = encode(sha256(convert_to(%s, 'UTF8')), 'hex')"
                     " FROM mail_token WHERE org_id = %s AND token_id = %s",
                     made["token"], made["token"], house.org_id, made["id"])
    assert rows == [(True, True)]


def test_record_has_workmails_fields(own):
    made = own.ask("pat", "create", own.address("ada"), "--name", "recorded", "--days", "10", "--protocols", "smtp")
    own.ask("pat", "revoke", str(made["id"]), "--why", "lost", "--yes")
    (create, actor, subject, detail), (delete, _, _, ended) = own.records("PERSONAL_ACCESS_TOKEN")
    assert (create, delete) == ("pat.create", "pat.delete") and actor.startswith("admin:")
    assert subject == own.people["ada"]
    assert detail["user"] == own.address("ada") and detail["protocol"] == "cli" and detail["action"] == "create"
    assert detail["name"] == "recorded" and detail["scopes"] == ["smtp"] and detail["expires_time"] > 1.7e12
    assert ended["action"] == "delete" and ended["why"] == "lost"
    assert made["token"] not in json.dumps(detail)


@pytest.mark.parametrize("argv, code, words", [
    (("ada",), USAGE, "needs a --name"),
    (("--name", "x"), USAGE, "belongs to a PERSON"),
    (("ada", "--name", "x", "--service", "s@doors.example"), USAGE, "belongs to a PERSON"),
    (("ada", "--name", ""), USAGE, "cannot be the name"),
    (("ada", "--name", "a<b"), USAGE, "cannot be the name"),
    (("ada", "--name", "a`b"), USAGE, "cannot be the name"),
    (("ada", "--name", "a\\b"), USAGE, "cannot be the name"),
    (("ada", "--name", "x" * 65), USAGE, "cannot be the name"),
    (("ada", "--name", "x", "--protocols", "imap,ftp"), USAGE, '"ftp" is not a protocol'),
    (("ada", "--name", "x", "--protocols", ""), USAGE, "is not a protocol"),
    (("ada", "--name", "x", "--cidr", "192.0.2.1/24"), USAGE, "is not a network"),
    (("ada", "--name", "x", "--days", "0"), USAGE, "--days"),
    (("ada", "--name", "x", "--days", "none"), REFUSED, "GP-5204"),
    (("nobody", "--name", "x"), NOT_FOUND, "GP-5211"),
    (("--service", "not an address", "--name", "x"), USAGE, "is not an address"),
    (("--service", "s@elsewhere.example", "--name", "x"), REFUSED, "GP-5206"),
    (("--service", "bob", "--name", "x"), REFUSED, "GP-5206"),
    (("--service", "scan", "--name", "x", "--protocols", "imap"), USAGE, "only be for smtp"),
])
def test_create_refused(house, argv, code, words):
    argv = [house.address(a) if a in ("ada", "bob", "scan") else a for a in argv]
    refused(house.run("pat", "create", *argv), code, words)


def test_bounds_of_the_organisation(own):
    own.ask("mail-setting", "set", "pat_per_person=2", "pat_max_days=30", "pat_unlimited=true")
    first = own.ask("pat", "create", own.address("ada"), "--name", "1")
    assert first["expires"] is not None
    refused(own.run("pat", "create", own.address("ada"), "--name", "x", "--days", "31"), REFUSED, "GP-5204")
    assert own.ask("pat", "create", own.address("ada"), "--name", "2", "--days", "none")["expires"] is None
    refused(own.run("pat", "create", own.address("ada"), "--name", "3"), REFUSED, "GP-5205")
    own.ask("pat", "create", own.address("bob"), "--name", "bob has his own count")
    own.ask("pat", "revoke", str(first["id"]), "--yes")
    own.ask("pat", "create", own.address("ada"), "--name", "3")
    own.ask("mail-setting", "set", "pat_enabled=false")
    refused(own.run("pat", "create", own.address("bob"), "--name", "x"), REFUSED, "GP-5203")


def test_service_token(house):
    login = house.address("scanner")
    made = house.ask("pat", "create", "--service", login, "--name", "Scanner", "--cidr", "192.0.2.40")
    assert made["service"] and made["login"] == login and made["protocols"] == ["smtp"]
    assert made["cidrs"] == ["192.0.2.40/32"] and list(made["settings"]) == ["smtp"]


@pytest.mark.parametrize("change", [
    "UPDATE mailbox SET user_id = NULL WHERE address = %s",
    "UPDATE mail_address SET kind = 'resting' WHERE address = %s",
    "DELETE FROM mail_address WHERE address = %s"], ids=["shared", "resting", "found in the store"])
def test_a_service_is_never_a_mailbox(own, change):
    own.sql(change, own.address("bob"))
    refused(own.run("pat", "create", "--service", own.address("bob"), "--name", "x"), REFUSED, "GP-5206")


def test_rename_and_list(own):
    made = own.ask("pat", "create", own.address("ada"), "--name", "old")
    own.ask("pat", "rename", str(made["id"]), "new")
    assert [t["name"] for t in own.ask("pat", "list")["tokens"]] == ["new"]
    assert own.ask("pat", "list", "--unused")["tokens"] != [] and own.ask("pat", "list", "--expiring")["tokens"] == []
    own.ask("pat", "create", own.address("ada"), "--name", "short", "--days", "3")
    assert [t["name"] for t in own.ask("pat", "list", "--expiring")["tokens"]] == ["short"]
    refused(own.run("pat", "rename", "999999", "x"), NOT_FOUND, "GP-5201")
    refused(own.run("pat", "list", "nobody"), NOT_FOUND, "GP-5211")
    own.sql("UPDATE scim_user SET active = false WHERE org_id = %s AND user_id = %s", own.org_id, own.people["ada"])
    assert {t["state"] for t in own.ask("pat", "list")["tokens"]} == {"dormant"}


def test_revoke_is_all_or_nothing(own):
    ids = [str(own.ask("pat", "create", own.address("ada"), "--name", str(i))["id"]) for i in range(3)]
    refused(own.run("pat", "revoke", *ids, "999999", "--yes"), NOT_FOUND, "GP-5201")
    assert {t["state"] for t in own.ask("pat", "list")["tokens"]} == {"active"}
    refused(own.run("pat", "revoke", ids[0]), REFUSED, "")
    assert own.ask("pat", "revoke", ids[0], "--yes") == {"revoked": 1}
    refused(own.run("pat", "revoke", ids[0], "--yes"), REFUSED, "GP-5202")
    assert own.ask("pat", "revoke", "--all-of", own.address("ada"), "--yes") == {"revoked": 2}
    refused(own.run("pat", "revoke", "--yes"), USAGE, "--all-of")
    refused(own.run("pat", "revoke", "k3v9-7qmd", "--yes"), USAGE, "by its number")


def test_another_organisation_sees_nothing(house, own):
    made = own.ask("pat", "create", own.address("ada"), "--name", "theirs")
    assert made["id"] not in [t["id"] for t in house.ask("pat", "list")["tokens"]]
    refused(house.run("pat", "revoke", str(made["id"]), "--yes"), NOT_FOUND, "GP-5201")
    refused(house.run("pat", "create", own.address("ada"), "--name", "x"), NOT_FOUND, "GP-5211")


# Settings, modes, containment

@pytest.mark.parametrize("text, words", [
    ("pat_max_day=3", 'did you mean "pat_max_days"'),
    ("nonsense", "is not KEY=VALUE"),
    ("pat_max_days=0", "a number from 1 to 3653"),
    ("pat_max_days=", "a number from 1 to 3653"),
    ("pat_enabled=maybe", "true or false"),
    ("pat_reuse=never", "off, notice, enforce"),
    ("guard_percent=nan", "a number from 0 to 100"),
    ("help_text=" + "x" * 401, "at most 400 characters"),
    ("org_id=1", "there is no mail setting"),
    ("mode=idp", "there is no mail setting"),
])
def test_setting_refused(house, text, words):
    refused(house.run("mail-setting", "set", "grace_days=9", text), USAGE, words)
    assert house.ask("mail-setting", "show")["grace_days"] == 7


def test_settings_are_kept_and_recorded(own):
    before = own.ask("mail-setting", "show")
    assert before["pat_default_days"] == 365 and before["send_per_hour"] is None
    after = own.ask("mail-setting", "set", "send_per_hour=200", "guard_percent=2.5", "help_text=Ask 4711: “now”", "grace_days=7")
    assert (after["send_per_hour"], after["guard_percent"], after["help_text"]) == (200, 2.5, "Ask 4711: “now”")
    assert own.ask("mail-setting", "set", "send_per_hour=none")["send_per_hour"] is None
    detail = own.records("admin", "mail-setting.set")[0][3]
    assert detail == {"send_per_hour": {"before": None, "after": 200}, "guard_percent": {"before": 5, "after": 2.5},
                      "help_text": {"before": "", "after": "Ask 4711: “now”"}}


def designate(own, name="mail-users"):
    """A mail group, as mail-group add leaves it."""
    group = str(uuid.uuid4())
    own.sql("INSERT INTO scim_group (org_id, source_id, group_id, display_name, display_key, doc, fold)"
            " VALUES (%s, %s, %s, %s, %s, '{}', '{}')", own.org_id, own.source_id, group, name, name)
    own.sql("INSERT INTO mail_group (org_id, group_id, group_name, domain) VALUES (%s, %s, %s, %s)",
            own.org_id, group, name, own.domain)
    return group


def test_modes_and_undo_step_by_step(own):
    designate(own)
    assert own.ask("mode", "show") == {"organisation": "observe", "groups": [], "people": []}
    assert own.ask("mode", "set", "directory")["before"] == "observe"
    own.ask("mode", "set", "idp", "--group", "mail-users")
    own.ask("mode", "set", "idp", "--user", own.address("ada"))
    assert own.ask("mode", "show") == {"organisation": "directory", "groups": [{"group": "mail-users", "mode": "idp"}],
                                       "people": [{"user": own.address("ada"), "mode": "idp"}]}
    assert own.ask("mode", "undo")["after"] is None
    assert own.ask("mode", "undo")["scope"] == "group"
    assert own.ask("mode", "undo")["after"] == "observe"
    assert own.ask("mode", "show") == {"organisation": "observe", "groups": [], "people": []}
    refused(own.run("mode", "undo"), REFUSED, "GP-5222")
    own.ask("mode", "set", "idp")
    assert own.ask("mode", "undo")["before"] == "idp"
    assert [r[3]["before"] for r in own.records("admin", "mode.set")][0] == "observe"


@pytest.mark.parametrize("argv, code, words", [
    (("strict",), USAGE, "is not a mode"),
    (("default",), USAGE, "is not a mode"),
    (("idp", "--group", "x", "--user", "y"), USAGE, "cannot both be"),
    (("idp", "--group", "nobodies"), NOT_FOUND, "GP-5213"),
    (("idp", "--user", "nobody"), NOT_FOUND, "GP-5211"),
])
def test_mode_refused(house, argv, code, words):
    refused(house.run("mode", "set", *argv), code, words)


def test_contain_and_release(own):
    generation = own.sql("SELECT desired_gen FROM mailbox WHERE org_id = %s AND user_id = %s", own.org_id, own.people["ada"])[0][0]
    made = own.ask("pat", "create", own.address("ada"), "--name", "stays")
    refused(own.run("user", "contain", own.address("ada")), USAGE, "--why")
    done = own.ask("user", "contain", own.address("ada"), "--why", "laptop stolen")
    assert done["contained"] and done["why"] == "laptop stolen" and done["since"]
    rows = own.sql("SELECT desired_gen, contained_at IS NOT NULL FROM mailbox WHERE org_id = %s AND user_id = %s",
                   own.org_id, own.people["ada"])
    assert rows == [(generation + 1, True)]
    assert own.ask("pat", "list", own.address("ada"))["tokens"][0]["state"] == "dormant"
    assert own.ask("user", "release", own.address("ada"))["contained"] is False
    assert own.ask("pat", "list", own.address("ada"))["tokens"][0] == {**own.ask("pat", "list")["tokens"][0], "id": made["id"]}
    assert own.records("admin", "user.contain")[0][3]["why"] == "laptop stolen"
    own.sql("UPDATE mailbox SET state = 'purged' WHERE org_id = %s AND user_id = %s", own.org_id, own.people["bob"])
    refused(own.run("user", "contain", own.address("bob"), "--why", "x"), NOT_FOUND, "GP-5212")
    refused(own.run("user", "contain", "nobody", "--why", "x"), NOT_FOUND, "GP-5211")


# Rules

def sign_in(own, name, secret, ip="198.51.100.7", service="imap"):
    """What Dovecot asks, as its own role: the row, or None."""
    import hashlib
    rows = own.sql("SELECT \"user\", nologin, reason FROM gatepost.dovecot_auth(%s, %s, %s, %s, 'PLAIN', 'x')",
                   own.address(name), hashlib.sha256(secret.encode()).hexdigest(), ip, service, role="gatepost_dovecot")
    return rows[0] if rows else None


def let_in(own, name, secret, **where):
    row = sign_in(own, name, secret, **where)
    return row is not None and row[1] is None


@pytest.fixture
def strict(own):
    """A house whose rules are enforced."""
    own.ask("mode", "set", "directory")
    own.sql("DO $$ BEGIN CREATE ROLE gatepost_dovecot LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$", role="postgres")
    own.sql("SELECT gatepost_grant()")
    return own


def test_token_in_both_spellings_and_its_end(strict):
    made = strict.ask("pat", "create", strict.address("ada"), "--name", "both", "--protocols", "imap,smtp", "--cidr", "198.51.100.0/24")
    secret = made["token"]
    assert let_in(strict, "ada", secret) and let_in(strict, "ada", secret.replace("-", ""))
    assert let_in(strict, "ada", secret, service="submission")
    assert not let_in(strict, "bob", secret) and sign_in(strict, "bob", secret) is None
    assert not let_in(strict, "ada", secret, service="pop3") and not let_in(strict, "ada", secret, ip="203.0.113.1")
    strict.ask("user", "contain", strict.address("ada"), "--why", "drill")
    assert not let_in(strict, "ada", secret) and sign_in(strict, "ada", secret, service="smtp") is None
    strict.ask("user", "release", strict.address("ada"))
    assert let_in(strict, "ada", secret)
    token = strict.ask("pat", "list", strict.address("ada"))["tokens"][0]
    assert token["last_used_ip"] == "198.51.100.7" and token["last_used_protocol"] is not None
    strict.ask("mail-setting", "set", "pat_enabled=false")
    assert not let_in(strict, "ada", secret)
    strict.ask("mail-setting", "set", "pat_enabled=true")
    strict.ask("pat", "revoke", str(made["id"]), "--yes")
    assert not let_in(strict, "ada", secret)


def test_rule_denies_with_its_words_and_replaces(strict):
    secret = strict.ask("pat", "create", strict.address("ada"), "--name", "t")["token"]
    assert let_in(strict, "ada", secret, service="pop3")
    done = strict.ask("rule", "add", "no-pop", "--effect", "deny", "--action", "pop3", "--message", "Use IMAP instead",
                      "--yes-lock-out")
    assert done["replaced"] is False and done["locks_out"] == ["everybody who uses pop3"]
    assert [(r["user"], r["protocol"], r["by"]) for r in done["would_refuse"]["refused"]] == [(strict.address("ada"), "pop3", "no-pop")]
    row = sign_in(strict, "ada", secret, service="pop3")
    assert row[1] == "y" and "Use IMAP instead" in row[2] and "GP-6101" in row[2]
    assert let_in(strict, "ada", secret)
    assert strict.ask("rule", "add", "no-pop", "--effect", "deny", "--action", "pop3", "--ip", "203.0.113.0/24")["replaced"] is True
    assert let_in(strict, "ada", secret, service="pop3") and not let_in(strict, "ada", secret, service="pop3", ip="203.0.113.9")
    assert [(r["name"], r["effect"]) for r in strict.ask("rule", "list")["rules"]] == [("no-pop", "deny"), ("default", "allow")]
    shown = strict.run("rule", "list").stdout
    assert "pop3; from 203.0.113.0/24" in shown and "everything" in shown
    assert strict.ask("rule", "remove", "no-pop")["rule"] is None
    actions = [r[0] for r in strict.records("admin") if r[0].startswith("rule.")]
    assert actions == ["rule.set", "rule.set", "rule.remove"]


def test_lock_out_is_refused(strict):
    secret = strict.ask("pat", "create", strict.address("ada"), "--name", "t")["token"]
    refused(strict.run("rule", "add", "all", "--effect", "deny"), REFUSED, "GP-6202")
    refused(strict.run("rule", "remove", "default"), REFUSED, "nobody could sign in")
    refused(strict.run("rule", "add", "default", "--effect", "allow", "--user", strict.address("ada"), "--action", "sieve",
                       "--days", "mon", "--from", "08:00", "--to", "08:01", "--not-group", "nobodies"), NOT_FOUND, "GP-5213")
    assert [r["name"] for r in strict.ask("rule", "list")["rules"]] == ["default"]
    strict.ask("rule", "add", "default", "--effect", "allow", "--user", strict.address("ada"), "--days", "mon",
               "--from", "08:00", "--to", "08:01")
    strict.ask("rule", "add", "default", "--effect", "allow")
    assert let_in(strict, "ada", secret, service="sieve")
    refused(strict.run("rule", "add", "s", "--effect", "deny", "--action", "sieve"), REFUSED, "everybody who uses sieve")
    assert strict.ask("rule", "add", "s", "--effect", "deny", "--action", "sieve", "--plan")["planned"] is True
    assert let_in(strict, "ada", secret, service="sieve"), "a plan leaves nothing behind"
    strict.ask("rule", "add", "all", "--effect", "deny", "--yes-lock-out")
    assert not let_in(strict, "ada", secret)
    strict.ask("rule", "remove", "all")
    assert let_in(strict, "ada", secret)


CASES = [  # options of a deny rule, sign-in, does it match?
    (("--action", "imap"), {"protocol": "imap"}, True),
    (("--action", "imap"), {"protocol": "smtp"}, False),
    (("--not-action", "imap"), {"protocol": "imap"}, False),
    (("--ip", "2001:db8::/32"), {"ip": "2001:db8::7"}, True),
    (("--ip", "2001:db8::/32"), {"ip": "192.0.2.1"}, False),
    (("--ip", "192.0.2.0/24"), {"ip": "::ffff:192.0.2.1"}, True),
    (("--not-ip", "192.0.2.0/24"), {"ip": "192.0.2.9"}, False),
    (("--not-ip", "192.0.2.0/24"), {"ip": "2001:db8::7"}, True),
    (("--user", "ada"), {}, True),
    (("--user", "bob"), {}, False),
    (("--not-user", "ada"), {}, False),
    (("--not-user", "bob"), {}, True),
    (("--group", "staff"), {}, True),
    (("--group", "guests"), {}, False),
    (("--not-group", "staff"), {}, False),
    (("--token", "4711"), {"token": "4711"}, True),
    (("--token", "4711"), {}, False),
    (("--days", "mon-fri"), {"at": "2026-11-24T12:00:00Z"}, True),
    (("--days", "sat,sun"), {"at": "2026-11-24T12:00:00Z"}, False),
    (("--from", "08:00", "--to", "18:00", "--zone", "Europe/Oslo"), {"at": "2026-11-24T07:30:00Z"}, True),
    (("--from", "08:00", "--to", "18:00"), {"at": "2026-11-24T07:30:00Z"}, False),
    (("--from", "22:00", "--to", "06:00", "--days", "mon"), {"at": "2026-11-24T05:59:00Z"}, True),
    (("--from", "22:00", "--to", "06:00", "--days", "tue"), {"at": "2026-11-24T05:59:00Z"}, False),
    (("--from", "22:00", "--to", "06:00"), {"at": "2026-11-24T12:00:00Z"}, False),
]


def test_explanation_agrees_with_the_decision(strict):
    for name, members in (("staff", ["ada"]), ("guests", [])):
        group = designate(strict, name)
        for member in members:
            strict.sql("INSERT INTO scim_member (org_id, group_id, member_id, kind) VALUES (%s, %s, %s, 'u')",
                       strict.org_id, group, strict.people[member])
    for options, about, matches in CASES:
        options = [strict.address(o) if o in ("ada", "bob") else o for o in options]
        strict.ask("rule", "add", "case", "--effect", "deny", *options, "--yes-lock-out")
        argv = ["--user", strict.address("ada"), "--protocol", about.get("protocol", "imap"), "--ip", about.get("ip", "192.0.2.200")]
        for key in ("token", "at"):
            argv += ["--" + key, about[key]] if key in about else []
        told = strict.ask("rule", "test", *argv)
        case = next(rule for rule in told["rules"] if rule["name"] == "case")
        assert (case["matches"], case["decides"], told["effect"]) == (matches, matches, "deny" if matches else "allow"), (options, about, told)
        assert (case["why_not"] is None) == matches
        assert told["rule"] == ("case" if matches else "default")


def test_rule_test_in_words(strict):
    strict.ask("rule", "add", "no-pop", "--effect", "deny", "--action", "pop3", "--message", "No POP3 here")
    told = strict.run("rule", "test", "--user", strict.address("ada"), "--protocol", "pop3", "--ip", "192.0.2.1").stdout
    assert "no-pop (deny): decides" in told and "No POP3 here" in told and "default (allow): matches, but" in told
    told = strict.run("rule", "test", "--user", strict.address("ada"), "--protocol", "imap", "--ip", "192.0.2.1").stdout
    assert "no-pop (deny): is for other protocols" in told
    strict.ask("rule", "remove", "default", "--yes-lock-out")
    told = strict.run("rule", "test", "--user", strict.address("ada"), "--protocol", "imap", "--ip", "192.0.2.1").stdout
    assert "no rule matches" in told and "GP-6102" in told


def test_replay_by_name_and_by_file(strict, tmp_path):
    secret = strict.ask("pat", "create", strict.address("ada"), "--name", "t")["token"]
    for ip in ("198.51.100.7", "198.51.100.7", "203.0.113.9"):
        assert let_in(strict, "ada", secret, ip=ip)
    path = tmp_path / "rule.json"
    path.write_text(json.dumps({"name": "office", "effect": "deny", "not_cidrs": ["203.0.113.0/24"], "users": [strict.address("ada")]}))
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == tmp_path.stat().st_uid and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    told = strict.ask("rule", "replay", str(path))
    assert told["looked_at"] == 3 and told["complete"] is True
    assert [(r["user"], r["protocol"], r["ip"], r["times"]) for r in told["refused"]] == [(strict.address("ada"), "imap", "198.51.100.7", 2)]
    assert [r["name"] for r in strict.ask("rule", "list")["rules"]] == ["default"]
    strict.ask("rule", "add", "office", "--effect", "deny", "--not-ip", "203.0.113.0/24")
    assert strict.ask("rule", "replay", "office")["refused"] == told["refused"]
    assert "198.51.100.7" in strict.run("rule", "replay", "office").stdout
    refused(strict.run("rule", "replay", "nothing"), NOT_FOUND, "GP-6201")
    path.write_text('{"name": "x"}')
    refused(strict.run("rule", "replay", str(path)), USAGE, "GP-6203")
    listed = strict.ask("rule", "list")["rules"][0]
    path.write_text(json.dumps(listed))
    assert strict.ask("rule", "replay", str(path))["refused"] == told["refused"], "a listed rule is a file"


@pytest.mark.parametrize("argv, code, words", [
    (("x",), USAGE, "a rule needs effect"),
    (("x", "--effect", "maybe"), USAGE, "allow or deny"),
    (("", "--effect", "deny"), USAGE, "name takes"),
    (("x", "--effect", "deny", "--action", "ftp"), USAGE, "actions takes"),
    (("x", "--effect", "deny", "--ip", "192.0.2.1/24"), USAGE, "cidrs takes"),
    (("x", "--effect", "deny", "--days", "someday"), USAGE, "days takes"),
    (("x", "--effect", "deny", "--from", "08:00"), USAGE, "both from and to"),
    (("x", "--effect", "deny", "--zone", "Mars/Olympus"), USAGE, "is not a time zone"),
    (("x", "--effect", "deny", "--user", "nobody"), NOT_FOUND, "GP-5211"),
    (("x", "--effect", "deny", "--group", "nobodies"), NOT_FOUND, "GP-5213"),
    (("x", "--effect", "deny", "--token", "secret"), USAGE, "tokens takes"),
])
def test_rule_refused(house, argv, code, words):
    refused(house.run("rule", "add", *argv), code, words)


@pytest.mark.parametrize("argv, words", [
    ((), "needs --user"),
    (("--user", "x", "--protocol", "ftp", "--ip", "192.0.2.1"), "--protocol takes"),
    (("--user", "x", "--protocol", "imap", "--ip", "here"), "--ip is not"),
    (("--user", "x", "--protocol", "imap", "--ip", "192.0.2.1", "--at", "noon"), "--at is not"),
])
def test_rule_test_refused(house, argv, words):
    refused(house.run("rule", "test", *argv), USAGE, words)
