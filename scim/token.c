#include "scim/token.h"

#include "audit/audit.h"
#include "lib/clock.h"
#include "lib/token.h"
#include "scim/error.h"
#include "scim/store_token.h"

void scim_token_free(ScimToken *token) {
  if (token == NULL)
    return;
  g_free(token->org_name);
  g_free(token->source_name);
  g_free(token->name);
  g_free(token->hint);
  g_free(token->profile);
  g_strfreev(token->lenient_off);
  g_strfreev(token->domains);
  g_free(token->cidrs);
  g_free(token->last_used_ip);
  g_free(token->last_used_agent);
  g_free(token);
}

guint64 scim_token_allowed(const ScimToken *token) {
  const ScimProfile *profile = scim_profile_find(token->profile);
  guint64 allowed = profile != NULL ? profile->allowed : 0;
  for (char **name = token->lenient_off; name != NULL && *name != NULL; name++) {
    ScimLeniency leniency;
    if (scim_dialect_find(*name, &leniency))
      allowed &= ~(G_GUINT64_CONSTANT(1) << leniency);
  }
  return allowed;
}

ScimToken *scim_token_find(DbPool *pool, gint64 deadline, const guint8 hash[32], GError **error) {
  GError *local = NULL;
  ScimToken *token = scim_store_token_by_hash(pool, deadline, hash, &local);
  if (token == NULL && local == NULL)
    local = g_error_new(SCIM_ERROR, SCIM_ERROR_TOKEN_UNKNOWN,
                        "this token is not one of ours; copy it again, or make a new one");
  if (local != NULL)
    g_propagate_error(error, local);
  return token;
}

static char *join_cidrs(const ScimToken *token) {
  GString *text = g_string_new(NULL);
  char one[CIDR_TEXT_BYTES];
  for (gsize i = 0; i < token->n_cidrs; i++)
    g_string_append_printf(text, "%s%s",
                           i == 0                    ? ""
                           : i + 1 == token->n_cidrs ? " or "
                                                     : ", ",
                           cidr_format(&token->cidrs[i], one));
  return g_string_free(text, FALSE);
}

static gboolean check_address(const ScimToken *token, const IpAddress *client, GError **error) {
  if (token->n_cidrs == 0)
    return TRUE;
  if (client != NULL && cidr_any_contains(token->cidrs, token->n_cidrs, client))
    return TRUE;
  char from[CIDR_TEXT_BYTES];
  g_autofree char *allowed = join_cidrs(token);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOKEN_ADDRESS,
              "the token \"%s\" may only be used from %s; this came from %s", token->name, allowed,
              client != NULL ? cidr_address_format(client, from) : "an unknown address");
  return FALSE;
}

gboolean scim_token_check(const ScimToken *token, gint64 now_us, const IpAddress *client, GError **error) {
  char day[CLOCK_TEXT_BYTES];
  if (token->revoked_us != 0) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOKEN_REVOKED, "the token \"%s\" was revoked on %s",
                token->name, clock_format_day(token->revoked_us, day));
    return FALSE;
  }
  if (token->expires_us != 0 && token->expires_us <= now_us) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOKEN_EXPIRED, "the token \"%s\" expired on %s", token->name,
                clock_format_day(token->expires_us, day));
    return FALSE;
  }
  return check_address(token, client, error);
}

/* One change to the tokens of an organisation, as its transaction body sees it. */
typedef struct {
  const char *actor;
  gint64 org_id, token_id;
  char request_id[CRYPTO_UUID_TEXT_BYTES];
  const ScimTokenSpec *spec;         /* create */
  const ScimTokenRotation *rotation; /* rotate */
  char secret[TOKEN_TEXT_BYTES];
  guint8 hash[CRYPTO_SHA256_BYTES];
} Change;

static void change_clear(Change *change) {
  crypto_wipe(change->secret, sizeof change->secret);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Change, change_clear)

static void new_secret(Change *change) {
  token_new(TOKEN_PREFIX_SCIM, change->secret);
  token_hash(change->secret, change->hash);
}

/* Takes the reference of detail. */
static void record(Db *db, const Change *change, gint64 token_id, const char *action, json_t *detail) {
  g_autofree char *subject = g_strdup_printf("%" G_GINT64_FORMAT, token_id);
  AuditRecord row = {.org_id = change->org_id,
                     .kind = AUDIT_ADMIN,
                     .request_id = change->request_id,
                     .actor = change->actor,
                     .action = action,
                     .subject = subject,
                     .detail = detail};
  audit_queue(db, &row);
  json_decref(detail);
}

static json_t *texts_json(const char *const *texts) {
  json_t *array = json_array();
  for (; texts != NULL && *texts != NULL; texts++)
    json_array_append_new(array, json_string(*texts));
  return array;
}

static json_t *describe(const ScimTokenSpec *spec, const char *hint) {
  json_t *detail = json_object();
  json_object_set_new(detail, "name", json_string(spec->name));
  json_object_set_new(detail, "hint", json_string(hint));
  json_object_set_new(detail, "source", json_integer(spec->source_id));
  json_object_set_new(detail, "profile", json_string(spec->profile));
  json_object_set_new(detail, "without", texts_json(spec->lenient_off));
  json_object_set_new(detail, "cidrs", texts_json(spec->cidrs));
  json_object_set_new(detail, "domains", texts_json(spec->domains));
  json_object_set_new(detail, "suspend_only", json_boolean(spec->suspend_only));
  json_object_set_new(detail, "rate", json_integer(spec->rate));
  json_object_set_new(detail, "days", json_integer(spec->days));
  return detail;
}

