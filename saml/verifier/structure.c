#include "saml/verifier/structure.h"

#include <string.h>

#include "saml/verifier/structure_table.h"

#define NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"
#define STATUS_SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"

typedef struct {
  const SamlStructureOptions *options;
  const char *where; /* the innermost element that broke it */
} Walk;

static SamlFailure check_element(Walk *walk, const xmlNode *node, StructureKind kind);

static SamlFailure failed(Walk *walk, const char *where, SamlFailure failure) {
  if (walk->where == NULL)
    walk->where = where;
  return failure == SAML_OK ? SAML_BAD_STRUCTURE : failure;
}

static const char *local_name(const xmlNode *node) {
  return (const char *)node->name;
}

static gboolean is_blank(const xmlNode *text) {
  const char *content = text->content == NULL ? "" : (const char *)text->content;
  return content[strspn(content, " \t\r\n")] == '\0';
}

static gboolean is_listed(const char *const *names, gsize n, const char *name) {
  for (gsize i = 0; i < n && names[i] != NULL; i++)
    if (g_str_equal(names[i], name))
      return TRUE;
  return FALSE;
}

static gboolean is_one_of(const char *ns, const char *const *list) {
  return g_strv_contains(list, ns);
}

/* The namespaces that mean something to us or to what reads after us: nothing of theirs stands where it is only let pass. */
static const char *const ours[] = {SAML_NS_ASSERTION,
                                   SAML_NS_PROTOCOL,
                                   SAML_NS_METADATA,
                                   SAML_NS_DSIG,
                                   "http://www.w3.org/2009/xmldsig11#",
                                   SAML_NS_XENC,
                                   SAML_NS_XENC11,
                                   NULL};

/* C23: a schema's place is ignored, and never fetched; a type is the business of the values alone. */
static gboolean may_have(const StructureRule *rule, const xmlAttr *attribute) {
  const char *name = (const char *)attribute->name;
  if (attribute->ns == NULL)
    return is_listed(rule->required, G_N_ELEMENTS(rule->required), name) ||
           is_listed(rule->optional, G_N_ELEMENTS(rule->optional), name);
  const char *ns = (const char *)attribute->ns->href;
  if (g_str_equal(ns, NS_INSTANCE))
    return g_str_equal(name, "schemaLocation") || rule->check == saml_structure_check_value;
  return rule->foreign && !is_one_of(ns, ours);
}

static SamlFailure check_attributes(Walk *walk, const xmlNode *node, const StructureRule *rule) {
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    if (!may_have(rule, attribute))
      return failed(walk, local_name(node), rule->failure);
  for (gsize i = 0; i < G_N_ELEMENTS(rule->required) && rule->required[i] != NULL; i++) {
    if (saml_structure_attribute(node, rule->required[i]) != NULL)
      continue;
    gboolean version =
        rule->check == saml_structure_check_version && g_str_equal(rule->required[i], "Version");
    return failed(walk, local_name(node), version ? SAML_VERSION : rule->failure);
  }
  SamlFailure failure = rule->check == NULL ? SAML_OK : rule->check(node, walk->options);
  return failure == SAML_OK ? SAML_OK : failed(walk, local_name(node), failure);
}

/* NULL when it may not stand there after one of `group`. */
static const StructureChild *find_child(const StructureRule *rule, const xmlNode *node, guint group) {
  const StructureChild *row = rule->children;
  while (row != NULL && row->group != 0 && !saml_structure_is(node, row->ns, row->name))
    row++;
  return row != NULL && row->group != 0 && row->group >= group ? row : NULL;
}

static SamlFailure check_missing(Walk *walk, const StructureRule *rule, const guint16 *seen) {
  for (gsize i = 0; rule->children != NULL && rule->children[i].group != 0; i++)
    if (seen[i] < rule->children[i].least)
      return failed(walk, rule->children[i].name, rule->failure);
  return SAML_OK;
}

static SamlFailure check_elements(Walk *walk, const xmlNode *node, const StructureRule *rule) {
  guint16 seen[STRUCTURE_CHILDREN_MAX] = {0};
  guint group = 0;
  for (const xmlNode *child = node->children; child != NULL; child = child->next) {
    if (child->type == XML_TEXT_NODE && is_blank(child))
      continue;
    const StructureChild *row = child->type == XML_ELEMENT_NODE ? find_child(rule, child, group) : NULL;
    if (row == NULL)
      return failed(walk, local_name(child->type == XML_ELEMENT_NODE ? child : node),
                    rule->unknown == SAML_OK ? rule->failure : rule->unknown);
    if (++seen[row - rule->children] > row->most)
      return failed(walk, local_name(child), rule->failure);
    group = row->group;
    SamlFailure failure = check_element(walk, child, row->kind);
    if (failure != SAML_OK)
      return failure;
  }
  return check_missing(walk, rule, seen);
}

