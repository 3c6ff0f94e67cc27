#include "scim/members.h"

#include "lib/jsontext.h"

static void free_member(gpointer member) {
  json_decref(member);
}

void scim_members_init(ScimMembers *members) {
  members->cleared = FALSE;
  members->add = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_member);
  members->remove = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void scim_members_clear(ScimMembers *members) {
  g_clear_pointer(&members->add, g_hash_table_unref);
  g_clear_pointer(&members->remove, g_hash_table_unref);
}

void scim_members_add(ScimMembers *members, json_t *member) {
  const char *value = json_string_value(json_object_get(member, "value"));
  g_hash_table_remove(members->remove, value);
  g_hash_table_replace(members->add, g_strdup(value), json_incref(member));
}

void scim_members_remove(ScimMembers *members, const char *value) {
  g_hash_table_remove(members->add, value);
  if (!members->cleared)
    g_hash_table_add(members->remove, g_strdup(value));
}

void scim_members_remove_all(ScimMembers *members) {
  g_hash_table_remove_all(members->add);
  g_hash_table_remove_all(members->remove);
  members->cleared = TRUE;
}

gboolean scim_members_empty(const ScimMembers *members) {
  return !members->cleared && g_hash_table_size(members->add) == 0 && g_hash_table_size(members->remove) == 0;
}