static gboolean create_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  const char *hint = token_hint(change->secret);
  gint64 id = scim_store_token_insert(db, change->spec, change->hash, hint, error);
  if (id == 0)
    return FALSE;
  record(db, change, id, "scim-token.create", describe(change->spec, hint));
  return TRUE;
}

/* The hash is random: its row exists exactly when the transaction that made it was committed. */
static gboolean settle_by_hash(Db *db, gpointer data, DbSettled *settled, GError **error) {
  Change *change = data;
  gboolean exists = FALSE;
  if (!scim_store_token_exists(db, change->hash, &exists, error))
    return FALSE;
  *settled = exists ? DB_SETTLED_YES : DB_SETTLED_NO;
  return TRUE;
}

/* Runs a change that makes a token and reads back what was made. */
static ScimToken *make(DbPool *pool, gint64 deadline, DbTxBody body, Change *change, char **secret,
                       GError **error) {
  new_secret(change);
  crypto_uuid(change->request_id);
  if (!db_tx_run(pool, deadline, body, settle_by_hash, change, error))
    return NULL;
  ScimToken *token = scim_token_find(pool, deadline, change->hash, error);
  if (token != NULL)
    *secret = g_strdup(change->secret);
  return token;
}

ScimToken *scim_token_create(DbPool *pool, gint64 deadline, const char *actor, const ScimTokenSpec *spec,
                             char **secret, GError **error) {
  g_auto(Change) change = {.actor = actor, .org_id = spec->org_id, .spec = spec};
  return make(pool, deadline, create_body, &change, secret, error);
}

/* The row under its lock; NULL with NOT_FOUND. */
static ScimToken *lock(Db *db, const Change *change, GError **error) {
  GError *local = NULL;
  ScimToken *token = scim_store_token_lock(db, change->org_id, change->token_id, &local);
  if (token == NULL && local == NULL)
    local = g_error_new(SCIM_ERROR, SCIM_ERROR_NOT_FOUND, "there is no SCIM token %" G_GINT64_FORMAT,
                        change->token_id);
  if (local != NULL)
    g_propagate_error(error, local);
  return token;
}

static gboolean may_rotate(const ScimToken *token, GError **error) {
  char day[CLOCK_TEXT_BYTES];
  if (token->revoked_us != 0) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOKEN_REVOKED,
                "the token \"%s\" was revoked on %s; create a new one", token->name,
                clock_format_day(token->revoked_us, day));
    return FALSE;
  }
  if (token->rotated_to != 0) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_UNIQUENESS,
                "the token \"%s\" already has a successor, %" G_GINT64_FORMAT "; rotate that one",
                token->name, token->rotated_to);
    return FALSE;
  }
  return TRUE;
}

static gboolean rotate_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  const ScimTokenRotation *rotation = change->rotation;
  g_autoptr(ScimToken) old = lock(db, change, error);
  if (old == NULL || !may_rotate(old, error))
    return FALSE;
  const char *hint = token_hint(change->secret);
  gint64 id = scim_store_token_succeed(db, rotation, change->hash, hint, error);
  if (id == 0)
    return FALSE;
  scim_store_token_retire(db, rotation, id);
  record(db, change, old->token_id, "scim-token.rotate",
         json_pack("{s:s, s:I, s:s, s:I, s:I}", "name", old->name, "successor", (json_int_t)id, "hint", hint,
                   "overlap_hours", (json_int_t)rotation->overlap_hours, "days", (json_int_t)rotation->days));
  return TRUE;
}

ScimToken *scim_token_rotate(DbPool *pool, gint64 deadline, const char *actor,
                             const ScimTokenRotation *rotation, char **secret, GError **error) {
  g_auto(Change) change = {
      .actor = actor, .org_id = rotation->org_id, .token_id = rotation->token_id, .rotation = rotation};
  return make(pool, deadline, rotate_body, &change, secret, error);
}

static gboolean revoke_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  g_autoptr(ScimToken) token = lock(db, change, error);
  if (token == NULL)
    return FALSE;
  if (token->revoked_us != 0)
    return TRUE;
  scim_store_token_revoke(db, change->org_id, change->token_id);
  record(db, change, change->token_id, "scim-token.revoke",
         json_pack("{s:s, s:s}", "name", token->name, "hint", token->hint));
  return TRUE;
}

/* A revocation in doubt was made or not; making it (again) settles both. */
static gboolean settle_again(Db *db, gpointer data, DbSettled *settled, GError **error) {
  (void)db, (void)data, (void)error;
  *settled = DB_SETTLED_NO;
  return TRUE;
}

gboolean scim_token_revoke(DbPool *pool, gint64 deadline, const char *actor, gint64 org_id, gint64 token_id,
                           GError **error) {
  g_auto(Change) change = {.actor = actor, .org_id = org_id, .token_id = token_id};
  crypto_uuid(change.request_id);
  return db_tx_run(pool, deadline, revoke_body, settle_again, &change, error);
}

ScimToken *scim_token_get(DbPool *pool, gint64 deadline, gint64 org_id, gint64 token_id, GError **error) {
  GError *local = NULL;
  ScimToken *token = scim_store_token_by_id(pool, deadline, org_id, token_id, &local);
  if (token == NULL && local == NULL)
    local =
        g_error_new(SCIM_ERROR, SCIM_ERROR_NOT_FOUND, "there is no SCIM token %" G_GINT64_FORMAT, token_id);
  if (local != NULL)
    g_propagate_error(error, local);
  return token;
}

GPtrArray *scim_token_list(DbPool *pool, gint64 deadline, gint64 org_id, GError **error) {
  return scim_store_token_all(pool, deadline, org_id, error);
}
