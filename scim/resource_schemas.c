#include "scim/resource_schemas.h"

#include "lib/limits.h"
#include "lib/text.h"
#include "scim/resource_value.h"

static gboolean refuse(GError **error, ScimErrorCode code, const char *what, const char *urn,
                       const ScimType *type) {
  g_autofree char *quoted = text_quote(urn);
  g_set_error(error, SCIM_ERROR, (int)code, "schemas %s \"%s\"; a %s has \"%s\"", what, quoted, type->name,
              type->schema->urn);
  return FALSE;
}

/* SCIM 1 names, and the base schema of another type, say that this body was meant for something else. */
static gboolean is_for_another(const ScimType *type, const char *urn) {
  for (const ScimType *const *other = scim_type_all(); *other; other++)
    if (*other != type && g_ascii_strcasecmp((*other)->schema->urn, urn) == 0)
      return TRUE;
  return g_ascii_strncasecmp(urn, "urn:scim:schemas:", strlen("urn:scim:schemas:")) == 0;
}

static gboolean check_one(const ScimType *type, const char *urn, ScimDialect *dialect, GError **error) {
  if (scim_type_schema(type, urn))
    return TRUE;
  if (is_for_another(type, urn))
    return refuse(error, SCIM_ERROR_INVALID_VALUE, "names", urn, type);
  if (!scim_dialect_allows(dialect, SCIM_LENIENT_UNKNOWN_SCHEMAS))
    return refuse(error, SCIM_ERROR_UNKNOWN_ATTRIBUTE, "names the unknown", urn, type);
  return TRUE;
}

static gboolean check_base(const ScimType *type, gboolean found, ScimDialect *dialect, GError **error) {
  if (found || scim_dialect_allows(dialect, SCIM_LENIENT_MISSING_SCHEMAS))
    return TRUE;
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE, "schemas does not name \"%s\", as a %s must",
              type->schema->urn, type->name);
  return FALSE;
}

static gboolean check_all(const ScimType *type, const json_t *urns, ScimDialect *dialect, GError **error) {
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  ScimPlace root = {.text = "schemas"};
  for (gsize i = 0; i < json_array_size(urns); i++) {
    ScimPlace here = {.up = &root, .index = i};
    const char *urn = json_string_value(json_array_get(urns, i));
    if (!urn) {
      g_autofree char *got = scim_place_quote(json_array_get(urns, i));
      scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, &here, "must be a schema URI, got %s", got);
      return FALSE;
    }
    if (!g_hash_table_add(seen, g_ascii_strdown(urn, -1)))
      return refuse(error, SCIM_ERROR_INVALID_VALUE, "names twice", urn, type);
    if (!check_one(type, urn, dialect, error))
      return FALSE;
  }
  g_autofree char *base = g_ascii_strdown(type->schema->urn, -1);
  return check_base(type, g_hash_table_contains(seen, base), dialect, error);
}

gboolean scim_schemas_check(const ScimType *type, const json_t *schemas, ScimDialect *dialect,
                            GError **error) {
  if (!schemas || json_is_null(schemas))
    return check_base(type, FALSE, dialect, error);
  ScimPlace root = {.text = "schemas"};
  ScimIntake intake = {.dialect = dialect};
  g_autoptr(json_t) urns = scim_intake_array(&intake, schemas, LIMIT_VALUES, &root, error);
  return urns && check_all(type, urns, dialect, error);
}
