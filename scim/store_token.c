#include "scim/store_token.h"

#include <jansson.h>

#include "lib/crypto.h"

/* The columns that read_row takes, in its order. Arrays travel as JSON, times as microseconds. */
#define MICROSECONDS(column) "coalesce((extract(epoch from t." column ") * 1000000)::bigint, 0)"
#define SELECT_TOKEN                                                                                         \
  "SELECT t.org_id, t.source_id, t.token_id, o.name, s.name, t.name, t.hint, t.profile,"                     \
  " to_json(t.lenient_off)::text, to_json(t.domains)::text, to_json(t.cidrs::text[])::text, t.suspend_only," \
  " coalesce(t.rate, 0), coalesce(t.rotated_to, 0), " MICROSECONDS("created_at") ", " MICROSECONDS(          \
      "expires_at") ","                                                                                      \
                    " " MICROSECONDS("revoked_at") ", " MICROSECONDS(                                        \
                        "last_used_at") ", host(t.last_used_ip), t.last_used_agent"                          \
                                        " FROM scim_token t JOIN org o USING (org_id) JOIN source s USING "  \
                                        "(org_id, source_id) "

static char **read_texts(const char *text) {
  json_t *array = json_loads(text, 0, NULL);
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  size_t i;
  json_t *value;
  json_array_foreach(array, i, value) {
    g_ptr_array_add(texts, g_strdup(json_string_value(value)));
  }
  json_decref(array);
  g_ptr_array_add(texts, NULL);
  return (char **)g_ptr_array_steal(texts, NULL);
}

/* A network this program cannot read would widen the token if it were skipped: it becomes one that nobody is in. */
static Cidr *read_cidrs(const char *text, gsize *n) {
  g_auto(GStrv) texts = read_texts(text);
  *n = g_strv_length(texts);
  Cidr *cidrs = g_new0(Cidr, *n);
  const char *why = NULL;
  for (gsize i = 0; i < *n; i++) {
    if (!cidr_parse(texts[i], &cidrs[i], &why))
      cidrs[i] = (Cidr){.bits = 128};
  }
  return cidrs;
}

static ScimToken *read_row(const DbResult *result, int row) {
  ScimToken *token = g_new0(ScimToken, 1);
  token->org_id = db_int(result, row, 0);
  token->source_id = db_int(result, row, 1);
  token->token_id = db_int(result, row, 2);
  token->org_name = g_strdup(db_text(result, row, 3));
  token->source_name = g_strdup(db_text(result, row, 4));
  token->name = g_strdup(db_text(result, row, 5));
  token->hint = g_strdup(db_text(result, row, 6));
  token->profile = g_strdup(db_text(result, row, 7));
  token->lenient_off = read_texts(db_text(result, row, 8));
  token->domains = read_texts(db_text(result, row, 9));
  token->cidrs = read_cidrs(db_text(result, row, 10), &token->n_cidrs);
  token->suspend_only = db_bool(result, row, 11);
  token->rate = db_int(result, row, 12);
  token->rotated_to = db_int(result, row, 13);
  token->created_us = db_int(result, row, 14);
  token->expires_us = db_int(result, row, 15);
  token->revoked_us = db_int(result, row, 16);
  token->last_used_us = db_int(result, row, 17);
  token->last_used_ip = g_strdup(db_text(result, row, 18));
  token->last_used_agent = g_strdup(db_text(result, row, 19));
  return token;
}

static ScimToken *read_first(const DbResult *result) {
  return result != NULL && db_rows(result) > 0 ? read_row(result, 0) : NULL;
}

static const DbStatement token_by_hash = {"scim_token_by_hash", SELECT_TOKEN "WHERE t.hash = $1"};

ScimToken *scim_store_token_by_hash(DbPool *pool, gint64 deadline, const guint8 secret_hash[32],
                                    GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_bytes(&args, secret_hash, CRYPTO_SHA256_BYTES);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &token_by_hash, &args, error);
  return read_first(result);
}

static const DbStatement token_by_id = {"scim_token_by_id",
                                        SELECT_TOKEN "WHERE t.org_id = $1 AND t.token_id = $2"};

ScimToken *scim_store_token_by_id(DbPool *pool, gint64 deadline, gint64 org_id, gint64 token_id,
                                  GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, token_id);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &token_by_id, &args, error);
  return read_first(result);
}

static const DbStatement token_all = {"scim_token_all", SELECT_TOKEN
                                      "WHERE t.org_id = $1 ORDER BY t.created_at DESC, t.token_id DESC"};

GPtrArray *scim_store_token_all(DbPool *pool, gint64 deadline, gint64 org_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &token_all, &args, error);
  if (result == NULL)
    return NULL;
  GPtrArray *tokens = g_ptr_array_new_with_free_func((GDestroyNotify)scim_token_free);
  for (int i = 0; i < db_rows(result); i++)
    g_ptr_array_add(tokens, read_row(result, i));
  return tokens;
}

