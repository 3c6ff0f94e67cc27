"""B and F: keys, algorithms, transforms, encryption."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from stack import saml_forge as forge
from stack.saml_forge import DS, EXC, SAML, q

from saml_cases import assertion, case, family, for_victim, mallory, signature

STRANGER = forge.Key()


@case("A31", "sig_invalid")
def another_key(w, asked):
    return w.idp.signed(w.unsigned(asked, w.address("victim")), key=STRANGER)


@case("A31b", "sig_invalid")
def another_key_that_shows_the_right_certificate(w, asked):
    return w.idp.signed(w.unsigned(asked, w.address("victim")), key=STRANGER, key_info=w.idp.key.text())


@case("A32", "sig_invalid")
def a_cloned_certificate(w, asked):
    clone = forge.Key(name="identity provider")
    return w.idp.signed(w.unsigned(asked, w.address("victim")), key=clone)


@case("A33", "sig_invalid", "bad_structure")
def a_bare_key(w, asked):
    number = STRANGER.private.public_key().public_numbers().n
    modulus = base64.b64encode(number.to_bytes(256, "big")).decode()
    shown = f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
    return w.idp.signed(w.unsigned(asked, w.address("victim")), key=STRANGER, key_info=shown)


def signed_with(w, asked, method, make, more=""):
    """An assertion of the victim whose SignatureValue is make(octets), under the name `method`."""
    response = w.unsigned(asked, w.address("victim"))
    mark = forge.sign(assertion(response), w.idp.key, signature_method=method)
    info = mark.find(q(DS, "SignedInfo"))
    if more:
        info.find(q(DS, "SignatureMethod")).append(forge.parse(more))
    mark.find(q(DS, "SignatureValue")).text = base64.b64encode(make(forge.canonical(info))).decode()
    return response


def public_forms(key):
    encoding, form = serialization.Encoding, serialization.PublicFormat.SubjectPublicKeyInfo
    return {"A35a": key.pem().encode(), "A35b": key.der(), "A35c": key.private.public_key().public_bytes(encoding.PEM, form),
            "A35d": key.private.public_key().public_bytes(encoding.DER, form)}


@family({name: name for name in ("A35a", "A35b", "A35c", "A35d")}, "sig_alg")
def a_mac_keyed_with_the_public_key(w, asked, name):
    secret = public_forms(w.idp.key)[name]
    return signed_with(w, asked, forge.MORE + "hmac-sha256", lambda data: hmac.new(secret, data, hashlib.sha256).digest())


@case("A35e", "sig_alg", "bad_structure")
def a_mac_of_one_bit(w, asked):
    return signed_with(w, asked, DS + "hmac-sha1", lambda data: b"\0", f'<ds:HMACOutputLength xmlns:ds="{DS}">1</ds:HMACOutputLength>')


@family({"A36a": ("sha1", "sha256"), "A36b": ("sha256", "sha1"), "A36c": ("sha1", "sha1"), "A37b": ("sha224", "sha256"), "A37c": ("sha256", "md5"),
         "A37d": ("sha256", "sha224")}, "sig_alg")
def a_weak_algorithm(w, asked, how):
    return mallory(w, asked) if how is None else w.idp.signed(w.unsigned(asked, w.address("mallory")), algorithm=how[0], digest=how[1])


@family({"A37a": forge.MORE + "rsa-md5", "A37e": forge.MORE + "rsa-ripemd160", "A37f": DS + "dsa-sha1", "A37g": "urn:example:none", "A37h": "",
         "A37i": "http://www.w3.org/2009/xmldsig11#dsa-sha256"}, "sig_alg", "bad_structure")
def an_algorithm_by_another_name(w, asked, method):
    return signed_with(w, asked, method or "x", lambda data: w.idp.key.sign(data))


@case("A39a", "sig_alg")
def an_elliptic_key(w, asked):
    key = ec.generate_private_key(ec.SECP256R1())
    return signed_with(w, asked, forge.MORE + "ecdsa-sha256", lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))


@case("A39b", "sig_alg")
def another_padding(w, asked):
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return signed_with(w, asked, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", lambda data: w.idp.key.private.sign(data, scheme, hashes.SHA256()))


TRANSFORMS = {
    "A44": [(DS + "enveloped-signature", None), ("http://www.w3.org/TR/1999/REC-xslt-19991116",
            '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"/></xsl:stylesheet>'), (EXC, None)],
    "A45a": [(DS + "enveloped-signature", None), ("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>count(//. | //@*) &gt; 1</ds:XPath>"), (EXC, None)],
    "A45b": [(DS + "enveloped-signature", None), ("http://www.w3.org/2002/06/xmldsig-filter2",
             '<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//*</f:XPath>'), (EXC, None)],
    "A45c": [(DS + "enveloped-signature", None), (DS + "base64", None), (EXC, None)],
    "A45d": [(DS + "enveloped-signature", None), ("http://www.w3.org/2002/07/decrypt#XML", None), (EXC, None)],
    "A45e": [(EXC, None)],
    "A45f": [(DS + "enveloped-signature", None)],
    "A45g": [(DS + "enveloped-signature", None), (DS + "enveloped-signature", None), (EXC, None)],
    "A45h": [(DS + "enveloped-signature", None), (EXC, None), (EXC, None)],
    "A45i": [(DS + "enveloped-signature", None), (EXC + "WithComments", None)],
    "A45j": [(DS + "enveloped-signature", None), ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", None)],
    "A45k": [],
}


@family(TRANSFORMS, "sig_profile", "bad_structure")
def an_odd_transform(w, asked, chain):
    return w.idp.signed(w.unsigned(asked, w.address("mallory")), transforms=chain)


@case("A45l", "sig_profile", "sig_alg")
def another_canonical_form_of_the_signed_info(w, asked):
    return w.idp.signed(w.unsigned(asked, w.address("mallory")), c14n=EXC + "WithComments")


@family({"A47a": "", "A47b": "http://127.0.0.1:9/x", "A47c": "file:///etc/passwd", "A47d": "#xpointer(/)", "A47e": "#"}, "sig_profile")
def an_odd_reference(w, asked, uri):
    return w.idp.signed(w.unsigned(asked, w.address("mallory")), reference=uri)


@family({"A56": 400, "A56b": 2}, "sig_profile", "bad_structure", "limit_elements")
def many_references(w, asked, count):
    response = mallory(w, asked)
    info = signature(assertion(response)).find(q(DS, "SignedInfo"))
    one = forge.octets(info.find(q(DS, "Reference")))
    for _ in range(count - 1):
        info.append(forge.parse(one))
    return response


# ---- encryption; w is a world whose own key we know by its metadata


def encryption_key(w):
    return w.certificates("encryption")[0]


@case("A100", "sig_missing")
def encrypted_but_not_signed(w, asked):
    return w.idp.encrypt(w.unsigned(asked, w.address("victim")), encryption_key(w))


@case("A100b", "sig_invalid")
def encrypted_and_signed_by_another(w, asked):
    return w.idp.encrypt(w.idp.signed(w.unsigned(asked, w.address("victim")), key=STRANGER), encryption_key(w))


@family({"A102": "aes256-cbc", "A104b": "aes128-cbc", "A104a": "tripledes-cbc"}, "enc_alg")
def an_unauthenticated_cipher(w, asked, data):
    return w.idp.encrypt(mallory(w, asked), encryption_key(w), data=data)


@case("A103", "enc_alg")
def an_old_key_transport(w, asked):
    return w.idp.encrypt(mallory(w, asked), encryption_key(w), transport="1_5")


@family({"A103b": "oaep-sha256", "A103c": "oaep-11", "A103d": "oaep-11-sha1"}, "enc_alg")
def a_key_transport_that_we_do_not_open(w, asked, transport):
    """Not a weaker one: refused by name, before anything is decrypted."""
    return w.idp.encrypt(mallory(w, asked), encryption_key(w), transport=transport)


@family({"A104c": "urn:example:aes256-gcm", "A104d": "http://www.w3.org/2009/xmlenc11#aes256-gcm#aes"}, "enc_alg", "bad_structure")
def an_unknown_cipher(w, asked, name):
    message = forge.octets(w.idp.encrypt(mallory(w, asked), encryption_key(w))).decode()
    return message.replace("http://www.w3.org/2009/xmlenc11#aes256-gcm", name).encode()


@family({"A105a": 4, "A105b": 12, "A105c": 15}, "enc_failed")
def a_short_tag(w, asked, cut):
    return w.idp.encrypt(mallory(w, asked), encryption_key(w), cut=cut)


@case("A105d", "enc_failed")
def almost_nothing_encrypted(w, asked):
    return w.idp.encrypt(mallory(w, asked), encryption_key(w), plain=b"", cut=15)


@family({"A106a": ("data", "http://127.0.0.1:9/x"), "A106b": ("data", "file:///etc/passwd"), "A106c": ("data", "file:///dev/zero"),
         "A106d": ("key", "http://127.0.0.1:9/x"), "A106e": ("key", "file:///etc/passwd")}, "enc_alg", "bad_structure")
def a_reference_instead_of_data(w, asked, how):
    message = forge.octets(w.idp.encrypt(mallory(w, asked), encryption_key(w))).decode()
    where = message.rindex("<xenc:CipherValue>") if how[0] == "data" else message.index("<xenc:CipherValue>")
    end = message.index("</xenc:CipherValue>", where) + len("</xenc:CipherValue>")
    return (message[:where] + f'<xenc:CipherReference URI="{how[1]}"/>' + message[end:]).encode()


def plain_texts(w, asked):
    good = assertion(mallory(w, asked))
    return {"A108a": forge.octets(mallory(w, asked)), "A108b": forge.octets(good) * 2, "A108c": b"<!DOCTYPE x>" + forge.octets(good),
            "A108d": forge.octets(good).replace(b"mallory", b"<![CDATA[]]>mallory", 1), "A108e": b"<x>" + b"a" * 400000 + b"</x>",
            "A108f": b"", "A108g": b"not xml"}


@family({name: name for name in ("A108a", "A108b", "A108c", "A108d", "A108e", "A108f", "A108g")}, "bad_structure", "doctype", "cdata", "bad_xml",
        "too_large", "enc_failed", "limit_elements", "multi_assertion")
def something_else_encrypted(w, asked, name):
    return w.idp.encrypt(mallory(w, asked), encryption_key(w), plain=plain_texts(w, asked)[name])


@case("A109", "enc_failed")
def encrypted_for_another(w, asked):
    return w.idp.encrypt(mallory(w, asked), STRANGER.der())


@case("A29-both", "multi_assertion", "bad_structure")
def one_plain_and_one_encrypted(w, asked):
    response = w.idp.encrypt(mallory(w, asked), encryption_key(w))
    response.append(for_victim(assertion(w.unsigned(asked, w.address("mallory")))))
    return response


@case("A98c", "bad_structure", "enc_alg", "subject_missing")
def an_encrypted_name(w, asked):
    response = w.unsigned(asked, w.address("mallory"))
    subject = assertion(response).find(q(SAML, "Subject"))
    name_id = subject.find(q(SAML, "NameID"))
    box = forge.encrypted(forge.octets(name_id), encryption_key(w))
    subject.replace(name_id, forge.parse(f'<saml:EncryptedID xmlns:saml="{SAML}">{box}</saml:EncryptedID>'))
    return w.idp.signed(response)
