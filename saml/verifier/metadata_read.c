#include "saml/verifier/metadata_read.h"

#include <stdarg.h>
#include <string.h>

#include "lib/limits.h"
#include "saml/verifier/metadata_parts.h"
#include "saml/verifier/signature.h"

void saml_metadata_warn(SamlMetadataWork *work, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_ptr_array_add(work->warnings, g_strdup_vprintf(format, arguments));
  va_end(arguments);
}

static gboolean is_metadata(const xmlNode *node, const char *name) {
  return saml_structure_is(node, SAML_NS_METADATA, name);
}

/* C99: from here on only what was signed is read. */
static xmlDoc *verified(const SamlMetadataWork *work, xmlDoc *document) {
  SamlFailure failure;
  guint key;
  g_autoptr(GPtrArray) trusted = g_ptr_array_new();
  g_ptr_array_add(trusted, work->wish->trusted_der);
  g_autoptr(SamlKeys) keys = saml_keys_new(trusted, &failure);
  xmlDoc *octets =
      keys == NULL ? NULL : saml_signature_verify(xmlDocGetRootElement(document), keys, &key, &failure);
  if (octets == NULL) {
    saml_report_fail(work->report, SAML_CHECK_SIGNATURE_RESPONSE, failure, NULL, NULL);
    return NULL;
  }
  saml_report_pass(work->report, SAML_CHECK_SIGNATURE_RESPONSE);
  work->metadata->signature_held = TRUE;
  return octets;
}

static xmlDoc *take_in(const SamlMetadataWork *work, const char *xml, gsize n) {
  SamlFailure failure;
  g_autoptr(xmlDoc) document = saml_gate_parse_metadata(xml, n, &failure);
  if (document == NULL) {
    saml_report_fail(work->report, SAML_CHECK_XML, failure, NULL, NULL);
    return NULL;
  }
  saml_report_pass(work->report, SAML_CHECK_XML);
  if (work->wish->trusted_der != NULL)
    return verified(work, document);
  saml_report_skip(work->report, SAML_CHECK_SIGNATURE_RESPONSE);
  return g_steal_pointer(&document);
}

static gboolean has_role(const xmlNode *entity) {
  return saml_structure_child(entity, SAML_NS_METADATA, "IDPSSODescriptor") != NULL;
}

static gboolean is_meant(const SamlMetadataWork *work, const xmlNode *entity) {
  if (work->wish->entity_id == NULL)
    return has_role(entity);
  return g_strcmp0(saml_structure_attribute(entity, "entityID"), work->wish->entity_id) == 0;
}

/* C102: all that could be meant; one entity under a name twice is none. */
static void find_entities(const SamlMetadataWork *work, const xmlNode *node, GPtrArray *found) {
  if (is_metadata(node, "EntityDescriptor")) {
    if (is_meant(work, node))
      g_ptr_array_add(found, (void *)node);
    return;
  }
  if (!is_metadata(node, "EntitiesDescriptor"))
    return;
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    find_entities(work, child, found);
}

static const xmlNode *pick(const SamlMetadataWork *work, const xmlNode *root) {
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  find_entities(work, root, found);
  if (found->len == 1)
    return found->pdata[0];
  gboolean alone = is_metadata(root, "EntityDescriptor");
  if (!alone && !is_metadata(root, "EntitiesDescriptor"))
    saml_report_fail(work->report, SAML_CHECK_STRUCTURE, SAML_BAD_STRUCTURE, (const char *)root->name,
                     "EntityDescriptor or EntitiesDescriptor");
  else if (work->wish->entity_id != NULL)
    saml_report_fail(work->report, SAML_CHECK_ISSUER, SAML_ISSUER_MISMATCH,
                     alone ? saml_structure_attribute(root, "entityID") : "not once in this metadata",
                     work->wish->entity_id);
  else
    saml_report_fail(work->report, SAML_CHECK_STRUCTURE, SAML_BAD_STRUCTURE,
                     found->len == 0 ? "no identity provider" : "several identity providers",
                     "one, or the entity ID of one");
  return NULL;
}

