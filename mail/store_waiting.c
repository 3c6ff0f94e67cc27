#include "mail/store_waiting.h"

#define WAITING                                                                                          \
  "SELECT m.backend, count(*) AS n, min(m.dirty_since) AS since,"                                        \
  " (array_agg(m.last_error ORDER BY m.dirty_since))[1] AS why FROM mailbox m"                           \
  " WHERE m.desired_gen <> m.applied_gen AND NOT m.open AND m.state <> 'purged' AND m.origin <> 'found'" \
  " AND m.dirty_since < now() - interval '60 seconds' GROUP BY m.backend"

static const DbStatement count = {"mail_waiting_count",
                                  "WITH w AS (" WAITING
                                  ") SELECT coalesce(jsonb_agg(jsonb_build_object('backend', b.backend,"
                                  " 'waiting', coalesce(w.n, 0)) ORDER BY b.backend), '[]')::text"
                                  " FROM mail_backend b LEFT JOIN w USING (backend)"};
static const DbStatement take = {
    "mail_waiting_take",
    "WITH w AS (" WAITING
    "), told AS (UPDATE mail_backend b SET waiting_told_at = now() FROM w WHERE w.backend = b.backend"
    " AND (b.waiting_told_at IS NULL OR b.waiting_told_at < now() - interval '5 minutes')"
    " RETURNING b.backend, w.n, w.since, w.why),"
    " over AS (UPDATE mail_backend b SET waiting_told_at = NULL WHERE b.waiting_told_at IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM w WHERE w.backend = b.backend))"
    " SELECT coalesce(jsonb_agg(jsonb_build_object('backend', backend, 'waiting', n, 'seconds',"
    " extract(epoch FROM now() - since)::bigint, 'why', coalesce(why, '')) ORDER BY backend), '[]')::text "
    "FROM told"};

static json_t *ask(DbPool *pool, gint64 deadline, const DbStatement *statement, GError **error) {
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, statement, NULL, error);
  return row != NULL ? json_loads(db_text(row, 0, 0), 0, NULL) : NULL;
}

json_t *mail_store_waiting(DbPool *pool, gint64 deadline, GError **error) {
  return ask(pool, deadline, &count, error);
}

json_t *mail_store_waiting_take(DbPool *pool, gint64 deadline, GError **error) {
  return ask(pool, deadline, &take, error);
}
