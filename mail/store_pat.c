#include "mail/store_pat.h"

#include <string.h>

#include "audit/audit.h"
#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/record.h"
#include "mail/store_run.h"

#define INSTANT(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
/* Of t, with its owner u and the owner's mailbox m. */
#define PAT_JSON                                                                                             \
  "jsonb_build_object('id', t.token_id, 'name', t.name, 'person', u.user_name, 'user_id', t.user_id,"        \
  " 'login', coalesce(t.login, m.address), 'service', t.user_id IS NULL, 'hint', t.hint,"                    \
  " 'state', CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= now() THEN 'expired'"    \
  "  WHEN t.user_id IS NOT NULL AND (u.active IS NOT TRUE OR m.contained_at IS NOT NULL) THEN 'dormant'"     \
  "  ELSE 'active' END, 'protocols', t.protocols,"                                                           \
  " 'cidrs', t.cidrs, 'created', " INSTANT(                                                                  \
      "t.created_at") ", 'created_by', t.created_by,"                                                        \
                      " 'expires', " INSTANT("t.expires_at") ", 'revoked', " INSTANT(                        \
                          "t.revoked_at") ", 'revoked_why', t.revoked_why,"                                  \
                                          " 'last_used', " INSTANT(                                          \
                                              "t.last_used_at") ", 'last_used_ip', host(t.last_used_ip),"    \
                                                                " 'last_used_protocol', "                    \
                                                                "t.last_used_protocol, 'last_used_client', " \
                                                                "t.last_used_client, 'clients', t.clients)"
#define PAT_OWNER                                                           \
  " LEFT JOIN scim_user u ON u.org_id = t.org_id AND u.user_id = t.user_id" \
  " LEFT JOIN mailbox m ON m.org_id = t.org_id AND m.user_id = t.user_id AND m.state <> 'purged'"

/* WorkMail's names and spellings, so that saved queries keep working; expires_time is in milliseconds since 1970. */
#define RECORD_JSON                                                                                          \
  "jsonb_build_object('user_id', t.user_id, 'user', coalesce(t.login, m.address, u.user_name), 'protocol', " \
  "$3::text,"                                                                                                \
  " 'name', t.name, 'personal_access_token_id', t.token_id::text, 'scopes', t.protocols,"                    \
  " 'expires_time', (extract(epoch FROM t.expires_at) * 1000)::bigint)"

/* One token more at a time for an owner, so that the limit holds. */
static const DbStatement pat_lock = {
    "mail_pat_lock", "SELECT pg_advisory_xact_lock(hashtextextended('gatepost pat ' || $1 || ' ' || $2, 0))"};

static const DbStatement pat_bounds = {
    "mail_pat_bounds", "SELECT coalesce(s.pat_enabled, true), coalesce(s.pat_unlimited, false), "
                       "coalesce(s.pat_default_days, 365),"
                       " coalesce(s.pat_max_days, 3653), coalesce(s.pat_per_person, 20),"
                       " (SELECT count(*) FROM mail_token t WHERE t.org_id = o.org_id AND t.user_id IS NOT "
                       "DISTINCT FROM $2::uuid"
                       "  AND t.login IS NOT DISTINCT FROM $3 AND t.revoked_at IS NULL AND "
                       "coalesce(t.expires_at > now(), true)),"
                       " $3::text IS NULL OR EXISTS (SELECT 1 FROM domain d WHERE d.org_id = o.org_id AND "
                       "d.domain = split_part($3, '@', 2)"
                       "  AND d.verified_at IS NOT NULL),"
                       " EXISTS (SELECT 1 FROM mail_address a WHERE a.address = $3 AND a.mailbox_id IS NOT "
                       "NULL)"
                       " OR EXISTS (SELECT 1 FROM mailbox m WHERE m.org_id = o.org_id AND m.address = $3 AND "
                       "m.state <> 'purged')"
                       " FROM org o LEFT JOIN mail_setting s USING (org_id) WHERE o.org_id = $1"};

