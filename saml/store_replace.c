#include "saml/store_replace.h"

#include <string.h>

#include "audit/audit.h"
#include "lib/jsontext.h"

/* A person's subject by the rule, beside what the new provider would send. Comparison is byte for byte, as at sign-in. */
static const DbStatement match = {
    "saml_match", "WITH c AS (SELECT org_id, source_id FROM saml_connection WHERE org_id = $1 AND slug = $2),"
                  " p AS (SELECT u.user_name, nullif(CASE $3 WHEN 'userName' THEN u.user_name WHEN "
                  "'externalId' THEN u.external_id"
                  " ELSE (SELECT e ->> 'value' FROM jsonb_array_elements(u.doc::jsonb -> 'emails') e"
                  " ORDER BY coalesce((e ->> 'primary')::boolean, false) DESC LIMIT 1) END, '') AS subject"
                  " FROM c JOIN scim_user u ON u.org_id = c.org_id AND u.source_id = c.source_id),"
                  " t AS (SELECT DISTINCT unnest($4::text[]) AS subject),"
                  " j AS (SELECT p.*, count(*) OVER (PARTITION BY p.subject) AS n,"
                  " $4::text[] IS NULL OR EXISTS (SELECT FROM t WHERE t.subject = p.subject) AS told FROM p),"
                  " u AS (SELECT subject FROM t WHERE NOT EXISTS (SELECT FROM p WHERE p.subject = t.subject))"
                  " SELECT json_build_object('people', (SELECT count(*) FROM j),"
                  " 'matched', (SELECT count(*) FROM j WHERE subject IS NOT NULL AND n = 1 AND told),"
                  " 'unmatched', (SELECT count(*) FROM j WHERE subject IS NULL OR (n = 1 AND NOT told)),"
                  " 'colliding', (SELECT count(*) FROM j WHERE subject IS NOT NULL AND n > 1),"
                  " 'unknown', (SELECT count(*) FROM u),"
                  " 'examples', json_build_object("
                  " 'unmatched', coalesce((SELECT json_agg(user_name) FROM (SELECT user_name FROM j WHERE "
                  "subject IS NULL OR (n = 1 AND NOT told)"
                  " ORDER BY user_name LIMIT 20) x), '[]'),"
                  " 'colliding', coalesce((SELECT json_agg(json_build_object('subject', subject, 'people', "
                  "people)) FROM (SELECT subject,"
                  " json_agg(user_name ORDER BY user_name) AS people FROM j WHERE subject IS NOT NULL AND n "
                  "> 1 GROUP BY subject"
                  " ORDER BY subject LIMIT 20) x), '[]'),"
                  " 'unknown', coalesce((SELECT json_agg(subject) FROM (SELECT subject FROM u ORDER BY "
                  "subject LIMIT 20) x), '[]')))::text"
                  " FROM c"};

json_t *saml_store_match(const SamlScope *scope, const char *slug, const char *join,
                         const char *const *subjects, GError **error) {
  g_autofree char *keep = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, slug);
  db_args_text(&args, join);
  if (subjects == NULL)
    db_args_text(&args, NULL);
  else
    db_args_text_array(&args, subjects, g_strv_length((char **)subjects), &keep);
  g_autoptr(DbResult) row = db_pool_read(scope->pool, scope->deadline, &match, &args, error);
  if (row == NULL)
    return NULL;
  if (db_rows(row) == 0)
    return json_null();
  const char *text = db_text(row, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

typedef struct {
  const SamlScope *scope;
  const char *slug;
  gboolean finish;
  SamlReplaceResult result;
} Replace;

static const DbStatement lock_pair = {
    "saml_replace_lock",
    "SELECT connection_id, replaces FROM saml_connection WHERE org_id = $1 AND slug = $2 FOR UPDATE"};
static const DbStatement switch_off = {"saml_replace_off",
                                       "UPDATE saml_connection SET state = 'off', version = version + 1 "
                                       "WHERE org_id = $1 AND connection_id = $2"};
static const DbStatement let_stand = {
    "saml_replace_stand", "UPDATE saml_connection SET beside = false, version = version + 1 WHERE org_id = $1"
                          " AND connection_id = $2"};
static const DbStatement bring_back = {"saml_replace_back",
                                       "UPDATE saml_connection SET state = 'live', version = version + 1 "
                                       "WHERE org_id = $1 AND connection_id = $2"};
static const DbStatement forget = {"saml_replace_forget",
                                   "DELETE FROM saml_binding WHERE org_id = $1 AND connection_id = $2"};
static const DbStatement end_sessions = {"saml_replace_end",
                                         "UPDATE web_session SET ended_at = now(), ended_why = 'connection' "
                                         "WHERE org_id = $1 AND connection_id = $2"
                                         " AND ended_at IS NULL"};

static void queue_on(Db *db, const DbStatement *statement, gint64 org_id, gint64 connection_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, connection_id);
  db_queue(db, statement, &args, NULL);
}

static void queue_record(Db *db, const Replace *replace) {
  AuditRecord record = {.org_id = replace->scope->org_id,
                        .kind = AUDIT_ADMIN,
                        .actor = replace->scope->actor,
                        .action = replace->finish ? "saml.replace-finish" : "saml.replace-undo",
                        .subject = replace->slug};
  audit_queue(db, &record);
}

/* The one that goes is switched off first: only one of a source may stand by itself. */
static void queue_change(Db *db, const Replace *replace, gint64 newcomer, gint64 former) {
  gint64 org_id = replace->scope->org_id, goes = replace->finish ? former : newcomer;
  queue_on(db, &switch_off, org_id, goes);
  queue_on(db, &end_sessions, org_id, goes);
  if (replace->finish) {
    queue_on(db, &let_stand, org_id, newcomer);
  } else {
    queue_on(db, &forget, org_id, newcomer);
    queue_on(db, &bring_back, org_id, former);
  }
  queue_record(db, replace);
}

static gboolean replace_body(Db *db, gpointer data, GError **error) {
  Replace *replace = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, replace->scope->org_id);
  db_args_text(&args, replace->slug);
  g_autoptr(DbResult) row = db_query(db, &lock_pair, &args, error);
  if (row == NULL)
    return FALSE;
  replace->result = db_rows(row) == 0    ? SAML_REPLACE_NO_SUCH
                    : db_null(row, 0, 1) ? SAML_REPLACE_NOTHING
                                         : SAML_REPLACED;
  if (replace->result == SAML_REPLACED)
    queue_change(db, replace, db_int(row, 0, 0), db_int(row, 0, 1));
  return TRUE;
}

gboolean saml_store_replace(const SamlScope *scope, const char *slug, gboolean finish,
                            SamlReplaceResult *result, GError **error) {
  Replace replace = {.scope = scope, .slug = slug, .finish = finish};
  if (!db_tx_run(scope->pool, scope->deadline, replace_body, NULL, &replace, error))
    return FALSE;
  *result = replace.result;
  return TRUE;
}
