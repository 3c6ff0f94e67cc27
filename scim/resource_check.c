#include "scim/resource.h"

#include <string.h>

#include "lib/limits.h"
#include "scim/resource_value.h"
#include "scim/schema_tables.h"

static gboolean is_empty(const json_t *value) {
  return !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
         (json_is_object(value) && json_object_size(value) == 0);
}

/* The values that the table declares and `from` has, in the table's order. */
static void move_in_order(const ScimAttribute *table, gsize n, const json_t *from, json_t *to) {
  for (gsize i = 0; i < n; i++) {
    json_t *value = json_object_get(from, table[i].name);
    if (is_empty(value) || g_str_equal(table[i].name, "schemas"))
      continue;
    if (table[i].multi || !json_is_object(value)) {
      json_object_set(to, table[i].name, value);
      continue;
    }
    g_autoptr(json_t) inner = json_object();
    move_in_order(table[i].sub, table[i].n_sub, value, inner);
    if (json_object_size(inner) > 0)
      json_object_set(to, table[i].name, inner);
  }
}

static void arrange(const ScimType *type, json_t *doc) {
  g_autoptr(json_t) ordered = json_object();
  json_t *schemas = json_pack("[s]", type->schema->urn);
  json_object_set_new(ordered, "schemas", schemas);
  move_in_order(scim_schema_common_attributes, scim_schema_n_common_attributes, doc, ordered);
  move_in_order(type->schema->attributes, type->schema->n_attributes, doc, ordered);
  for (gsize i = 0; i < type->n_extensions; i++) {
    const ScimSchema *schema = type->extensions[i].schema;
    g_autoptr(json_t) inner = json_object();
    move_in_order(schema->attributes, schema->n_attributes, json_object_get(doc, schema->urn), inner);
    if (json_object_size(inner) == 0)
      continue;
    json_array_append_new(schemas, json_string(schema->urn));
    json_object_set(ordered, schema->urn, inner);
  }
  json_object_clear(doc);
  json_object_update(doc, ordered);
}

static gboolean check_elements(const ScimAttribute *attribute, const json_t *elements, GError **error) {
  if (json_array_size(elements) > LIMIT_VALUES) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY,
                "%s has %" G_GSIZE_FORMAT " elements, at most %d are kept", attribute->name,
                json_array_size(elements), LIMIT_VALUES);
    return FALSE;
  }
  gssize first = -1;
  for (gsize i = 0; i < json_array_size(elements); i++) {
    if (!json_is_true(json_object_get(json_array_get(elements, i), "primary")))
      continue;
    if (first >= 0) {
      g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE,
                  "%s has two primary values, [%" G_GSSIZE_FORMAT "] and [%" G_GSIZE_FORMAT
                  "]; one may be primary",
                  attribute->name, first, i);
      return FALSE;
    }
    first = (gssize)i;
  }
  return TRUE;
}

static gboolean check_table(const ScimSchema *schema, const json_t *object, GError **error) {
  for (gsize i = 0; i < schema->n_attributes; i++) {
    const ScimAttribute *attribute = &schema->attributes[i];
    const json_t *value = json_object_get(object, attribute->name);
    if (!value && attribute->required) {
      g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE, "%s is required in a %s, and is missing",
                  attribute->name, schema->name);
      return FALSE;
    }
    if (attribute->multi && !check_elements(attribute, value, error))
      return FALSE;
  }
  return TRUE;
}

gboolean scim_resource_check(const ScimType *type, json_t *doc, GError **error) {
  arrange(type, doc);
  if (!check_table(type->schema, doc, error))
    return FALSE;
  for (gsize i = 0; i < type->n_extensions; i++) {
    const ScimExtension *extension = &type->extensions[i];
    const json_t *inner = json_object_get(doc, extension->schema->urn);
    if ((inner || extension->required) && !check_table(extension->schema, inner, error))
      return FALSE;
  }
  return TRUE;
}

gboolean scim_resource_check_extra(const json_t *extra, GError **error) {
  gsize n = extra ? json_dumpb(extra, NULL, 0, JSON_COMPACT) : 0;
  if (n <= LIMIT_EXTRA_BYTES)
    return TRUE;
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY,
              "the attributes that no schema declares take %" G_GSIZE_FORMAT " bytes, at most %d are kept", n,
              LIMIT_EXTRA_BYTES);
  return FALSE;
}

gboolean scim_resource_equal(const json_t *a, const json_t *b) {
  return a == b || json_equal(a, b);
}
