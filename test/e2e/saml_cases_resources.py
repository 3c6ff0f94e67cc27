"""C: messages that want time, memory, files or the network. Nothing here needs a signature: it must be refused before."""

import base64
import re
import zlib

from stack import saml_forge as forge

from saml_cases import case, family, mallory, text


def with_extensions(w, asked, inner, declared=""):
    message = text(mallory(w, asked))
    at = message.index("</saml:Issuer>") + len("</saml:Issuer>")
    return (declared + message[:at] + f"<samlp:Extensions>{inner}</samlp:Extensions>" + message[at:]).encode()


DECLARED = {
    "A50a": '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "A50b": '<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:9/e">]>',
    "A50c": '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>',
    "A50d": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/d">',
    "A51a": "<!DOCTYPE r [" + '<!ENTITY e0 "x">' + "".join(f'<!ENTITY e{i} "{("&e%d;" % (i - 1)) * 10}">' for i in range(1, 10)) + "]>",
    "A51b": '<!DOCTYPE r [<!ENTITY e "' + "x" * 50000 + '">]>',
    "A51c": '<!DOCTYPE r [<!ENTITY e "x"><!ATTLIST x a CDATA "&e;">]>',
}


@family(DECLARED, "doctype")
def a_document_type_that_wants_something(w, asked, declared):
    return with_extensions(w, asked, "<x>&e;</x>", declared)


@family({"A51d": "&unknown;", "A51e": "&#0;", "A51f": "&#xFFFFFFFF;"}, "bad_xml")
def a_reference_to_nothing(w, asked, inner):
    return with_extensions(w, asked, f"<x>{inner}</x>")


@family({"A52a": 33, "A52b": 257, "A52c": 25000}, "limit_depth", "limit_elements")
def nesting(w, asked, levels):
    return with_extensions(w, asked, "<x>" * levels + "</x>" * levels)


@family({"A53a": 2001, "A53b": 25000}, "limit_elements")
def many_elements(w, asked, count):
    return with_extensions(w, asked, "<x/>" * count)


@case("A53c", "too_large", "limit_elements")
def very_many_elements(w, asked):
    return with_extensions(w, asked, "<x/>" * 200000)


@family({"A53d": 20000, "A53e": 3000}, "limit_elements", "too_large")
def many_values(w, asked, count):
    return w.good(asked, w.address("mallory"), attributes={"mail": ["x"] * count})


@family({"A54a": "".join(f' a{i}="1"' for i in range(5000)), "A54b": "".join(f' xmlns:n{i}="urn:example:{i}"' for i in range(5000)),
         "A54c": f' {"n" * 65536}="1"', "A54d": f' a="{"v" * 65536}"', "A54e": "".join(f' xmlns:n{i}="urn:example:{i}"' for i in range(65)),
         "A54f": "".join(f' a{i}="1"' for i in range(33))},
        "limit_attributes", "limit_ns", "bad_xml", "too_large", "limit_elements")
def many_attributes(w, asked, attributes):
    return with_extensions(w, asked, f"<x{attributes}/>")


@family({"A55a": 10 * 1024 * 1024, "A55b": 400 * 1024}, "too_large")
def a_huge_text(w, asked, size):
    return with_extensions(w, asked, "<x>" + "t" * size + "</x>")


@case("A55c", "limit_elements", "too_large", "limit_attributes", "bad_xml")
def a_large_text(w, asked):
    return with_extensions(w, asked, "<x>" + "t" * 70000 + "</x>")


def fields(asked, value):
    return {"SAMLResponse": value, "RelayState": asked.relay_state}


@case("A58a", "too_large")
def an_oversized_field(w, asked):
    return fields(asked, "QUJD" * 700000)


def encoded(w, asked):
    return base64.b64encode(forge.octets(mallory(w, asked))).decode()


@family({"A58b": "alphabet", "A58c": "padding", "A58d": "nul", "A58e": "twice", "A58f": "url", "A58g": "empty", "A58h": "middle", "A58i": "loose"},
        "bad_base64", "bad_xml", "bad_form")
