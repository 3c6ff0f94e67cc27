#include "saml/store_admin.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/jsontext.h"

void saml_admin_record(Db *db, const SamlScope *scope, const char *action, const char *subject,
                       json_t *detail) {
  g_autoptr(json_t) keep G_GNUC_UNUSED = detail;
  char request_id[CRYPTO_UUID_TEXT_BYTES];
  AuditRecord record = {.org_id = scope->org_id,
                        .kind = AUDIT_ADMIN,
                        .request_id = crypto_uuid(request_id),
                        .actor = scope->actor,
                        .action = action,
                        .subject = subject,
                        .detail = detail};
  audit_queue(db, &record);
}

static json_t *json_at(const DbResult *rows, int column, GError **error) {
  const char *text = db_text(rows, 0, column);
  return jsontext_load(text, strlen(text), error);
}

static json_t *read_json(const SamlScope *scope, const DbStatement *statement, const DbArgs *args,
                         GError **error) {
  g_autoptr(DbResult) rows = db_pool_read(scope->pool, scope->deadline, statement, args, error);
  if (rows == NULL)
    return NULL;
  return db_rows(rows) == 0 ? json_null() : json_at(rows, 0, error);
}

/* ---- looking */

#define SOME_DAYS "(extract(epoch FROM k.not_after - now()) / 86400)::integer"

static const DbStatement list = {
    "saml_admin_list",
    "SELECT coalesce(json_agg(json_build_object('slug', c.slug, 'name', c.name, 'source', s.name, 'state', "
    "c.state, 'idp', c.idp_entity_id,"
    " 'replaces', r.slug, 'pending', (SELECT count(*) FROM saml_idp_key k WHERE k.org_id = c.org_id AND "
    "k.connection_id ="
    " c.connection_id AND k.state = 'pending'), 'days', (SELECT min(" SOME_DAYS
    ") FROM saml_idp_key k WHERE k.org_id = c.org_id AND"
    " k.connection_id = c.connection_id AND k.state = 'trusted'), 'sessions', (SELECT count(*) FROM "
    "web_session_now w WHERE w.org_id ="
    " c.org_id AND w.connection_id = c.connection_id), 'last', (SELECT max(t.at) FROM saml_trace t WHERE "
    "t.org_id = c.org_id AND"
    " t.connection_id = c.connection_id)) ORDER BY c.slug), '[]')::text FROM saml_connection c"
    " JOIN source s ON s.org_id = c.org_id AND s.source_id = c.source_id"
    " LEFT JOIN saml_connection r ON r.org_id = c.org_id AND r.connection_id = c.replaces WHERE c.org_id = "
    "$1"};

json_t *saml_store_admin_list(const SamlScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  return read_json(scope, &list, &args, error);
}

static const DbStatement show = {
    "saml_admin_show",
    "SELECT json_build_object('slug', c.slug, 'name', c.name, 'source', s.name, 'state', c.state, 'idp', "
    "c.idp_entity_id, 'sso', c.sso_url,"
    " 'sso_binding', c.sso_binding, 'slo', c.slo_url, 'slo_binding', c.slo_binding, 'logout_issuers', "
    "to_json(c.logout_issuers),"
    " 'replaces', r.slug, 'subject', c.subject_source, 'join', c.join_rule, 'signed', c.signed_what, "
    "'name_id_format', c.name_id_format,"
    " 'contexts', to_json(c.contexts), 'force_authn', c.force_authn, 'allow_cbc', c.allow_cbc, "
    "'enforce_address', c.enforce_address,"
    " 'skew_seconds', c.skew_seconds, 'session_hours', c.max_session_hours, 'metadata_url', c.metadata_url,"
    " 'metadata_read', c.metadata_at, 'metadata_until', c.metadata_until, 'metadata_error', c.metadata_error,"
    " 'idp_keys', coalesce((SELECT json_agg(json_build_object('fingerprint', k.fingerprint, 'state', "
    "k.state, 'ends', k.not_after,"
    " 'days', " SOME_DAYS
    ", 'last_used', k.last_used_at) ORDER BY k.added_at) FROM saml_idp_key k WHERE k.org_id = c.org_id AND"
    " k.connection_id = c.connection_id AND k.state <> 'removed'), '[]'),"
    " 'own_keys', coalesce((SELECT json_agg(json_build_object('purpose', k.purpose, 'state', k.state, "
    "'ends', k.not_after, 'days', " SOME_DAYS
    ") ORDER BY k.purpose, k.key_id) FROM saml_own_key k WHERE k.org_id = c.org_id AND k.connection_id = "
    "c.connection_id), '[]'),"
    " 'skew_seen_ms', (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY t.skew_ms) FROM (SELECT skew_ms "
    "FROM saml_trace t WHERE t.org_id ="
    " c.org_id AND t.connection_id = c.connection_id AND t.skew_ms IS NOT NULL AND t.failure IS NULL ORDER "
    "BY t.at DESC LIMIT 21) "
    "t),"
    " 'bound', (SELECT count(*) FROM saml_binding b WHERE b.org_id = c.org_id AND b.connection_id = "
    "c.connection_id))::text"
    " FROM saml_connection c JOIN source s ON s.org_id = c.org_id AND s.source_id = c.source_id"
    " LEFT JOIN saml_connection r ON r.org_id = c.org_id AND r.connection_id = c.replaces WHERE c.org_id = "
    "$1 AND c.slug = $2"};

