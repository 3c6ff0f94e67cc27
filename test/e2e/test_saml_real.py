"""Signing in and out at a real identity provider, SimpleSAMLphp: whatever it can be told to sign, encrypt, name and rotate."""

import base64
import itertools
import re
import urllib.parse

import pytest

from conftest import new_tenant
from saml_world import SamlWorld
from stack import browser, samlstory, scim, simplesaml

_numbers = itertools.count(1)
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
# To a public key this provider encrypts with AES-128-CBC and RSA-OAEP, whatever it is told; GCM is in test_saml_positive.py.
ENCRYPTED = {"assertion.encryption": True}


class Real(SamlWorld):
    """An organisation with a live connection to a SimpleSAMLphp, each registered at the other."""

    def __init__(self, tenant, folder, idp, *options):
        super().__init__(tenant, folder, idp, "--local-metadata", *options, metadata=idp.metadata_url)
        self.connection = samlstory.Connection(self.gatepost, idp, self.slug)
        self.connection.register()
        self.sign_in, self.signed_in, self.sign_out = self.connection.sign_in, self.connection.portal, self.connection.sign_out

    def both(self, name=None, **more):
        """Somebody whom the identity provider and the directory know: (there, here)."""
        here = self.person(name, **more)
        uid = f"{self.slug}-{next(_numbers)}"
        return self.idp.add(simplesaml.Person(uid, f"secret of {uid}", here["userName"])), here

    def saml(self, *argv):
        return self.gatepost.cli.json("saml", "connection", *argv, "--org", self.tenant.org)

    def patch(self, here, **values):
        answer = self.tenant.client.request("PATCH", f"/Users/{here['id']}", {
            "schemas": [scim.PATCH], "Operations": [{"op": "replace", "value": values}]})
        assert answer.status in (200, 204), answer

    def checks(self):
        """check → state of the newest trace."""
        newest = self.saml("trace", self.slug, "--limit", "1")["traces"][0]
        return {check["check"]: check["state"] for check in self.saml("trace", newest["trace"])["checks"]}


def new_idp(run_dir, name_id="mail", **options):
    idp = simplesaml.Idp(run_dir / f"idp-{next(_numbers)}", [], name_id)
    idp.options = options
    return idp.create().start()


@pytest.fixture(scope="module")
def idp(run_dir):
    idp = new_idp(run_dir)
    yield idp
    idp.stop()


@pytest.fixture
def own_idp(run_dir):
    """For tests that change it."""
    idp = new_idp(run_dir)
    yield idp
    idp.stop()


@pytest.fixture(scope="module")
def world(gatepost, cluster, run_dir, idp):
    return Real(new_tenant(gatepost, cluster), run_dir, idp)


@pytest.fixture
def ada(world):
    world.connection.register()
    return world.both()


def at_portal(world, page):
    return page.status == 200 and page.url.startswith(f"{world.base}/portal")


def refused(world, page, failure):
    """A page with the name of a trace by which the admin finds what failed."""
    assert page.status == 403, page
    assert world.last_failure() == failure
    trace = re.search(r"\b[a-z]+-[a-z]+-\d+\b", page.text).group()
    assert world.saml("trace", trace)["failure"] == failure


# ---- in

def test_a_person_signs_in_with_the_password_they_have_there(world, ada):
    there, here = ada
    page, who = world.sign_in(there)
    assert at_portal(world, page) and here["displayName"] in page.text
    assert world.sessions()[-1] == (here["id"], None)
    checks = world.checks()
    assert (checks["signature_response"], checks["signature_assertion"]) == ("passed", "passed"), checks


def test_the_second_sign_in_asks_for_no_password(world, ada):
    there, here = ada
    _, who = world.sign_in(there)
    assert not world.connection.asked_for_password(who)
    page, _ = world.sign_in(there, who, password="not asked for")
    assert at_portal(world, page)
    assert [why for user, why in world.sessions() if user == here["id"]] == ["replaced", None]


def test_a_deep_link_survives(world, ada):
    page, _ = world.sign_in(ada[0], target="/portal?from=letter")
    assert page.url == f"{world.base}/portal?from=letter"


