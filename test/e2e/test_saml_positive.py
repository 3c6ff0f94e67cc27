"""What must pass: the way each identity provider writes its messages, as its documents and samples show it."""

import time

import pytest

from conftest import new_tenant
from saml_world import SamlWorld
from stack import saml_forge as forge
from stack.saml_forge import SAML, SAMLP, XSI, q, stamp

from saml_cases import text


@pytest.fixture(scope="module")
def world(gatepost, cluster, run_dir):
    made = SamlWorld(new_tenant(gatepost, cluster), run_dir)
    made.person("ada")
    return made


def plain(w, asked, **said):
    return w.unsigned(asked, w.address("ada"), **said)


def entra(w, asked):
    """Seven digits, no backdating, the assertion alone is signed, no prefixes."""
    now = time.time()
    response = plain(w, asked, issued=stamp(now, 7), not_before=stamp(now, 3), not_on_or_after=stamp(now + 4200, 3), confirmed_until=stamp(now + 300, 3),
                     authenticated=stamp(now - 3600, 3), attributes={
                         "http://schemas.microsoft.com/identity/claims/tenantid": ["9c2fbb0a"],
                         "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": [w.address("ada")]})
    message = text(response).replace(f' xmlns:saml="{SAML}"', "").replace("<saml:", "<").replace("</saml:", "</")
    message = message.replace("<Issuer>", f'<Issuer xmlns="{SAML}">', 1).replace("<Assertion ", f'<Assertion xmlns="{SAML}" ')
    return w.idp.signed(forge.parse(message))