/* C100: an absolute URI. */
static gboolean read_entity_id(SamlMetadataWork *work, const xmlNode *entity) {
  const char *id = saml_structure_attribute(entity, "entityID");
  gboolean good = id != NULL && strlen(id) <= LIMIT_SAML_NAME_BYTES;
  for (const char *at = id; good && *at != '\0'; at++)
    good = g_ascii_isgraph(*at);
  g_autofree char *scheme = good ? g_uri_parse_scheme(id) : NULL;
  if (scheme == NULL)
    return saml_report_fail(work->report, SAML_CHECK_ISSUER, SAML_BAD_STRUCTURE, id,
                            "an entityID that is an absolute URI of at most 256 characters");
  work->metadata->entity_id = g_strdup(id);
  saml_report_pass(work->report, SAML_CHECK_ISSUER);
  return TRUE;
}

static gboolean speaks_saml(const xmlNode *role) {
  const char *spoken = saml_structure_attribute(role, "protocolSupportEnumeration");
  g_auto(GStrv) words = g_strsplit_set(spoken == NULL ? "" : spoken, " \t\r\n", -1);
  return g_strv_contains((const char *const *)words, SAML_NS_PROTOCOL);
}

/* C48: the one role whose keys and endpoints count. */
static const xmlNode *find_role(const SamlMetadataWork *work, const xmlNode *entity) {
  const xmlNode *role = NULL;
  guint n = 0;
  for (const xmlNode *child = entity->children; child != NULL; child = child->next) {
    if (!is_metadata(child, "IDPSSODescriptor") || !speaks_saml(child))
      continue;
    role = child;
    n++;
  }
  if (n == 1)
    return role;
  saml_report_fail(work->report, SAML_CHECK_STRUCTURE, SAML_BAD_STRUCTURE,
                   n == 0 ? "no IDPSSODescriptor for SAML 2.0" : "several IDPSSODescriptors for SAML 2.0",
                   "one");
  return NULL;
}

/* From the role outwards: a group's dates hold for what is in it. */
static gboolean read_dates(SamlMetadataWork *work, const xmlNode *role) {
  for (const xmlNode *at = role; at != NULL && at->type == XML_ELEMENT_NODE; at = at->parent)
    if (!saml_metadata_read_dates(work, at))
      return FALSE;
  if (work->metadata->valid_until_us == 0)
    saml_metadata_warn(
        work, "it does not say until when it holds (validUntil): look at it again from time to time");
  saml_report_pass(work->report, SAML_CHECK_CONDITIONS);
  return TRUE;
}

static gboolean is_true(const char *text) {
  return text != NULL && (g_str_equal(text, "true") || g_str_equal(text, "1"));
}

static gboolean read_entity(SamlMetadataWork *work, const xmlNode *root) {
  const xmlNode *entity = pick(work, root);
  if (entity == NULL || !read_entity_id(work, entity))
    return FALSE;
  const xmlNode *role = find_role(work, entity);
  if (role == NULL || !read_dates(work, role) || !saml_metadata_read_keys(work, role) ||
      !saml_metadata_read_endpoints(work, role))
    return FALSE;
  work->metadata->wants_signed_requests = is_true(saml_structure_attribute(role, "WantAuthnRequestsSigned"));
  saml_report_pass(work->report, SAML_CHECK_STRUCTURE);
  return TRUE;
}

gboolean saml_metadata_read(const char *xml, gsize n, const SamlMetadataWish *wish, gint64 now_us,
                            SamlIdpMetadata *metadata, SamlReport *report) {
  g_auto(SamlIdpMetadata) read = {.signing = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  SamlMetadataWork work = {
      .wish = wish, .now_us = now_us, .metadata = &read, .warnings = warnings, .report = report};
  g_autoptr(xmlDoc) document = take_in(&work, xml, n);
  if (document == NULL || !read_entity(&work, xmlDocGetRootElement(document)))
    return FALSE;
  g_ptr_array_add(warnings, NULL);
  read.warnings = (GStrv)g_ptr_array_steal(warnings, NULL);
  *metadata = read;
  read = (SamlIdpMetadata){0};
  return TRUE;
}