static const DbStatement pat_insert = {"mail_pat_insert",
                                       "INSERT INTO mail_token (org_id, user_id, login, name, hash, "
                                       "hash_grouped, hint, protocols, cidrs, created_by, expires_at)"
                                       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[]::cidr[], $10, "
                                       "now() + make_interval(days => $11::int))"
                                       " RETURNING token_id"};

static const DbStatement pat_one = {"mail_pat_one",
                                    "SELECT " PAT_JSON ", " RECORD_JSON " FROM mail_token t" PAT_OWNER
                                    " WHERE t.org_id = $1 AND t.token_id = $2"};

/* With the first setting comes the first rule, without which no token would be let in. */
static const DbStatement pat_setting = {
    "mail_pat_setting", "INSERT INTO mail_setting (org_id) VALUES ($1) ON CONFLICT DO NOTHING"};

typedef struct {
  const MailScope *scope;
  const MailPatWish *wish;
  const char *secret, *name, *why, *user_id;
  const gint64 *token_ids;
  gint64 token_id, n;
  json_t *made;
} Change;

static json_t *json_at(const DbResult *result, int row, int column) {
  const char *text = db_text(result, row, column);
  return jsontext_load(text, strlen(text), NULL);
}

/* The token as it is now in the transaction; its record is queued. */
static json_t *tell(Db *db, const Change *change, gint64 token_id, const char *action, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_int(&args, token_id);
  db_args_text(&args, change->scope->channel);
  g_autoptr(DbResult) result = db_query(db, &pat_one, &args, error);
  if (result == NULL)
    return NULL;
  json_t *token = json_at(result, 0, 0), *detail = json_at(result, 0, 1);
  json_object_set_new(detail, "action", json_string(action));
  if (change->why != NULL)
    json_object_set_new(detail, "why", json_string(change->why));
  g_autofree char *name = g_strconcat("pat.", action, NULL);
  mail_record(db, change->scope, AUDIT_PERSONAL_ACCESS_TOKEN, name,
              json_string_value(json_object_get(token, "user_id")), detail);
  return token;
}

static gboolean lock_owner(Db *db, const Change *change, GError **error) {
  const MailPatWish *wish = change->wish;
  g_autofree char *org = g_strdup_printf("%" G_GINT64_FORMAT, change->scope->org_id);
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, org);
  db_args_text(&args, wish->owner != NULL ? wish->owner->user_id : wish->login);
  g_autoptr(DbResult) result = db_query(db, &pat_lock, &args, error);
  return result != NULL;
}

static gboolean check_bounds(Db *db, const Change *change, gint64 *days, GError **error) {
  const MailPatWish *wish = change->wish;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  g_autoptr(DbResult) set = db_query(db, &pat_setting, &args, error);
  if (set == NULL)
    return FALSE;
  db_args_text(&args, wish->owner != NULL ? wish->owner->user_id : NULL);
  db_args_text(&args, wish->login);
  g_autoptr(DbResult) result = db_query(db, &pat_bounds, &args, error);
  if (result == NULL)
    return FALSE;
  MailPatBounds bounds = {.enabled = db_bool(result, 0, 0),
                          .unlimited = db_bool(result, 0, 1),
                          .default_days = db_int(result, 0, 2),
                          .max_days = db_int(result, 0, 3),
                          .per_person = db_int(result, 0, 4)};
  if (!db_bool(result, 0, 6) || db_bool(result, 0, 7)) {
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_PAT_LOGIN,
                   db_bool(result, 0, 7) ? "%s is the address of a mailbox, or was until lately"
                                         : "%s is in no domain that this organisation has proved",
                   wish->login);
    return FALSE;
  }
  return mail_pat_bounds(&bounds, db_int(result, 0, 5), wish->days, days, error);
}