json_t *saml_store_admin_show(const SamlScope *scope, const char *slug, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, slug);
  return read_json(scope, &show, &args, error);
}

#define TRACE                                                                                         \
  "json_build_object('trace', t.trace, 'at', t.at, 'connection', c.slug, 'what', t.what, 'failure', " \
  "t.failure, 'person', u.user_name,"                                                                 \
  " 'from', host(t.source_ip), 'saw', t.saw, 'wanted', t.wanted, 'skew_ms', t.skew_ms, 'checks', t.checks)"

static const DbStatement traces = {
    "saml_admin_traces",
    "SELECT coalesce(json_agg(x.j ORDER BY x.at DESC), '[]')::text FROM (SELECT t.at, " TRACE
    " AS j FROM saml_connection c"
    " JOIN saml_trace t ON t.org_id = c.org_id AND t.connection_id = c.connection_id"
    " LEFT JOIN scim_user u ON u.org_id = t.org_id AND u.user_id = t.user_id"
    " WHERE c.org_id = $1 AND c.slug = $2 ORDER BY t.at DESC LIMIT $3) x"};

json_t *saml_store_admin_traces(const SamlScope *scope, const char *slug, gint64 limit, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, slug);
  db_args_int(&args, limit);
  return read_json(scope, &traces, &args, error);
}

static const DbStatement trace = {
    "saml_admin_trace", "SELECT " TRACE "::text FROM saml_trace t"
                        " JOIN saml_connection c ON c.org_id = t.org_id AND c.connection_id = t.connection_id"
                        " LEFT JOIN scim_user u ON u.org_id = t.org_id AND u.user_id = t.user_id WHERE "
                        "t.org_id = $1 AND t.trace = $2"};

json_t *saml_store_admin_trace(const SamlScope *scope, const char *name, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, name);
  return read_json(scope, &trace, &args, error);
}

/* ---- changing */

typedef struct {
  const SamlScope *scope;
  const char *slug, *state;
  const SamlWish *wish;
  gboolean found;
} Change;

static void add_switch(DbArgs *args, int value) {
  db_args_text(args, value < 0 ? NULL : value > 0 ? "true" : "false");
}

static void add_number(DbArgs *args, gint64 value) {
  if (value < 0)
    db_args_text(args, NULL);
  else
    db_args_int(args, value);
}

static void add_list(DbArgs *args, const char *const *texts, char **keep) {
  if (texts == NULL)
    db_args_text(args, NULL);
  else
    db_args_text_array(args, texts, g_strv_length((char **)texts), keep);
}

