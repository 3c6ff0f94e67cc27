"""D and E: well signed by the right provider, and still not for us, not now, not this person."""

import copy
import time

from stack import saml_forge as forge
from stack.saml_forge import SAML, q, stamp

from saml_cases import assertion, case, family

HOUR = 3600


def signed(w, asked, change=None, what="assertion", name_id=None, **said):
    """A Response of mallory changed before it is signed."""
    response = w.unsigned(asked, name_id or w.address("mallory"), **said)
    if change is not None:
        change(response)
    return w.idp.signed(response, what)


def find(response, name):
    return response.find(f".//{q(SAML, name)}")


def remove(response, name):
    element = find(response, name)
    element.getparent().remove(element)


# ---- the request

@family({"A68a": "_" + "0" * 32, "A68b": None}, "irt_unknown", "irt_missing")
def another_request(w, asked, value):
    return signed(w, asked, in_response_to=value)


@case("A68c", "irt_unknown", "irt_missing", "irt_unexpected", "bad_structure")
def the_request_only_on_the_response(w, asked):
    return signed(w, asked, lambda r: find(r, "SubjectConfirmationData").attrib.pop("InResponseTo"))


@case("A68d", "irt_missing", "irt_unexpected", "irt_unknown")
def the_request_only_in_the_confirmation(w, asked):
    return signed(w, asked, lambda r: r.attrib.pop("InResponseTo"), "both")


@case("A68e", "irt_unknown", "irt_unexpected")
def two_requests(w, asked):
    return signed(w, asked, lambda r: r.set("InResponseTo", w.ask().id), "both")


@case("A68f", "irt_unknown")
def the_request_in_capitals(w, asked):
    return signed(w, asked, in_response_to=asked.id.upper())


# ---- time

def at(seconds):
    return stamp(time.time() + seconds)


TIMES = {
    "A76a": ({"not_on_or_after": -200}, ("expired",)), "A76b": ({"confirmed_until": -200}, ("expired",)),
    "A76c": ({"not_before": 250, "not_on_or_after": 600}, ("not_yet_valid",)),
    "A76d": ({"not_before": 100, "not_on_or_after": 50}, ("bad_time", "expired", "not_yet_valid")),
}
for _name, (_said, _failures) in TIMES.items():
    @family({_name: _said}, *_failures)
    def out_of_its_time(w, asked, said):
        return signed(w, asked, **{key: at(seconds) for key, seconds in said.items()})


ODD = {"A76e": "9999-99-99T00:00:00Z", "A76f": "1900-01-01T00:00:00Z", "A76g": "2030-01-01T00:00:00", "A76h": "2030-01-01T00:00:00+02:00",
       "A76i": "tomorrow", "A76j": "", "A76k": "2030-01-01", "A76l": "2030-1-1T0:0:0Z", "A76m": "2030-01-01T00:00:00Zx", "A76n": " 2030-01-01T00:00:00 Z"}


@family(ODD, "bad_time", "expired", "bad_structure")
def an_odd_time(w, asked, value):
    return signed(w, asked, not_on_or_after=value)


@family({f"{name}-confirmed": value for name, value in ODD.items()}, "bad_time", "expired", "bad_structure", "confirmation")
def an_odd_time_of_the_confirmation(w, asked, value):
    return signed(w, asked, confirmed_until=value)


@case("A76o", "stale", "not_yet_valid", "bad_time")
def issued_tomorrow(w, asked):
    return signed(w, asked, issued=at(24 * HOUR))


@case("A76p", "stale")
def issued_long_ago(w, asked):
    return signed(w, asked, issued=at(-HOUR))


@case("A77", "session_over")
def a_session_that_is_over(w, asked):
    return signed(w, asked, session_until=at(-HOUR))


@case("A77b", "authn_stale", "not_yet_valid", "bad_time")
def signed_in_tomorrow(w, asked):
    return signed(w, asked, authenticated=at(24 * HOUR))


@case("A77c", "confirmation", "bad_structure", "bad_time")
def a_confirmation_without_end(w, asked):
    return signed(w, asked, lambda r: find(r, "SubjectConfirmationData").attrib.pop("NotOnOrAfter"))


# ---- for whom

