/* The statements behind scim/token.c. `secret_hash` is the SHA-256 that stands for a secret. */
#pragma once

#include "scim/token.h"

/* NULL without an error when there is none. */
ScimToken *scim_store_token_by_hash(DbPool *pool, gint64 deadline, const guint8 secret_hash[32],
                                    GError **error);
ScimToken *scim_store_token_by_id(DbPool *pool, gint64 deadline, gint64 org_id, gint64 token_id,
                                  GError **error);
GPtrArray *scim_store_token_all(DbPool *pool, gint64 deadline, gint64 org_id, GError **error);

/* Inside a transaction. Lock: the row, held until the end; NULL without an error when there is none. */
ScimToken *scim_store_token_lock(Db *db, gint64 org_id, gint64 token_id, GError **error);
/* Is there a token with this hash? For a commit in doubt. */
gboolean scim_store_token_exists(Db *db, const guint8 secret_hash[32], gboolean *exists, GError **error);
/* Its id; 0 with an error. */
gint64 scim_store_token_insert(Db *db, const ScimTokenSpec *spec, const guint8 secret_hash[32],
                               const char *hint, GError **error);
/* The same properties under a new hash: the new id; 0 with an error. */
gint64 scim_store_token_succeed(Db *db, const ScimTokenRotation *rotation, const guint8 secret_hash[32],
                                const char *hint, GError **error);
/* Queued: points the old one at its successor and shortens its life to the overlap. */
void scim_store_token_retire(Db *db, const ScimTokenRotation *rotation, gint64 successor);
void scim_store_token_revoke(Db *db, gint64 org_id, gint64 token_id);
