"""G: single logout and redirects. A session that should live lives on; one that should end ends; nothing else does."""

import re
import time
import urllib.parse

import pytest

from conftest import new_tenant
from saml_world import SamlWorld
from stack import browser, saml_forge as forge
from stack.saml_forge import stamp


@pytest.fixture(scope="module")
def world(gatepost, cluster, run_dir):
    made = SamlWorld(new_tenant(gatepost, cluster), run_dir)
    made.person("ada")
    made.person("bob")
    return made


class SignedIn:
    """ada with a session, and what the provider knows of it."""

    def __init__(self, w, name="ada", **said):
        self.index = forge.new_id()
        self.name = w.address(name)
        asked = w.ask()
        w.answer(asked, w.good(asked, self.name, session_index=self.index, **said))
        self.browser = asked.browser
        assert w.signed_in(self.browser), w.last_failure()


def request(w, who, indexes=None, **said):
    return w.idp.logout_request(w.slo, time.time(), who.name, [who.index] if indexes is None else indexes, **said)


def send(w, query, who=None):
    """The browser comes with this query; the page where the provider's answer would be read, unfollowed."""
    return (who or browser.Browser()).once(f"{w.slo}?{query}")


def good_query(w, who, **options):
    return forge.redirect_query(request(w, who), w.idp.key, **options)


def answered(w, page):
    """The LogoutResponse that we sent the browser back with."""
    assert page.status in (302, 303), page
    assert page.headers["Location"].startswith(w.idp.slo)
    return forge.read_request(page.headers["Location"])[0]


def test_a_good_request_ends_the_session(world):
    who = SignedIn(world)
    response = answered(world, send(world, good_query(world, who, relay_state="their state"), who.browser))
    assert response.find(".//{*}StatusCode").get("Value") == forge.SUCCESS
    assert world.signed_in(who.browser) is None


def test_it_ends_also_when_the_browser_is_another(world):
    who = SignedIn(world)
    answered(world, send(world, good_query(world, who)))
    assert world.signed_in(who.browser) is None


def lower_case_hex(value):
    return re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), urllib.parse.quote_plus(value))


@pytest.mark.parametrize("quote", [lower_case_hex, lambda v: urllib.parse.quote(v, safe=""), lambda v: urllib.parse.quote(v, safe=":")],
                         ids=["lower-case", "%20", "colon-kept"])
def test_A114_other_spellings_of_the_same_query_are_accepted(world, quote):
    who = SignedIn(world)
    answered(world, send(world, forge.redirect_query(request(world, who), world.idp.key, relay_state="a b", quote=quote), who.browser))
    assert world.signed_in(who.browser) is None


def forged_for(w, name):
    """A request of the attacker's own making for somebody else, unsigned."""
    return urllib.parse.quote_plus(forge.deflated(w.idp.logout_request(w.slo, time.time(), w.address(name), [])))


POLLUTED = {
    "A110a": lambda good, evil: f"{good}&%53AMLRequest={evil}", "A110b": lambda good, evil: f"%53AMLRequest={evil}&{good}",
    "A110c": lambda good, evil: f"{good}&SAMLReques%74={evil}", "A111a": lambda good, evil: f"{good}&SAMLRequest={evil}",
    "A111b": lambda good, evil: f"SAMLRequest={evil}&{good}", "A111c": lambda good, evil: f"{good}&SAMLResponse={evil}",
    "A111d": lambda good, evil: f"{good};SAMLRequest={evil}", "A111e": lambda good, evil: f"{good}&RelayState=a&RelayState=b",
    "A111f": lambda good, evil: f"{good}&SAMLEncoding=urn:example", "A111g": lambda good, evil: f"{good}&samlrequest={evil}",
    "A111h": lambda good, evil: f"{good}&SAMLart=x", "A111i": lambda good, evil: f"{good}&Signature=AAAA", "A111j": lambda good, evil: f"{good}&SigAlg=x"}


@pytest.mark.parametrize("name", POLLUTED)
def test_a_polluted_query(world, name):
    who, other = SignedIn(world), SignedIn(world, "bob")
    page = send(world, POLLUTED[name](good_query(world, who), forged_for(world, "bob")), who.browser)
    assert page.status in (400, 403), page
    assert world.last_failure() in ("bad_form", "sig_missing", "sig_invalid")
    assert world.signed_in(other.browser)
    assert world.signed_in(who.browser)


