"""A: what was signed is not what is read."""

import copy
import re

from stack import saml_forge as forge
from stack.saml_forge import DS, EXC, SAML, q

from saml_cases import assertion, case, drop_id, evil, extensions, family, for_victim, mallory, signature, text, without_signature

BROKEN = ("sig_invalid", "bad_structure", "multi_assertion", "dup_id", "sig_profile", "sig_missing")


@family({"A01a": True, "A01b": False}, *BROKEN)
def forged_response_keeps_the_signature(w, asked, new_id):
    response = mallory(w, asked, "response")
    forged = drop_id(for_victim(copy.deepcopy(response)), new_id)
    signature(forged).append(without_signature(response))
    return forged


@family({"A02a": True, "A02b": False}, *BROKEN)
def original_beside_the_signature(w, asked, new_id):
    response = mallory(w, asked, "response")
    forged = drop_id(for_victim(copy.deepcopy(response)), new_id)
    forged.insert(2, extensions(without_signature(response)))
    return forged


@family({"A03a": ("before", True), "A03b": ("after", True), "A03c": ("before", False)}, *BROKEN)
def forged_assertion_beside_the_signed(w, asked, how):
    response = mallory(w, asked)
    signed = assertion(response)
    (signed.addprevious if how[0] == "before" else signed.addnext)(evil(response, how[1]))
    return response


@family({"A04a": "child", "A04b": "advice"}, *BROKEN)
def signed_inside_the_forged(w, asked, how):
    response = mallory(w, asked)
    signed, forged = assertion(response), evil(response)
    response.replace(signed, forged)
    if how == "advice":
        advice = forge.parse(f'<saml:Advice xmlns:saml="{SAML}"/>')
        advice.append(signed)
        forged.find(q(SAML, "Conditions")).addnext(advice)
    else:
        forged.append(signed)
    return response


@family({"A05a": (True, "last"), "A05b": (False, "last"), "A05c": (True, "first")}, *BROKEN)
def forged_carries_the_signature(w, asked, how):
    response = mallory(w, asked)
    signed, forged = assertion(response), evil(response, how[0])
    forged.insert(1, signature(signed))
    place = list(response).index(signed)
    response.insert(place if how[1] == "last" else place + 1, forged)
    return response


@case("A06", *BROKEN)
def original_inside_the_forged_ones_signature(w, asked):
    response = mallory(w, asked)
    signed, forged = assertion(response), evil(response)
    mark = copy.deepcopy(signature(signed))
    response.replace(signed, forged)
    mark.append(without_signature(signed))
    forged.insert(1, mark)
    return response


@case("A07", *BROKEN)
def forged_in_extensions(w, asked):
    response = mallory(w, asked)
    response.insert(1, extensions(evil(response)))
    return response


@case("A08", *BROKEN)
def original_in_an_object(w, asked):
    response = mallory(w, asked)
    signed, forged = assertion(response), evil(response)
    mark = copy.deepcopy(signature(signed))
    box = forge.parse(f'<ds:Object xmlns:ds="{DS}"/>')
    box.append(without_signature(signed))
    mark.append(box)
    response.replace(signed, forged)
    forged.insert(1, mark)
    return response


@family({"A10a": "xml:id", "A10b": "Id", "A10c": "id", "A10d": "ID"}, *BROKEN)
def the_id_twice(w, asked, name):
    response = mallory(w, asked)
    name = name.replace("xml:", "{http://www.w3.org/XML/1998/namespace}")
    other = forge.parse('<x xmlns="urn:example"/>')
    other.set(name, assertion(response).get("ID"))
    response.insert(1, extensions(other))
    return response


@case("A10e", *BROKEN)
def an_xml_id_on_the_signed_one(w, asked):
    response = mallory(w, asked)
    assertion(response).set("{http://www.w3.org/XML/1998/namespace}id", "_other")
    return response


@case("A11", "sig_missing")
def no_signature(w, asked):
    return w.unsigned(asked, w.address("victim"))


