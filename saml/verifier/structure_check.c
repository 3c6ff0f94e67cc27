#include "saml/verifier/structure_table.h"

#include <string.h>

#define NS_SCHEMA "http://www.w3.org/2001/XMLSchema"
#define NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

/* C53. CBC, which has no tag of its own, is for connections that say so. */
static const char *const ciphers[] = {SAML_NS_XENC11 "aes128-gcm", SAML_NS_XENC11 "aes192-gcm",
                                      SAML_NS_XENC11 "aes256-gcm", NULL};
static const char *const untagged_ciphers[] = {SAML_NS_XENC "aes128-cbc", SAML_NS_XENC "aes192-cbc",
                                               SAML_NS_XENC "aes256-cbc", NULL};
/* In OAEP a digest needs no resistance to collisions: SHA-1 is its default, what nearly all send, and all that xmlsec 1.2 opens. */
static const char *const transport_digests[] = {SAML_NS_DSIG "sha1", NULL};
/* C23: simple types of XML Schema, which say nothing that we would act upon. */
static const char *const simple_types[] = {"string",
                                           "anyType",
                                           "anySimpleType",
                                           "anyURI",
                                           "boolean",
                                           "integer",
                                           "int",
                                           "long",
                                           "short",
                                           "byte",
                                           "decimal",
                                           "float",
                                           "double",
                                           "dateTime",
                                           "date",
                                           "time",
                                           "token",
                                           "normalizedString",
                                           "language",
                                           "base64Binary",
                                           "hexBinary",
                                           "nonNegativeInteger",
                                           "positiveInteger",
                                           "unsignedInt",
                                           "unsignedLong",
                                           NULL};

const char *saml_structure_attribute(const xmlNode *node, const char *name) {
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next) {
    if (attribute->ns == NULL && strcmp((const char *)attribute->name, name) == 0)
      return attribute->children == NULL ? "" : (const char *)attribute->children->content;
  }
  return NULL;
}

gboolean saml_structure_is(const xmlNode *node, const char *ns, const char *name) {
  return node->type == XML_ELEMENT_NODE && node->ns != NULL && strcmp((const char *)node->name, name) == 0 &&
         strcmp((const char *)node->ns->href, ns) == 0;
}

SamlFailure saml_structure_check_version(const xmlNode *node,
                                         const SamlStructureOptions *options G_GNUC_UNUSED) {
  return g_str_equal(saml_structure_attribute(node, "Version"), "2.0") ? SAML_OK : SAML_VERSION;
}

/* The prefix may be undeclared: exclusive canonicalisation drops a declaration that only a value uses. Then it must look usual. */
static gboolean is_schema_prefix(const xmlNode *node, const char *prefix) {
  const xmlNs *ns = xmlSearchNs(node->doc, (xmlNode *)node, (const xmlChar *)prefix);
  if (ns != NULL)
    return g_strcmp0((const char *)ns->href, NS_SCHEMA) == 0;
  return g_str_equal(prefix, "xs") || g_str_equal(prefix, "xsd");
}

static gboolean is_simple_type(const xmlNode *node, const char *name) {
  g_auto(GStrv) parts = g_strsplit(name, ":", 2);
  return parts[0] != NULL && parts[1] != NULL && is_schema_prefix(node, parts[0]) &&
         g_strv_contains(simple_types, parts[1]);
}

static gboolean is_truth(const char *value) {
  return g_str_equal(value, "true") || g_str_equal(value, "false") || g_str_equal(value, "1") ||
         g_str_equal(value, "0");
}

SamlFailure saml_structure_check_value(const xmlNode *node,
                                       const SamlStructureOptions *options G_GNUC_UNUSED) {
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next) {
    if (attribute->ns == NULL || strcmp((const char *)attribute->ns->href, NS_INSTANCE) != 0)
      continue;
    const char *name = (const char *)attribute->name;
    const char *value = attribute->children == NULL ? "" : (const char *)attribute->children->content;
    gboolean good = (g_str_equal(name, "type") && is_simple_type(node, value)) ||
                    (g_str_equal(name, "nil") && is_truth(value)) || g_str_equal(name, "schemaLocation");
    if (!good)
      return SAML_BAD_STRUCTURE;
  }
  return SAML_OK;
}

SamlFailure saml_structure_check_data_type(const xmlNode *node,
                                           const SamlStructureOptions *options G_GNUC_UNUSED) {
  const char *type = saml_structure_attribute(node, "Type");
  return type == NULL || g_str_equal(type, SAML_NS_XENC "Element") ? SAML_OK : SAML_BAD_STRUCTURE;
}

SamlFailure saml_structure_check_cipher(const xmlNode *node, const SamlStructureOptions *options) {
  const char *algorithm = saml_structure_attribute(node, "Algorithm");
  gboolean good = g_strv_contains(ciphers, algorithm) ||
                  (options->allow_cbc && g_strv_contains(untagged_ciphers, algorithm));
  return good ? SAML_OK : SAML_ENC_ALG;
}

SamlFailure saml_structure_check_transport(const xmlNode *node,
                                           const SamlStructureOptions *options G_GNUC_UNUSED) {
  const char *algorithm = saml_structure_attribute(node, "Algorithm");
  return g_str_equal(algorithm, SAML_NS_XENC "rsa-oaep-mgf1p") ? SAML_OK : SAML_ENC_ALG;
}

SamlFailure saml_structure_check_transport_digest(const xmlNode *node,
                                                  const SamlStructureOptions *options G_GNUC_UNUSED) {
  const char *algorithm = saml_structure_attribute(node, "Algorithm");
  return g_strv_contains(transport_digests, algorithm) ? SAML_OK : SAML_ENC_ALG;
}
