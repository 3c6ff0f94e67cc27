"""Writes the signed messages that the C tests and fuzz targets begin from, with the keys that made them: python3 -m stack.saml_samples,
inside test/. New keys each time, so all of it is written anew; what fuzzing found stays."""

import base64
import pathlib
import textwrap

from cryptography.hazmat.primitives import serialization

from stack import saml_forge as forge

NOW = 1795514400  # 2026-11-24T10:00:00Z
TEST = pathlib.Path(__file__).parent.parent
RESPONSES, LOGOUTS = TEST / "fuzz/corpus/saml_response", TEST / "fuzz/corpus/saml_logout"
ATTRIBUTES = {"mail": ["ada@example.org"], "cn": ["Ada &lt;&amp;&gt; Lovelace"], "groups": ["engines", "poets", ""],
              "http://schemas.microsoft.com/identity/claims/objectidentifier": ["0d5b1d3e-6d9a-4f6c-8f9d-112233445566"]}


class Sp:
    entity_id, acs, slo = (f"https://mail.example.org/saml/acme/{name}" for name in ("metadata", "acs", "slo"))


def constant(name, octets):
    lines = textwrap.wrap(base64.b64encode(octets).decode(), 100)
    return f"static const char {name}[] =\n" + "\n".join(f'    "{line}"' for line in lines) + ";\n"


def write_keys(idp, own):
    private = own.private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    text = ("/* Written by test/stack/saml_samples.py: keys of nobody, for tests alone. Base64. */\n#pragma once\n\n"
            + constant("sample_idp_certificate", idp.key.der()) + "\n" + constant("sample_own_certificate", own.der()) + "\n"
            + constant("sample_own_private", private))
    (TEST / "unit/saml_sample_keys.h").write_text(text)


def with_second_confirmation(response):
    """Before the good one, one of a kind that we do not take."""
    good = response.find(f".//{forge.q(forge.SAML, 'SubjectConfirmation')}")
    good.addprevious(forge.parse(f'<saml:SubjectConfirmation xmlns:saml="{forge.SAML}" Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>'))
    return response


def responses(idp, own):
    def plain(**said):
        return idp.response(Sp, NOW, in_response_to="_q", attributes=ATTRIBUTES, **said)

    yield "assertion", idp.signed(plain(), "assertion")
    yield "response", idp.signed(plain(), "response")
    yield "both", idp.signed(plain(), "both")
    yield "prefix-list", idp.signed(plain(), "both", inclusive=["xs"])
    yield "sha512", idp.signed(plain(), "assertion", algorithm="sha512", digest="sha384")
    yield "encrypted-assertion", idp.encrypt(idp.signed(plain(), "assertion"), own.der())
    yield "two-confirmations", idp.signed(with_second_confirmation(plain()), "assertion")
    yield "two-confirmations-response", idp.signed(with_second_confirmation(plain()), "response")
    yield "encrypted-two-confirmations", idp.encrypt(idp.signed(with_second_confirmation(plain()), "assertion"), own.der())
    yield "encrypted-cbc-assertion", idp.encrypt(idp.signed(plain(), "assertion"), own.der(), data="aes256-cbc")
    for name, message, data in (("encrypted-response", plain(), "aes128-gcm"), ("encrypted-both", idp.signed(plain(), "assertion"), "aes128-gcm"),
                                ("encrypted-cbc", idp.signed(plain(), "assertion"), "aes128-cbc")):
        idp.encrypt(message, own.der(), data=data)
        forge.sign(message, idp.key)
        yield name, message


def write_logouts(idp):
    request = idp.logout_request(Sp.slo, NOW, "ada@example.org", ["_s1", "_s2"])
    response = idp.logout_response(Sp.slo, NOW, "_out")
    for name, field, message in (("request", "SAMLRequest", request), ("response", "SAMLResponse", response)):
        (LOGOUTS / f"redirect-{name}").write_text(forge.redirect_query(message, idp.key, field=field, relay_state="there"))
        forge.sign(message, idp.key)
        (LOGOUTS / f"post-{name}.xml").write_bytes(forge.octets(message))


def main():
    idp, own = forge.Idp(), forge.Key(name="gatepost")
    write_keys(idp, own)
    for name, message in responses(idp, own):
        (RESPONSES / f"{name}.xml").write_bytes(forge.octets(message))
    write_logouts(idp)


if __name__ == "__main__":
    main()