def without(query, name):
    return "&".join(part for part in query.split("&") if not part.startswith(name + "="))


SIGNATURES = {
    "A113a": (lambda w, who: forge.redirect_query(request(w, who), w.idp.key, algorithm="sha1"), ("sig_alg",)),
    "A113b": (lambda w, who: without(good_query(w, who), "SigAlg"), ("sig_missing", "bad_form", "sig_alg")),
    "A113c": (lambda w, who: without(good_query(w, who), "Signature"), ("sig_missing", "bad_form")),
    "A113d": (lambda w, who: without(good_query(w, who), "Signature") + "&Signature=", ("sig_missing", "bad_form", "bad_base64", "sig_invalid")),
    "A113e": (lambda w, who: forge.redirect_query(request(w, who), forge.Key()), ("sig_invalid",)),
    "A113f": (lambda w, who: good_query(w, who).replace("&SigAlg", "&RelayState=x&SigAlg"), ("sig_invalid", "bad_form")),
    "A115a": (lambda w, who: forge.redirect_query(request(w, who)), ("sig_missing",))}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_query_signed_wrongly(world, name):
    craft, failures = SIGNATURES[name]
    who = SignedIn(world)
    page = send(world, craft(world, who), who.browser)
    assert page.status in (400, 403), page
    assert world.last_failure() in failures
    assert world.signed_in(who.browser)


def test_A115b_an_unsigned_request_by_post(world):
    who = SignedIn(world)
    page = who.browser.once(world.slo, forge.post_form(request(world, who), field="SAMLRequest"))
    assert page.status in (400, 403, 405), page
    assert world.last_failure() == "sig_missing"
    assert world.signed_in(who.browser)


def test_a_signed_request_by_post(world):
    who = SignedIn(world)
    message = request(world, who)
    forge.sign(message, world.idp.key)
    page = who.browser.once(world.slo, forge.post_form(message, field="SAMLRequest"))
    assert page.status in (200, 302, 303), page
    assert world.signed_in(who.browser) is None


MEANINGS = {
    "A116a": ({"until": stamp(time.time() - 3600)}, ("expired",)), "A116b": ({"destination": "https://other.example.org/slo"}, ("destination",)),
    "A116c": ({"issuer": "https://other.example.org/saml"}, ("issuer_mismatch",)), "A116d": ({"issued": stamp(time.time() - 7200)}, ("stale",)),
    "A116e": ({"until": "never"}, ("bad_time", "bad_structure"))}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_well_signed_request_that_means_something_else(world, name):
    said, failures = MEANINGS[name]
    who = SignedIn(world)
    page = send(world, forge.redirect_query(request(world, who, **said), world.idp.key), who.browser)
    assert page.status in (400, 403), page
    assert world.last_failure() in failures
    assert world.signed_in(who.browser)


def test_A116f_a_request_comes_twice(world):
    first = SignedIn(world)
    query = forge.redirect_query(request(world, first, indexes=[]), world.idp.key)
    answered(world, send(world, query, first.browser))
    second = SignedIn(world)
    page = send(world, query, second.browser)
    assert page.status in (400, 403), page
    assert world.last_failure() == "replay"
    assert world.signed_in(second.browser)


def test_A116g_only_the_session_that_is_named_ends(world):
    one, two = SignedIn(world), SignedIn(world)
    answered(world, send(world, good_query(world, one)))
    assert world.signed_in(one.browser) is None
    assert world.signed_in(two.browser)


def test_A116h_without_a_session_named_all_of_the_person_end_and_nobody_elses(world):
    one, two, bob = SignedIn(world), SignedIn(world), SignedIn(world, "bob")
    answered(world, send(world, forge.redirect_query(request(world, one, indexes=[]), world.idp.key)))
    assert world.signed_in(one.browser) is None and world.signed_in(two.browser) is None
    assert world.signed_in(bob.browser)


