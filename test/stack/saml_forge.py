"""Forged SAML messages: an identity provider that says whatever a test wants, signed as the test wants. Messages are built as XML text
and changed as lxml trees; signatures are made over canonical octets with real keys, so that each message is wrong in one thing alone."""

import base64
import copy
import datetime
import hashlib
import os
import urllib.parse
import zlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from lxml import etree

SAML, SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"
DS, XENC, XS = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
NS = {"saml": SAML, "samlp": SAMLP, "ds": DS, "xenc": XENC}
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURES = {
    "sha1": (DS + "rsa-sha1", hashes.SHA1), "sha224": (MORE + "rsa-sha224", hashes.SHA224), "sha256": (MORE + "rsa-sha256", hashes.SHA256),
    "sha384": (MORE + "rsa-sha384", hashes.SHA384), "sha512": (MORE + "rsa-sha512", hashes.SHA512), "md5": (MORE + "rsa-md5", hashes.MD5)}
DIGESTS = {"sha1": DS + "sha1", "sha224": MORE + "sha224", "sha256": XENC + "sha256", "sha384": MORE + "sha384", "sha512": XENC + "sha512",
           "md5": MORE + "md5"}


class Key:
    """A key pair with its self-signed certificate."""

    def __init__(self, bits=2048, name="identity provider", exponent=65537, days=3650, private=None):
        self.private = private or rsa.generate_private_key(public_exponent=exponent, key_size=bits)
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.utcnow()
        begin = now - datetime.timedelta(days=1 if days > 0 else 400)
        self.certificate = (x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(self.private.public_key())
                            .serial_number(x509.random_serial_number()).not_valid_before(begin)
                            .not_valid_after(now + datetime.timedelta(days=days)).sign(self.private, hashes.SHA256()))

    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def text(self):
        return base64.b64encode(self.der()).decode()

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, octets, algorithm="sha256"):
        return self.private.sign(octets, padding.PKCS1v15(), SIGNATURES[algorithm][1]())


def is_prime(number):
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7, 11))


def guessable_private_key():
    """A key as the faulty generator of CVE-2017-15361 made them: its primes are k·M + (65537^a mod M), M the product of the first primes."""
    modulus, prime, found = 1, 2, 0
    while found < 126:
        if all(prime % smaller for smaller in range(2, int(prime ** 0.5) + 1)):
            modulus, found = modulus * prime, found + 1
        prime += 1

    def one():
        least = 3 << 1022  # so that the product of two has 2048 bits
        while True:
            number = pow(65537, int.from_bytes(os.urandom(8), "big"), modulus) + modulus * (least // modulus + int.from_bytes(os.urandom(6), "big"))
            if is_prime(number) and number % 65537 != 1:
                return number

    p, q_ = one(), one()
    d = pow(65537, -1, (p - 1) * (q_ - 1))
    return rsa.RSAPrivateNumbers(p, q_, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q_), rsa.rsa_crt_iqmp(p, q_),
                                 rsa.RSAPublicNumbers(65537, p * q_)).private_key()


def new_id():
    return "_" + os.urandom(16).hex()


def stamp(moment, fraction=3, zone="Z"):
    """A moment (seconds since 1970) as xs:dateTime."""
    when = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    digits = f"{when.microsecond:06d}0"[:fraction]
    return when.strftime("%Y-%m-%dT%H:%M:%S") + ("." + digits if fraction else "") + zone


def q(ns, name):
    return f"{{{ns}}}{name}"


def parse(text):
    return etree.fromstring(text.encode() if isinstance(text, str) else text)


def octets(element):
    return etree.tostring(element)


def canonical(element, inclusive=None):
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=inclusive)


