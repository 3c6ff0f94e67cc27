"""The admin's nouns on a real database: organisations, sources, domains, tokens, people and groups."""

import itertools
import json
import subprocess

import pytest

from stack import host, scim

OK, FAILED, USAGE, NOT_FOUND, REFUSED, UNREACHABLE = 0, 1, 2, 3, 4, 5
_numbers = itertools.count(1)


@pytest.fixture
def org(gatepost):
    """An organisation of its own, with one source."""
    name = f"cli-{next(_numbers)}"
    gatepost.cli.json("org", "create", name)
    gatepost.cli.json("source", "add", "Okta", "--profile", "okta", "--org", name)
    return name


@pytest.fixture
def cli(gatepost, org):
    """Runs a command in the organisation."""
    return lambda *argv: gatepost.cli.run(*argv, "--org", org)


@pytest.fixture
def ask(gatepost, org):
    """The JSON object of a command in the organisation."""
    return lambda *argv: gatepost.cli.json(*argv, "--org", org)


@pytest.fixture
def sql(cluster):
    def run(statement, *arguments):
        with cluster.session("gatepost") as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else None
    return run


def answer(gatepost, token):
    """What the server says to a token."""
    return scim.Client(gatepost.scim_base, token).get("/Users?count=1")


def audit(sql, org, action):
    return sql("SELECT a.actor, a.subject, a.detail FROM audit a JOIN org o USING (org_id)"
               " WHERE o.name = %s AND a.action = %s AND a.kind = 'admin' ORDER BY a.audit_id", org, action)


# Organisations and sources

def test_default_organisation_is_there(gatepost):
    assert "default" in [row["name"] for row in gatepost.cli.json("org", "list")["orgs"]]


def test_org_create(gatepost, sql, org):
    row = next(row for row in gatepost.cli.json("org", "list")["orgs"] if row["name"] == org)
    assert set(row) == {"id", "name", "created", "sources", "people", "groups"}
    assert (row["sources"], row["people"], row["groups"]) == (1, 0, 0)
    actor, subject, _ = audit(sql, org, "org.create")[0]
    assert actor.startswith("admin:") and subject == org


@pytest.mark.parametrize("name", ["Acme", "-acme", "a b", "acme.org", "", "a" * 64, "ümlaut"])
def test_org_name_refused(gatepost, name):
    assert gatepost.cli.run("org", "create", name).returncode == USAGE


def test_org_twice(gatepost, org):
    done = gatepost.cli.run("org", "create", org, "--json")
    assert done.returncode == REFUSED
    assert json.loads(done.stdout)["error"]["code"] == "GP-1403"


def test_unknown_org_names_the_nearest(gatepost, org):
    done = gatepost.cli.run("source", "list", "--org", org + "x")
    assert done.returncode == NOT_FOUND
    assert "GP-1401" in done.stderr and "did you mean" in done.stderr


def test_source_list(ask, sql, org):
    rows = ask("source", "list")["sources"]
    assert [(row["name"], row["profile"], row["tokens"]) for row in rows] == [("Okta", "okta", 0)]
    assert audit(sql, org, "source.add")[0][2] == {"name": "Okta", "profile": "okta"}


@pytest.mark.parametrize("argv, code, words", [
    (("Okta",), REFUSED, "GP-1403"),
    (("Other", "--profile", "entrra"), USAGE, 'did you mean "entra"'),
    (("",), USAGE, "cannot be the name"),
    (("x" * 65,), USAGE, "cannot be the name"),
    (("a\nb",), USAGE, "cannot be the name"),
    ((), USAGE, "NAME"),
])
def test_source_refused(cli, argv, code, words):
    done = cli("source", "add", *argv)
    assert done.returncode == code and words in done.stderr, done.stderr


# Domains

