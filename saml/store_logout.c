#include "saml/store_session.h"

#include "lib/jsontext.h"

/* What an absent Format means (Core 8.3.1). */
#define UNSPECIFIED "'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'"

/* C93: without an index all sessions of that name at this identity provider, else those alone. C92: all four parts of the name. */
static const DbStatement logout_seen = {
    "saml_logout_seen",
    "INSERT INTO saml_seen (org_id, connection_id, message_id, until)"
    " VALUES ($1, $2, $3, to_timestamp($4::bigint / 1e6)) ON CONFLICT DO NOTHING RETURNING message_id"};
static const DbStatement logout_end = {
    "web_session_logout",
    "UPDATE web_session SET ended_at = now(), ended_why = 'identity-provider' WHERE org_id = $1"
    " AND connection_id = $2 AND ended_at IS NULL AND name_id = $3 AND coalesce(name_id_format, " UNSPECIFIED
    ") = coalesce($4, " UNSPECIFIED ")"
    " AND name_id_qualifier IS NOT DISTINCT FROM $5 AND name_id_sp_qualifier IS NOT DISTINCT FROM $6"
    " AND ($7::text[] = '{}' OR session_index = ANY ($7)) RETURNING session_id::text, user_id::text"};

static gboolean take_message(Db *db, const SamlLogoutEnd *end, gboolean *first, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, end->door->connection->org_id);
  db_args_int(&args, end->door->connection->connection_id);
  db_args_text(&args, end->message->id);
  db_args_int(&args, end->message->valid_until_us);
  g_autoptr(DbResult) result = db_query(db, &logout_seen, &args, error);
  if (result == NULL)
    return FALSE;
  *first = db_rows(result) > 0;
  return TRUE;
}

static DbResult *end_sessions(Db *db, const SamlLogoutEnd *end, GError **error) {
  const SamlNameId *name = &end->message->name_id;
  char **indexes = end->message->session_indexes;
  g_autofree char *list = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, end->door->connection->org_id);
  db_args_int(&args, end->door->connection->connection_id);
  const char *const parts[] = {name->value, name->format, name->name_qualifier, name->sp_name_qualifier};
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    db_args_text(&args, parts[i]);
  db_args_text_array(&args, (const char *const *)indexes, indexes != NULL ? g_strv_length(indexes) : 0,
                     &list);
  return db_query(db, &logout_end, &args, error);
}

static void queue_record(Db *db, const SamlLogoutEnd *end, const char *user_id) {
  SamlRecord record = {.door = end->door,
                       .caller = end->caller,
                       .report = end->report,
                       .what = SAML_WHAT_LOGOUT,
                       .user_id = user_id};
  saml_record_queue(db, &record);
}

static void queue_ended(Db *db, const SamlLogoutEnd *end, const char *session_id, const char *user_id) {
  g_autofree char *actor = g_strconcat("saml:", end->door->connection->slug, NULL);
  g_autoptr(json_t) detail = json_pack("{s:s, s:s}", "session_id", session_id, "why", "identity-provider");
  AuditRecord record = {.org_id = end->door->connection->org_id,
                        .kind = AUDIT_ADMIN,
                        .request_id = end->caller->request_id,
                        .actor = actor,
                        .source_ip = end->caller->ip,
                        .action = "session.end",
                        .subject = user_id,
                        .detail = detail};
  audit_queue(db, &record);
}

typedef struct {
  const SamlLogoutEnd *end;
  SamlReport verified;
} Logout;

static gboolean logout_body(Db *db, gpointer data, GError **error) {
  const Logout *logout = data;
  const SamlLogoutEnd *end = logout->end;
  gboolean first = FALSE;
  *end->report = logout->verified;
  if (!take_message(db, end, &first, error))
    return FALSE;
  if (!first) {
    saml_report_fail(end->report, SAML_CHECK_REPLAY, SAML_REPLAY, end->message->id, NULL);
    queue_record(db, end, NULL);
    return TRUE;
  }
  g_autoptr(DbResult) ended = end_sessions(db, end, error);
  if (ended == NULL)
    return FALSE;
  saml_report_pass(end->report, SAML_CHECK_REPLAY);
  for (int i = 0; i < db_rows(ended); i++)
    queue_ended(db, end, db_text(ended, i, 0), db_text(ended, i, 1));
  queue_record(db, end, db_rows(ended) > 0 ? db_text(ended, 0, 1) : NULL);
  return TRUE;
}

gboolean saml_store_session_logout(DbPool *pool, gint64 deadline, const SamlLogoutEnd *end, GError **error) {
  Logout logout = {end, *end->report};
  return db_tx_run(pool, deadline, logout_body, NULL, &logout, error);
}
