#include "saml/verifier/logout.h"

#include <string.h>

#include "lib/limits.h"
#include "saml/verifier/assertion.h"
#include "saml/verifier/query.h"
#include "saml/verifier/signature_profile.h"
#include "saml/verifier/trust.h"

#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"

/* One message on its way. */
typedef struct {
  const SamlTrust *trust;
  const SamlConnection *connection;
  SamlReport *report;
  gint64 now_us;
  gboolean request;
  xmlDoc *came, *octets; /* octets: of an enveloped signature */
  const xmlNode *root;   /* what is read: verified */
} Work;

static void work_clear(Work *work) {
  xmlFreeDoc(work->came);
  xmlFreeDoc(work->octets);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static gboolean fail(Work *work, SamlCheck check, SamlFailure failure) {
  return saml_report_fail(work->report, check, failure, NULL, NULL);
}

static gboolean take_xml(Work *work, const char *bytes, gsize n) {
  SamlFailure failure;
  saml_report_pass(work->report, SAML_CHECK_FORM);
  work->came = saml_gate_parse(bytes, n, &failure);
  if (work->came == NULL)
    return fail(work, SAML_CHECK_XML, failure);
  saml_report_pass(work->report, SAML_CHECK_XML);
  const SamlStructureOptions options = {.allow_cbc = FALSE};
  const char *where = NULL;
  failure = saml_structure_check(
      work->came, work->request ? SAML_ROOT_LOGOUT_REQUEST : SAML_ROOT_LOGOUT_RESPONSE, &options, &where);
  if (failure != SAML_OK)
    return saml_report_fail(work->report, SAML_CHECK_STRUCTURE, failure, where, NULL);
  saml_report_pass(work->report, SAML_CHECK_STRUCTURE);
  return TRUE;
}

/* ---- POST: the signature is inside */

static gboolean take_post(Work *work, const SamlLogoutIn *in) {
  SamlFailure failure;
  gsize n;
  work->request = g_str_equal(in->field, "SAMLRequest");
  if (!work->request && !g_str_equal(in->field, "SAMLResponse"))
    return fail(work, SAML_CHECK_FORM, SAML_BAD_FORM);
  g_autofree char *bytes = saml_gate_base64(in->text, in->n, LIMIT_SAML_MESSAGE_BYTES, &n, &failure);
  if (bytes == NULL)
    return fail(work, SAML_CHECK_FORM, failure);
  if (!take_xml(work, bytes, n))
    return FALSE;
  guint key;
  work->octets = saml_signature_verify(xmlDocGetRootElement(work->came), work->trust->keys, &key, &failure);
  if (work->octets == NULL)
    return fail(work, SAML_CHECK_SIGNATURE_RESPONSE, failure);
  work->root = xmlDocGetRootElement(work->octets);
  saml_report_pass(work->report, SAML_CHECK_SIGNATURE_RESPONSE);
  return TRUE;
}

/* ---- redirect: it is over the query */

static char *inflate_message(const SamlQuery *query, gsize *n, SamlFailure *failure) {
  gsize deflated_n;
  g_autofree char *deflated = saml_gate_base64(query->message, strlen(query->message),
                                               LIMIT_SAML_MESSAGE_BYTES, &deflated_n, failure);
  return deflated != NULL ? saml_gate_inflate(deflated, deflated_n, LIMIT_SAML_MESSAGE_BYTES, n, failure)
                          : NULL;
}

/* What it is over is known before a byte of XML is read, so it is verified first. */
static gboolean verify_query(Work *work, const SamlQuery *query) {
  SamlFailure failure;
  gsize n;
  g_autofree char *signature =
      saml_gate_base64(query->signature, strlen(query->signature), LIMIT_SAML_VALUE_BYTES, &n, &failure);
  if (signature == NULL)
    return fail(work, SAML_CHECK_SIGNATURE_RESPONSE, SAML_SIG_INVALID);
  if (!saml_signature_verify_bytes(query->signed_octets, strlen(query->signed_octets), query->algorithm,
                                   (const guint8 *)signature, n, work->trust->keys, &failure))
    return fail(work, SAML_CHECK_SIGNATURE_RESPONSE, failure);
  saml_report_pass(work->report, SAML_CHECK_SIGNATURE_RESPONSE);
  return TRUE;
}

static gboolean take_redirect(Work *work, const SamlLogoutIn *in) {
  g_auto(SamlQuery) query = {0};
  SamlFailure failure;
  if (!saml_query_parse(in->text, in->n, &query, &failure))
    return fail(work, failure == SAML_SIG_MISSING ? SAML_CHECK_SIGNATURE_RESPONSE : SAML_CHECK_FORM, failure);
  work->request = query.request;
  if (!verify_query(work, &query))
    return FALSE;
  gsize n;
  g_autofree char *bytes = inflate_message(&query, &n, &failure);
  if (bytes == NULL)
    return fail(work, SAML_CHECK_FORM, failure);
  if (!take_xml(work, bytes, n))
    return FALSE;
  work->root = xmlDocGetRootElement(work->came);
  /* Bindings §3.4.4.1: a signature inside has been removed by whoever sends it this way. */
  if (saml_structure_child(work->root, SAML_NS_DSIG, "Signature") != NULL)
    return fail(work, SAML_CHECK_STRUCTURE, SAML_SIG_PROFILE);
  return TRUE;
}

/* ---- what it says */

static gboolean check(Work *work, SamlLogoutMessage *message) {
  const xmlNode *issuer = saml_structure_child(work->root, SAML_NS_ASSERTION, "Issuer");
  message->issuer = issuer != NULL ? saml_assertion_text(issuer) : NULL;
  SamlLogoutClaims claims = {
      .issuer = message->issuer,
      .issuer_format = issuer != NULL ? saml_signature_text(issuer, "Format") : NULL,
      .destination = saml_signature_text(work->root, "Destination"),
      .issued = saml_signature_text(work->root, "IssueInstant"),
      .not_on_or_after = saml_signature_text(work->root, "NotOnOrAfter"),
  };
  return saml_check_logout(work->connection, &claims, work->now_us, &message->valid_until_us, work->report);
}

static GStrv read_indexes(const xmlNode *request) {
  g_autoptr(GPtrArray) indexes = g_ptr_array_new();
  for (xmlNode *child = xmlFirstElementChild((xmlNode *)request); child != NULL;
       child = xmlNextElementSibling(child)) {
    char *index = strcmp((const char *)child->name, "SessionIndex") == 0 ? saml_assertion_text(child) : NULL;
    if (index != NULL)
      g_ptr_array_add(indexes, index);
  }
  g_ptr_array_add(indexes, NULL);
  return (GStrv)g_ptr_array_steal(indexes, NULL);
}

static gboolean read_request(Work *work, SamlLogoutMessage *message) {
  const xmlNode *name_id = saml_structure_child(work->root, SAML_NS_ASSERTION, "NameID");
  if (name_id != NULL)
    saml_assertion_read_name_id(name_id, &message->name_id);
  if (message->name_id.value == NULL || *message->name_id.value == '\0')
    return fail(work, SAML_CHECK_SUBJECT, SAML_SUBJECT_MISSING);
  message->session_indexes = read_indexes(work->root);
  saml_report_pass(work->report, SAML_CHECK_SUBJECT);
  return TRUE;
}

static gboolean read_response(Work *work, SamlLogoutMessage *message) {
  const xmlNode *status = saml_structure_child(work->root, SAML_NS_PROTOCOL, "Status");
  const xmlNode *code = status != NULL ? saml_structure_child(status, SAML_NS_PROTOCOL, "StatusCode") : NULL;
  message->success = code != NULL && g_strcmp0(saml_signature_text(code, "Value"), SUCCESS) == 0;
  message->in_response_to = g_strdup(saml_signature_text(work->root, "InResponseTo"));
  return TRUE;
}

static gboolean read_message(Work *work, SamlLogoutMessage *message) {
  message->request = work->request;
  message->id = g_strdup(saml_signature_text(work->root, "ID"));
  return check(work, message) && (work->request ? read_request(work, message) : read_response(work, message));
}

gboolean saml_logout_read(const SamlTrust *trust, const SamlConnection *connection, const SamlLogoutIn *in,
                          SamlLogoutMessage *message, SamlReport *report) {
  g_auto(Work) work = {.trust = trust, .connection = connection, .report = report, .now_us = in->now_us};
  g_auto(SamlLogoutMessage) read = {0};
  gboolean taken = in->field != NULL ? take_post(&work, in) : take_redirect(&work, in);
  if (!taken || !read_message(&work, &read))
    return FALSE;
  *message = read;
  read = (SamlLogoutMessage){0};
  return TRUE;
}
