/* What the admin's commands read of people and groups: no HTTP, any source of an organisation. */
#pragma once

#include <jansson.h>

#include "lib/db_pool.h"

/* JSON object: {"users":[{id, userName, externalId, active, source, displayName, emails…}], "total"}: the first in
 * creation order; needle (NULL: all) is matched as a prefix of userName. */
json_t *scim_directory_users(DbPool *pool, gint64 deadline, gint64 org_id, const char *needle, gint64 limit,
                             GError **error);
/* One person by id, userName or externalId, with everything: the resource, groups, pending, extra, source, audit tail. NULL with NOT_FOUND. */
json_t *scim_directory_user(DbPool *pool, gint64 deadline, gint64 org_id, const char *name, GError **error);
json_t *scim_directory_groups(DbPool *pool, gint64 deadline, gint64 org_id, gint64 limit, GError **error);
/* One group by id or displayName: members and pending members by name. */
json_t *scim_directory_group(DbPool *pool, gint64 deadline, gint64 org_id, const char *name, GError **error);