def test_domain_add_prints_the_record_and_keeps_it(ask, cli):
    first = ask("domain", "add", "Example.ORG.")
    assert first["domain"] == "example.org" and first["record"] == "_gatepost-challenge.example.org"
    assert first["value"].startswith("gatepost-verification=") and first["verified"] is False
    assert ask("domain", "add", "example.org")["value"] == first["value"]
    assert first["value"] in cli("domain", "add", "example.org").stdout


def test_domain_in_both_forms(ask, cli):
    made = ask("domain", "add", "Bücher.example")
    assert (made["domain"], made["unicode"]) == ("xn--bcher-kva.example", "bücher.example")
    shown = cli("domain", "list").stdout
    assert "xn--bcher-kva.example" in shown and "bücher.example" in shown


@pytest.mark.parametrize("domain", ["localhost", "a..example", "192.0.2.1", "-a.example", "a_b@example.org", "x" * 64 + ".example"])
def test_domain_refused(cli, domain):
    done = cli("domain", "add", "--", domain) if domain.startswith("-") else cli("domain", "add", domain)
    assert done.returncode == USAGE, done.stderr


def test_domain_trust_then_other_organisation_is_refused(gatepost, ask, cli, sql, org):
    domain = f"{org}.example"
    ask("domain", "add", domain)
    shown = ask("domain", "verify", domain, "--trust")
    assert shown["verified"] is True and shown["verified_by"] == "trust" and shown["verified_at"]
    assert len(audit(sql, org, "domain.verify")) == 1
    assert ask("domain", "verify", domain)["verified_by"] == "trust"
    done = gatepost.cli.run("domain", "add", domain)
    assert done.returncode == REFUSED and "GP-1411" in done.stderr
    assert f'"{org}"' not in done.stderr


def test_domain_claimed_by_two_goes_to_the_first_proof(gatepost, ask, org):
    domain = f"race-{org}.example"
    gatepost.cli.json("domain", "add", domain)
    ask("domain", "add", domain)
    ask("domain", "verify", domain, "--trust")
    assert gatepost.cli.run("domain", "verify", domain, "--trust").returncode == REFUSED


def test_domain_verify_without_proof(cli, ask):
    made = ask("domain", "add", "unproved.invalid")
    done = cli("domain", "verify", "unproved.invalid")
    assert done.returncode in (REFUSED, UNREACHABLE)
    assert made["value"] in done.stderr and ("GP-1413" in done.stderr or "GP-1414" in done.stderr)
    assert ask("domain", "list")["domains"][0]["verified"] is False


def test_domain_verify_before_add(cli):
    done = cli("domain", "verify", "never.example")
    assert done.returncode == NOT_FOUND and "GP-1412" in done.stderr


# Tokens: making and showing

def test_token_create_json(gatepost, ask):
    made = ask("scim-token", "create", "--source", "Okta", "--name", "prod", "--cidr", "127.0.0.0/8", "--cidr", "2001:db8::/32",
               "--domain", "Example.org", "--without", "op-case", "--rate", "50", "--suspend-only")
    assert made["token"].startswith("gps_") and made["token"].endswith(made["hint"]) and len(made["hint"]) == 4
    assert made["scim_base"] == gatepost.scim_base
    assert made["fields"] == {"SCIM connector base URL": gatepost.scim_base, "Authorization": made["token"]}
    assert (made["profile"], made["without"], made["domains"]) == ("okta", ["op-case"], ["example.org"])
    assert made["cidrs"] == ["127.0.0.0/8", "2001:db8::/32"]
    assert (made["suspend_only"], made["rate"], made["state"]) == (True, 50, "active")
    assert made["expires"] and made["expires_soon"] is False
    assert answer(gatepost, made["token"]).status == 200


def test_token_create_text_uses_the_words_of_the_form(gatepost, ask, cli):
    done = cli("scim-token", "create", "--name", "text")
    assert done.returncode == OK
    assert "SCIM connector base URL" in done.stdout and "Authorization" in done.stdout and "gps_" in done.stdout
    assert "gps_" not in done.stderr
    ask("source", "add", "Entra", "--profile", "entra")
    done = cli("scim-token", "create", "--name", "text", "--source", "Entra")
    assert f"{gatepost.scim_base}?aadOptscim062020" in done.stdout
    assert "Tenant URL" in done.stdout and "Secret Token" in done.stdout


