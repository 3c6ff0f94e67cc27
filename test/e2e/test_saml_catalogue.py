"""The rows of the attack catalogue that are no wrong message alone: other senders, other addresses, other headers, the same again, and
what is written down of it all."""

import json
import re
import time
import urllib.parse

import pytest

from conftest import new_gatepost, new_tenant
from saml_world import SamlWorld
from stack import browser, saml_forge as forge


@pytest.fixture(scope="module")
def world(gatepost, cluster, run_dir):
    made = SamlWorld(new_tenant(gatepost, cluster), run_dir)
    made.person("ada")
    return made


@pytest.fixture(scope="module")
def other(gatepost, cluster, run_dir):
    """Another organisation, with an identity provider of its own."""
    made = SamlWorld(new_tenant(gatepost, cluster), run_dir, forge.Idp("https://idp.other.example/saml"))
    made.person("ada")
    return made


def refused(world, asked, message, *failures):
    page = world.answer(asked, message)
    assert page.status in (400, 403), page
    assert world.signed_in(asked.browser) is None
    assert world.last_failure() in failures
    return page


# ---- who sends it, and where to

def test_A88_a_request_of_ours_answered_by_another_provider(world, other):
    """Under its own name, and under the right one."""
    asked = world.ask()
    message = other.idp.response(world, time.time(), world.address("ada"), in_response_to=asked.id)
    refused(world, asked, other.idp.signed(message, "both"), "issuer_mismatch")
    message = other.idp.response(world, time.time(), world.address("ada"), in_response_to=asked.id, issuer=world.idp.entity_id)
    refused(world, asked, other.idp.signed(message, "both"), "sig_invalid")
    # Nothing was used up: the right one may still answer.
    world.answer(asked, world.good(asked, world.address("ada")))
    assert world.signed_in(asked.browser), world.last_failure()


def test_A88b_another_organisations_provider_under_the_same_name(gatepost, cluster, run_dir, world):
    """Anybody may enter any entity ID at their own connection; it is never looked up by."""
    twin = SamlWorld(new_tenant(gatepost, cluster), run_dir, forge.Idp(world.idp.entity_id))
    asked = world.ask()
    refused(world, asked, twin.idp.signed(world.unsigned(asked, world.address("ada"))), "sig_invalid")
    asked = twin.ask()
    refused(twin, asked, twin.good(asked, world.address("ada")), "subject_unknown", "domain_unverified")


def test_A90_a_message_for_one_connection_posted_to_another(world, other):
    asked, theirs = world.ask(), other.ask()
    message = world.good(asked, world.address("ada"), "both")
    refused(other, theirs, message, "issuer_mismatch", "destination")
    # Even where the provider is the same, and means the person.
    message = other.idp.signed(other.idp.response(world, time.time(), other.address("ada"), in_response_to=theirs.id, destination=other.acs))
    refused(other, theirs, message, "recipient", "audience")


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"},
                                     {"Forwarded": "host=evil.example"}], ids=lambda headers: next(iter(headers)))
def test_A122_our_addresses_are_from_the_settings_alone(world, headers):
    who = browser.Browser()
    page = who.once(f"{world.base}/saml/{world.slug}/start", headers=headers)
    for _ in range(4):
        if page.status not in (302, 303) or page.headers["Location"].startswith(world.idp.sso):
            break
        page = who.once(urllib.parse.urljoin(world.base, page.headers["Location"]), headers=headers)
    if page.status in (302, 303):
        request, _, _ = forge.read_request(page.headers["Location"])
        assert request.get("AssertionConsumerServiceURL") == world.acs and request.findtext(".//{*}Issuer") == world.entity_id
    assert "evil" not in page.body and "evil" not in str(page.headers)
    shown = who.once(f"{world.base}/saml/{world.slug}/metadata", headers=headers)
    assert "evil" not in shown.body


# ---- the same again

def test_A67_an_assertion_again_for_another_question(world):
    """Signed anew by the provider, so that nothing but its own ID tells that it was used."""
    assertion_id, first, second = forge.new_id(), world.ask(), world.ask()
    world.answer(first, world.good(first, world.address("ada"), assertion_id=assertion_id))
    assert world.signed_in(first.browser), world.last_failure()
    refused(world, second, world.good(second, world.address("ada"), assertion_id=assertion_id), "replay")


def test_A67b_a_response_again_for_another_question(world):
    response_id, first, second = forge.new_id(), world.ask(), world.ask()
    world.answer(first, world.good(first, world.address("ada"), "response", response_id=response_id))
    assert world.signed_in(first.browser), world.last_failure()
    refused(world, second, world.good(second, world.address("ada"), "response", response_id=response_id), "replay")


