"""What an admin does with connections by command: change, switch off, rotate keys of both sides, trace, and move the same people to
another identity provider and back."""

import json
import time

import pytest

from conftest import new_tenant
from saml_world import SamlWorld
from stack import browser, saml_forge as forge, scim

OK, USAGE, NOT_FOUND, REFUSED, PARTLY = 0, 2, 3, 4, 6


@pytest.fixture
def world(gatepost, cluster, run_dir):
    made = SamlWorld(new_tenant(gatepost, cluster), run_dir)
    made.ada = made.person("ada")
    return made


def run(w, *argv):
    return w.gatepost.cli.run("saml", "connection", *argv, "--org", w.tenant.org)


def show(w, slug=None):
    return w.gatepost.cli.json("saml", "connection", "show", slug or w.slug, "--org", w.tenant.org)


def signs_in(w, name="ada", key=None, message=None):
    """Does this person get in? message(asked) makes the answer."""
    asked = w.ask()
    w.answer(asked, message(asked) if message else w.idp.signed(w.unsigned(asked, w.address(name)), key=key))
    return asked.browser if w.signed_in(asked.browser) else None


def test_what_is_told_to_the_provider(world):
    shown = show(world)
    assert shown["entity_id"] == world.entity_id and shown["acs"] == world.acs and shown["slo_url"] == world.slo
    assert shown["state"] == "live" and shown["idp"] == world.idp.entity_id and shown["warnings"] == []
    assert "PRIVATE" not in run(world, "show", world.slug).stdout
    listed = world.gatepost.cli.json("saml", "connection", "list", "--org", world.tenant.org)["connections"]
    assert [row["slug"] for row in listed] == [world.slug]


def test_a_connection_that_is_off_lets_nobody_in_and_ends_sessions(world):
    who = signs_in(world)
    assert who
    assert run(world, "set", world.slug, "--state", "off").returncode == OK
    assert world.signed_in(who) is None
    page = who.once(f"{world.base}/saml/{world.slug}/start")
    assert page.status in (403, 404), page
    assert run(world, "set", world.slug, "--state", "live").returncode == OK
    assert world.signed_in(who) is None  # whoever was signed in before signs in anew
    assert signs_in(world)


@pytest.mark.parametrize("options", [("--join", "shoeSize"), ("--signed", "maybe"), ("--skew", "301"), ("--session-hours", "0"), ("--state", "on"),
                                     ("--force-authn", "perhaps"), ("--subject", "")])
def test_a_value_that_cannot_be(world, options):
    done = run(world, "set", world.slug, *options)
    assert done.returncode == USAGE, done


def test_names_and_sources_are_taken_once(world, run_dir):
    again = ("create", world.slug, "--source", "main", "--metadata", run_dir / f"{world.slug}.xml")
    assert run(world, *again).returncode == REFUSED
    other = ("create", world.slug + "-2", *again[2:])
    assert run(world, *other).returncode == REFUSED
    assert run(world, "create", "Not A Name", *again[2:]).returncode == USAGE
    assert run(world, "show", "nothing-here").returncode == NOT_FOUND


def test_what_is_asked_is_held_on_return(world):
    world.gatepost.cli.json("saml", "connection", "set", world.slug, "--context", "https://refeds.org/profile/mfa", "--force-authn", "yes",
                            "--org", world.tenant.org)
    asked = world.ask()
    assert asked.request.get("ForceAuthn") == "true"
    assert asked.request.findtext(".//{*}AuthnContextClassRef") == "https://refeds.org/profile/mfa"
    world.answer(asked, world.good(asked, world.address("ada")))
    assert world.last_failure() in ("authn_context", "authn_stale")
    asked = world.ask()
    now = forge.stamp(time.time())
    world.answer(asked, world.good(asked, world.address("ada"), context="https://refeds.org/profile/mfa", authenticated=now))
    assert world.signed_in(asked.browser), world.last_failure()


def test_A78_an_old_sign_in_after_force_authn(world):
    world.gatepost.cli.json("saml", "connection", "set", world.slug, "--force-authn", "yes", "--org", world.tenant.org)
    assert not signs_in(world, message=lambda asked: world.good(asked, world.address("ada"), authenticated=forge.stamp(time.time() - 3600)))
    assert world.last_failure() == "authn_stale"