static const DbStatement token_lock = {"scim_token_lock", SELECT_TOKEN
                                       "WHERE t.org_id = $1 AND t.token_id = $2 FOR UPDATE OF t"};

ScimToken *scim_store_token_lock(Db *db, gint64 org_id, gint64 token_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, token_id);
  g_autoptr(DbResult) result = db_query(db, &token_lock, &args, error);
  return read_first(result);
}

static const DbStatement token_exists = {"scim_token_exists", "SELECT 1 FROM scim_token WHERE hash = $1"};

gboolean scim_store_token_exists(Db *db, const guint8 secret_hash[32], gboolean *exists, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_bytes(&args, secret_hash, CRYPTO_SHA256_BYTES);
  g_autoptr(DbResult) result = db_query(db, &token_exists, &args, error);
  if (result == NULL)
    return FALSE;
  *exists = db_rows(result) > 0;
  return TRUE;
}

static void add_texts(DbArgs *args, const char *const *texts, char **keep) {
  db_args_text_array(args, texts, texts != NULL ? g_strv_length((char **)texts) : 0, keep);
}

static const DbStatement token_insert = {
    "scim_token_insert",
    "INSERT INTO scim_token (org_id, source_id, name, hash, hint, profile, lenient_off, cidrs, domains,"
    " suspend_only, rate, expires_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text[]::cidr[], $9, $10, nullif($11::integer, 0),"
    " CASE WHEN $12::integer > 0 THEN now() + make_interval(days => $12::integer) END) RETURNING token_id"};

gint64 scim_store_token_insert(Db *db, const ScimTokenSpec *spec, const guint8 secret_hash[32],
                               const char *hint, GError **error) {
  g_autofree char *lenient_off = NULL, *cidrs = NULL, *domains = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, spec->org_id);
  db_args_int(&args, spec->source_id);
  db_args_text(&args, spec->name);
  db_args_bytes(&args, secret_hash, CRYPTO_SHA256_BYTES);
  db_args_text(&args, hint);
  db_args_text(&args, spec->profile);
  add_texts(&args, spec->lenient_off, &lenient_off);
  add_texts(&args, spec->cidrs, &cidrs);
  add_texts(&args, spec->domains, &domains);
  db_args_bool(&args, spec->suspend_only);
  db_args_int(&args, spec->rate);
  db_args_int(&args, spec->days);
  g_autoptr(DbResult) result = db_query(db, &token_insert, &args, error);
  return result != NULL ? db_int(result, 0, 0) : 0;
}

static const DbStatement token_succeed = {
    "scim_token_succeed",
    "INSERT INTO scim_token (org_id, source_id, name, hash, hint, profile, lenient_off, cidrs, domains,"
    " suspend_only, rate, expires_at)"
    " SELECT org_id, source_id, name, $3, $4, profile, lenient_off, cidrs, domains, suspend_only, rate,"
    " CASE WHEN $5::integer > 0 THEN now() + make_interval(days => $5::integer) END"
    " FROM scim_token WHERE org_id = $1 AND token_id = $2 RETURNING token_id"};

gint64 scim_store_token_succeed(Db *db, const ScimTokenRotation *rotation, const guint8 secret_hash[32],
                                const char *hint, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, rotation->org_id);
  db_args_int(&args, rotation->token_id);
  db_args_bytes(&args, secret_hash, CRYPTO_SHA256_BYTES);
  db_args_text(&args, hint);
  db_args_int(&args, rotation->days);
  g_autoptr(DbResult) result = db_query(db, &token_succeed, &args, error);
  return result != NULL ? db_int(result, 0, 0) : 0;
}

static const DbStatement token_retire = {
    "scim_token_retire",
    "UPDATE scim_token SET rotated_to = $3,"
    " expires_at = least(expires_at, now() + make_interval(hours => $4::integer))" /* least ignores NULL */
    " WHERE org_id = $1 AND token_id = $2"};

void scim_store_token_retire(Db *db, const ScimTokenRotation *rotation, gint64 successor) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, rotation->org_id);
  db_args_int(&args, rotation->token_id);
  db_args_int(&args, successor);
  db_args_int(&args, rotation->overlap_hours);
  db_queue(db, &token_retire, &args, NULL);
}

static const DbStatement token_revoke = {
    "scim_token_revoke", "UPDATE scim_token SET revoked_at = now() WHERE org_id = $1 AND token_id = $2"};

void scim_store_token_revoke(Db *db, gint64 org_id, gint64 token_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, token_id);
  db_queue(db, &token_revoke, &args, NULL);
}
