#include "mail/store_drift.h"

static const DbStatement drift_rows = {
    "mail_drift_rows",
    "SELECT m.address, m.open, m.desired_gen = m.applied_gen, coalesce(m.quota_override, m.quota_bytes, 0),"
    " n.home, m.last_error FROM mailbox m JOIN mail_now n ON n.org_id = m.org_id AND n.mailbox_id = "
    "m.mailbox_id"
    " WHERE m.org_id = $1 AND m.backend = $2 AND m.origin <> 'found' AND m.state <> 'purged' ORDER BY "
    "m.address"};

DbResult *mail_store_drift_rows(const MailScope *scope, const char *backend, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, backend);
  return db_pool_read(scope->pool, scope->deadline, &drift_rows, &args, error);
}

static const DbStatement drift_backends = {
    "mail_drift_backends", "SELECT backend, kind, url, secret_file FROM mail_backend ORDER BY backend"};

DbResult *mail_store_drift_backends(DbPool *pool, gint64 deadline, GError **error) {
  return db_pool_read(pool, deadline, &drift_backends, NULL, error);
}

/* Signed in by whichever name; a bare one where it can be no other's. Only where the store was told already: elsewhere a worker is
 * about to cut them anyway. */
static const DbStatement drift_cut = {
    "mail_drift_cut",
    "WITH named AS (SELECT a.org_id, a.mailbox_id FROM mail_address a WHERE a.address = ANY ($3::text[])"
    " AND a.kind IN ('primary', 'alias', 'former') UNION SELECT l.org_id, min(a.mailbox_id::text)::uuid"
    " FROM unnest($3::text[]) u(login) CROSS JOIN mail_lone_org l JOIN mail_address a"
    " ON split_part(a.address, '@', 1) = u.login AND a.kind <> 'list' WHERE u.login NOT LIKE '%@%'"
    " GROUP BY l.org_id, u.login HAVING count(DISTINCT a.mailbox_id) = 1)"
    " UPDATE mailbox m SET desired_gen = desired_gen + 1, dirty_since = now(), attempts = 0, not_before = "
    "NULL FROM named n"
    " WHERE m.org_id = n.org_id AND m.mailbox_id = n.mailbox_id AND ($1::bigint = 0 OR m.org_id = $1)"
    " AND m.backend = $2 AND NOT m.open"
    " AND desired_gen = applied_gen AND origin <> 'found' AND state <> 'purged' RETURNING m.mailbox_id"};

gboolean mail_store_drift_cut(DbPool *pool, gint64 deadline, gint64 org_id, const char *backend,
                              const char *const *logins, gsize n, gint64 *cut, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *keep = NULL;
  db_args_int(&args, org_id);
  db_args_text(&args, backend);
  db_args_text_array(&args, logins, n, &keep);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &drift_cut, &args, error);
  if (result == NULL)
    return FALSE;
  *cut = db_rows(result);
  return TRUE;
}