def test_a_wrong_password(world, ada):
    page, who = world.sign_in(ada[0], password="wrong")
    assert page.url.startswith(world.idp.base) and world.signed_in(who) is None
    assert world.sessions()[-1:] != [(ada[1]["id"], None)]


def unwilling(world, page):
    """The identity provider's page when it does not believe our signature."""
    return page.url.startswith(world.idp.base) and "gnature" in page.text and not any("password" in form.fields for form in page.forms)


@pytest.mark.parametrize("damage", ["another signature", "none", "another relay state"])
def test_the_provider_takes_requests_signed_by_us_alone(world, ada, damage):
    who = browser.Browser()
    url = world.ask(who).url
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    assert any("password" in form.fields for form in browser.Browser().get(url).forms)
    if damage == "another signature":
        query["Signature"] = query["Signature"][:40] + ("A" if query["Signature"][40] != "A" else "B") + query["Signature"][41:]
    elif damage == "none":
        del query["Signature"], query["SigAlg"]
    else:
        query["RelayState"] += "0"
    page = browser.Browser().get(parts._replace(query=urllib.parse.urlencode(query)).geturl())
    assert unwilling(world, page)


# ---- what is signed, what is encrypted, who is named

@pytest.mark.parametrize("response,assertion", [(True, False), (False, True)])
def test_one_of_both_signed(world, ada, response, assertion):
    world.connection.register(**{"saml20.sign.response": response, "saml20.sign.assertion": assertion})
    page, _ = world.sign_in(ada[0])
    assert at_portal(world, page)
    checks = world.checks()
    assert (checks["signature_response"] == "passed", checks["signature_assertion"] == "passed") == (response, assertion), checks


def test_both_must_be_signed_where_the_admin_says_so(gatepost, cluster, run_dir, idp):
    world = Real(new_tenant(gatepost, cluster), run_dir, idp, "--signed", "both")
    there, _ = world.both()
    assert at_portal(world, world.sign_in(there)[0])
    world.connection.register(**{"saml20.sign.response": False})
    refused(world, world.sign_in(there)[0], "sig_missing")


def test_an_encrypted_assertion_has_to_be_allowed_and_sealed_by_a_signature(gatepost, cluster, run_dir, idp):
    world = Real(new_tenant(gatepost, cluster), run_dir, idp)
    there, _ = world.both()
    world.connection.register(**ENCRYPTED)
    refused(world, world.sign_in(there)[0], "enc_alg")
    world.saml("set", world.slug, "--allow-cbc", "yes")
    assert at_portal(world, world.sign_in(there)[0])
    assert world.checks()["decryption"] == "passed"
    # Unauthenticated encryption under a signature that is inside it alone could be turned into questions about its key.
    world.connection.register(**ENCRYPTED, **{"saml20.sign.response": False})
    refused(world, world.sign_in(there)[0], "enc_alg")


def test_a_name_that_is_encrypted_by_itself_is_refused(world, ada):
    world.connection.register(**{"nameid.encryption": True})
    refused(world, world.sign_in(ada[0])[0], "bad_structure")


def test_a_persistent_name(gatepost, cluster, run_dir):
    idp = new_idp(run_dir, "uid")
    try:
        world = Real(new_tenant(gatepost, cluster), run_dir, idp, "--join", "externalId")
        here = world.person(externalId="employee-7")
        there = idp.add(simplesaml.Person("employee-7", "seven", "somebody.else@elsewhere.example"))
        page, _ = world.sign_in(there)
        assert at_portal(world, page) and here["displayName"] in page.text
        assert world.sessions() == [(here["id"], None)]
    finally:
        idp.stop()


def test_an_attribute_names_the_person(gatepost, cluster, run_dir, idp):
    world = Real(new_tenant(gatepost, cluster), run_dir, idp, "--subject", "uid", "--join", "externalId")
    here = world.person(externalId="employee-8")
    page, _ = world.sign_in(idp.add(simplesaml.Person("employee-8", "eight", "whoever@elsewhere.example")))
    assert at_portal(world, page) and world.sessions() == [(here["id"], None)]


