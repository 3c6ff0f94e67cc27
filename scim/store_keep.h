/* The statements of housekeeping. They belong to no single organisation: they name the rows' own org_id, or sweep by age. */
#pragma once

#include <glib.h>

#include "lib/db_pool.h"

/* n creates were answered. */
gboolean scim_store_keep_acknowledge(DbPool *pool, gint64 deadline, const char *const *org_ids,
                                     const char *const *request_ids, gsize n, GError **error);

typedef struct {
  GPtrArray *org_ids, *token_ids, *ips, *agents; /* char*, of equal length */
  GPtrArray *at;                                 /* RFC 3339 */
} ScimKeepUses;
gboolean scim_store_keep_uses(DbPool *pool, gint64 deadline, const ScimKeepUses *uses, GError **error);

/* Each is one statement; all may run twice. */
typedef enum {
  SCIM_KEEP_FOLD,       /* totals: many deltas become one */
  SCIM_KEEP_REQUESTS,   /* write_request after seven days */
  SCIM_KEEP_TOMBSTONES, /* after thirty days */
  SCIM_KEEP_PARTITIONS, /* audit months */
  SCIM_KEEP_COUNT
} ScimKeepSweep;
gboolean scim_store_keep_sweep(DbPool *pool, gint64 deadline, ScimKeepSweep sweep, GError **error);
/* In a transaction: pending members whose person is here (arrived as he was named, or named in other case) become live. The
 * rows of scim/arrival.h. */
DbResult *scim_store_keep_pending(Db *db, GError **error);
