/* Organisations in the database, for the admin's commands. */
#pragma once

#include "cmd/admin.h"

/* *org_id is 0 when there is none by this name. */
gboolean store_org_find(const AdminScope *scope, const char *name, gint64 *org_id, GError **error);
/* All names; free with g_strfreev. */
char **store_org_names(const AdminScope *scope, GError **error);
/* {"orgs": [{id, name, created, sources, people, groups}]} by name. */
json_t *store_org_list(const AdminScope *scope, GError **error);
/* *org_id is the new one's. FALSE with REFUSED when the name is taken. */
gboolean store_org_create(const AdminScope *scope, const char *name, gint64 *org_id, GError **error);