def test_A116i_several_sessions_named(world):
    one, two, three = SignedIn(world), SignedIn(world), SignedIn(world)
    answered(world, send(world, forge.redirect_query(request(world, one, indexes=[one.index, two.index]), world.idp.key)))
    assert world.signed_in(one.browser) is None and world.signed_in(two.browser) is None
    assert world.signed_in(three.browser)


def test_A116j_an_unknown_session_ends_nothing(world):
    who = SignedIn(world)
    page = send(world, forge.redirect_query(request(world, who, indexes=["_nothing"]), world.idp.key), who.browser)
    assert page.status < 500
    assert world.signed_in(who.browser)


def test_A116k_another_format_of_the_name_is_another_name(world):
    who = SignedIn(world)
    page = send(world, forge.redirect_query(request(world, who, format_=forge.PERSISTENT), world.idp.key), who.browser)
    assert page.status < 500
    assert world.signed_in(who.browser)


def test_A116l_a_person_of_another_connection(world, gatepost, cluster, run_dir):
    other = SamlWorld(new_tenant(gatepost, cluster), run_dir)
    who = SignedIn(world)
    message = other.idp.logout_request(other.slo, time.time(), who.name, [who.index])
    assert send(other, forge.redirect_query(message, other.idp.key)).status < 500
    assert world.signed_in(who.browser)


def test_A118_an_answer_that_nobody_waits_for(world):
    who = SignedIn(world)
    message = world.idp.logout_response(world.slo, time.time(), forge.new_id())
    page = send(world, forge.redirect_query(message, world.idp.key, field="SAMLResponse"), who.browser)
    assert page.status in (400, 403), page
    assert world.last_failure() == "irt_unknown"
    assert world.signed_in(who.browser)


def sign_out(w, who):
    """From the portal; the LogoutRequest that went out."""
    page = w.signed_in(who.browser)
    form = next(form for form in page.forms if "sign-out" in form.action)
    page = who.browser.submit(page, form, follow=False)
    while not page.onward.startswith(w.idp.slo):
        page = who.browser.once(urllib.parse.urljoin(page.url, page.onward))
    return forge.read_request(page.onward)


def test_signing_out_at_ours_ends_the_session_before_the_provider_hears_of_it(world):
    who = SignedIn(world)
    message, relay_state, fields = sign_out(world, who)
    assert world.signed_in(who.browser) is None
    assert message.tag.endswith("LogoutRequest") and "Signature" in fields
    assert message.findtext("{*}NameID") == who.name
    assert message.findtext("{*}SessionIndex") == who.index
    response = world.idp.logout_response(world.slo, time.time(), message.get("ID"))
    page = send(world, forge.redirect_query(response, world.idp.key, field="SAMLResponse", relay_state=relay_state), who.browser)
    page = who.browser.follow(page)
    assert page.status == 200 and world.signed_in(who.browser) is None


@pytest.mark.parametrize("key", [None, forge.Key()], ids=["unsigned", "another-key"])
def test_A118b_a_forged_answer(world, key):
    who = SignedIn(world)
    message, relay_state, _ = sign_out(world, who)
    response = world.idp.logout_response(world.slo, time.time(), message.get("ID"))
    page = send(world, forge.redirect_query(response, key, field="SAMLResponse", relay_state=relay_state), who.browser)
    assert page.status in (400, 403), page
    assert world.last_failure() in ("sig_missing", "sig_invalid")


def test_A119_signing_out_needs_our_own_form(world):
    who = SignedIn(world)
    page = who.browser.once(f"{world.base}/portal/sign-out")
    assert page.status in (200, 303, 404, 405)
    assert world.signed_in(who.browser)
    page = who.browser.once(f"{world.base}/portal/sign-out", {"csrf": "x"})
    assert page.status in (400, 403), page
    assert world.signed_in(who.browser)


def test_A60_a_query_that_swells(world):
    who = SignedIn(world)
    for filling in (600 * 1024, 30 * 1024 * 1024):
        message = forge.octets(request(world, who)).replace(b"</samlp:LogoutRequest>", b"<!--" + b"A" * filling + b"--></samlp:LogoutRequest>")
        page = send(world, forge.redirect_query(message, world.idp.key), who.browser)
        assert page.status in (400, 403, 413, 414, 431), page
    assert world.signed_in(who.browser)