def another_encoding(w, asked, how):
    good = encoded(w, asked)
    return fields(asked, {
        "alphabet": good[:40] + "*" + good[41:], "padding": good + "=", "nul": base64.b64encode(b"\0" + forge.octets(mallory(w, asked))).decode(),
        "twice": base64.b64encode(good.encode()).decode(), "url": good[:80] + "-_" + good[82:], "empty": "", "middle": good[:41] + "=" + good[42:],
        "loose": good.rstrip("=")[:-3] + "==="}[how])


@family({"A59a": "xml", "A59b": "soap", "A59c": "query"}, "bad_base64", "bad_xml")
def another_binding_in_the_field(w, asked, how):
    message = text(mallory(w, asked))
    return fields(asked, {"xml": message, "query": "SAMLResponse=" + forge.deflated(mallory(w, asked)),
                          "soap": f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{message}</s:Body></s:Envelope>'}[how])


@case("A59d", "bad_structure")
def an_envelope(w, asked):
    message = text(mallory(w, asked))
    return f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{message}</s:Body></s:Envelope>'.encode()


@family({"A61a": True, "A61b": False}, "bad_xml", "encoding")
def deflated_in_a_form(w, asked, raw):
    packed = zlib.compress(forge.octets(mallory(w, asked)))
    return packed[2:-4] if raw else packed


TYPED = ("samlp:Response", "samlp:Status", "saml:Assertion", "saml:Subject", "saml:NameID", "saml:SubjectConfirmation",
         "saml:SubjectConfirmationData", "saml:Conditions", "saml:AudienceRestriction", "saml:AuthnStatement", "saml:AuthnContext",
         "saml:AttributeStatement", "saml:Attribute")


@family({f"A62-{name.split(':')[1]}-{'signed' if signed else 'plain'}": (name, signed) for name in TYPED for signed in (False, True)},
        "bad_structure", "sig_invalid")
def a_type_where_none_belongs(w, asked, how):
    name, signed = how
    response = w.unsigned(asked, w.address("mallory"))
    if not signed:
        response = w.idp.signed(response)
    message = text(response)
    space = "" if name in ("saml:AttributeValue",) else ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    at = re.search(f"<{name}[ >/]", message).end() - 1
    if "xmlns:xsi" in message[at:message.index(">", at)]:
        space = ""
    message = message[:at] + f'{space} xsi:type="saml:AssertionType"' + message[at:]
    return w.idp.signed(forge.parse(message)) if signed else message.encode()


@case("A62-value", "bad_structure")
def an_odd_type_on_a_value(w, asked):
    response = w.unsigned(asked, w.address("mallory"))
    message = text(response).replace('xsi:type="xs:string"', 'xsi:type="saml:NameIDType"')
    return w.idp.signed(forge.parse(message))


@family({"A15-utf16": "utf-16", "A15-latin": "iso-8859-1", "A15-utf7": "utf-7", "A15-ebcdic": "cp037"}, "encoding", "bad_xml")
def another_character_set(w, asked, name):
    message = f'<?xml version="1.0" encoding="{name}"?>' + text(mallory(w, asked))
    return message.encode(name)


@family({"A15-declared": '<?xml version="1.0" encoding="iso-8859-1"?>', "A15-version": '<?xml version="1.1"?>',
         "A15-blank": ' <?xml version="1.0"?>'}, "encoding", "bad_xml", "pi")
def another_declaration(w, asked, declared):
    return (declared + text(mallory(w, asked))).encode()


@family({"A15-cut": b"\xff", "A15-overlong": b"\xc0\xaf", "A15-surrogate": b"\xed\xa0\x80"}, "encoding", "bad_xml")
def bytes_that_are_no_text(w, asked, wrong):
    return forge.octets(mallory(w, asked)).replace(b"mallory@", b"mallory" + wrong + b"@", 1)


@family({"A17a": 0.25, "A17b": 0.5, "A17c": 0.999}, "bad_xml", "encoding")
def cut_short(w, asked, part):
    message = forge.octets(mallory(w, asked))
    return message[:int(len(message) * part)]
