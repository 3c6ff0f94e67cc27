#include "scim/discovery.h"

#include "lib/jsontext.h"
#include "lib/limits.h"

#define URN_CONFIG "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
#define URN_TYPE "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
#define URN_SCHEMA "urn:ietf:params:scim:schemas:core:2.0:Schema"

static const char *const value_types[] = {
    [SCIM_STRING] = "string",       [SCIM_BOOLEAN] = "boolean",   [SCIM_DECIMAL] = "decimal",
    [SCIM_INTEGER] = "integer",     [SCIM_DATETIME] = "dateTime", [SCIM_BINARY] = "binary",
    [SCIM_REFERENCE] = "reference", [SCIM_COMPLEX] = "complex",
};

static const char *const mutabilities[] = {
    [SCIM_READ_WRITE] = "readWrite",
    [SCIM_READ_ONLY] = "readOnly",
    [SCIM_IMMUTABLE] = "immutable",
    [SCIM_WRITE_ONLY] = "writeOnly",
};

static const char *const returned[] = {
    [SCIM_RETURNED_DEFAULT] = "default",
    [SCIM_RETURNED_ALWAYS] = "always",
    [SCIM_RETURNED_NEVER] = "never",
    [SCIM_RETURNED_REQUEST] = "request",
};

static const char *const uniquenesses[] = {
    [SCIM_UNIQUE_NONE] = "none",
    [SCIM_UNIQUE_SERVER] = "server",
    [SCIM_UNIQUE_GLOBAL] = "global",
};

static char *dump(json_t *value) {
  g_autoptr(json_t) owned = value;
  return jsontext_dump(owned);
}

static json_t *meta(const char *kind, const char *base, const char *endpoint, const char *id) {
  g_autofree char *location = g_strconcat(base, endpoint, id ? "/" : "", id, NULL);
  return json_pack("{s:s, s:s}", "resourceType", kind, "location", location);
}

static char *list(json_t *resources) {
  gsize n = json_array_size(resources);
  return dump(json_pack("{s:[s], s:I, s:i, s:I, s:o}", "schemas", SCIM_URN_LIST, "totalResults",
                        (json_int_t)n, "startIndex", 1, "itemsPerPage", (json_int_t)n, "Resources",
                        resources));
}

static json_t *supported(gboolean yes) {
  return json_pack("{s:b}", "supported", yes);
}

static json_t *schemes(void) {
  return json_pack("[{s:s, s:s, s:s, s:s, s:b}]", "type", "oauthbearertoken", "name", "OAuth Bearer Token",
                   "description",
                   "A token made by the administrator of this service, sent as Authorization: Bearer TOKEN",
                   "specUri", "https://www.rfc-editor.org/info/rfc6750", "primary", TRUE);
}

/* RFC 9865 §4. */
static json_t *pagination(void) {
  return json_pack("{s:b, s:b, s:s, s:i, s:i}", "cursor", FALSE, "index", TRUE, "defaultPaginationMethod",
                   "index", "defaultPageSize", LIMIT_PAGE_DEFAULT, "maxPageSize", LIMIT_PAGE_MAX);
}

/* RFC 7643 §5: each feature stands there, also the ones that are not offered. */
char *scim_discovery_config(const char *base) {
  json_t *config = json_pack("{s:[s]}", "schemas", URN_CONFIG);
  json_object_set_new(config, "patch", supported(TRUE));
  json_object_set_new(
      config, "bulk",
      json_pack("{s:b, s:i, s:i}", "supported", FALSE, "maxOperations", 0, "maxPayloadSize", 0));
  json_object_set_new(config, "filter",
                      json_pack("{s:b, s:i}", "supported", TRUE, "maxResults", LIMIT_PAGE_MAX));
  json_object_set_new(config, "changePassword", supported(FALSE));
  json_object_set_new(config, "sort", supported(FALSE));
  json_object_set_new(config, "etag", supported(TRUE));
  json_object_set_new(config, "authenticationSchemes", schemes());
  json_object_set_new(config, "pagination", pagination());
  json_object_set_new(config, "meta", meta("ServiceProviderConfig", base, "/ServiceProviderConfig", NULL));
  return dump(config);
}

static json_t *extensions_of(const ScimType *type) {
  json_t *array = json_array();
  for (gsize i = 0; i < type->n_extensions; i++)
    json_array_append_new(array, json_pack("{s:s, s:b}", "schema", type->extensions[i].schema->urn,
                                           "required", type->extensions[i].required));
  return array;
}