@family({"A80a": lambda own: "https://other.example.org/md", "A80b": lambda own: "", "A80c": lambda own: own[:-1], "A80d": lambda own: own + "x",
         "A80e": lambda own: own.upper(), "A80f": lambda own: own + "/", "A80g": lambda own: "spn:" + own, "A80h": lambda own: own + "?x=1"}, "audience")
def for_another(w, asked, change):
    return signed(w, asked, audience=change(w.entity_id))


@case("A80i", "audience", "bad_structure")
def for_nobody(w, asked):
    return signed(w, asked, lambda r: remove(r, "AudienceRestriction"))


def audiences(*values):
    return forge.parse(f'<saml:AudienceRestriction xmlns:saml="{SAML}">' + "".join(f"<saml:Audience>{value}</saml:Audience>" for value in values)
                       + "</saml:AudienceRestriction>")


@case("A81a", "audience")
def for_two_others(w, asked):
    return signed(w, asked, lambda r: find(r, "AudienceRestriction").getparent().replace(
        find(r, "AudienceRestriction"), audiences("https://a.example.org", "https://b.example.org")))


@case("A81d", "audience")
def for_us_and_for_another(w, asked):
    return signed(w, asked, lambda r: find(r, "Conditions").append(audiences("https://a.example.org")))


@case("A82", "condition_unknown", "bad_structure")
def an_unknown_condition(w, asked):
    return signed(w, asked, lambda r: find(r, "Conditions").append(forge.parse(
        f'<saml:Condition xmlns:saml="{SAML}" xmlns:xsi="{forge.XSI}" xmlns:e="urn:example" xsi:type="e:OnlyOnSundays"/>')))


@case("A82b", "condition_unknown", "bad_structure")
def a_foreign_condition(w, asked):
    return signed(w, asked, lambda r: find(r, "Conditions").append(forge.parse('<x xmlns="urn:example"/>')))


@case("A83", "condition_unknown", "bad_structure", "audience")
def no_conditions(w, asked):
    return signed(w, asked, lambda r: remove(r, "Conditions"))


@family({"A84a": lambda acs: "https://other.example.org/acs", "A84b": lambda acs: acs + "?x=1", "A84c": lambda acs: acs + "/",
         "A84d": lambda acs: acs.upper(), "A84e": lambda acs: acs.replace("http", "https", 1), "A84f": lambda acs: acs.replace("/acs", "/slo")}, "recipient")
def to_another_place(w, asked, change):
    return signed(w, asked, recipient=change(w.acs))


@case("A84g", "recipient", "bad_structure", "confirmation")
def to_no_place(w, asked):
    return signed(w, asked, lambda r: find(r, "SubjectConfirmationData").attrib.pop("Recipient"))


@family({"A85a": "https://other.example.org/acs", "A85c": ""}, "destination")
def a_signed_response_to_another_place(w, asked, value):
    return signed(w, asked, what="response", destination=value)


@case("A85b", "destination")
def a_signed_response_to_no_place(w, asked):
    return signed(w, asked, lambda r: r.attrib.pop("Destination"), "response")


# ---- the subject's confirmation

@case("A86a", "confirmation", "bad_structure")
def no_confirmation(w, asked):
    return signed(w, asked, lambda r: remove(r, "SubjectConfirmation"))


@family({"A86b": "holder-of-key", "A86c": "sender-vouches", "A86d": "x"}, "confirmation", "bad_structure")
def another_confirmation(w, asked, name):
    return signed(w, asked, lambda r: find(r, "SubjectConfirmation").set("Method", f"urn:oasis:names:tc:SAML:2.0:cm:{name}"))


@case("A86e", "confirmation", "bad_structure")
def a_confirmation_without_data(w, asked):
    return signed(w, asked, lambda r: remove(r, "SubjectConfirmationData"))


@case("A86f", "not_yet_valid", "confirmation")
def a_confirmation_from_tomorrow(w, asked):
    return signed(w, asked, lambda r: find(r, "SubjectConfirmationData").set("NotBefore", at(24 * HOUR)))


@case("A86g", "subject_missing", "bad_structure")
def no_subject(w, asked):
    return signed(w, asked, lambda r: remove(r, "Subject"))


@case("A86h", "subject_missing", "bad_structure")
def no_name(w, asked):
    return signed(w, asked, lambda r: remove(r, "NameID"))


