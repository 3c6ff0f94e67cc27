/* What a comparison with the mail stores reads, and the one thing it mends. */
#pragma once

#include "lib/db_pool.h"
#include "mail/scope.h"

/* Columns: address, open, applied (bool: the store was made to match), quota_bytes (0: none), home, last_error. Of mailboxes that are
 * ours in this store, purged ones not. */
DbResult *mail_store_drift_rows(const MailScope *scope, const char *backend, GError **error);
/* The stores of this installation: name, kind, url, secret_file. */
DbResult *mail_store_drift_backends(DbPool *pool, gint64 deadline, GError **error);
/* Shut mailboxes of this store that stand among the n logins are dirty again; *cut: how many. org_id 0: of all. */
gboolean mail_store_drift_cut(DbPool *pool, gint64 deadline, gint64 org_id, const char *backend,
                              const char *const *logins, gsize n, gint64 *cut, GError **error);