@family({"A12a": "SignedInfo", "A12b": "SignatureValue", "A12c": "Reference", "A12d": "all"}, "sig_profile", "bad_structure", "sig_invalid")
def an_empty_signature(w, asked, what):
    response = mallory(w, asked)
    mark = signature(assertion(response))
    for child in list(mark.iter()):
        if child is not mark and (what == "all" or child.tag == q(DS, what)) and child.getparent() is not None:
            child.getparent().remove(child)
    return for_victim(response)


@family({"A13a": "none", "A13b": "other"}, "sig_profile", "bad_structure")
def references_to_other_things(w, asked, how):
    response = w.unsigned(asked, w.address("victim"))
    if how == "none":
        info = (f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{EXC}"/>'
                f'<ds:SignatureMethod Algorithm="{forge.SIGNATURES["sha256"][0]}"/></ds:SignedInfo>')
        forge.attach(assertion(response), w.idp.key, info)
    else:
        other = forge.parse('<x xmlns="urn:example" ID="_elsewhere"/>')
        response.insert(1, extensions(other))
        forge.sign(assertion(response), w.idp.key, reference="#_elsewhere")
    return response


@case("A15a", "comment")
def a_comment_in_the_digest(w, asked):
    message = text(mallory(w, asked))
    at = message.index("<ds:DigestValue>") + len("<ds:DigestValue>") + 8
    return (message[:at] + "<!-- -->" + message[at:]).encode()


@family({"A15b": "SignedInfo", "A15c": "DigestValue"}, "bad_structure", "sig_profile")
def a_signature_part_twice(w, asked, name):
    response = mallory(w, asked)
    part = signature(assertion(response)).find(f".//{q(DS, name)}")
    part.addprevious(copy.deepcopy(part))
    return response


@family({"A16a": "before", "A16b": "after"}, "bad_structure", "sig_profile")
def two_signatures(w, asked, how):
    response = mallory(w, asked)
    mark = signature(assertion(response))
    (mark.addprevious if how == "before" else mark.addnext)(copy.deepcopy(mark))
    return response


@family({f"A19{letter}": name for letter, name in zip("abcd", ("NameID", "AttributeValue", "Issuer", "Audience"))}, "comment")
def a_comment_inside_a_value(w, asked, name):
    # Signed by the provider as mallory@…victim; what a careless reader takes is only one half.
    message = text(mallory(w, asked))
    begin = re.compile(f"<saml:{name}(?: [^>]*)?>").search(message, message.index("<saml:Assertion")).end() + 2
    return (message[:begin] + "<!-- -->" + message[begin:]).encode()


POSITIONS = ("samlp:Response", "samlp:Status", "saml:Assertion", "saml:Subject", "saml:SubjectConfirmation", "saml:Conditions",
             "saml:AudienceRestriction", "saml:AuthnStatement", "saml:AuthnContext", "saml:AttributeStatement", "saml:Attribute",
             "saml:AttributeValue", "saml:NameID", "saml:Issuer", "saml:Audience", "ds:SignatureValue")


@family({f"A20-{name.split(':')[1]}": name for name in POSITIONS}, "cdata")
def an_empty_cdata_section(w, asked, name):
    message = text(mallory(w, asked))
    at = message.index(">", message.index(f"<{name}")) + 1
    return (message[:at] + "<![CDATA[]]>" + message[at:]).encode()


@case("A20-SubjectConfirmationData", "cdata")
def an_empty_cdata_section_in_an_empty_element(w, asked):
    message = text(mallory(w, asked))
    at = message.index("/>", message.index("<saml:SubjectConfirmationData"))
    return (message[:at] + "><![CDATA[]]></saml:SubjectConfirmationData>" + message[at + 2:]).encode()


@case("A20-part", "cdata")
def cdata_around_part_of_a_value(w, asked):
    message = text(mallory(w, asked, attributes={"mail": ["xvictim@example.org"]}))
    return message.replace(">xvictim", "><![CDATA[x]]>victim").encode()


