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
    assert done.returncode == exit_code and words in done.stdout + done.stderr, (done.stdout, done.stderr)


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
