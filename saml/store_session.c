#include "saml/store_session.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"

#define MICROS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define INSTANT(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* Seen at most once a minute: reading is what a request does. */
static const DbStatement session_find = {
    "web_session_find",
    "WITH seen AS (UPDATE web_session SET last_seen_at = now() WHERE hash = $1 AND ended_at IS NULL"
    " AND last_seen_at < now() - interval '1 minute')"
    " SELECT org_id, connection_id, session_id::text, user_id::text, name, address, slug, logs_out, " MICROS(
        "created_at") ", " MICROS("expires_at") " FROM web_session_now WHERE hash = $1"};

gboolean saml_store_session_find(DbPool *pool, gint64 deadline, const guint8 *hash, SamlSession **session,
                                 GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_bytes(&args, hash, CRYPTO_SHA256_BYTES);
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &session_find, &args, error);
  if (row == NULL || db_rows(row) == 0)
    return row != NULL;
  SamlSession *found = g_new0(SamlSession, 1);
  found->org_id = db_int(row, 0, 0);
  found->connection_id = db_int(row, 0, 1);
  found->session_id = g_strdup(db_text(row, 0, 2));
  found->user_id = g_strdup(db_text(row, 0, 3));
  found->name = g_strdup(db_text(row, 0, 4));
  found->address = g_strdup(db_text(row, 0, 5));
  found->slug = g_strdup(db_text(row, 0, 6));
  found->logs_out = db_bool(row, 0, 7);
  found->created_us = db_int(row, 0, 8);
  found->expires_us = db_int(row, 0, 9);
  *session = found;
  return TRUE;
}

/* ---- the browser fetches it */

static const DbStatement pick_up = {
    "web_session_pick_up",
    "UPDATE web_session s SET hash = $3, pickup = NULL, pickup_until = NULL WHERE s.pickup = $1 AND "
    "s.pickup_cookie = $2"
    " AND s.pickup_until > now() AND s.ended_at IS NULL RETURNING coalesce(s.target, '/portal')"};
static const DbStatement replace = {"web_session_replace",
                                    "UPDATE web_session SET ended_at = now(), ended_why = 'replaced'"
                                    " WHERE hash = $1 AND ended_at IS NULL"};

typedef struct {
  const SamlPickup *pickup;
  char **target;
} Fetch;

static gboolean fetch_body(Db *db, gpointer data, GError **error) {
  const Fetch *fetch = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_bytes(&args, fetch->pickup->pickup, CRYPTO_SHA256_BYTES);
  db_args_bytes(&args, fetch->pickup->browser, CRYPTO_SHA256_BYTES);
  db_args_bytes(&args, fetch->pickup->hash, CRYPTO_SHA256_BYTES);
  g_clear_pointer(fetch->target, g_free);
  g_autoptr(DbResult) row = db_query(db, &pick_up, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0)
    return TRUE;
  *fetch->target = g_strdup(db_text(row, 0, 0));
  if (fetch->pickup->before == NULL)
    return TRUE;
  DbArgs before = DB_ARGS_INIT;
  db_args_bytes(&before, fetch->pickup->before, CRYPTO_SHA256_BYTES);
  db_queue(db, &replace, &before, NULL);
  return TRUE;
}

static const DbStatement fetched = {"web_session_fetched",
                                    "SELECT EXISTS (SELECT FROM web_session WHERE hash = $1)"};

static gboolean fetch_settle(Db *db, gpointer data, DbSettled *settled, GError **error) {
  const Fetch *fetch = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_bytes(&args, fetch->pickup->hash, CRYPTO_SHA256_BYTES);
  g_autoptr(DbResult) result = db_query(db, &fetched, &args, error);
  if (result == NULL)
    return FALSE;
  *settled = db_bool(result, 0, 0) ? DB_SETTLED_YES : DB_SETTLED_NO;
  return TRUE;
}

gboolean saml_store_session_pick_up(DbPool *pool, gint64 deadline, const SamlPickup *pickup, char **target,
                                    GError **error) {
  Fetch fetch = {pickup, target};
  return db_tx_run(pool, deadline, fetch_body, fetch_settle, &fetch, error);
}

/* ---- lists */