/* $3…: in the order of wish_args. */
static const DbStatement set = {
    "saml_admin_set",
    "UPDATE saml_connection SET name = coalesce($3, name), subject_source = coalesce($4, subject_source),"
    " join_rule = coalesce($5, join_rule), signed_what = coalesce($6, signed_what),"
    " name_id_format = CASE WHEN $7 = '' THEN NULL ELSE coalesce($7, name_id_format) END, contexts = "
    "coalesce($8::text[], contexts),"
    " logout_issuers = coalesce($9::text[], logout_issuers), skew_seconds = coalesce($10::integer, "
    "skew_seconds),"
    " max_session_hours = coalesce($11::integer, max_session_hours), force_authn = coalesce($12::boolean, "
    "force_authn),"
    " allow_cbc = coalesce($13::boolean, allow_cbc), enforce_address = coalesce($14::boolean, "
    "enforce_address),"
    " state = coalesce($15, state), version = version + 1 WHERE org_id = $1 AND slug = $2 RETURNING "
    "connection_id"};

DbResult *saml_store_admin_put(Db *db, const SamlScope *scope, const char *slug, const SamlWish *wish,
                               const char *state, GError **error) {
  g_autofree char *contexts = NULL, *issuers = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, slug);
  db_args_text(&args, wish->name);
  db_args_text(&args, wish->subject);
  db_args_text(&args, wish->join);
  db_args_text(&args, wish->signed_what);
  db_args_text(&args, wish->name_id_format);
  add_list(&args, wish->contexts, &contexts);
  add_list(&args, wish->logout_issuers, &issuers);
  add_number(&args, wish->skew_seconds);
  add_number(&args, wish->session_hours);
  add_switch(&args, wish->force_authn);
  add_switch(&args, wish->allow_cbc);
  add_switch(&args, wish->enforce_address);
  db_args_text(&args, state);
  return db_query(db, &set, &args, error);
}

static void put_list(json_t *detail, const char *name, const char *const *texts) {
  if (texts == NULL)
    return;
  json_t *array = json_array();
  for (; *texts != NULL; texts++)
    json_array_append_new(array, json_string(*texts));
  json_object_set_new(detail, name, array);
}

static void put_number(json_t *detail, const char *name, gint64 value) {
  if (value >= 0)
    json_object_set_new(detail, name, json_integer(value));
}

json_t *saml_wish_detail(const SamlWish *wish, const char *state) {
  json_t *detail = json_pack("{s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}", "state", state, "name", wish->name,
                             "subject", wish->subject, "join", wish->join, "signed", wish->signed_what,
                             "name_id_format", wish->name_id_format);
  put_list(detail, "contexts", wish->contexts);
  put_list(detail, "logout_issuers", wish->logout_issuers);
  put_number(detail, "skew_seconds", wish->skew_seconds);
  put_number(detail, "session_hours", wish->session_hours);
  put_number(detail, "force_authn", wish->force_authn);
  put_number(detail, "allow_cbc", wish->allow_cbc);
  put_number(detail, "enforce_address", wish->enforce_address);
  return detail;
}

static gboolean set_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  g_autoptr(DbResult) row =
      saml_store_admin_put(db, change->scope, change->slug, change->wish, change->state, error);
  if (row == NULL)
    return FALSE;
  change->found = db_rows(row) == 1;
  if (change->found)
    saml_admin_record(db, change->scope, "saml.set", change->slug,
                      saml_wish_detail(change->wish, change->state));
  return TRUE;
}

gboolean saml_store_admin_set(const SamlScope *scope, const char *slug, const SamlWish *wish,
                              const char *state, gboolean *found, GError **error) {
  Change change = {.scope = scope, .slug = slug, .wish = wish, .state = state};
  gboolean done = db_tx_run(scope->pool, scope->deadline, set_body, NULL, &change, error);
  *found = change.found;
  return done;
}

static const DbStatement drop = {
    "saml_admin_drop", "DELETE FROM saml_connection WHERE org_id = $1 AND slug = $2 RETURNING slug"};

static gboolean remove_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->slug);
  g_autoptr(DbResult) row = db_query(db, &drop, &args, error);
  if (row == NULL)
    return FALSE;
  change->found = db_rows(row) == 1;
  if (change->found)
    saml_admin_record(db, change->scope, "saml.remove", change->slug, NULL);
  return TRUE;
}

gboolean saml_store_admin_remove(const SamlScope *scope, const char *slug, gboolean *found, GError **error) {
  Change change = {.scope = scope, .slug = slug};
  gboolean done = db_tx_run(scope->pool, scope->deadline, remove_body, NULL, &change, error);
  *found = change.found;
  return done;
}
