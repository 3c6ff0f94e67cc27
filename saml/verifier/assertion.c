#include "saml/verifier/assertion.h"

#include <string.h>

#include "saml/verifier/signature_profile.h"

static gboolean is_assertion_element(const xmlNode *node, const char *name) {
  return node->ns != NULL && strcmp((const char *)node->name, name) == 0 &&
         strcmp((const char *)node->ns->href, SAML_NS_ASSERTION) == 0;
}

#define EACH_CHILD(child, parent)                             \
  xmlNode *child = xmlFirstElementChild((xmlNode *)(parent)); \
  child != NULL;                                              \
  child = xmlNextElementSibling(child)

static char *attribute(const xmlNode *node, const char *name) {
  return g_strdup(saml_signature_text(node, name));
}

/* An attribute that is there but empty is not absent. */
static char *attribute_or_empty(const xmlNode *node, const char *name) {
  const char *text = saml_signature_text(node, name);
  if (text != NULL)
    return g_strdup(text);
  return xmlHasNsProp((xmlNode *)node, BAD_CAST name, NULL) != NULL ? g_strdup("") : NULL;
}

char *saml_assertion_text(const xmlNode *element) {
  const xmlNode *text = element->children;
  if (text == NULL)
    return g_strdup("");
  if (text->next == NULL && text->type == XML_TEXT_NODE)
    return g_strdup((const char *)text->content);
  return NULL;
}

static void read_issuer(const xmlNode *parent, char **issuer, char **format) {
  const xmlNode *node = saml_structure_child(parent, SAML_NS_ASSERTION, "Issuer");
  if (node == NULL)
    return;
  *issuer = saml_assertion_text(node);
  *format = attribute_or_empty(node, "Format");
}

void saml_assertion_read_response(const xmlNode *response, SamlClaims *claims, SamlLogin *login) {
  login->response_id = attribute(response, "ID");
  claims->destination = attribute_or_empty(response, "Destination");
  claims->response_issued = attribute(response, "IssueInstant");
  claims->response_in_response_to = attribute_or_empty(response, "InResponseTo");
  read_issuer(response, &claims->response_issuer, &claims->response_issuer_format);
  const xmlNode *status = saml_structure_child(response, SAML_NS_PROTOCOL, "Status");
  const xmlNode *code = status != NULL ? saml_structure_child(status, SAML_NS_PROTOCOL, "StatusCode") : NULL;
  const xmlNode *inner = code != NULL ? saml_structure_child(code, SAML_NS_PROTOCOL, "StatusCode") : NULL;
  if (code != NULL)
    claims->status = attribute(code, "Value");
  if (inner != NULL)
    claims->substatus = attribute(inner, "Value");
}

void saml_assertion_read_name_id(const xmlNode *element, SamlNameId *name_id) {
  name_id->value = saml_assertion_text(element);
  name_id->format = attribute_or_empty(element, "Format");
  name_id->name_qualifier = attribute_or_empty(element, "NameQualifier");
  name_id->sp_name_qualifier = attribute_or_empty(element, "SPNameQualifier");
}

static void read_confirmation(const xmlNode *node, GArray *confirmations) {
  SamlConfirmation confirmation = {.method = attribute(node, "Method")};
  const xmlNode *data = saml_structure_child(node, SAML_NS_ASSERTION, "SubjectConfirmationData");
  if (data != NULL) {
    confirmation.data = TRUE;
    confirmation.recipient = attribute(data, "Recipient");
    confirmation.in_response_to = attribute_or_empty(data, "InResponseTo");
    confirmation.address = attribute_or_empty(data, "Address");
    confirmation.not_before = attribute_or_empty(data, "NotBefore");
    confirmation.not_on_or_after = attribute(data, "NotOnOrAfter");
  }
  g_array_append_val(confirmations, confirmation);
}

static void read_subject(const xmlNode *subject, SamlClaims *claims, SamlLogin *login) {
  for (EACH_CHILD(child, subject)) {
    if (is_assertion_element(child, "NameID") && claims->name_ids++ == 0)
      saml_assertion_read_name_id(child, &login->name_id);
    else if (is_assertion_element(child, "SubjectConfirmation"))
      read_confirmation(child, claims->confirmations);
  }
}

static void read_audiences(const xmlNode *restriction, GPtrArray *audiences) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (EACH_CHILD(child, restriction)) {
    char *name = saml_assertion_text(child);
    g_ptr_array_add(names, name != NULL ? name : g_strdup(""));
  }
  g_ptr_array_add(names, NULL);
  g_ptr_array_add(audiences, g_ptr_array_steal(names, NULL));
}

