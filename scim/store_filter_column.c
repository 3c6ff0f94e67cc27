#include "scim/store_filter_column.h"

#include <string.h>

static const ScimFilterColumn user_columns[] = {
    {"id", NULL, "u.user_id", SCIM_COLUMN_AS_UUID, FALSE},
    {"userName", NULL, "u.user_name_key", SCIM_COLUMN_AS_TEXT, FALSE},
    {"externalId", NULL, "u.external_id", SCIM_COLUMN_AS_TEXT, TRUE},
    {"active", NULL, "u.active", SCIM_COLUMN_AS_BOOLEAN, FALSE},
    {"meta", "created", "u.created_at", SCIM_COLUMN_AS_TIME, FALSE},
    {"meta", "lastModified", "u.modified_at", SCIM_COLUMN_AS_TIME, FALSE},
    {"meta", "version", "('W/\"' || u.version || '\"')", SCIM_COLUMN_AS_TEXT, FALSE},
    {"meta", "resourceType", "'User'::text", SCIM_COLUMN_AS_TEXT, FALSE},
    {"meta", "location", "($4::text || '/Users/' || u.user_id)", SCIM_COLUMN_AS_TEXT, FALSE},
};

static const ScimFilterColumn group_columns[] = {
    {"id", NULL, "g.group_id", SCIM_COLUMN_AS_UUID, FALSE},
    {"displayName", NULL, "g.display_key", SCIM_COLUMN_AS_TEXT, FALSE},
    {"externalId", NULL, "g.external_id", SCIM_COLUMN_AS_TEXT, TRUE},
    {"meta", "created", "g.created_at", SCIM_COLUMN_AS_TIME, FALSE},
    {"meta", "lastModified", "g.modified_at", SCIM_COLUMN_AS_TIME, FALSE},
    {"meta", "version", "('W/\"' || g.version || '\"')", SCIM_COLUMN_AS_TEXT, FALSE},
    {"meta", "resourceType", "'Group'::text", SCIM_COLUMN_AS_TEXT, FALSE},
    {"meta", "location", "($4::text || '/Groups/' || g.group_id)", SCIM_COLUMN_AS_TEXT, FALSE},
};

static const ScimFilterRows user_groups = {
    "groups",
    "(SELECT n.group_id::text AS value, n.display_key AS display, 'direct'::text AS type,"
    " $4::text || '/Groups/' || n.group_id AS ref FROM scim_member m JOIN scim_group n ON n.org_id = m.org_id"
    " AND n.group_id = m.group_id WHERE m.org_id = u.org_id AND m.member_id = u.user_id) e",
    "u.user_id IN (SELECT m.member_id FROM scim_member m WHERE m.org_id = $1 AND m.group_id = ",
    ")",
    NULL,
    NULL,
};

static const ScimFilterRows group_members = {
    "members",
    "(SELECT m.member_id::text AS value, coalesce(p.fold ->> 'displayName', p.user_name_key, n.display_key) "
    "AS display,"
    " CASE m.kind WHEN 'u' THEN 'user' ELSE 'group' END AS type,"
    " $4::text || CASE m.kind WHEN 'u' THEN '/Users/' ELSE '/Groups/' END || m.member_id AS ref FROM "
    "scim_member m"
    " LEFT JOIN scim_user p ON m.kind = 'u' AND p.org_id = m.org_id AND p.user_id = m.member_id"
    " LEFT JOIN scim_group n ON m.kind = 'g' AND n.org_id = m.org_id AND n.group_id = m.member_id"
    " WHERE m.org_id = g.org_id AND m.group_id = g.group_id"
    " UNION ALL SELECT q.value_key, q.display_key, 'user', NULL FROM scim_pending_member q"
    " WHERE q.org_id = g.org_id AND q.group_id = g.group_id) e",
    "g.group_id IN (SELECT m.group_id FROM scim_member m WHERE m.org_id = $1 AND m.member_id = ",
    ")",
    "g.group_id IN (SELECT q.group_id FROM scim_pending_member q WHERE q.org_id = $1 AND q.source_id = $2 "
    "AND q.value_key = ",
    ")",
};

static gboolean is_column(const ScimFilterColumn *column, const ScimRef *ref) {
  return strcmp(column->attribute, ref->attribute->name) == 0 &&
         g_strcmp0(column->sub, ref->sub != NULL ? ref->sub->name : NULL) == 0;
}

const ScimFilterColumn *scim_filter_column(const ScimType *type, const ScimRef *ref) {
  if (ref->extension != NULL)
    return NULL;
  gboolean user = type->kind == SCIM_KIND_USER;
  const ScimFilterColumn *columns = user ? user_columns : group_columns;
  gsize n = user ? G_N_ELEMENTS(user_columns) : G_N_ELEMENTS(group_columns);
  for (gsize i = 0; i < n; i++)
    if (is_column(&columns[i], ref))
      return &columns[i];
  return NULL;
}

const ScimFilterRows *scim_filter_rows(const ScimType *type, const ScimRef *ref) {
  const ScimFilterRows *rows = type->kind == SCIM_KIND_USER ? &user_groups : &group_members;
  return ref->extension == NULL && strcmp(rows->attribute, ref->attribute->name) == 0 ? rows : NULL;
}
