/* A change of a group's members as deltas by value, so that no group is ever loaded to add one person. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Applied in this order: everything goes when cleared; then `remove`; then `add`. A value is in one of them at most. */
typedef struct {
  gboolean cleared;
  GHashTable *add;    /* value (owned) → json_t {"value","display"?,"type"?} (owned) */
  GHashTable *remove; /* set of values (owned) */
} ScimMembers;

void scim_members_init(ScimMembers *members);
void scim_members_clear(ScimMembers *members);
/* Later steps override earlier ones. */
void scim_members_add(ScimMembers *members, json_t *member);
void scim_members_remove(ScimMembers *members, const char *value);
void scim_members_remove_all(ScimMembers *members);
gboolean scim_members_empty(const ScimMembers *members); /* changes nothing */

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimMembers, scim_members_clear)
