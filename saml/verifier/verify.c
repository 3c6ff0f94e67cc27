#include "saml/verifier/verify.h"

#include <string.h>

#include "lib/limits.h"
#include "saml/verifier/assertion.h"
#include "saml/verifier/trust.h"

/* One message on its way. What is read later comes from `wrapper` and `assertion`; both are signed octets where there is a signature. */
typedef struct {
  const SamlTrust *trust;
  const SamlConnection *connection;
  gint64 now_us;
  SamlReport *report;
  char *bytes; /* as it came */
  gsize n;
  xmlDoc *message, *response, *plain,
      *signed_assertion; /* response: the octets of its signature; plain: decrypted */
  const xmlNode *wrapper, *assertion;
  SamlClaims claims;
  SamlLogin login;
} Work;

static void work_clear(Work *work) {
  g_free(work->bytes);
  xmlFreeDoc(work->signed_assertion);
  xmlFreeDoc(work->plain);
  xmlFreeDoc(work->response);
  xmlFreeDoc(work->message);
  saml_claims_clear(&work->claims);
  saml_login_clear(&work->login);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static gboolean fail(Work *work, SamlCheck check, SamlFailure failure) {
  return saml_report_fail(work->report, check, failure, NULL, NULL);
}

static gboolean pass(Work *work, SamlCheck check) {
  saml_report_pass(work->report, check);
  return TRUE;
}

static gboolean skip(Work *work, SamlCheck check) {
  saml_report_skip(work->report, check);
  return TRUE;
}

static gboolean take_in(Work *work, const char *base64, gsize n) {
  SamlFailure failure;
  work->bytes = saml_gate_base64(base64, n, LIMIT_SAML_MESSAGE_BYTES, &work->n, &failure);
  if (work->bytes == NULL)
    return fail(work, SAML_CHECK_FORM, failure);
  pass(work, SAML_CHECK_FORM);
  work->message = saml_gate_parse(work->bytes, work->n, &failure);
  if (work->message == NULL)
    return fail(work, SAML_CHECK_XML, failure);
  pass(work, SAML_CHECK_XML);
  const SamlStructureOptions options = {.allow_cbc = work->connection->allow_cbc};
  const char *where = NULL;
  failure = saml_structure_check(work->message, SAML_ROOT_RESPONSE, &options, &where);
  if (failure != SAML_OK)
    return saml_report_fail(work->report, SAML_CHECK_STRUCTURE, failure, where, NULL);
  return pass(work, SAML_CHECK_STRUCTURE);
}

static gboolean is_signed(const xmlNode *element) {
  return saml_structure_child(element, SAML_NS_DSIG, "Signature") != NULL;
}

/* Reads the wrapper anew; the claims know nothing else yet. */
static gboolean check_wrapper(Work *work, const xmlNode *wrapper) {
  saml_claims_clear(&work->claims);
  saml_login_clear(&work->login);
  saml_claims_init(&work->claims);
  work->wrapper = wrapper;
  work->claims.response_signed = is_signed(xmlDocGetRootElement(work->message));
  saml_assertion_read_response(wrapper, &work->claims, &work->login);
  return saml_check_response(work->connection, &work->claims, work->now_us, work->report);
}

static gboolean is_wanted(const Work *work, SamlSigned which) {
  SamlSigned wanted = work->connection->signed_what;
  return wanted == which || wanted == SAML_SIGNED_BOTH;
}

/* The wrapper was looked at before, so that what is not for us costs no signature; now the same from the octets. */
static gboolean verify_wrapper(Work *work) {
  xmlNode *root = xmlDocGetRootElement(work->message);
  if (!work->claims.response_signed)
    return is_wanted(work, SAML_SIGNED_RESPONSE) ? fail(work, SAML_CHECK_SIGNATURE_RESPONSE, SAML_SIG_MISSING)
                                                 : skip(work, SAML_CHECK_SIGNATURE_RESPONSE);
  SamlFailure failure;
  guint key;
  work->response = saml_signature_verify(root, work->trust->keys, &key, &failure);
  if (work->response == NULL)
    return fail(work, SAML_CHECK_SIGNATURE_RESPONSE, failure);
  pass(work, SAML_CHECK_SIGNATURE_RESPONSE);
  if (!check_wrapper(work, xmlDocGetRootElement(work->response)))
    return FALSE;
  work->login.signed_response = TRUE;
  work->login.key = key;
  return TRUE;
}

/* The ciphertext is taken from the signed octets where there are any. */
static gboolean decrypt(Work *work) {
  const xmlNode *encrypted = saml_structure_child(work->wrapper, SAML_NS_ASSERTION, "EncryptedAssertion");
  if (encrypted == NULL)
    return skip(work, SAML_CHECK_DECRYPTION);
  SamlFailure failure;
  gboolean allow_cbc = work->connection->allow_cbc && work->login.signed_response;
  work->plain = saml_decrypt(encrypted, work->trust->opener, allow_cbc, &failure);
  if (work->plain == NULL)
    return fail(work, SAML_CHECK_DECRYPTION, failure);
  work->login.encrypted = TRUE;
  return pass(work, SAML_CHECK_DECRYPTION);
}

static xmlNode *assertion_of(const xmlNode *response) {
  return saml_structure_child(response, SAML_NS_ASSERTION, "Assertion");
}

/* Where the Response is signed as well, its octets are what counts; the assertion's must say the same (C39). */
static gboolean choose_assertion(Work *work) {
  const xmlNode *inner = work->signed_assertion != NULL ? xmlDocGetRootElement(work->signed_assertion) : NULL;
  if (work->plain != NULL)
    work->assertion = inner != NULL ? inner : xmlDocGetRootElement(work->plain);
  else
    work->assertion = work->response != NULL ? assertion_of(xmlDocGetRootElement(work->response)) : inner;
  if (work->assertion == NULL)
    return fail(work, SAML_CHECK_SIGNATURE_ASSERTION, SAML_SIG_PROFILE);
  saml_assertion_read(work->assertion, &work->claims, &work->login);
  if (inner == NULL || inner == work->assertion)
    return TRUE;
  g_auto(SamlClaims) claims;
  g_auto(SamlLogin) login = {0};
  saml_claims_init(&claims);
  saml_assertion_read(inner, &claims, &login);
  return saml_assertion_same(&login, &work->login) ||
         fail(work, SAML_CHECK_SIGNATURE_ASSERTION, SAML_SIG_PROFILE);
}

/* In the document that it came in: a canonicalisation may take prefixes from around it. */
static gboolean verify_assertion(Work *work) {
  xmlNode *assertion = work->plain != NULL ? xmlDocGetRootElement(work->plain)
                                           : assertion_of(xmlDocGetRootElement(work->message));
  if (assertion == NULL)
    return fail(work, SAML_CHECK_STRUCTURE, SAML_MULTI_ASSERTION);
  if (!is_signed(assertion)) {
    if (is_wanted(work, SAML_SIGNED_ASSERTION) || !work->login.signed_response)
      return fail(work, SAML_CHECK_SIGNATURE_ASSERTION, SAML_SIG_MISSING);
    return skip(work, SAML_CHECK_SIGNATURE_ASSERTION) && choose_assertion(work);
  }
  SamlFailure failure;
  guint key;
  work->signed_assertion = saml_signature_verify(assertion, work->trust->keys, &key, &failure);
  if (work->signed_assertion == NULL)
    return fail(work, SAML_CHECK_SIGNATURE_ASSERTION, failure);
  if (!choose_assertion(work))
    return FALSE;
  work->login.signed_assertion = TRUE;
  if (!work->login.signed_response)
    work->login.key = key;
  return pass(work, SAML_CHECK_SIGNATURE_ASSERTION);
}

/* An assertion of its own, in a wrapper made of what we read. The names of its prefixes are ours alone, for the assertion's signature to be
 * as it was. */
static char *rewrap(const Work *work, xmlDoc *assertion) {
  g_autofree char *head =
      g_markup_printf_escaped("<gatepostp:Response xmlns:gatepostp=\"" SAML_NS_PROTOCOL
                              "\" ID=\"%s\" Version=\"2.0\" IssueInstant=\"%s\">"
                              "<gatepost:Issuer xmlns:gatepost=\"" SAML_NS_ASSERTION "\">%s</gatepost:Issuer>"
                              "<gatepostp:Status><gatepostp:StatusCode Value=\"%s\"/></gatepostp:Status>",
                              work->login.response_id, work->claims.response_issued,
                              work->claims.response_issuer, work->claims.status);
  xmlBuffer *inside = xmlBufferCreate();
  xmlNodeDump(inside, assertion, xmlDocGetRootElement(assertion), 0, 0);
  char *message = g_strconcat(head, (const char *)xmlBufferContent(inside), "</gatepostp:Response>", NULL);
  xmlBufferFree(inside);
  return message;
}

/* lasso knows one SubjectConfirmation. It looks at none of them, so which one is left does not matter; all of them were checked. */
static xmlDoc *with_one_confirmation(const xmlNode *assertion) {
  xmlDoc *document = xmlNewDoc(BAD_CAST "1.0");
  xmlNode *copy = xmlDocCopyNode((xmlNode *)assertion, document, 1);
  xmlDocSetRootElement(document, copy);
  const xmlNode *subject = saml_structure_child(copy, SAML_NS_ASSERTION, "Subject");
  gboolean again = FALSE;
  for (xmlNode *child = xmlFirstElementChild((xmlNode *)subject), *next; child != NULL; child = next) {
    next = xmlNextElementSibling(child);
    if (!saml_structure_is(child, SAML_NS_ASSERTION, "SubjectConfirmation"))
      continue;
    if (again) {
      xmlUnlinkNode(child);
      xmlFreeNode(child);
    }
    again = TRUE;
  }
  return document;
}

/* The message as it came where lasso can follow it. It has no key of ours, so it gets an encrypted assertion as it was inside; and it gets
 * what it can read of one with several confirmations, which only the provider's own signature can bring this far. */
static gboolean ask_second(Work *work) {
  gboolean several = work->claims.confirmations->len > 1;
  g_autoptr(xmlDoc) readable = several ? with_one_confirmation(work->assertion) : NULL;
  xmlDoc *alone = several ? readable : work->plain;
  g_autofree char *rewrapped = alone != NULL ? rewrap(work, alone) : NULL;
  const char *message = rewrapped != NULL ? rewrapped : work->bytes;
  gsize n = rewrapped != NULL ? strlen(rewrapped) : work->n;
  gboolean reading = several || (work->plain != NULL && !work->login.signed_assertion);
  SamlSecondScope scope = reading ? SAML_SECOND_READING : SAML_SECOND_WHOLE;
  const char *saw;
  if (saml_second_agrees(work->trust->second, message, n, scope, &work->login, &saw))
    return pass(work, SAML_CHECK_SECOND);
  return saml_report_fail(work->report, SAML_CHECK_SECOND, SAML_LASSO_DISAGREES, saw, NULL);
}

gboolean saml_verify_response(const SamlTrust *trust, const SamlConnection *connection, const char *base64,
                              gsize n, gint64 now_us, SamlLogin *login, SamlReport *report) {
  g_auto(Work) work = {.trust = trust, .connection = connection, .now_us = now_us, .report = report};
  gboolean holds = take_in(&work, base64, n) && check_wrapper(&work, xmlDocGetRootElement(work.message)) &&
                   verify_wrapper(&work) && decrypt(&work) && verify_assertion(&work) &&
                   saml_check_assertion(connection, &work.claims, now_us, &work.login, report) &&
                   ask_second(&work);
  if (!holds)
    return FALSE;
  *login = work.login;
  work.login = (SamlLogin){0};
  return TRUE;
}