static gboolean insert(Db *db, Change *change, gint64 days, GError **error) {
  const MailPatWish *wish = change->wish;
  guint8 plain[CRYPTO_SHA256_BYTES], grouped[CRYPTO_SHA256_BYTES];
  char hint[MAIL_TOKEN_HINT_BYTES];
  g_autofree char *protocols = NULL, *cidrs = NULL, *life = NULL;
  mail_token_hashes(change->secret, plain, grouped);
  if (days != MAIL_PAT_FOREVER)
    life = g_strdup_printf("%" G_GINT64_FORMAT, days);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, wish->owner != NULL ? wish->owner->user_id : NULL);
  db_args_text(&args, wish->login);
  db_args_text(&args, wish->name);
  db_args_bytes(&args, plain, sizeof plain);
  db_args_bytes(&args, grouped, sizeof grouped);
  db_args_text(&args, mail_token_hint(change->secret, hint));
  db_args_text_array(&args, wish->protocols, g_strv_length((char **)wish->protocols), &protocols);
  db_args_text_array(&args, wish->cidrs, g_strv_length((char **)wish->cidrs), &cidrs);
  db_args_text(&args, change->scope->actor);
  db_args_text(&args, life);
  g_autoptr(DbResult) result = db_query(db, &pat_insert, &args, error);
  if (result == NULL)
    return FALSE;
  change->token_id = db_int(result, 0, 0);
  return TRUE;
}

static gboolean create_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  gint64 days = 0;
  json_decref(change->made);
  change->made = NULL;
  if (!lock_owner(db, change, error) || !check_bounds(db, change, &days, error) ||
      !insert(db, change, days, error))
    return FALSE;
  change->made = tell(db, change, change->token_id, "create", error);
  return change->made != NULL;
}

json_t *mail_store_pat_create(const MailScope *scope, const MailPatWish *wish, const char *secret,
                              GError **error) {
  Change change = {.scope = scope, .wish = wish, .secret = secret};
  if (db_tx_run(scope->pool, scope->deadline, create_body, NULL, &change, error))
    return change.made;
  json_decref(change.made);
  return NULL;
}

static const DbStatement pat_list = {
    "mail_pat_list",
    "SELECT coalesce(jsonb_agg(" PAT_JSON
    " ORDER BY u.user_name_key, t.token_id), '[]') FROM mail_token t" PAT_OWNER
    " WHERE t.org_id = $1 AND ($2::uuid IS NULL OR t.user_id = $2)"
    " AND (NOT ($3 OR $4) OR (t.revoked_at IS NULL AND coalesce(t.expires_at > now(), true)))"
    " AND (NOT $3 OR greatest(t.created_at, t.last_used_at) < now() - interval '90 days' OR t.last_used_at "
    "IS NULL)"
    " AND (NOT $4 OR t.expires_at < now() + interval '30 days')"};

json_t *mail_store_pat_list(const MailScope *scope, const MailPatFilter *filter, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, filter->user_id);
  db_args_bool(&args, filter->unused);
  db_args_bool(&args, filter->expiring);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &pat_list, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

static void no_token(gint64 token_id, GError **error) {
  mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_PAT,
                 "there is no personal access token %" G_GINT64_FORMAT, token_id);
}

static const DbStatement pat_rename = {
    "mail_pat_rename",
    "UPDATE mail_token SET name = $3 WHERE org_id = $1 AND token_id = $2 RETURNING token_id"};

static gboolean rename_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_int(&args, change->token_id);
  db_args_text(&args, change->name);
  g_autoptr(DbResult) result = db_query(db, &pat_rename, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) == 0) {
    no_token(change->token_id, error);
    return FALSE;
  }
  g_autoptr(json_t) token = tell(db, change, change->token_id, "rename", error);
  return token != NULL;
}

gboolean mail_store_pat_rename(const MailScope *scope, gint64 token_id, const char *name, GError **error) {
  Change change = {.scope = scope, .token_id = token_id, .name = name};
  return db_tx_run(scope->pool, scope->deadline, rename_body, NULL, &change, error);
}