static SamlFailure check_text(Walk *walk, const xmlNode *node, const StructureRule *rule) {
  const xmlNode *text = node->children;
  gboolean good = text == NULL || (text->type == XML_TEXT_NODE && text->next == NULL);
  return good ? SAML_OK : failed(walk, local_name(node), rule->failure);
}

static gboolean has_type(const xmlNode *node) {
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    if (attribute->ns != NULL && g_str_equal((const char *)attribute->ns->href, NS_INSTANCE))
      return TRUE;
  return FALSE;
}

/* C30: a NameID inside a value is how eduPersonTargetedID is written; nothing else of ours is let pass. */
static SamlFailure check_anything(Walk *walk, const xmlNode *node) {
  SamlFailure failure = SAML_OK;
  for (const xmlNode *child = node->children; child != NULL && failure == SAML_OK; child = child->next) {
    if (child->type == XML_TEXT_NODE)
      continue;
    if (child->type != XML_ELEMENT_NODE || has_type(child))
      failure = failed(walk, local_name(node), SAML_BAD_STRUCTURE);
    else if (saml_structure_is(child, SAML_NS_ASSERTION, "NameID") &&
             saml_structure_is(node, SAML_NS_ASSERTION, "AttributeValue"))
      failure = check_element(walk, child, STRUCTURE_NAME_ID);
    else if (child->ns != NULL && is_one_of((const char *)child->ns->href, ours))
      failure = failed(walk, local_name(child), SAML_BAD_STRUCTURE);
    else
      failure = check_anything(walk, child);
  }
  return failure;
}

/* As deep as the gate lets a document be. */
static SamlFailure check_element(Walk *walk, const xmlNode *node, StructureKind kind) {
  const StructureRule *rule = saml_structure_rule(kind);
  SamlFailure failure = check_attributes(walk, node, rule);
  if (failure != SAML_OK)
    return failure;
  if (rule->content == STRUCTURE_HAS_TEXT)
    return check_text(walk, node, rule);
  return rule->content == STRUCTURE_HAS_ANYTHING ? check_anything(walk, node)
                                                 : check_elements(walk, node, rule);
}

xmlNode *saml_structure_child(const xmlNode *parent, const char *ns, const char *name) {
  for (xmlNode *child = parent->children; child != NULL; child = child->next)
    if (saml_structure_is(child, ns, name))
      return child;
  return NULL;
}

static gboolean is_success(const xmlNode *response) {
  const xmlNode *status = saml_structure_child(response, SAML_NS_PROTOCOL, "Status");
  const xmlNode *code = status == NULL ? NULL : saml_structure_child(status, SAML_NS_PROTOCOL, "StatusCode");
  return code != NULL && g_strcmp0(saml_structure_attribute(code, "Value"), STATUS_SUCCESS) == 0;
}

/* C29: one, or none where the identity provider refuses. Anywhere else than here none is let pass at all. */
static gboolean has_one_assertion(const xmlNode *response) {
  guint n = 0;
  for (const xmlNode *child = response->children; child != NULL; child = child->next)
    n += saml_structure_is(child, SAML_NS_ASSERTION, "Assertion") ||
         saml_structure_is(child, SAML_NS_ASSERTION, "EncryptedAssertion");
  return n == 1 || (n == 0 && !is_success(response));
}

static const struct {
  const char *ns, *name;
  StructureKind kind;
} roots[] = {
    [SAML_ROOT_RESPONSE] = {SAML_NS_PROTOCOL, "Response", STRUCTURE_RESPONSE},
    [SAML_ROOT_ASSERTION] = {SAML_NS_ASSERTION, "Assertion", STRUCTURE_ASSERTION},
    [SAML_ROOT_LOGOUT_REQUEST] = {SAML_NS_PROTOCOL, "LogoutRequest", STRUCTURE_LOGOUT_REQUEST},
    [SAML_ROOT_LOGOUT_RESPONSE] = {SAML_NS_PROTOCOL, "LogoutResponse", STRUCTURE_LOGOUT_RESPONSE},
};

SamlFailure saml_structure_check(const xmlDoc *document, SamlRoot root, const SamlStructureOptions *options,
                                 const char **where) {
  const xmlNode *element = xmlDocGetRootElement((xmlDoc *)document);
  *where = NULL;
  if (element == NULL || !saml_structure_is(element, roots[root].ns, roots[root].name)) {
    *where = element == NULL ? NULL : local_name(element);
    return SAML_BAD_STRUCTURE;
  }
  if (root == SAML_ROOT_RESPONSE && !has_one_assertion(element)) {
    *where = "Assertion";
    return SAML_MULTI_ASSERTION;
  }
  Walk walk = {.options = options};
  SamlFailure failure = check_element(&walk, element, roots[root].kind);
  *where = walk.where;
  return failure;
}