@pytest.mark.parametrize("argv, code, words", [
    (("--source", "Okta"), USAGE, "--name"),
    (("--name", "x", "--source", "Oktaa"), NOT_FOUND, 'did you mean "Okta"'),
    (("--name", "x", "--cidr", "10.0.0.1/8"), USAGE, "10.0.0.1/8"),
    (("--name", "x", "--cidr", "300.0.0.0/8"), USAGE, "300.0.0.0/8"),
    (("--name", "x", "--domain", "localhost"), USAGE, "localhost"),
    (("--name", "x", "--without", "opcase"), USAGE, 'did you mean "op-case"'),
    (("--name", "x", "--without", "zzzzzz"), USAGE, "bearer-forms"),
    (("--name", "x", "--profile", "oktaa"), USAGE, 'did you mean "okta"'),
    (("--name", "x", "--strict", "--profile", "okta"), USAGE, "cannot both"),
    (("--name", "x", "--rate", "24"), USAGE, "25"),
    (("--name", "x", "--days", "-1"), USAGE, "--days"),
    (("--name", "x", "--days", "ten"), USAGE, "ten"),
    (("--name", "x" * 65), USAGE, "cannot be the name"),
])
def test_token_create_refused(ask, cli, argv, code, words):
    done = cli("scim-token", "create", *argv)
    assert done.returncode == code and words in done.stderr, done.stderr
    assert ask("scim-token", "list")["tokens"] == []


def test_token_needs_a_source(gatepost):
    name = f"cli-{next(_numbers)}"
    gatepost.cli.json("org", "create", name)
    done = gatepost.cli.run("scim-token", "create", "--name", "x", "--org", name)
    assert done.returncode == NOT_FOUND and "GP-1402" in done.stderr
    for source in ("One", "Two"):
        gatepost.cli.json("source", "add", source, "--org", name)
    done = gatepost.cli.run("scim-token", "create", "--name", "x", "--org", name)
    assert done.returncode == USAGE and "One, Two" in done.stderr


def test_token_list_warns_before_the_end(ask, cli):
    ask("scim-token", "create", "--name", "soon", "--days", "29")
    ask("scim-token", "create", "--name", "later", "--days", "31")
    ask("scim-token", "create", "--name", "never", "--days", "0")
    rows = {row["name"]: row for row in ask("scim-token", "list")["tokens"]}
    assert [rows[name]["expires_soon"] for name in ("soon", "later", "never")] == [True, False, False]
    assert rows["never"]["expires"] is None
    lines = {line.split()[1]: line for line in cli("scim-token", "list").stdout.splitlines()[1:]}
    assert " ! " in lines["soon"] and " ! " not in lines["later"] and "never" in lines["never"]
    assert "…" + rows["soon"]["hint"] in lines["soon"]


def test_secret_is_nowhere_in_the_database(gatepost, cluster, ask):
    secret = ask("scim-token", "create", "--name", "secret")["token"]
    turned = ask("scim-token", "rotate", ask("scim-token", "list")["tokens"][0]["id"])["token"]
    dump = subprocess.run([str(a) for a in host.as_user([cluster.bin / "pg_dump", "-d", cluster.conninfo("gatepost")])],
                          capture_output=True, text=True, cwd="/", check=True).stdout
    assert "scim_token" in dump
    for text in (secret, turned):
        assert text not in dump and text[4:20] not in dump and text.encode().hex() not in dump
        assert text not in gatepost.log


# Tokens: their life at the server

