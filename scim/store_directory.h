/* The statements behind scim/directory.c: each returns JSON text made by the database. All sources of one organisation. */
#pragma once

#include "lib/db_pool.h"

/* One row, one column. key_prefix NULL: all. */
DbResult *scim_store_directory_users(gint64 org_id, DbPool *pool, gint64 deadline, const char *key_prefix,
                                     gint64 limit, GError **error);
DbResult *scim_store_directory_groups(gint64 org_id, DbPool *pool, gint64 deadline, gint64 limit,
                                      GError **error);
/* No row when there is none. key: the folded name. */
DbResult *scim_store_directory_user(gint64 org_id, DbPool *pool, gint64 deadline, const char *name,
                                    const char *key, GError **error);
DbResult *scim_store_directory_group(gint64 org_id, DbPool *pool, gint64 deadline, const char *name,
                                     const char *key, GError **error);