static const DbStatement pat_find = {
    "mail_pat_find",
    "SELECT revoked_at IS NOT NULL FROM mail_token WHERE org_id = $1 AND token_id = $2 FOR UPDATE"};
static const DbStatement pat_revoke = {
    "mail_pat_revoke",
    "UPDATE mail_token SET revoked_at = now(), revoked_why = $3 WHERE org_id = $1 AND token_id = $2"
    " AND revoked_at IS NULL RETURNING token_id"};

/* What it opened ends with it; mail programs with another secret sign in again by themselves. */
static const DbStatement pat_cut = {
    "mail_pat_cut",
    "UPDATE mailbox m SET cut = true, desired_gen = m.desired_gen + 1, dirty_since = now(), attempts = 0,"
    " not_before = NULL FROM mail_token t WHERE t.org_id = $1 AND t.token_id = $2 AND m.org_id = t.org_id"
    " AND m.user_id = t.user_id AND m.state = 'active' AND m.origin <> 'found'"};

static void queue_cut(Db *db, const Change *change, gint64 token_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_int(&args, token_id);
  db_queue(db, &pat_cut, &args, NULL);
}

static gboolean revoke_one(Db *db, const Change *change, gint64 token_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_int(&args, token_id);
  g_autoptr(DbResult) found = db_query(db, &pat_find, &args, error);
  if (found == NULL)
    return FALSE;
  if (db_rows(found) == 0) {
    no_token(token_id, error);
    return FALSE;
  }
  if (db_bool(found, 0, 0)) {
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_PAT_ENDED,
                   "token %" G_GINT64_FORMAT " was revoked before", token_id);
    return FALSE;
  }
  db_args_text(&args, change->why);
  g_autoptr(DbResult) done = db_query(db, &pat_revoke, &args, error);
  if (done == NULL)
    return FALSE;
  queue_cut(db, change, token_id);
  g_autoptr(json_t) token = tell(db, change, token_id, "delete", error);
  return token != NULL;
}

static gboolean revoke_body(Db *db, gpointer data, GError **error) {
  const Change *change = data;
  for (gint64 i = 0; i < change->n; i++)
    if (!revoke_one(db, change, change->token_ids[i], error))
      return FALSE;
  return TRUE;
}

gboolean mail_store_pat_revoke(const MailScope *scope, const gint64 *token_ids, gsize n, const char *why,
                               GError **error) {
  Change change = {.scope = scope, .token_ids = token_ids, .n = (gint64)n, .why = why};
  if (!db_tx_run(scope->pool, scope->deadline, revoke_body, NULL, &change, error))
    return FALSE;
  mail_store_notify(scope->pool, scope->deadline,
                    NULL); /* a hint: the worker looks every second all the same */
  return TRUE;
}

static const DbStatement pat_live = {
    "mail_pat_live",
    "SELECT token_id FROM mail_token WHERE org_id = $1 AND user_id = $2 AND revoked_at IS NULL"
    " AND coalesce(expires_at > now(), true) ORDER BY token_id FOR UPDATE"};

static gboolean revoke_all_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->user_id);
  g_autoptr(DbResult) live = db_query(db, &pat_live, &args, error);
  if (live == NULL)
    return FALSE;
  change->n = db_rows(live);
  for (int i = 0; i < db_rows(live); i++)
    if (!revoke_one(db, change, db_int(live, i, 0), error))
      return FALSE;
  return TRUE;
}

gboolean mail_store_pat_revoke_all(const MailScope *scope, const char *user_id, const char *why, gint64 *n,
                                   GError **error) {
  Change change = {.scope = scope, .user_id = user_id, .why = why};
  if (!db_tx_run(scope->pool, scope->deadline, revoke_all_body, NULL, &change, error))
    return FALSE;
  mail_store_notify(scope->pool, scope->deadline, NULL);
  *n = change.n;
  return TRUE;
}
