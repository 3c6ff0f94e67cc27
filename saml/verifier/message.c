#include "saml/verifier/message.h"

#include <string.h>

#include "saml/verifier/gate_deflate.h"
#include "saml/verifier/message_xml.h"
#include "saml/verifier/trust.h"

#define BINDING_POST "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define STATUS "urn:oasis:names:tc:SAML:2.0:status:"
#define LOGOUT_MINUTES 5 /* a browser carries it at once */

/* A message before it is signed, and how it goes. */
typedef struct {
  const SamlTrust *trust;
  xmlDoc *document;
  xmlNode *root, *issuer;
  xmlNs *saml; /* of the assertion namespace, declared by root */
  const char *field, *destination, *relay_state;
  SamlBinding binding;
} Message;

static void message_clear(Message *message) {
  xmlFreeDoc(message->document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Message, message_clear)

static gboolean fail(SamlReport *report, SamlFailure failure, const char *wanted) {
  return saml_report_fail(report, SAML_CHECK_FORM, failure, NULL, wanted);
}

/* What every message begins with. */
static void begin(Message *message, const SamlConnection *connection, const char *name, const char *id,
                  gint64 now_us) {
  message->document = saml_message_new(SAML_NS_PROTOCOL, "samlp", name);
  message->root = xmlDocGetRootElement(message->document);
  message->saml = saml_message_ns(message->root, SAML_NS_ASSERTION, "saml");
  saml_message_set(message->root, "ID", id);
  saml_message_set(message->root, "Version", "2.0");
  saml_message_set_time(message->root, "IssueInstant", now_us);
  saml_message_set(message->root, "Destination", message->destination);
  message->issuer = saml_message_child(message->root, message->saml, "Issuer", connection->sp_entity_id);
}

static void append_escaped(GString *query, const char *name, const char *value) {
  g_string_append_printf(query, "%s%s=", query->len > 0 ? "&" : "", name);
  g_string_append_uri_escaped(query, value, NULL, FALSE);
}

/* Bindings §3.4.4.1: deflated, and signed as a query in just this order. */
static gboolean send_redirect(const Message *message, SamlSend *send) {
  gsize n, deflated_n;
  g_autofree char *xml = saml_message_text(message->document, &n);
  g_autofree guint8 *deflated = saml_gate_deflate(xml, n, &deflated_n);
  g_autofree char *base64 = g_base64_encode(deflated, deflated_n);
  g_autoptr(GString) query = g_string_new(NULL);
  append_escaped(query, message->field, base64);
  if (message->relay_state != NULL)
    append_escaped(query, "RelayState", message->relay_state);
  append_escaped(query, "SigAlg", SAML_ALGORITHM_RSA_SHA256);
  g_autofree char *signature = saml_signature_bytes(query->str, query->len, message->trust->signer);
  if (signature == NULL)
    return FALSE;
  append_escaped(query, "Signature", signature);
  const char *joint = strchr(message->destination, '?') != NULL ? "&" : "?";
  send->url = g_strconcat(message->destination, joint, query->str, NULL);
  return TRUE;
}

static gboolean send_post(const Message *message, SamlSend *send) {
  if (!saml_signature_add(message->root, message->issuer, message->trust->signer))
    return FALSE;
  gsize n;
  g_autofree char *xml = saml_message_text(message->document, &n);
  send->url = g_strdup(message->destination);
  send->form = g_base64_encode((const guchar *)xml, n);
  return TRUE;
}

static gboolean send_message(const Message *message, SamlSend *send, SamlReport *report) {
  gboolean sent =
      message->binding == SAML_BINDING_POST ? send_post(message, send) : send_redirect(message, send);
  if (!sent)
    return fail(report, SAML_NO_KEY, "a signing key that works");
  send->field = g_strdup(message->field);
  saml_report_pass(report, SAML_CHECK_FORM);
  return TRUE;
}

/* What neither kind can do without. */
static gboolean can_send(const SamlTrust *trust, const char *destination, SamlReport *report) {
  if (trust->signer == NULL)
    return fail(report, SAML_NO_KEY, "a signing key that the key file opens");
  return destination != NULL || fail(report, SAML_CONNECTION_OFF, "an address of the identity provider");
}

/* SDP-SP04, SDP-SP07: neither is sent unless the connection says so, since identity providers trip over them. */
static void add_wishes(const Message *message, const SamlConnection *connection) {
  xmlNs *samlp = message->root->ns;
  if (connection->name_id_format != NULL) {
    xmlNode *policy = saml_message_child(message->root, samlp, "NameIDPolicy", NULL);
    saml_message_set(policy, "Format", connection->name_id_format);
    saml_message_set(policy, "AllowCreate", "true");
  }
  if (connection->contexts == NULL || connection->contexts[0] == NULL)
    return;
  xmlNode *asked = saml_message_child(message->root, samlp, "RequestedAuthnContext", NULL);
  saml_message_set(asked, "Comparison", "exact");
  for (gsize i = 0; connection->contexts[i] != NULL; i++)
    saml_message_child(asked, message->saml, "AuthnContextClassRef", connection->contexts[i]);
}

gboolean saml_message_ask(const SamlTrust *trust, const SamlConnection *connection, const SamlAsk *ask,
                          const char *relay_state, SamlSend *send, SamlReport *report) {
  if (!can_send(trust, connection->sso_url, report))
    return FALSE;
  g_auto(Message) message = {.trust = trust,
                             .field = "SAMLRequest",
                             .destination = connection->sso_url,
                             .relay_state = relay_state,
                             .binding = connection->sso_binding};
  begin(&message, connection, "AuthnRequest", ask->id, ask->now_us);
  saml_message_set(message.root, "ForceAuthn", ask->force_authn ? "true" : NULL);
  saml_message_set(message.root, "IsPassive", ask->passive ? "true" : NULL);
  saml_message_set(message.root, "ProtocolBinding", BINDING_POST);
  saml_message_set(message.root, "AssertionConsumerServiceURL", connection->acs_url);
  add_wishes(&message, connection);
  return send_message(&message, send, report);
}

/* C92: as it was received, with each qualifier. */
static void add_name_id(const Message *message, const SamlNameId *name_id) {
  xmlNode *node = saml_message_child(message->root, message->saml, "NameID", name_id->value);
  saml_message_set(node, "Format", name_id->format);
  saml_message_set(node, "NameQualifier", name_id->name_qualifier);
  saml_message_set(node, "SPNameQualifier", name_id->sp_name_qualifier);
}

static void fill_request(Message *message, const SamlConnection *connection, const SamlLogoutAsk *ask) {
  begin(message, connection, "LogoutRequest", ask->id, ask->now_us);
  saml_message_set_time(message->root, "NotOnOrAfter",
                        ask->now_us + (gint64)LOGOUT_MINUTES * 60 * G_USEC_PER_SEC);
  add_name_id(message, ask->name_id);
  if (ask->session_index != NULL)
    saml_message_child(message->root, message->root->ns, "SessionIndex", ask->session_index);
}

static void fill_response(Message *message, const SamlConnection *connection, const SamlLogoutAsk *ask) {
  begin(message, connection, "LogoutResponse", ask->id, ask->now_us);
  saml_message_set(message->root, "InResponseTo", ask->in_response_to);
  xmlNode *status = saml_message_child(message->root, message->root->ns, "Status", NULL);
  xmlNode *code = saml_message_child(status, message->root->ns, "StatusCode", NULL);
  saml_message_set(code, "Value", ask->success ? STATUS "Success" : STATUS "Responder");
  if (ask->success)
    return;
  xmlNode *inner = saml_message_child(code, message->root->ns, "StatusCode", NULL);
  saml_message_set(inner, "Value", STATUS "PartialLogout");
}

gboolean saml_message_logout(const SamlTrust *trust, const SamlConnection *connection,
                             const SamlLogoutAsk *ask, const char *relay_state, SamlSend *send,
                             SamlReport *report) {
  if (!can_send(trust, connection->idp_slo_url, report))
    return FALSE;
  gboolean response = ask->in_response_to != NULL;
  g_auto(Message) message = {.trust = trust,
                             .field = response ? "SAMLResponse" : "SAMLRequest",
                             .destination = connection->idp_slo_url,
                             .relay_state = relay_state,
                             .binding = connection->slo_binding};
  if (response)
    fill_response(&message, connection, ask);
  else
    fill_request(&message, connection, ask);
  return send_message(&message, send, report);
}