static const DbStatement session_list = {
    "web_session_list",
    "SELECT coalesce(json_agg(json_build_object('id', s.session_id, 'user_id', s.user_id, 'person', "
    "u.user_name,"
    " 'connection', s.slug, 'created', " INSTANT("s.created_at") ", 'last_seen', " INSTANT(
        "s.last_seen_at") ", 'expires', " INSTANT("s.expires_at") ", 'ip', host(s.ip), 'agent', s.user_agent)"
                                                                  " ORDER BY s.last_seen_at DESC), "
                                                                  "'[]')::text"
                                                                  " FROM (SELECT * FROM web_session_now "
                                                                  "WHERE org_id = $1 AND ($2::uuid IS NULL "
                                                                  "OR user_id = $2)"
                                                                  " AND NOT waiting ORDER BY last_seen_at "
                                                                  "DESC LIMIT $3) s"
                                                                  " JOIN scim_user u ON u.org_id = s.org_id "
                                                                  "AND u.user_id = s.user_id"};

json_t *saml_session_list(DbPool *pool, gint64 deadline, gint64 org_id, const char *user_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, user_id);
  db_args_int(&args, user_id != NULL ? LIMIT_SAML_SESSIONS : LIMIT_PAGE_MAX);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &session_list, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

/* ---- ends */

static const DbStatement session_end = {
    "web_session_end",
    "UPDATE web_session SET ended_at = now(), ended_why = $4 WHERE org_id = $1 AND ended_at IS NULL"
    " AND ($2::uuid IS NULL OR session_id = $2) AND ($3::uuid IS NULL OR user_id = $3)"
    " AND ($2::uuid IS NOT NULL OR $3::uuid IS NOT NULL) RETURNING session_id::text, user_id::text"};

static void queue_end_record(Db *db, const SamlSessionEnd *end, const char *session_id, const char *user_id) {
  g_autoptr(json_t) detail = json_pack("{s:s, s:s}", "session_id", session_id, "why", end->why);
  AuditRecord record = {.org_id = end->org_id,
                        .kind = AUDIT_ADMIN,
                        .request_id = end->request_id,
                        .actor = end->actor,
                        .source_ip = end->ip,
                        .action = "session.end",
                        .subject = user_id,
                        .detail = detail};
  audit_queue(db, &record);
}

typedef struct {
  const SamlSessionEnd *end;
  gint64 n;
} Ending;

static gboolean end_body(Db *db, gpointer data, GError **error) {
  Ending *ending = data;
  const SamlSessionEnd *end = ending->end;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, end->org_id);
  db_args_text(&args, end->session_id);
  db_args_text(&args, end->user_id);
  db_args_text(&args, end->why);
  g_autoptr(DbResult) rows = db_query(db, &session_end, &args, error);
  if (rows == NULL)
    return FALSE;
  ending->n = db_rows(rows);
  for (int i = 0; i < db_rows(rows); i++)
    queue_end_record(db, end, db_text(rows, i, 0), db_text(rows, i, 1));
  return TRUE;
}

gboolean saml_session_end(DbPool *pool, gint64 deadline, const SamlSessionEnd *end, gint64 *n,
                          GError **error) {
  Ending ending = {.end = end};
  if (!db_tx_run(pool, deadline, end_body, NULL, &ending, error))
    return FALSE;
  *n = ending.n;
  return TRUE;
}

static const DbStatement session_name = {
    "web_session_name",
    "SELECT name_id, name_id_format, name_id_qualifier, name_id_sp_qualifier, session_index FROM web_session"
    " WHERE org_id = $1 AND session_id = $2"};

gboolean saml_store_session_name(DbPool *pool, gint64 deadline, const SamlSession *session, SamlNameId *name,
                                 char **session_index, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, session->org_id);
  db_args_text(&args, session->session_id);
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &session_name, &args, error);
  if (row == NULL || db_rows(row) == 0)
    return FALSE;
  char **parts[] = {&name->value, &name->format, &name->name_qualifier, &name->sp_name_qualifier,
                    session_index};
  for (int i = 0; i < (int)G_N_ELEMENTS(parts); i++)
    *parts[i] = g_strdup(db_text(row, 0, i));
  return TRUE;
}