def test_revoke_takes_effect_at_once(gatepost, ask, cli, sql, org):
    made = ask("scim-token", "create", "--name", "short")
    client = scim.Client(gatepost.scim_base, made["token"])
    assert client.get("/Users?count=1").status == 200
    assert cli("scim-token", "revoke", made["id"]).returncode == REFUSED
    assert client.get("/Users?count=1").status == 200
    shown = ask("scim-token", "revoke", made["id"], "--yes")
    assert shown["state"] == "revoked" and shown["revoked"]
    refused = client.get("/Users?count=1")
    assert refused.status == 401 and "GP-2105" in refused.json["detail"]
    assert ask("scim-token", "revoke", made["id"], "--yes")["revoked"] == shown["revoked"]
    assert len(audit(sql, org, "scim-token.revoke")) == 1


def test_rotation_overlaps(gatepost, ask, cli, sql, org):
    old = ask("scim-token", "create", "--name", "prod", "--without", "op-case", "--suspend-only")
    new = ask("scim-token", "rotate", old["id"], "--overlap", "1", "--days", "90")
    assert new["id"] != old["id"] and new["token"] != old["token"]
    assert (new["name"], new["without"], new["suspend_only"]) == ("prod", ["op-case"], True)
    assert [answer(gatepost, token["token"]).status for token in (old, new)] == [200, 200]
    row = next(row for row in ask("scim-token", "list")["tokens"] if row["id"] == old["id"])
    assert row["rotated_to"] == new["id"] and row["state"] == "replaced" and row["expires"] < old["expires"]
    done = cli("scim-token", "rotate", old["id"])
    assert done.returncode == REFUSED and "GP-1422" in done.stderr
    assert audit(sql, org, "scim-token.rotate")[0][2]["successor"] == new["id"]


def test_rotation_without_overlap_ends_the_old_one(gatepost, ask):
    old = ask("scim-token", "create", "--name", "leaked")
    new = ask("scim-token", "rotate", old["id"], "--overlap", "0")
    refused = answer(gatepost, old["token"])
    assert refused.status == 401 and "GP-2102" in refused.json["detail"]
    assert answer(gatepost, new["token"]).status == 200


def test_rotation_never_lengthens_the_old_one(ask):
    old = ask("scim-token", "create", "--name", "ending", "--days", "1")
    ask("scim-token", "rotate", old["id"], "--overlap", "720")
    assert next(row for row in ask("scim-token", "list")["tokens"] if row["id"] == old["id"])["expires"] == old["expires"]


def test_expired_token_names_itself_and_its_day_and_can_be_rotated(gatepost, ask, sql):
    made = ask("scim-token", "create", "--name", "Okta prod")
    sql("UPDATE scim_token SET expires_at = '2026-11-03T12:00:00Z' WHERE token_id = %s", made["id"])
    refused = answer(gatepost, made["token"])
    assert refused.status == 401
    assert 'the token "Okta prod" expired on 3 Nov 2026' in refused.json["detail"]
    assert "(GP-2102)" in refused.json["detail"]
    assert answer(gatepost, ask("scim-token", "rotate", made["id"])["token"]).status == 200


def test_token_from_another_network(gatepost, ask):
    made = ask("scim-token", "create", "--name", "far", "--cidr", "203.0.113.0/24")
    refused = answer(gatepost, made["token"])
    assert refused.status == 401
    assert 'may only be used from 203.0.113.0/24; this came from 127.0.0.1' in refused.json["detail"]


@pytest.mark.parametrize("verb", ["rotate", "revoke"])
@pytest.mark.parametrize("word, code", [("999999", NOT_FOUND), ("0", USAGE), ("prod", USAGE), ("1x", USAGE)])
def test_token_number_refused(cli, verb, word, code):
    assert cli("scim-token", verb, word, *(["--yes"] if verb == "revoke" else [])).returncode == code


def test_pasted_secret_is_not_repeated(cli, ask):
    secret = ask("scim-token", "create", "--name", "x")["token"]
    done = cli("scim-token", "revoke", secret, "--yes")
    assert done.returncode == USAGE and secret not in done.stderr + done.stdout


