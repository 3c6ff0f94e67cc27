#include "scim/resource_value.h"

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "scim/schema_tables.h"

gboolean scim_intake_is_members(const ScimAttribute *attribute) {
  return attribute == scim_schema_attribute(&scim_schema_group, "members");
}

/* The type is ours to know; what a client says is kept only where it is one of ours. */
static void drop_foreign_type(json_t *clean) {
  const char *type = json_string_value(json_object_get(clean, "type"));
  if (type && !g_str_equal(type, "User") && !g_str_equal(type, "Group"))
    json_object_del(clean, "type");
}

/* The name of a member is ours to know too; what was sent is shown only while the member is not here yet. */
static void keep_display(const json_t *member, json_t *clean) {
  json_t *display = jsontext_get(member, "display", NULL);
  if (json_is_string(display) && json_string_length(display) <= LIMIT_KEY_BYTES)
    json_object_set(clean, "display", display);
}

/* What is undeclared in a member is not kept: in a large group it would outgrow the group. */
static json_t *read_object(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *member,
                           const ScimPlace *place, GError **error) {
  g_autoptr(json_t) aside = json_object();
  ScimIntake inner = {.dialect = intake->dialect, .aside = aside};
  g_autoptr(json_t) clean =
      scim_intake_object(&inner, attribute->sub, attribute->n_sub, member, place, error);
  if (!clean)
    return NULL;
  json_object_del(clean, "$ref");
  drop_foreign_type(clean);
  keep_display(member, clean);
  if (json_string_length(json_object_get(clean, "value")) > 0)
    return g_steal_pointer(&clean);
  scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, place, "has no value; it must be the id of the member");
  return NULL;
}

static json_t *read_member(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *member,
                           const ScimPlace *place, GError **error) {
  if (json_is_object(member))
    return read_object(intake, attribute, member, place, error);
  if (json_is_string(member) && scim_dialect_allows(intake->dialect, SCIM_LENIENT_STRING_FOR_COMPLEX)) {
    g_autoptr(json_t) wrapped = json_pack("{s:O}", "value", member);
    return read_object(intake, attribute, wrapped, place, error);
  }
  g_autofree char *got = scim_place_quote(member);
  scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, place, "must be an object, got %s", got);
  return NULL;
}

json_t *scim_intake_members(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                            const ScimPlace *place, GError **error) {
  g_autoptr(json_t) sent = scim_intake_array(intake, value, LIMIT_MEMBERS, place, error);
  if (!sent)
    return NULL;
  g_autoptr(json_t) members = json_array();
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize i = 0; i < json_array_size(sent); i++) {
    if (json_is_null(json_array_get(sent, i)))
      continue;
    ScimPlace here = {.up = place, .index = i};
    json_t *member = read_member(intake, attribute, json_array_get(sent, i), &here, error);
    if (!member)
      return NULL;
    const char *id = json_string_value(json_object_get(member, "value"));
    if (g_hash_table_contains(seen, id)) {
      json_decref(member);
      continue;
    }
    g_hash_table_add(seen, (gpointer)id);
    json_array_append_new(members, member);
  }
  return g_steal_pointer(&members);
}