@pytest.mark.parametrize("policy, signed, good", [
    ("response", "assertion", False), ("response", "response", True), ("assertion", "response", False), ("assertion", "assertion", True),
    ("both", "assertion", False), ("both", "response", False), ("both", "both", True)])
def test_what_must_be_signed(world, policy, signed, good):
    run(world, "set", world.slug, "--signed", policy)
    assert bool(signs_in(world, message=lambda asked: world.good(asked, world.address("ada"), signed))) == good
    assert good or world.last_failure() == "sig_missing"


# ---- keys

def refetch(w):
    w.metadata = browser.Browser().get(f"{w.base}/saml/{w.slug}/metadata").body


def test_our_keys_are_rotated_without_a_gap(world):
    before = world.certificates("encryption")
    encrypted = lambda der: lambda asked: world.idp.encrypt(world.good(asked, world.address("ada")), der)  # noqa: E731
    assert run(world, "rotate", world.slug, "--change").returncode == REFUSED
    assert run(world, "rotate", world.slug).returncode == OK
    assert run(world, "rotate", world.slug).returncode == REFUSED
    refetch(world)
    both = world.certificates("encryption")
    assert len(both) == 2 and both[0] == before[0] and len(world.certificates("signing")) == 2
    for der in both:
        assert signs_in(world, message=encrypted(der)), world.last_failure()
    assert run(world, "rotate", world.slug, "--change").returncode == OK
    refetch(world)
    assert world.certificates("encryption")[0] == both[1]
    for der in both:
        assert signs_in(world, message=encrypted(der)), world.last_failure()
    assert run(world, "rotate", world.slug, "--finish").returncode == OK
    assert signs_in(world, message=encrypted(both[1])), world.last_failure()
    assert not signs_in(world, message=encrypted(both[0]))
    assert world.last_failure() == "enc_failed"


def test_a_key_of_the_provider_is_trusted_and_distrusted(gatepost, cluster, run_dir):
    second = forge.Key()
    idp = forge.Idp()
    w = SamlWorld(new_tenant(gatepost, cluster), run_dir, idp, metadata=idp.metadata([idp.key, second]))
    w.person("ada")
    first = show(w)["idp_keys"][0]["fingerprint"]
    assert signs_in(w, key=idp.key) and signs_in(w, key=second)
    assert run(w, "distrust", w.slug, first[:20]).returncode == OK
    assert not signs_in(w, key=idp.key)
    assert w.last_failure() == "sig_invalid"
    assert signs_in(w, key=second)
    assert run(w, "distrust", w.slug, show(w)["idp_keys"][0]["fingerprint"]).returncode == REFUSED
    assert run(w, "trust", w.slug, first).returncode == OK
    assert signs_in(w, key=idp.key)
    assert run(w, "trust", w.slug, "ff:ff:ff").returncode == NOT_FOUND


# ---- traces

def test_a_trace_tells_each_check(world):
    asked = world.ask()
    page = world.answer(asked, world.good(asked, world.address("ada"), audience="https://other.example.org"))
    trace = world.sql("SELECT trace FROM saml_trace ORDER BY at DESC LIMIT 1")[0][0]
    assert trace in page.text
    told = world.gatepost.cli.json("saml", "connection", "trace", trace, "--org", world.tenant.org)
    states = {check["check"]: check["state"] for check in told["checks"]}
    assert told["failure"] == "audience" and "other.example.org" in told["saw"]
    assert "failed" in states.values() and list(states.values()).count("failed") == 1
    shown = run(world, "trace", trace.replace("-", " ").upper()).stdout
    assert "✗" in shown and "✓" in shown
    listed = world.gatepost.cli.json("saml", "connection", "trace", world.slug, "--org", world.tenant.org)["traces"]
    assert listed[0]["trace"] == trace
    assert run(world, "trace", "brave-otter-99999").returncode == NOT_FOUND


# ---- another provider for the same people