def test_who_must_always_type_the_password_is_asked_each_time(gatepost, cluster, run_dir, idp):
    world = Real(new_tenant(gatepost, cluster), run_dir, idp, "--force-authn", "yes", "--context", PASSWORD)
    there, _ = world.both()
    page, who = world.sign_in(there)
    assert at_portal(world, page)
    assert world.connection.asked_for_password(who)
    assert at_portal(world, world.sign_in(there, who)[0])


def test_another_context_than_was_asked_for(gatepost, cluster, run_dir, idp):
    world = Real(new_tenant(gatepost, cluster), run_dir, idp, "--context", "https://refeds.org/profile/mfa")
    page, who = world.sign_in(world.both()[0])
    assert not at_portal(world, page) and world.sessions() == [] and world.last_failure() is not None, page


# ---- not in

def test_somebody_made_inactive_a_moment_before(world, ada):
    there, here = ada
    assert at_portal(world, world.sign_in(there)[0])
    world.patch(here, active=False)
    refused(world, world.sign_in(there)[0], "user_disabled")
    world.patch(here, active=True)
    assert at_portal(world, world.sign_in(there)[0])


def test_somebody_whom_the_directory_does_not_know(world):
    there = world.idp.add(simplesaml.Person("stranger", "strange", world.address("stranger")))
    refused(world, world.sign_in(there)[0], "subject_unknown")


def test_two_organisations_have_each_their_own_people(gatepost, cluster, run_dir, idp):
    worlds = [Real(new_tenant(gatepost, cluster), run_dir, idp) for _ in range(2)]
    people = [world.both("ada") for world in worlds]
    for world, (there, here) in zip(worlds, people):
        assert at_portal(world, world.sign_in(there)[0])
        assert world.sessions() == [(here["id"], None)]
    for world, (there, _) in zip(worlds, reversed(people)):
        refused(world, world.sign_in(there)[0], "domain_unverified")
        assert len(world.sessions()) == 1


# ---- begun at the provider

def test_a_tile_at_the_provider_ends_signed_in_by_a_round_of_ours(world, ada):
    who = browser.Browser()
    page = who.get(f"{world.idp.sso}?spentityid={urllib.parse.quote(world.entity_id, safe='')}")
    page = world.idp.sign_in(who, page, ada[0])
    # What it brought by itself was not taken: we asked anew, and its session answered.
    assert world.last_failure() == "irt_missing" and world.signed_in(who) is None
    assert page.url.startswith(world.idp.sso) and [hop.url.partition("?")[0] for hop in page.hops] == [
        world.acs, f"{world.base}/saml/{world.slug}/start"]
    page = samlstory.carry_on(who, page)
    assert at_portal(world, page) and world.sessions()[-1] == (ada[1]["id"], None)


# ---- out

def test_signing_out_here_signs_out_there(world, ada):
    there, here = ada
    _, phone = world.sign_in(there)
    _, who = world.sign_in(there)
    page = world.sign_out(who)
    assert page.status == 200 and "You are signed out" in page.text and page.url.startswith(f"{world.base}/saml/{world.slug}/slo")
    assert world.signed_in(who) is None
    assert world.connection.asked_for_password(who)
    # By session, not by person: the telephone stays.
    assert world.signed_in(phone) and not world.connection.asked_for_password(phone)
    assert [why for user, why in world.sessions() if user == here["id"]] == [None, "signed-out"]


def test_signing_out_there_signs_out_here(world, ada):
    there, here = ada
    _, phone = world.sign_in(there)
    _, who = world.sign_in(there)
    page = world.connection.sign_out_there(who)
    assert page.url.startswith(world.idp.base) and any(hop.url.startswith(world.slo) for hop in page.hops), page.hops
    assert world.signed_in(who) is None and world.signed_in(phone)
    ended = [why for user, why in world.sessions() if user == here["id"]]
    assert ended[0] is None and ended[1] is not None, ended
    assert world.connection.asked_for_password(who)


