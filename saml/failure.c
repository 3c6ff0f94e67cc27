#include "saml/failure.h"

/* GP-4100 is the first of the range that lib/explain.c keeps for these. */
#define FIRST_CODE 4100

typedef struct {
  const char *name;
  SamlBlame blame;
  const char *text;
} FailureRow;

static const FailureRow rows[SAML_FAILURES] = {
    [SAML_OK] = {"ok", SAML_BLAME_NOBODY, "nothing is wrong"},

    [SAML_TOO_LARGE] = {"too_large", SAML_BLAME_IDP,
                        "the message is larger than any sign-in needs: send fewer attributes or groups"},
    [SAML_BAD_FORM] =
        {"bad_form", SAML_BLAME_IDP,
         "the form or query has fields missing, twice or disguised: look for what changes it on its way"},
    [SAML_BAD_BASE64] = {"bad_base64", SAML_BLAME_IDP,
                         "the message is not clean base64: use the POST binding for responses"},
    [SAML_RELAY_INVALID] = {"relay_invalid", SAML_BLAME_RETRY,
                            "the RelayState is not one of ours: let the person start at our own address"},

    [SAML_BAD_XML] = {"bad_xml", SAML_BLAME_IDP,
                      "the message is not well-formed XML: compare it with what the identity provider sent"},
    [SAML_DOCTYPE] = {"doctype", SAML_BLAME_IDP,
                      "the message has a DOCTYPE, which no identity provider needs: it may be an attack"},
    [SAML_CDATA] = {"cdata", SAML_BLAME_IDP,
                    "the message has a CDATA section, which can hide text: it may be an attack"},
    [SAML_COMMENT] = {"comment", SAML_BLAME_IDP,
                      "the message has a comment, which can cut a name in two: it may be an attack"},
    [SAML_PI] =
        {"pi", SAML_BLAME_IDP,
         "the message has a processing instruction, which can cut a name in two: it may be an attack"},
    [SAML_ENCODING] = {"encoding", SAML_BLAME_IDP,
                       "the message is not UTF-8 or not XML 1.0: set the identity provider to UTF-8"},
    [SAML_LIMIT_ELEMENTS] = {"limit_elements", SAML_BLAME_IDP,
                             "the message has too many elements: send fewer attributes or groups"},
    [SAML_LIMIT_DEPTH] =
        {"limit_depth", SAML_BLAME_IDP,
         "the message nests too deeply: no identity provider does that, it may be an attack"},
    [SAML_LIMIT_ATTRIBUTES] =
        {"limit_attributes", SAML_BLAME_IDP,
         "an element has too many XML attributes, or too long ones: it may be an attack"},
    [SAML_LIMIT_NS] = {"limit_ns", SAML_BLAME_IDP,
                       "the message declares too many namespaces: it may be an attack"},
    [SAML_DUP_ID] = {"dup_id", SAML_BLAME_IDP,
                     "two elements have one ID, so a signature could mean either: it may be an attack"},

    [SAML_BAD_STRUCTURE] =
        {"bad_structure", SAML_BLAME_IDP,
         "an element stands where the SAML profile has none: look at what the trace names"},
    [SAML_MULTI_ASSERTION] = {"multi_assertion", SAML_BLAME_IDP,
                              "the response has not exactly one assertion: send one person in one assertion"},
    [SAML_VERSION] = {"version", SAML_BLAME_IDP, "the message is not SAML 2.0: choose SAML 2.0 there"},
    [SAML_BAD_STATUS] =
        {"bad_status", SAML_BLAME_IDP,
         "the identity provider itself refused: look at its own log for the status in the trace"},

    [SAML_SIG_MISSING] =
        {"sig_missing", SAML_BLAME_IDP,
         "what the connection wants signed is not: switch signing on at the identity provider"},
    [SAML_SIG_INVALID] =
        {"sig_invalid", SAML_BLAME_IDP,
         "no pinned certificate made this signature: import the identity provider's new one"},
    [SAML_SIG_ALG] = {"sig_alg", SAML_BLAME_IDP,
                      "the signature's algorithm is not accepted: choose RSA with SHA-256 there"},
    [SAML_SIG_KEY_WEAK] = {"sig_key_weak", SAML_BLAME_IDP,
                           "the pinned key is too weak: have the identity provider use RSA of 2048 bits or "
                           "more, exponent 65537"},
    [SAML_SIG_PROFILE] =
        {"sig_profile", SAML_BLAME_IDP,
         "the signature does not sign what it stands in, or has parts it must not have: it may be an attack"},
    [SAML_NO_KEY] = {"no_key", SAML_BLAME_IDP,
                     "no usable certificate is pinned: import one from the identity provider"},

    [SAML_ENC_ALG] = {"enc_alg", SAML_BLAME_IDP,
                      "the encryption's algorithms are not accepted: choose AES-GCM and RSA-OAEP there"},
    [SAML_ENC_FAILED] =
        {"enc_failed", SAML_BLAME_IDP,
         "the assertion does not open with our keys: give the identity provider our newest metadata"},

    [SAML_ISSUER_MISMATCH] =
        {"issuer_mismatch", SAML_BLAME_IDP,
         "it is by another identity provider: compare its Issuer with the connection's entity ID"},
    [SAML_DESTINATION] = {"destination", SAML_BLAME_IDP,
                          "it is addressed elsewhere: enter our ACS URL at the identity provider exactly"},
    [SAML_STALE] = {"stale", SAML_BLAME_RETRY,
                    "it was written too long ago, or in the future: sign in again, and compare both clocks"},
    [SAML_SUBJECT_MISSING] = {"subject_missing", SAML_BLAME_IDP,
                              "it names nobody: have the identity provider send a NameID"},
    [SAML_CONFIRMATION] = {"confirmation", SAML_BLAME_IDP,
                           "it has no bearer confirmation that holds: use the Web Browser SSO profile there"},
    [SAML_RECIPIENT] =
        {"recipient", SAML_BLAME_IDP,
         "its Recipient is another address: enter our ACS URL at the identity provider exactly"},
    [SAML_ADDRESS] =
        {"address", SAML_BLAME_RETRY,
         "it was given to another network address: sign in again, or switch off enforcing the address"},
    [SAML_EXPIRED] = {"expired", SAML_BLAME_RETRY,
                      "its time is over: sign in again, and compare both clocks when that repeats"},
    [SAML_NOT_YET_VALID] = {"not_yet_valid", SAML_BLAME_RETRY,
                            "its time has not come: compare both clocks, then sign in again"},
    [SAML_BAD_TIME] = {"bad_time", SAML_BLAME_IDP,
                       "a time in it is not in UTC with a Z: have the identity provider write UTC"},
    [SAML_AUDIENCE] =
        {"audience", SAML_BLAME_IDP,
         "it is for another service: enter our entity ID as the audience at the identity provider"},
    [SAML_CONDITION_UNKNOWN] =
        {"condition_unknown", SAML_BLAME_IDP,
         "it has a condition that we do not know and so cannot keep: switch it off there"},
    [SAML_AUTHN_STALE] =
        {"authn_stale", SAML_BLAME_IDP,
         "the person did not sign in anew as we asked: have the identity provider honour ForceAuthn"},
    [SAML_AUTHN_CONTEXT] = {"authn_context", SAML_BLAME_IDP,
                            "the sign-in was weaker than we asked for: require it at the identity provider"},
    [SAML_SESSION_OVER] = {"session_over", SAML_BLAME_RETRY,
                           "the session at the identity provider has ended: sign in there again"},
    [SAML_LASSO_DISAGREES] =
        {"lasso_disagrees", SAML_BLAME_IDP,
         "a second implementation reads it differently: keep the trace and report it to us"},

    [SAML_IRT_MISSING] = {"irt_missing", SAML_BLAME_RETRY,
                          "it answers no question of ours: let the person start at our own address"},
    [SAML_IRT_UNKNOWN] = {"irt_unknown", SAML_BLAME_RETRY,
                          "it answers a question that we do not know, or no longer: start again"},
    [SAML_IRT_REUSED] = {"irt_reused", SAML_BLAME_RETRY,
                         "the question it answers was answered before: start again rather than going back"},
    [SAML_IRT_UNEXPECTED] = {"irt_unexpected", SAML_BLAME_RETRY,
                             "response and assertion answer different questions: start again"},
    [SAML_BROWSER_MISMATCH] = {"browser_mismatch", SAML_BLAME_RETRY,
                               "another browser asked: finish in the one that began, with cookies allowed"},
    [SAML_REPLAY] = {"replay", SAML_BLAME_RETRY, "it was used before: start again"},

    [SAML_SUBJECT_UNKNOWN] = {"subject_unknown", SAML_BLAME_PERSON,
                              "nobody here has that name: provision the person, or look at the join rule"},
    [SAML_SUBJECT_CHANGED] =
        {"subject_changed", SAML_BLAME_PERSON,
         "the person came with another name before: confirm the change, it is never made by itself"},
    [SAML_SUBJECT_UNUSABLE] =
        {"subject_unusable", SAML_BLAME_IDP,
         "the name is transient, too long or has control characters: send a lasting one"},
    [SAML_ATTRIBUTE_INVALID] = {"attribute_invalid", SAML_BLAME_IDP,
                                "the mapped attribute stands twice or holds markup: send it once, as text"},
    [SAML_USER_DISABLED] =
        {"user_disabled", SAML_BLAME_PERSON,
         "the person is switched off in the directory: switch them on there if they should come in"},
    [SAML_DOMAIN_UNVERIFIED] =
        {"domain_unverified", SAML_BLAME_IDP,
         "the name's domain is not this organisation's: prove it with gatepost domain verify"},

    [SAML_CONNECTION_OFF] = {"connection_off", SAML_BLAME_PERSON,
                             "the connection is switched off: switch it on when it should be used"},
    [SAML_VERIFIER_AWAY] = {"verifier_away", SAML_BLAME_US,
                            "our checking process ended or took too long, and is replaced: try again"},
    [SAML_BUSY] = {"busy", SAML_BLAME_US,
                   "more sign-ins came at once than we can check: try again in a minute"},
};

const char *saml_failure_name(SamlFailure failure) {
  return rows[failure].name;
}

int saml_failure_code(SamlFailure failure) {
  return FIRST_CODE + (int)failure;
}

SamlBlame saml_failure_blame(SamlFailure failure) {
  return rows[failure].blame;
}

const char *saml_failure_text(SamlFailure failure) {
  return rows[failure].text;
}

SamlFailure saml_failure_find(const char *name) {
  for (guint i = 0; i < SAML_FAILURES; i++)
    if (g_str_equal(rows[i].name, name))
      return (SamlFailure)i;
  return SAML_FAILURES;
}
