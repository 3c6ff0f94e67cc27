#include "saml/verifier/second.h"

#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/samlp2_response.h>

#include "saml/verifier/structure.h"

struct SamlSecond {
  LassoServer *server;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LassoLogin, g_object_unref)

#define MD \
  "<md:EntityDescriptor xmlns:md=\"" SAML_NS_METADATA "\" xmlns:ds=\"" SAML_NS_DSIG "\" entityID=\"%s\">"
#define POST "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

static char *our_metadata(const SamlConnection *connection) {
  return g_markup_printf_escaped(MD
                                 "<md:SPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">"
                                 "<md:AssertionConsumerService index=\"0\" isDefault=\"true\" Binding=\"" POST
                                 "\" Location=\"%s\"/></md:SPSSODescriptor></md:EntityDescriptor>",
                                 connection->sp_entity_id, connection->acs_url);
}

/* One descriptor a key, for all of them to be tried (C46). */
static void append_key(GString *xml, GBytes *der) {
  gsize n;
  const guchar *bytes = g_bytes_get_data(der, &n);
  g_autofree char *text = g_base64_encode(bytes, n);
  g_string_append_printf(xml,
                         "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s"
                         "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                         text);
}

static char *their_metadata(const SamlConnection *connection) {
  GString *xml = g_string_new(NULL);
  g_autofree char *head =
      g_markup_printf_escaped(MD "<md:IDPSSODescriptor protocolSupportEnumeration=\"" SAML_NS_PROTOCOL "\">",
                              connection->idp_entity_id);
  g_string_append(xml, head);
  for (guint i = 0; i < connection->pinned->len; i++)
    append_key(xml, g_array_index(connection->pinned, SamlPinned, i).der);
  g_autofree char *tail = g_markup_printf_escaped("<md:SingleSignOnService Binding=\"" REDIRECT
                                                  "\" Location=\"%s\"/></md:IDPSSODescriptor>"
                                                  "</md:EntityDescriptor>",
                                                  connection->sso_url);
  g_string_append(xml, tail);
  return g_string_free(xml, FALSE);
}

SamlSecond *saml_second_new(const SamlConnection *connection) {
  g_autofree char *ours = our_metadata(connection), *theirs = their_metadata(connection);
  g_autoptr(SamlSecond) second = g_new0(SamlSecond, 1);
  second->server = lasso_server_new_from_buffers(ours, NULL, NULL, NULL);
  if (second->server == NULL)
    return NULL;
  second->server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
  /* The last argument would let a certification authority stand in for a key; it has none. */
  if (lasso_server_add_provider_from_buffer(second->server, LASSO_PROVIDER_ROLE_IDP, theirs, NULL, NULL) != 0)
    return NULL;
  return g_steal_pointer(&second);
}

void saml_second_free(SamlSecond *second) {
  if (second == NULL)
    return;
  g_clear_object(&second->server);
  g_free(second);
}

static gboolean same_name_id(LassoNode *node, const SamlNameId *name_id) {
  if (!LASSO_IS_SAML2_NAME_ID(node))
    return FALSE;
  const LassoSaml2NameID *theirs = LASSO_SAML2_NAME_ID(node);
  return g_strcmp0(theirs->content, name_id->value) == 0 && g_strcmp0(theirs->Format, name_id->format) == 0 &&
         g_strcmp0(theirs->NameQualifier, name_id->name_qualifier) == 0 &&
         g_strcmp0(theirs->SPNameQualifier, name_id->sp_name_qualifier) == 0;
}

static const LassoSaml2Assertion *only_assertion(const LassoProfile *profile) {
  if (!LASSO_IS_SAMLP2_RESPONSE(profile->response))
    return NULL;
  const GList *assertions = LASSO_SAMLP2_RESPONSE(profile->response)->Assertion;
  if (assertions == NULL || assertions->next != NULL || !LASSO_IS_SAML2_ASSERTION(assertions->data))
    return NULL;
  return LASSO_SAML2_ASSERTION(assertions->data);
}

/* NULL: the same. */
static const char *difference(const LassoProfile *profile, const SamlLogin *login) {
  const LassoSaml2Assertion *assertion = only_assertion(profile);
  if (assertion == NULL || assertion->Issuer == NULL || assertion->Subject == NULL)
    return "another assertion";
  if (g_strcmp0(LASSO_SAMLP2_STATUS_RESPONSE(profile->response)->ID, login->response_id) != 0)
    return "another response ID";
  if (g_strcmp0(assertion->ID, login->assertion_id) != 0)
    return "another assertion ID";
  if (g_strcmp0(assertion->Issuer->content, login->issuer) != 0 ||
      g_strcmp0(profile->remote_providerID, login->issuer) != 0)
    return "another issuer";
  return same_name_id(profile->nameIdentifier, &login->name_id) ? NULL : "another name";
}

gboolean saml_second_agrees(const SamlSecond *second, const char *message, gsize n, SamlSecondScope scope,
                            const SamlLogin *login, const char **saw) {
  g_autofree char *base64 = g_base64_encode((const guchar *)message, n);
  g_autoptr(LassoLogin) theirs = lasso_login_new(second->server);
  *saw = "no answer";
  if (theirs == NULL)
    return FALSE;
  LassoProfile *profile = LASSO_PROFILE(theirs);
  if (scope == SAML_SECOND_READING)
    lasso_profile_set_signature_verify_hint(profile, LASSO_PROFILE_SIGNATURE_VERIFY_HINT_IGNORE);
  *saw = "refused";
  if (lasso_login_process_authn_response_msg(theirs, base64) != 0)
    return FALSE;
  *saw = difference(profile, login);
  return *saw == NULL;
}