def test_token_of_another_organisation_is_not_there(gatepost, ask):
    made = ask("scim-token", "create", "--name", "mine")
    for argv in (("revoke", made["id"], "--yes"), ("rotate", made["id"])):
        done = gatepost.cli.run("scim-token", *argv)
        assert done.returncode == NOT_FOUND and "GP-1421" in done.stderr
    assert answer(gatepost, made["token"]).status == 200


# People and groups

@pytest.fixture
def people(gatepost, ask):
    """Three people and a group, pushed as an identity provider does; their ids by name."""
    client = scim.Client(gatepost.scim_base, ask("scim-token", "create", "--name", "push", "--profile", "any")["token"])
    ids = {}
    for name in ("ada", "bob", "cy"):
        made = client.post("/Users", scim.user(f"{name}@example.org", externalId=f"ext-{name}", displayName=name.title(),
                                               emails=[{"value": f"{name}@example.org", "type": "work", "primary": True}],
                                               favouriteColour="green"))
        assert made.status == 201, made
        ids[name] = made.json["id"]
    made = client.post("/Groups", scim.group("mail-users", members=[{"value": ids["ada"]}, {"value": "ext-nobody"}]))
    assert made.status == 201, made
    ids["mail-users"] = made.json["id"]
    return ids


def test_user_list(ask, cli, people):
    page = ask("user", "list")
    assert [row["userName"] for row in page["users"]] == ["ada@example.org", "bob@example.org", "cy@example.org"]
    assert page["total"] == 3
    assert [row["userName"] for row in ask("user", "list", "--filter", "BOB")["users"]] == ["bob@example.org"]
    done = cli("user", "list", "--limit", "2")
    assert "ada@example.org" in done.stdout and "cy@example.org" not in done.stdout and "2 of 3" in done.stderr
    assert cli("user", "list", "--limit", "0").returncode == USAGE


def test_user_show_by_any_name(ask, cli, people):
    for name in (people["ada"], "ada@example.org", "ADA@example.org", "ext-ada"):
        shown = ask("user", "show", name)
        assert shown["id"] == people["ada"] and shown["active"] is True and shown["source"] == "Okta"
    text = cli("user", "show", "ext-ada").stdout
    for words in ("ada@example.org", "mail-users", "favouriteColour", "green", "user.create"):
        assert words in text, text


def test_user_show_unknown(gatepost, cli, people):
    done = cli("user", "show", "nobody@example.org")
    assert done.returncode == NOT_FOUND and "GP-1431" in done.stderr
    assert gatepost.cli.run("user", "show", people["ada"]).returncode == NOT_FOUND


def test_group_list_and_show(ask, cli, people):
    assert [row["displayName"] for row in ask("group", "list")["groups"]] == ["mail-users"]
    for name in (people["mail-users"], "mail-users", "Mail-Users"):
        assert ask("group", "show", name)["id"] == people["mail-users"]
    text = cli("group", "show", "mail-users").stdout
    assert "ada@example.org" in text and "ext-nobody" in text
    done = cli("group", "show", "nothing")
    assert done.returncode == NOT_FOUND and "GP-1432" in done.stderr


# The frame around them

def test_database_out_of_reach(gatepost, tmp_path):
    conf = gatepost.folder / "away.yaml"
    text = gatepost.config.read_text(encoding="utf-8").replace("host=", "connect_timeout=1 host=/nowhere")
    conf.write_text(text, encoding="utf-8")
    conf.chmod(0o600)
    host.give(conf)
    away = type(gatepost.cli)(conf)
    done = away.run("org", "list")
    assert done.returncode == UNREACHABLE and "GP-1301" in done.stderr


@pytest.mark.parametrize("noun", ["org", "source", "domain", "scim-token", "user", "group"])
def test_help_at_every_level(gatepost, noun):
    done = gatepost.cli.run(noun, "--help")
    assert done.returncode == OK and "Examples:" in done.stdout