def okta(w, asked):
    """Both signed, the schema's prefix inclusive."""
    response = plain(w, asked, format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")
    message = text(response).replace("saml:", "saml2:").replace("xmlns:saml=", "xmlns:saml2=").replace("samlp:", "saml2p:").replace("xmlns:samlp=", "xmlns:saml2p=")
    return w.idp.signed(forge.parse(message), "both", inclusive=["xs"])


def google(w, asked):
    """The Response alone is signed; a NameID of an e-mail address."""
    return w.idp.signed(plain(w, asked, session_until=None), "response")


def adfs(w, asked):
    return w.idp.signed(plain(w, asked, context="urn:federation:authentication:windows", attributes={
        "http://schemas.xmlsoap.org/claims/Group": ["Domain Users", "Räte &amp; Co"]}), "assertion", algorithm="sha256")


def keycloak(w, asked):
    """Both signed, session end told, many roles."""
    return w.idp.signed(plain(w, asked, session_until=stamp(time.time() + 36000), attributes={"Role": [f"role-{i}" for i in range(150)]}), "both")


def shibboleth(w, asked):
    """An encrypted assertion in a signed Response."""
    response = w.idp.encrypt(w.idp.signed(plain(w, asked, attributes={"urn:oid:0.9.2342.19200300.100.1.3": [w.address("ada")]})), w.certificates("encryption")[0])
    forge.sign(response, w.idp.key)
    return response


def encrypted_128(w, asked):
    return w.idp.encrypt(w.idp.signed(plain(w, asked)), w.certificates("encryption")[0], data="aes128-gcm")


def encrypted_by_default_digest(w, asked):
    """OAEP's digest is SHA-1 where none is named."""
    return w.idp.encrypt(w.idp.signed(plain(w, asked)), w.certificates("encryption")[0], transport="oaep-default")


def encrypted_unsigned_inside(w, asked):
    """The Response's signature covers the cipher text."""
    response = w.idp.encrypt(plain(w, asked), w.certificates("encryption")[0])
    forge.sign(response, w.idp.key)
    return response


def simplesamlphp(w, asked):
    return w.idp.signed(plain(w, asked), "both", digest="sha256")


def longer_hashes(w, asked):
    return w.idp.signed(plain(w, asked), "both", algorithm="sha512", digest="sha384")


def no_key_info(w, asked):
    return w.idp.signed(plain(w, asked), key_info="")


def pretty_printed(w, asked):
    message = text(plain(w, asked)).replace("><", ">\n  <")
    return w.idp.signed(forge.parse(message))


def untyped_and_nil(w, asked):
    response = plain(w, asked, attributes={"note": ["x"], "mail": [w.address("ada")], "empty": [""]})
    values = list(response.iter(q(SAML, "AttributeValue")))
    del values[0].attrib[q(XSI, "type")]
    values[2].attrib.pop(q(XSI, "type"))
    values[2].set(q(XSI, "nil"), "true")
    return w.idp.signed(response)


def two_confirmations(w, asked):
    """One of a kind we do not know, one good."""
    response = plain(w, asked)
    good = response.find(f".//{q(SAML, 'SubjectConfirmation')}")
    good.addprevious(forge.parse(f'<saml:SubjectConfirmation xmlns:saml="{SAML}" Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>'))
    return w.idp.signed(response)


def two_audiences(w, asked):
    response = plain(w, asked)
    response.find(f".//{q(SAML, 'Audience')}").addprevious(forge.parse(f'<saml:Audience xmlns:saml="{SAML}">https://other.example.org</saml:Audience>'))
    return w.idp.signed(response)


def one_time_use(w, asked):
    response = plain(w, asked)
    response.find(f".//{q(SAML, 'Conditions')}").append(forge.parse(f'<saml:OneTimeUse xmlns:saml="{SAML}"/>'))
    return w.idp.signed(response)


def qualifiers(w, asked):
    response = plain(w, asked, format=forge.PERSISTENT)
    name_id = response.find(f".//{q(SAML, 'NameID')}")
    name_id.set("NameQualifier", w.idp.entity_id)
    name_id.set("SPNameQualifier", w.entity_id)
    return w.idp.signed(response)


def no_attributes(w, asked):
    return w.idp.signed(plain(w, asked, attributes={}))


def ends_of_the_skew(w, asked):
    now = time.time()
    return w.idp.signed(plain(w, asked, not_before=stamp(now + 170), not_on_or_after=stamp(now + 600), confirmed_until=stamp(now - 170), issued=stamp(now + 170)))


def whole_seconds(w, asked):
    return w.idp.signed(plain(w, asked, issued=stamp(time.time(), 0), authenticated=stamp(time.time() - 60, 0)))


STYLES = [entra, okta, google, adfs, keycloak, shibboleth, simplesamlphp, encrypted_128, encrypted_by_default_digest, encrypted_unsigned_inside, longer_hashes, no_key_info,
          pretty_printed, untyped_and_nil, two_confirmations, two_audiences, one_time_use, qualifiers, no_attributes, ends_of_the_skew, whole_seconds]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_accepted(world, style):
    asked = world.ask()
    page = world.answer(asked, style(world, asked))
    assert world.signed_in(asked.browser), (world.last_failure(), page)


@pytest.mark.parametrize("wrapped", [64, 76], ids=str)
def test_base64_in_lines(world, wrapped):
    asked = world.ask()
    fields = forge.post_form(world.idp.signed(plain(world, asked)), asked.relay_state)
    value = fields["SAMLResponse"]
    fields["SAMLResponse"] = "\r\n".join(value[i:i + wrapped] for i in range(0, len(value), wrapped))
    world.answer(asked, fields)
    assert world.signed_in(asked.browser), world.last_failure()


def test_two_signing_keys_are_both_accepted(gatepost, cluster, run_dir):
    second = forge.Key()
    idp = forge.Idp()
    w = SamlWorld(new_tenant(gatepost, cluster), run_dir, idp, metadata=idp.metadata([idp.key, second]))
    w.person("ada")
    for key in (idp.key, second):
        asked = w.ask()
        w.answer(asked, idp.signed(plain(w, asked), key=key))
        assert w.signed_in(asked.browser), w.last_failure()


def test_an_expired_certificate_warns_and_works(gatepost, cluster, run_dir):
    idp = forge.Idp(key=forge.Key(days=-30))
    w = SamlWorld(new_tenant(gatepost, cluster), run_dir, idp)
    w.person("ada")
    asked = w.ask()
    w.answer(asked, idp.signed(plain(w, asked)))
    assert w.signed_in(asked.browser), w.last_failure()
    shown = gatepost.cli.run("saml", "connection", "show", w.slug, "--org", w.tenant.org)
    assert "expired" in shown.stdout


# ---- AES-CBC, which nothing but a signature around it protects: where the admin says so, and inside a signed Response alone (C53)

@pytest.fixture(scope="module")
def lenient(gatepost, cluster, run_dir):
    made = SamlWorld(new_tenant(gatepost, cluster), run_dir, None, "--allow-cbc", "yes")
    made.person("ada")
    return made


def unauthenticated(w, asked, inner=True, outer=True, data="aes256-cbc"):
    response = plain(w, asked)
    response = w.idp.encrypt(w.idp.signed(response) if inner else response, w.certificates("encryption")[0], data=data)
    if outer:
        forge.sign(response, w.idp.key)
    return response


@pytest.mark.parametrize("data", ["aes128-cbc", "aes256-cbc"])
@pytest.mark.parametrize("inner", [True, False], ids=["signed-inside", "not-signed-inside"])
def test_cbc_inside_a_signed_response(lenient, data, inner):
    asked = lenient.ask()
    lenient.answer(asked, unauthenticated(lenient, asked, inner, data=data))
    assert lenient.signed_in(asked.browser), lenient.last_failure()


def test_cbc_is_refused_where_the_assertion_alone_is_signed(lenient):
    asked = lenient.ask()
    lenient.answer(asked, unauthenticated(lenient, asked, outer=False))
    assert lenient.signed_in(asked.browser) is None
    assert lenient.last_failure() == "enc_alg"


def test_cbc_is_refused_where_the_response_is_signed_by_another(lenient):
    asked = lenient.ask()
    response = unauthenticated(lenient, asked, outer=False)
    forge.sign(response, forge.Key())
    lenient.answer(asked, response)
    assert lenient.signed_in(asked.browser) is None
    assert lenient.last_failure() == "sig_invalid"


def test_cbc_is_refused_by_default(world):
    asked = world.ask()
    world.answer(asked, unauthenticated(world, asked))
    assert world.signed_in(asked.browser) is None
    assert world.last_failure() == "enc_alg"


def test_cbc_never_means_triple_des(lenient):
    asked = lenient.ask()
    lenient.answer(asked, unauthenticated(lenient, asked, data="tripledes-cbc"))
    assert lenient.signed_in(asked.browser) is None
    assert lenient.last_failure() == "enc_alg"
