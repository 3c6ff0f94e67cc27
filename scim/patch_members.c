#include "scim/patch_step.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "scim/resource.h"

static const char *value_of(const json_t *member) {
  return json_string_value(json_object_get(member, "value"));
}

gboolean scim_patch_members_by_value(const ScimFilter *filter) {
  if (filter->kind == SCIM_FILTER_OR)
    return scim_patch_members_by_value(filter->left) && scim_patch_members_by_value(filter->right);
  return filter->kind == SCIM_FILTER_COMPARE && filter->op == SCIM_OP_EQ && filter->ref.sub &&
         strcmp(filter->ref.sub->name, "value") == 0 && json_is_string(filter->literal);
}

static void remove_by_value(const ScimFilter *filter, ScimMembers *members) {
  if (filter->kind == SCIM_FILTER_OR) {
    remove_by_value(filter->left, members);
    remove_by_value(filter->right, members);
    return;
  }
  scim_members_remove(members, json_string_value(filter->literal));
}

/* The members as they are after the steps so far: present, less what went, plus what came. */
static GPtrArray *current_members(const json_t *present, const ScimMembers *members) {
  GPtrArray *current = g_ptr_array_new();
  gsize i;
  json_t *member;
  json_array_foreach((json_t *)present, i, member) {
    const char *value = value_of(member);
    if (value && !members->cleared && !g_hash_table_contains(members->remove, value) &&
        !g_hash_table_contains(members->add, value))
      g_ptr_array_add(current, member);
  }
  GHashTableIter iterator;
  gpointer added;
  g_hash_table_iter_init(&iterator, members->add);
  while (g_hash_table_iter_next(&iterator, NULL, &added))
    g_ptr_array_add(current, added);
  return current;
}

static void remove_matching(const ScimFilter *filter, const json_t *present, ScimMembers *members) {
  g_autoptr(GPtrArray) current = current_members(present, members);
  g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < current->len; i++) {
    const json_t *member = g_ptr_array_index(current, i);
    if (scim_filter_matches_element(filter, member))
      g_ptr_array_add(gone, g_strdup(value_of(member)));
  }
  for (guint i = 0; i < gone->len; i++)
    scim_members_remove(members, g_ptr_array_index(gone, i));
}

static gboolean is_no_value(const json_t *value) {
  return !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
         (json_is_string(value) && json_string_length(value) == 0);
}

/* members[…]: removing is all that can be done, the sub-attributes of a member being immutable (RFC 7643 §4.2). */
static gboolean selected(const ScimPatchStep *step, const json_t *present, ScimMembers *members,
                         GError **error) {
  const ScimFilter *filter = step->path.filter;
  if (step->op == SCIM_PATCH_ADD || (step->op == SCIM_PATCH_REPLACE && !is_no_value(step->value)))
    return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY,
                           "a member cannot be changed: remove it and add the new one");
  if (scim_patch_members_by_value(filter))
    remove_by_value(filter, members);
  else
    remove_matching(filter, present, members);
  return TRUE;
}

static json_t *read_members(const ScimPatchStep *step, ScimDialect *dialect, GError **error) {
  g_autofree char *where = scim_patch_where(step);
  gboolean nothing = json_is_string(step->value) && is_no_value(step->value);
  if (nothing && scim_dialect_allows(dialect, SCIM_LENIENT_EMPTY_CLEARS))
    return json_null();
  return scim_resource_value(&step->path.ref, step->value, where, dialect, error);
}

static gboolean check_count(const ScimPatchStep *step, const ScimMembers *members, GError **error) {
  if (g_hash_table_size(members->add) + g_hash_table_size(members->remove) <= LIMIT_MEMBERS)
    return TRUE;
  return scim_patch_fail(step, error, SCIM_ERROR_TOO_MANY, "one PATCH changes at most %d members",
                         LIMIT_MEMBERS);
}

static gboolean put_members(const ScimPatchStep *step, ScimMembers *members, ScimDialect *dialect,
                            GError **error) {
  g_autoptr(json_t) list = read_members(step, dialect, error);
  if (!list)
    return FALSE;
  if (step->op == SCIM_PATCH_REPLACE)
    scim_members_remove_all(members);
  gsize i;
  json_t *member;
  json_array_foreach(list, i, member) {
    if (step->op == SCIM_PATCH_REMOVE)
      scim_members_remove(members, value_of(member));
    else
      scim_members_add(members, member);
  }
  return check_count(step, members, error);
}

gboolean scim_patch_members(const ScimPatchStep *step, const json_t *present, ScimMembers *members,
                            ScimDialect *dialect, GError **error) {
  if (step->path.filter)
    return selected(step, present, members, error);
  if (step->op != SCIM_PATCH_REMOVE)
    return put_members(step, members, dialect, error);
  if (!step->value || json_is_null(step->value)) {
    scim_members_remove_all(members);
    return TRUE;
  }
  /* E9: taken by the letter of RFC 7644 §3.5.2.2 this would empty the group. */
  if (!scim_dialect_allows(dialect, SCIM_LENIENT_REMOVE_BY_VALUE))
    return scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE,
                           "remove takes no value; use the path members[value eq \"…\"]");
  return put_members(step, members, dialect, error);
}