/* C68, C69: each assertion is used once in any case, and nothing is issued on its strength. */
static void read_conditions(const xmlNode *conditions, SamlClaims *claims) {
  claims->conditions++;
  claims->not_before = attribute_or_empty(conditions, "NotBefore");
  claims->not_on_or_after = attribute_or_empty(conditions, "NotOnOrAfter");
  for (EACH_CHILD(child, conditions)) {
    if (is_assertion_element(child, "AudienceRestriction"))
      read_audiences(child, claims->audiences);
    else if (!is_assertion_element(child, "OneTimeUse") && !is_assertion_element(child, "ProxyRestriction"))
      claims->unknown_condition = TRUE;
  }
}

/* Of several statements the first gives the SessionIndex. A statement without a class has the empty one, which nobody asked for. */
static void read_authentication(const xmlNode *statement, SamlClaims *claims, SamlLogin *login,
                                GPtrArray *contexts) {
  g_ptr_array_add(claims->authn_instants, attribute(statement, "AuthnInstant"));
  g_ptr_array_add(claims->session_untils, attribute_or_empty(statement, "SessionNotOnOrAfter"));
  if (login->session_index == NULL)
    login->session_index = attribute(statement, "SessionIndex");
  const xmlNode *context = saml_structure_child(statement, SAML_NS_ASSERTION, "AuthnContext");
  const xmlNode *reference =
      context != NULL ? saml_structure_child(context, SAML_NS_ASSERTION, "AuthnContextClassRef") : NULL;
  char *name = reference != NULL ? saml_assertion_text(reference) : NULL;
  g_ptr_array_add(contexts, name != NULL ? name : g_strdup(""));
}

/* C81: a value with markup inside is kept as "" and marks the whole attribute. */
static void read_attribute(const xmlNode *node, GArray *attributes) {
  SamlAttribute one = {.name = attribute_or_empty(node, "Name"),
                       .format = attribute_or_empty(node, "NameFormat")};
  g_autoptr(GPtrArray) values = g_ptr_array_new();
  for (EACH_CHILD(child, node)) {
    char *value = saml_assertion_text(child);
    one.complex |= value == NULL;
    g_ptr_array_add(values, value != NULL ? value : g_strdup(""));
  }
  g_ptr_array_add(values, NULL);
  one.values = (GStrv)g_ptr_array_steal(values, NULL);
  g_array_append_val(attributes, one);
}

static void read_attributes(const xmlNode *statement, SamlLogin *login) {
  if (login->attributes == NULL)
    login->attributes = saml_attributes_new();
  for (EACH_CHILD(child, statement))
    read_attribute(child, login->attributes);
}

void saml_assertion_read(const xmlNode *assertion, SamlClaims *claims, SamlLogin *login) {
  g_autoptr(GPtrArray) contexts = g_ptr_array_new();
  login->assertion_id = attribute(assertion, "ID");
  claims->issued = attribute(assertion, "IssueInstant");
  read_issuer(assertion, &claims->issuer, &claims->issuer_format);
  login->issuer = g_strdup(claims->issuer);
  for (EACH_CHILD(child, assertion)) {
    if (is_assertion_element(child, "Subject"))
      read_subject(child, claims, login);
    else if (is_assertion_element(child, "Conditions"))
      read_conditions(child, claims);
    else if (is_assertion_element(child, "AuthnStatement"))
      read_authentication(child, claims, login, contexts);
    else if (is_assertion_element(child, "AttributeStatement"))
      read_attributes(child, login);
  }
  g_ptr_array_add(contexts, NULL);
  login->contexts = (GStrv)g_ptr_array_steal(contexts, NULL);
}

static gboolean same_attributes(const GArray *a, const GArray *b) {
  guint n = a != NULL ? a->len : 0;
  if (n != (b != NULL ? b->len : 0))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    const SamlAttribute *one = &g_array_index(a, SamlAttribute, i),
                        *other = &g_array_index(b, SamlAttribute, i);
    if (g_strcmp0(one->name, other->name) != 0 || g_strcmp0(one->format, other->format) != 0 ||
        one->complex != other->complex ||
        !g_strv_equal((const char *const *)one->values, (const char *const *)other->values))
      return FALSE;
  }
  return TRUE;
}

gboolean saml_assertion_same(const SamlLogin *a, const SamlLogin *b) {
  return g_strcmp0(a->assertion_id, b->assertion_id) == 0 && g_strcmp0(a->issuer, b->issuer) == 0 &&
         saml_name_id_equal(&a->name_id, &b->name_id) && g_strcmp0(a->session_index, b->session_index) == 0 &&
         g_strv_equal((const char *const *)a->contexts, (const char *const *)b->contexts) &&
         same_attributes(a->attributes, b->attributes);
}