def test_the_same_people_by_another_provider_and_back(world, run_dir):
    world.person("bob", externalId="same")
    world.person("eve", externalId="same")
    match = world.gatepost.cli.run("saml", "connection", "match", world.slug, "--join", "externalId", "--org", world.tenant.org, "--json")
    assert match.returncode == PARTLY
    told = json.loads(match.stdout)
    assert (told["people"], told["matched"], told["colliding"]) == (3, 1, 2)
    assert told["examples"]["colliding"] == [{"subject": "same", "people": sorted([world.address("bob"), world.address("eve")])}]
    subjects = run_dir / f"{world.slug}.txt"
    subjects.write_text(f"{world.address('ada')}\n{world.address('bob')}\nstranger\n")
    subjects.chmod(0o644)
    told = json.loads(run(world, "match", world.slug, "--subjects", subjects, "--json").stdout)
    assert (told["matched"], told["unmatched"], told["unknown"]) == (2, 1, 1)
    assert told["examples"]["unknown"] == ["stranger"]

    former = signs_in(world)
    newcomer = SamlWorld(world.tenant, run_dir, forge.Idp("https://new.example.org/saml"), "--replaces", world.slug)
    both = signs_in(newcomer)
    assert former and both, newcomer.last_failure()
    assert world.signed_in(former)
    assert run(world, "undo", newcomer.slug, "--yes").returncode == OK
    assert newcomer.signed_in(both) is None and world.signed_in(former)
    assert newcomer.sql("SELECT count(*) FROM saml_binding JOIN saml_connection USING (org_id, connection_id) WHERE slug = %s", newcomer.slug)[0][0] == 0

    third = SamlWorld(world.tenant, run_dir, forge.Idp("https://third.example.org/saml"), "--replaces", world.slug)
    both = signs_in(third)
    assert run(world, "finish", third.slug, "--yes").returncode == OK
    assert world.signed_in(former) is None and third.signed_in(both)
    assert run(world, "undo", third.slug, "--yes").returncode == OK
    assert third.signed_in(both) is None and signs_in(world)
    assert world.sql("SELECT count(*) FROM scim_user u JOIN org o USING (org_id) WHERE o.name = %s", world.tenant.org)[0][0] == 3
    assert run(world, "undo", world.slug, "--yes").returncode == REFUSED


def test_removing_a_connection_ends_what_it_began(world):
    who = signs_in(world)
    assert run(world, "remove", world.slug).returncode == REFUSED
    assert run(world, "remove", world.slug, "--yes").returncode == OK
    assert world.signed_in(who) is None
    assert run(world, "show", world.slug).returncode == NOT_FOUND


def test_doctor_tells_of_certificates_at_their_end(gatepost, cluster, run_dir):
    w = SamlWorld(new_tenant(gatepost, cluster), run_dir, forge.Idp(key=forge.Key(days=5)))
    assert any("expires in" in warning for warning in show(w)["warnings"])
    assert f"{w.slug}: a provider's certificate expires in" in gatepost.cli.run("doctor").stdout


# ---- names that move on

def test_A95_an_external_id_that_moved_on_opens_nobody_elses_mail(world):
    run(world, "set", world.slug, "--join", "externalId", "--subject", "uid")
    john = world.person("john", externalId="jdoe")
    sign_in = lambda: signs_in(world, message=lambda asked: world.good(asked, world.address("ada"), attributes={"uid": ["jdoe"]}))  # noqa: E731
    assert sign_in()
    world.tenant.client.request("PATCH", f"/Users/{john['id']}", {
        "schemas": [scim.PATCH], "Operations": [{"op": "replace", "path": "externalId", "value": "jsmith"}]})
    world.person("jane", externalId="jdoe")
    assert not sign_in()
    assert world.last_failure() == "subject_changed"


@pytest.mark.parametrize("name", ["\uff41da", "ada\ufe0f", "ADA"], ids=["full-width", "joined-mark", "capitals"])
def test_an_address_that_only_folds_to_hers_is_not_hers(world, name):
    run(world, "set", world.slug, "--join", "email")
    who = signs_in(world, message=lambda asked: world.good(asked, f"{name}@{world.domain}"))
    assert bool(who) == (name == "ADA"), world.last_failure()


def test_what_was_set_is_on_record(world):
    run(world, "set", world.slug, "--join", "email", "--allow-cbc", "yes")
    detail = world.sql("SELECT detail FROM audit WHERE action = 'saml.set' AND subject = %s ORDER BY audit_id DESC LIMIT 1", world.slug)[0][0]
    assert detail["join"] == "email" and detail["allow_cbc"] == 1