static json_t *type_of(const char *base, const ScimType *type) {
  return json_pack("{s:[s], s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "schemas", URN_TYPE, "id", type->name,
                   "name", type->name, "endpoint", type->endpoint, "description", type->about, "schema",
                   type->schema->urn, "schemaExtensions", extensions_of(type), "meta",
                   meta("ResourceType", base, "/ResourceTypes", type->name));
}

char *scim_discovery_types(const char *base) {
  json_t *array = json_array();
  for (const ScimType *const *type = scim_type_all(); *type; type++)
    json_array_append_new(array, type_of(base, *type));
  return list(array);
}

static gboolean is_called(const ScimType *type, const char *name) {
  const char *endpoint = type->endpoint + (*name == '/' ? 0 : 1);
  return g_ascii_strcasecmp(type->name, name) == 0 || g_ascii_strcasecmp(endpoint, name) == 0;
}

char *scim_discovery_type(const char *base, const char *name) {
  for (const ScimType *const *type = scim_type_all(); *type; type++)
    if (is_called(*type, name))
      return dump(type_of(base, *type));
  return NULL;
}

static json_t *words(const char *const *list_of_words) {
  json_t *array = json_array();
  for (; *list_of_words; list_of_words++)
    json_array_append_new(array, json_string(*list_of_words));
  return array;
}

/* RFC 7643 §7, without the sub-attributes. */
static json_t *characteristics(const ScimAttribute *attribute) {
  json_t *object =
      json_pack("{s:s, s:s, s:b, s:s, s:b, s:b, s:s, s:s, s:s}", "name", attribute->name, "type",
                value_types[attribute->type], "multiValued", attribute->multi, "description",
                attribute->about ? attribute->about : "", "required", attribute->required, "caseExact",
                attribute->case_exact, "mutability", mutabilities[attribute->mutability], "returned",
                returned[attribute->returned], "uniqueness", uniquenesses[attribute->uniqueness]);
  if (attribute->canonical)
    json_object_set_new(object, "canonicalValues", words(attribute->canonical));
  if (attribute->reference_types)
    json_object_set_new(object, "referenceTypes", words(attribute->reference_types));
  return object;
}

/* One level: a complex attribute has no complex sub-attributes (RFC 7643 §2.3.8). */
static json_t *attribute_of(const ScimAttribute *attribute) {
  json_t *object = characteristics(attribute);
  if (attribute->n_sub == 0)
    return object;
  json_t *subs = json_array();
  for (gsize i = 0; i < attribute->n_sub; i++)
    json_array_append_new(subs, characteristics(&attribute->sub[i]));
  json_object_set_new(object, "subAttributes", subs);
  return object;
}

static json_t *schema_of(const char *base, const ScimSchema *schema) {
  json_t *attributes = json_array();
  for (gsize i = 0; i < schema->n_attributes; i++)
    json_array_append_new(attributes, attribute_of(&schema->attributes[i]));
  return json_pack("{s:[s], s:s, s:s, s:s, s:o, s:o}", "schemas", URN_SCHEMA, "id", schema->urn, "name",
                   schema->name, "description", schema->about, "attributes", attributes, "meta",
                   meta("Schema", base, "/Schemas", schema->urn));
}

/* Every schema that some type uses, once. Free with g_ptr_array_unref. */
static GPtrArray *all_schemas(void) {
  GPtrArray *schemas = g_ptr_array_new();
  for (const ScimType *const *type = scim_type_all(); *type; type++) {
    g_ptr_array_add(schemas, (gpointer)(*type)->schema);
    for (gsize i = 0; i < (*type)->n_extensions; i++) {
      gpointer extension = (gpointer)(*type)->extensions[i].schema;
      if (!g_ptr_array_find(schemas, extension, NULL))
        g_ptr_array_add(schemas, extension);
    }
  }
  return schemas;
}

char *scim_discovery_schemas(const char *base) {
  g_autoptr(GPtrArray) schemas = all_schemas();
  json_t *array = json_array();
  for (guint i = 0; i < schemas->len; i++)
    json_array_append_new(array, schema_of(base, g_ptr_array_index(schemas, i)));
  return list(array);
}

char *scim_discovery_schema(const char *base, const char *urn) {
  g_autoptr(GPtrArray) schemas = all_schemas();
  for (guint i = 0; i < schemas->len; i++) {
    const ScimSchema *schema = g_ptr_array_index(schemas, i);
    if (g_ascii_strcasecmp(schema->urn, urn) == 0)
      return dump(schema_of(base, schema));
  }
  return NULL;
}