@case("A86i", "bad_structure", "subject_missing")
def two_names(w, asked):
    return signed(w, asked, lambda r: find(r, "NameID").addnext(copy.deepcopy(find(r, "NameID"))))


@case("A86j", "bad_structure", "authn_stale", "authn_context")
def no_statement_of_a_sign_in(w, asked):
    return signed(w, asked, lambda r: remove(r, "AuthnStatement"))


# ---- by whom

@family({"A87a": "https://other.example.org/saml", "A87b": " {} ", "A87c": "{}/", "A87d": ""}, "issuer_mismatch")
def by_another(w, asked, value):
    return signed(w, asked, issuer=value.format(w.idp.entity_id))


@case("A87e", "issuer_mismatch", "bad_structure")
def by_nobody(w, asked):
    return signed(w, asked, lambda r: r.remove(r.find(q(SAML, "Issuer"))), "both")


@case("A87f", "issuer_mismatch", "bad_structure")
def by_a_passing_one(w, asked):
    return signed(w, asked, lambda r: r.find(q(SAML, "Issuer")).set("Format", forge.TRANSIENT), "both")


@case("A87g", "issuer_mismatch")
def two_issuers(w, asked):
    return signed(w, asked, response_issuer="https://other.example.org/saml", what="both")


# ---- status and version

@family({"A123a": "urn:oasis:names:tc:SAML:2.0:status:Responder", "A123b": "urn:oasis:names:tc:SAML:2.0:status:Requester", "A123c": "x"}, "bad_status")
def a_refusal_with_an_assertion_inside(w, asked, status):
    return signed(w, asked, status=status, what="both")


@case("A123d", "bad_status")
def a_refusal(w, asked):
    return signed(w, asked, lambda r: r.remove(assertion(r)), "response", status="urn:oasis:names:tc:SAML:2.0:status:Responder")


@case("A123e", "bad_structure", "sig_missing", "multi_assertion", "sig_invalid")
def success_without_an_assertion(w, asked):
    return signed(w, asked, lambda r: r.remove(assertion(r)), "response")


@family({"A28a": "1.1", "A28b": "2.1", "A28c": ""}, "version", "bad_structure")
def another_version(w, asked, value):
    return signed(w, asked, version=value, what="both")


@case("A28d", "version", "bad_structure")
def another_version_of_the_assertion(w, asked):
    return signed(w, asked, lambda r: assertion(r).set("Version", "1.1"))


# ---- the person

@case("A91", "domain_unverified", "subject_unknown")
def a_person_of_a_domain_of_others(w, asked):
    return signed(w, asked, name_id="ada@victim.example")


@case("A92", "subject_unknown")
def a_person_unknown_here(w, asked):
    return signed(w, asked, name_id=w.address("nobody"))


ODD_NAMES = {
    "A93a": "1", "A93c": "../mallory", "A93d": "m" * 257, "A93e": "mallory{domain}\u202e", "A93f": "mallory{domain} ", "A93g": " mallory{domain}",
    "A93h": "M\u0430llory{domain}", "A93j": "mallory{domain}\u0000".replace("\u0000", "&#9;"), "A93l": "e\u0301mile{domain}", "A93m": "mallory"}


@family(ODD_NAMES, "subject_unknown", "subject_unusable", "domain_unverified", "subject_missing", "bad_structure")
def an_odd_name(w, asked, name):
    return signed(w, asked, name_id=name.format(domain="@" + w.domain) if "{domain}" in name else name)


@case("A93k", "subject_missing", "subject_unusable", "bad_structure")
def an_empty_name(w, asked):
    return signed(w, asked, lambda r: setattr(find(r, "NameID"), "text", ""))


@case("A93b", "subject_unknown", "subject_unusable", "domain_unverified")
def the_id_of_a_person(w, asked):
    return signed(w, asked, name_id=w.ids["mallory"])


@case("A96", "user_disabled")
def a_person_who_is_switched_off(w, asked):
    return signed(w, asked, name_id=w.address("gone"))


@case("A98a", "subject_unusable")
def a_passing_name(w, asked):
    return signed(w, asked, format=forge.TRANSIENT)


@case("A98b", "subject_unusable")
def a_name_for_another_service(w, asked):
    return signed(w, asked, lambda r: find(r, "NameID").set("SPNameQualifier", "https://other.example.org/md"))