def sign(element, key, algorithm="sha256", digest="sha256", key_info=None, inclusive=None, transforms=None, c14n=EXC, reference=None,
         digest_value=None, id_name="ID", signature_method=None):
    """Puts an enveloped signature where the schema wants it (after Issuer); returns the Signature element. What is odd about it is a
    keyword."""
    target = copy.deepcopy(element)
    target.tail = None
    digested = hashlib.new(digest, canonical(target, inclusive)).digest()
    uri = "#" + element.get(id_name) if reference is None else reference
    chain = transforms if transforms is not None else [
        (DS + "enveloped-signature", None),
        (EXC, f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{" ".join(inclusive)}"/>' if inclusive else None)]
    inner = "".join(f'<ds:Transform Algorithm="{name}">{more or ""}</ds:Transform>' for name, more in chain)
    info = (f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{c14n}"/>'
            f'<ds:SignatureMethod Algorithm="{signature_method or SIGNATURES[algorithm][0]}"/><ds:Reference URI="{uri}"><ds:Transforms>{inner}</ds:Transforms>'
            f'<ds:DigestMethod Algorithm="{DIGESTS[digest]}"/><ds:DigestValue>{digest_value or base64.b64encode(digested).decode()}</ds:DigestValue>'
            f'</ds:Reference></ds:SignedInfo>')
    return attach(element, key, info, algorithm, key_info)


def attach(element, key, info, algorithm="sha256", key_info=None):
    """Signs this SignedInfo as it is, and puts the Signature after the Issuer."""
    signed = parse(info)
    value = base64.b64encode(key.sign(canonical(signed), algorithm)).decode()
    shown = key.text() if key_info is None else key_info
    more = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{shown}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>" if shown and not shown.startswith("<") else shown
    signature = parse(f'<ds:Signature xmlns:ds="{DS}"><ds:SignatureValue>{value}</ds:SignatureValue>{more}</ds:Signature>')
    signature.insert(0, signed)
    issuer = element.find(q(SAML, "Issuer"))
    element.insert(0 if issuer is None else list(element).index(issuer) + 1, signature)
    return signature


class Idp:
    """What it says by default is right: change the values of `said`, or the tree, to be wrong."""

    def __init__(self, entity_id="https://idp.example.org/saml", key=None):
        self.entity_id, self.key = entity_id, key or Key()
        self.sso, self.slo = "https://idp.example.org/sso", "https://idp.example.org/slo"

    def metadata(self, keys=None, slo=True, sso=None, entity_id=None, more=""):
        described = "".join(
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>{key.text()}</ds:X509Certificate>'
            "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>" for key in keys or [self.key])
        binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
        out = f'<md:SingleLogoutService Binding="{binding}" Location="{self.slo}"/>' if slo else ""
        return (f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id or self.entity_id}"{more}>'
                f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{described}{out}'
                f'<md:SingleSignOnService Binding="{binding}" Location="{sso or self.sso}"/></md:IDPSSODescriptor></md:EntityDescriptor>')

    def response(self, sp, now, name_id="ada@example.org", **said):
        """The parts of a good Response as text templates, filled; an lxml tree. sp: anything with entity_id and acs."""
        say = {
            "response_id": new_id(), "assertion_id": new_id(), "in_response_to": None, "destination": sp.acs, "recipient": sp.acs,
            "audience": sp.entity_id, "issuer": self.entity_id, "response_issuer": None, "format": EMAIL, "issued": stamp(now),
            "not_before": stamp(now - 60), "not_on_or_after": stamp(now + 300), "confirmed_until": stamp(now + 300),
            "authenticated": stamp(now - 5), "context": PASSWORD, "session_index": new_id(), "session_until": None, "status": SUCCESS,
            "attributes": {"mail": [name_id]}, "version": "2.0", **said}
        irt = f' InResponseTo="{say["in_response_to"]}"' if say["in_response_to"] else ""
        until = f' SessionNotOnOrAfter="{say["session_until"]}"' if say["session_until"] else ""
        attributes = "".join(
            f'<saml:Attribute Name="{name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">'
            + "".join(f'<saml:AttributeValue xsi:type="xs:string">{value}</saml:AttributeValue>' for value in values) + "</saml:Attribute>"
            for name, values in say["attributes"].items())
        statement = f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else ""
        return parse(
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{say["response_id"]}" Version="{say["version"]}" '
            f'IssueInstant="{say["issued"]}" Destination="{say["destination"]}"{irt}>'
            f'<saml:Issuer>{say["response_issuer"] or say["issuer"]}</saml:Issuer>'
            f'<samlp:Status><samlp:StatusCode Value="{say["status"]}"/></samlp:Status>'
            f'<saml:Assertion xmlns:xsi="{XSI}" xmlns:xs="{XS}" ID="{say["assertion_id"]}" Version="2.0" IssueInstant="{say["issued"]}">'
            f'<saml:Issuer>{say["issuer"]}</saml:Issuer>'
            f'<saml:Subject><saml:NameID Format="{say["format"]}">{name_id}</saml:NameID>'
            f'<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
            f'NotOnOrAfter="{say["confirmed_until"]}" Recipient="{say["recipient"]}"{irt}/></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{say["not_before"]}" NotOnOrAfter="{say["not_on_or_after"]}"><saml:AudienceRestriction>'
            f'<saml:Audience>{say["audience"]}</saml:Audience></saml:AudienceRestriction></saml:Conditions>'
            f'<saml:AuthnStatement AuthnInstant="{say["authenticated"]}" SessionIndex="{say["session_index"]}"{until}><saml:AuthnContext>'
            f'<saml:AuthnContextClassRef>{say["context"]}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
            f'{statement}</saml:Assertion></samlp:Response>')

    def signed(self, response, what="assertion", key=None, **options):
        """Signs the assertion, the response or both, in that order; returns the tree."""
        key = key or self.key
        if what in ("assertion", "both"):
            sign(response.find(q(SAML, "Assertion")), key, **options)
        if what in ("response", "both"):
            sign(response, key, **options)
        return response

    def encrypt(self, response, der, data="aes256-gcm", transport="oaep", plain=None, cut=0):
        """Replaces the Assertion by an EncryptedAssertion for the holder of that certificate's key."""
        assertion = response.find(q(SAML, "Assertion"))
        place = list(response).index(assertion)
        response.remove(assertion)
        box = encrypted(plain if plain is not None else etree.tostring(assertion), der, data, transport, cut)
        response.insert(place, parse(f'<saml:EncryptedAssertion xmlns:saml="{SAML}">{box}</saml:EncryptedAssertion>'))
        return response

    def logout_request(self, slo, now, name_id, session_indexes=(), format_=EMAIL, **said):
        say = {"id": new_id(), "destination": slo, "issuer": self.entity_id, "issued": stamp(now), "until": stamp(now + 300), "qualifiers": "", **said}
        indexes = "".join(f"<samlp:SessionIndex>{index}</samlp:SessionIndex>" for index in session_indexes)
        return parse(f'<samlp:LogoutRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{say["id"]}" Version="2.0" IssueInstant="{say["issued"]}" '
                     f'Destination="{say["destination"]}" NotOnOrAfter="{say["until"]}"><saml:Issuer>{say["issuer"]}</saml:Issuer>'
                     f'<saml:NameID Format="{format_}"{say["qualifiers"]}>{name_id}</saml:NameID>{indexes}</samlp:LogoutRequest>')

    def logout_response(self, slo, now, in_response_to, status=SUCCESS, **said):
        say = {"id": new_id(), "destination": slo, "issuer": self.entity_id, "issued": stamp(now), **said}
        return parse(f'<samlp:LogoutResponse xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{say["id"]}" Version="2.0" IssueInstant="{say["issued"]}" '
                     f'Destination="{say["destination"]}" InResponseTo="{in_response_to}"><saml:Issuer>{say["issuer"]}</saml:Issuer>'
                     f'<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status></samlp:LogoutResponse>')


CIPHERS = {"aes128-gcm": ("http://www.w3.org/2009/xmlenc11#aes128-gcm", 16), "aes256-gcm": ("http://www.w3.org/2009/xmlenc11#aes256-gcm", 32),
           "aes256-cbc": (XENC + "aes256-cbc", 32), "aes128-cbc": (XENC + "aes128-cbc", 16), "tripledes-cbc": (XENC + "tripledes-cbc", 24)}
XENC11 = "http://www.w3.org/2009/xmlenc11#"


def transport_digest(name):
    return f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{DIGESTS[name]}"/>'


def oaep(digest, mask):
    return padding.OAEP(padding.MGF1(mask()), digest(), None)


MASK_SHA256 = f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{XENC11}mgf1sha256"/>'
# What an EncryptedKey says of how it is wrapped, and how it is.
TRANSPORTS = {
    "oaep": (XENC + "rsa-oaep-mgf1p", transport_digest("sha1"), oaep(hashes.SHA1, hashes.SHA1)),
    "oaep-default": (XENC + "rsa-oaep-mgf1p", "", oaep(hashes.SHA1, hashes.SHA1)),
    "oaep-sha256": (XENC + "rsa-oaep-mgf1p", transport_digest("sha256"), oaep(hashes.SHA256, hashes.SHA1)),
    "oaep-11": (XENC11 + "rsa-oaep", transport_digest("sha256") + MASK_SHA256, oaep(hashes.SHA256, hashes.SHA256)),
    "oaep-11-sha1": (XENC11 + "rsa-oaep", transport_digest("sha1"), oaep(hashes.SHA1, hashes.SHA1)),
    "1_5": (XENC + "rsa-1_5", "", padding.PKCS1v15())}


def encrypted(plain, der, data="aes256-gcm", transport="oaep", cut=0):
    """EncryptedData as text."""
    name, size = CIPHERS[data]
    secret = os.urandom(size)
    if data.endswith("gcm"):
        nonce = os.urandom(12)
        body = nonce + AESGCM(secret).encrypt(nonce, plain, None)
    else:
        block = 8 if data == "tripledes-cbc" else 16
        filling = block - len(plain) % block
        nonce = os.urandom(block)
        kind = algorithms.TripleDES if data == "tripledes-cbc" else algorithms.AES
        encryptor = Cipher(kind(secret), modes.CBC(nonce)).encryptor()
        body = nonce + encryptor.update(plain + bytes(filling - 1) + bytes([filling])) + encryptor.finalize()
    body = body[:len(body) - cut] if cut else body
    public = x509.load_der_x509_certificate(der).public_key()
    method, more, scheme = TRANSPORTS[transport]
    wrapped = public.encrypt(secret, scheme)
    return (f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{name}"/>'
            f'<ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{method}">{more}</xenc:EncryptionMethod>'
            f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
            f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(body).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>")


def post_form(message, relay_state=None, field="SAMLResponse"):
    """The form's fields."""
    raw = message if isinstance(message, bytes) else etree.tostring(message)
    fields = {field: base64.b64encode(raw).decode()}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return fields


def deflated(message):
    raw = message if isinstance(message, bytes) else etree.tostring(message)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(raw) + packer.flush()).decode()


def inflated(text):
    return parse(zlib.decompress(base64.b64decode(text), -15))


def redirect_query(message, key=None, field="SAMLRequest", relay_state=None, algorithm="sha256", quote=urllib.parse.quote_plus):
    """A query string of the redirect binding, signed when there is a key."""
    parts = [f"{field}={quote(deflated(message))}"]
    if relay_state is not None:
        parts.append(f"RelayState={quote(relay_state)}")
    if key is None:
        return "&".join(parts)
    parts.append(f"SigAlg={quote(SIGNATURES[algorithm][0])}")
    signature = base64.b64encode(key.sign("&".join(parts).encode(), algorithm)).decode()
    return "&".join([*parts, f"Signature={quote(signature)}"])


def read_request(url):
    """(AuthnRequest or LogoutRequest tree, RelayState, the query's fields) of a redirect to us."""
    fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))
    return inflated(fields.get("SAMLRequest") or fields["SAMLResponse"]), fields.get("RelayState"), fields