def test_A67c_after_its_time_within_the_skew(world):
    """It is remembered for as long as it could be accepted."""
    asked, assertion_id = world.ask(), forge.new_id()
    late = {"not_on_or_after": forge.stamp(time.time() - 60), "confirmed_until": forge.stamp(time.time() - 60), "not_before": forge.stamp(time.time() - 400)}
    world.answer(asked, world.good(asked, world.address("ada"), assertion_id=assertion_id, **late))
    assert world.signed_in(asked.browser), world.last_failure()
    again = world.ask()
    refused(world, again, world.good(again, world.address("ada"), assertion_id=assertion_id, **late), "replay")


def test_A74_ids_of_requests_are_random(world):
    ids = [world.ask().id for _ in range(40)]
    assert all(re.fullmatch("_[0-9a-f]{32}", one) for one in ids)
    # 40 × 128 bits: of each bit about half are set, and no eight digits come twice at one place.
    bits = sum(bin(int(one[1:], 16)).count("1") for one in ids)
    assert 40 * 128 * 0.44 < bits < 40 * 128 * 0.56
    for at in range(1, 33, 8):
        assert len({one[at:at + 8] for one in ids}) == 40


# ---- what is shown and written of it

LINE = "x&#10;{&quot;event&quot;: &quot;forged&quot;}&#13;&#10;forged line"


def test_A64_a_message_cannot_write_lines_of_the_log(world):
    asked, before = world.ask(), len(world.gatepost.log)
    message = world.unsigned(asked, world.address("ada"), status=LINE, issuer=LINE)
    refused(world, asked, message, "bad_status")
    asked = world.ask()
    refused(world, asked, world.unsigned(asked, world.address("ada"), issuer=LINE), "issuer_mismatch")
    written = world.gatepost.log[before:].splitlines()
    assert not any(line.startswith(("forged", '{"event": "forged"')) for line in written)
    saw = world.sql("SELECT t.saw FROM saml_trace t JOIN saml_connection c USING (org_id, connection_id) WHERE c.slug = %s ORDER BY t.at DESC LIMIT 1", world.slug)
    assert "\n" not in json.dumps(saw[0][0], ensure_ascii=False) and "\r" not in str(saw[0][0])


@pytest.mark.parametrize("state", ["x" * 81, "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "x\r\nSet-Cookie: evil=1", "\x01\x02"],
                         ids=["long", "script", "attribute", "line", "control"])
def test_A121_a_relay_state_that_is_none_of_ours(world, state):
    """Whatever it is, nobody sees it again, and it decides nothing."""
    asked = world.ask()
    page = world.answer(asked, world.good(asked, world.address("ada")), relay_state=state)
    assert state not in page.body and "alert(1)" not in page.body and "evil" not in str(page.headers)
    assert page.status in (400, 403) or page.url.startswith(world.base)


def test_A133_no_private_key_is_written_anywhere_in_the_clear(world):
    asked = world.ask()
    world.answer(asked, world.good(asked, world.address("ada")))
    shown = world.gatepost.cli.run("saml", "connection", "show", world.slug, "--org", world.tenant.org)
    for text in (world.gatepost.log, shown.stdout, shown.stderr, world.metadata):
        assert "PRIVATE KEY" not in text
    # An RSA private key in DER names its algorithm; what is sealed does not.
    sealed = [bytes(row[0]) for row in world.sql("SELECT k.sealed FROM saml_own_key k JOIN saml_connection c USING (org_id, connection_id) WHERE c.slug = %s", world.slug)]
    assert sealed and not any(bytes.fromhex("06092a864886f70d010101") in key for key in sealed)


def test_A42_the_environment_switches_nothing_off(cluster, run_dir):
    server = new_gatepost(run_dir / "environment", cluster, "environment")
    server.start(env={"LASSO_FLAG": "no-verify-signature,no-verify", "LASSO_DEBUG": "1", "G_DEBUG": "fatal-criticals", "TZ": "Pacific/Kiritimati"})
    try:
        w = SamlWorld(new_tenant(server, cluster), run_dir)
        w.person("ada")
        asked = w.ask()
        plain = w.unsigned(asked, w.address("ada"))
        for message in (plain, w.idp.signed(w.unsigned(asked, w.address("ada")), key=forge.Key())):
            page = w.answer(asked, message)
            assert page.status == 403 and w.signed_in(asked.browser) is None, page
        page = w.answer(asked, w.idp.signed(plain))
        assert w.signed_in(asked.browser), page
    finally:
        assert server.stop() == 0