@case("A21", "pi")
def an_instruction_in_a_value(w, asked):
    message = text(mallory(w, asked))
    return message.replace("mallory@", "mallory<?x?>@", 1).encode()


@family({"A23a": '<!DOCTYPE r [<!ATTLIST saml:Assertion ID ID #IMPLIED>]>', "A23b": "<!DOCTYPE r>",
         "A23c": '<!DOCTYPE r [<!ENTITY e "x">]>'}, "doctype")
def a_document_type(w, asked, declared):
    return (declared + text(mallory(w, asked))).encode()


@family({"A26a": "response", "A26b": "assertion", "A26c": "name"}, "bad_xml")
def a_relative_namespace(w, asked, where):
    empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    response = w.unsigned(asked, w.address("victim"))
    forge.sign(response if where == "response" else assertion(response), w.idp.key, digest_value=empty)
    tag = {"response": "<samlp:Response", "assertion": "<saml:Assertion", "name": "<saml:NameID"}[where]
    return text(response).replace(tag, f'{tag} xmlns:e="1"', 1).encode()


@case("A26d", "sig_invalid")
def the_digest_of_nothing(w, asked):
    response = w.unsigned(asked, w.address("victim"))
    forge.sign(assertion(response), w.idp.key, digest_value="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    return response


@family({"A29a": b"\0<evil/>", "A29b": b"<evil/>", "A29c": b"<!-- -->", "A29d": b"x", "A29e": b"\0"}, "bad_xml", "comment", "bad_base64")
def bytes_after_the_end(w, asked, tail):
    return forge.octets(mallory(w, asked)) + tail


@family({"A30a": "InResponseTo", "A30b": "Destination", "A30c": "Issuer"}, "irt_unknown", "irt_missing", "destination", "issuer_mismatch",
        "irt_unexpected")
def the_unsigned_wrapper_changed(w, asked, what):
    response = mallory(w, asked)
    if what == "Issuer":
        response.find(q(SAML, "Issuer")).text = "https://other.example.org/saml"
    else:
        response.set(what, "_0123456789abcdef" if what == "InResponseTo" else "https://other.example.org/acs")
    return response


@case("A30d", "sig_invalid")
def a_changed_name(w, asked):
    return for_victim(mallory(w, asked))


@case("A30e", "sig_invalid")
def a_good_assertion_in_a_response_with_a_bad_signature(w, asked):
    response = mallory(w, asked, "both")
    response.set("IssueInstant", response.get("IssueInstant").replace("Z", "1Z"))
    return response


@case("A30f", "sig_invalid")
def a_bad_assertion_in_a_well_signed_response(w, asked):
    response = w.good(asked, w.address("mallory"))
    for_victim(assertion(response))
    forge.sign(response, w.idp.key)
    return response


@case("A40", "bad_structure", "sig_profile")
def a_signature_out_of_its_place(w, asked):
    response = mallory(w, asked)
    response.append(signature(assertion(response)))
    return response


@case("A40b", "bad_structure", "multi_assertion")
def the_wrong_namespace(w, asked):
    return text(mallory(w, asked)).replace(SAML + '"', SAML + 'x"').encode()


@case("A40c", "bad_structure", "version")
def another_root(w, asked):
    return text(mallory(w, asked)).replace("samlp:Response", "samlp:LogoutResponse").encode()


@case("A40d", "bad_structure")
def an_unknown_element(w, asked):
    response = mallory(w, asked, "response")
    assertion(response).append(forge.parse('<x xmlns="urn:example"/>'))
    return response


@case("A41", "bad_structure")
def two_subjects_signed(w, asked):
    response = w.unsigned(asked, w.address("mallory"))
    subject = assertion(response).find(q(SAML, "Subject"))
    subject.addnext(for_victim(copy.deepcopy(subject)))
    return w.idp.signed(response)