def test_a_provider_that_takes_and_sends_forms_alone(gatepost, cluster, run_dir):
    """HTTP-POST for requests, logout and its answers: signed inside, not beside."""
    post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    idp = new_idp(run_dir, SingleSignOnServiceBinding=[post], SingleLogoutServiceBinding=[post])
    try:
        world = Real(new_tenant(gatepost, cluster), run_dir, idp)
        shown = world.saml("show", world.slug)
        assert (shown["sso_binding"], shown["slo_binding"]) == ("post", "post")
        world.connection.register(SingleLogoutService=[{"Binding": post, "Location": world.slos[post]}])
        there, _ = world.both()
        for out in (world.sign_out, world.connection.sign_out_there):
            page, who = world.sign_in(there)
            assert at_portal(world, page)
            out(who)
            assert world.signed_in(who) is None and world.connection.asked_for_password(who)
        form = browser.Browser().get(f"{world.base}/saml/{world.slug}/start").form("SAMLRequest")
        signed = base64.b64decode(form.fields["SAMLRequest"])
        assert signed.count(b"<samlp:AuthnRequest ") == 1
        form.fields["SAMLRequest"] = base64.b64encode(signed.replace(b"<samlp:AuthnRequest ", b'<samlp:AuthnRequest ForceAuthn="true" ')).decode()
        assert unwilling(world, browser.Browser().post(form.action, form.fields))
    finally:
        idp.stop()


# ---- keys change

def test_our_keys_change_and_nobody_notices(gatepost, cluster, run_dir, idp):
    """Requests signed and assertions encrypted; the provider reads our metadata when it likes."""
    world = Real(new_tenant(gatepost, cluster), run_dir, idp, "--allow-cbc", "yes")
    there, _ = world.both()
    works = lambda: at_portal(world, world.sign_in(there)[0])  # noqa: E731
    keys = lambda: len(re.findall("<(?:[a-z]+:)?KeyDescriptor", world.connection.metadata()))  # noqa: E731
    world.connection.register(**ENCRYPTED)
    assert works() and keys() == 2
    world.saml("rotate", world.slug)
    assert works() and keys() > 2
    world.connection.register(**ENCRYPTED)
    assert works()
    world.saml("rotate", world.slug, "--change")
    assert works()
    world.connection.register(**ENCRYPTED)
    assert works()
    world.saml("rotate", world.slug, "--finish")
    assert works() and keys() == 2
    world.connection.register(**ENCRYPTED)
    assert works()


def test_a_change_that_the_provider_was_not_told_of_is_refused_there(gatepost, cluster, run_dir, idp):
    world = Real(new_tenant(gatepost, cluster), run_dir, idp)
    there, _ = world.both()
    world.saml("rotate", world.slug)
    world.saml("rotate", world.slug, "--change")
    assert unwilling(world, world.connection.begin(browser.Browser()))
    world.connection.register()
    assert at_portal(world, world.sign_in(there)[0])


@pytest.mark.parametrize("way", ["trust", "accept"])
def test_the_providers_key_changes_and_waits_for_an_admin(gatepost, cluster, run_dir, own_idp, way):
    world = Real(new_tenant(gatepost, cluster), run_dir, own_idp)
    there, _ = world.both()
    before = world.saml("show", world.slug)["idp_keys"]
    own_idp.rotate_key()
    refused(world, world.sign_in(there)[0], "sig_invalid")
    changes = world.saml("refresh", world.slug)["changes"]
    assert any(change["waits"] for change in changes), changes
    pending = [key for key in world.saml("show", world.slug)["idp_keys"] if key["state"] == "pending"]
    assert len(pending) == 1 and pending[0]["fingerprint"] != before[0]["fingerprint"]
    refused(world, world.sign_in(there)[0], "sig_invalid")
    if way == "trust":
        world.saml("trust", world.slug, pending[0]["fingerprint"])
    else:
        world.saml("refresh", world.slug, "--accept")
    assert at_portal(world, world.sign_in(there)[0])
