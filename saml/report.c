#include "saml/report.h"

#include "lib/text.h"

typedef struct {
  const char *name, *text;
} CheckRow;

static const CheckRow rows[SAML_CHECKS] = {
    [SAML_CHECK_FORM] = {"form", "the message came as one form field of clean base64"},
    [SAML_CHECK_XML] = {"xml", "it is plain XML: no DOCTYPE, comment, CDATA; not too much of anything"},
    [SAML_CHECK_STRUCTURE] = {"structure", "each element stands where the profile has it, once"},
    [SAML_CHECK_STATUS] = {"status", "the identity provider says Success (StatusCode)"},
    [SAML_CHECK_RESPONSE_ISSUER] = {"response_issuer", "the response names this identity provider (Issuer)"},
    [SAML_CHECK_DESTINATION] = {"destination", "the response is addressed to us (Destination)"},
    [SAML_CHECK_ISSUED] = {"issued", "it was written just now (IssueInstant)"},
    [SAML_CHECK_SIGNATURE_RESPONSE] = {"signature_response", "the response's signature is by a pinned key"},
    [SAML_CHECK_DECRYPTION] = {"decryption", "the encrypted assertion opens with our key"},
    [SAML_CHECK_SIGNATURE_ASSERTION] = {"signature_assertion",
                                        "the assertion's signature is by a pinned key"},
    [SAML_CHECK_ISSUER] = {"issuer", "the assertion names this identity provider (Issuer)"},
    [SAML_CHECK_SUBJECT] = {"subject", "it names one person (Subject, NameID)"},
    [SAML_CHECK_CONFIRMATION] = {"confirmation",
                                 "whoever brings it may use it, here and now (SubjectConfirmation)"},
    [SAML_CHECK_CONDITIONS] = {"conditions", "it is valid at this moment (Conditions)"},
    [SAML_CHECK_AUDIENCE] = {"audience", "the assertion is for us (Audience)"},
    [SAML_CHECK_AUTHENTICATION] = {"authentication", "it says when the person signed in (AuthnStatement)"},
    [SAML_CHECK_SECOND] = {"second", "a second implementation reads the same from it"},
    [SAML_CHECK_REQUEST] = {"request", "it answers a question of ours, for the first time (InResponseTo)"},
    [SAML_CHECK_BROWSER] = {"browser", "it came by the browser that asked"},
    [SAML_CHECK_FRESH] = {"fresh", "the person signed in after we asked, where we ask for that (ForceAuthn)"},
    [SAML_CHECK_CONTEXT] = {"context", "the sign-in was of the strength we asked for (AuthnContextClassRef)"},
    [SAML_CHECK_REPLAY] = {"replay", "it was never used before"},
    [SAML_CHECK_MAPPING] = {"mapping",
                            "it carries one usable name of the person, where the connection looks"},
    [SAML_CHECK_PERSON] = {"person", "that person is known here, is the same as last time, and is active"},
};

void saml_report_init(SamlReport *report) {
  *report = (SamlReport){.failure = SAML_OK, .skew_us = G_MAXINT64};
}

void saml_report_pass(SamlReport *report, SamlCheck check) {
  report->state[check] = SAML_CHECK_PASSED;
}

void saml_report_skip(SamlReport *report, SamlCheck check) {
  report->state[check] = SAML_CHECK_NOT_NEEDED;
}

static void set_text(char to[SAML_REPORT_TEXT_BYTES], const char *from) {
  to[0] = '\0';
  if (from == NULL)
    return;
  g_autofree char *clean = text_clean(from, SAML_REPORT_TEXT_BYTES - 1);
  g_strlcpy(to, clean, SAML_REPORT_TEXT_BYTES);
}

gboolean saml_report_fail(SamlReport *report, SamlCheck check, SamlFailure failure, const char *saw,
                          const char *wanted) {
  report->state[check] = SAML_CHECK_FAILED;
  report->failure = failure;
  set_text(report->saw, saw);
  set_text(report->wanted, wanted);
  return FALSE;
}

const char *saml_check_name(SamlCheck check) {
  return rows[check].name;
}

const char *saml_check_text(SamlCheck check) {
  return rows[check].text;
}
