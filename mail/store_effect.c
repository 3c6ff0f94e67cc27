#include "mail/store_effect.h"

#define LEASE "interval '30 seconds'" /* MAIL_LEASE_SECONDS */

void mail_effect_free(MailEffect *effect) {
  if (effect == NULL)
    return;
  g_free(effect->org);
  g_free(effect->mailbox_id);
  g_free(effect->address);
  g_free(effect->former);
  g_strfreev(effect->aliases);
  g_free(effect->kind);
  g_free(effect->url);
  g_free(effect->secret_file);
  g_free(effect);
}

static const DbStatement claim = {
    "mail_effect_claim",
    "WITH pick AS (SELECT m.org_id, m.mailbox_id FROM mailbox m WHERE m.desired_gen <> m.applied_gen"
    " AND ($2::bigint = 0 OR m.org_id = $2) AND m.origin <> 'found'"
    " AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())"
    " AND (m.not_before IS NULL OR m.not_before <= clock_timestamp())"
    " AND NOT EXISTS (SELECT 1 FROM mail_setting s WHERE s.org_id = m.org_id AND s.paused_at IS NOT NULL)"
    " ORDER BY m.open, m.dirty_since LIMIT $3 FOR UPDATE OF m SKIP LOCKED)"
    " UPDATE mailbox m SET lease_owner = $1, lease_epoch = m.lease_epoch + 1,"
    " lease_until = clock_timestamp() + " LEASE " FROM pick, org o, mail_backend b"
    " WHERE m.org_id = pick.org_id AND m.mailbox_id = pick.mailbox_id AND o.org_id = m.org_id AND b.backend "
    "= m.backend"
    " RETURNING m.org_id, o.name, m.mailbox_id::text, m.address,"
    " (SELECT a.address FROM mail_address a WHERE a.org_id = m.org_id AND a.mailbox_id = m.mailbox_id"
    " AND a.kind = 'former' ORDER BY a.until DESC LIMIT 1),"
    " (SELECT string_agg(a.address, ',' ORDER BY a.address) FROM mail_address a WHERE a.org_id = m.org_id"
    " AND a.mailbox_id = m.mailbox_id AND a.kind IN ('alias', 'former')),"
    " m.desired_gen, m.lease_epoch, coalesce(m.quota_override, m.quota_bytes, 0), m.attempts, m.open,"
    " m.state = 'purged', m.cut, b.kind, b.url, b.secret_file"};

static MailEffect *read_effect(const DbResult *result, int row) {
  MailEffect *effect = g_new0(MailEffect, 1);
  const char *aliases = db_text(result, row, 5);
  effect->org_id = db_int(result, row, 0);
  effect->org = g_strdup(db_text(result, row, 1));
  effect->mailbox_id = g_strdup(db_text(result, row, 2));
  effect->address = g_strdup(db_text(result, row, 3));
  effect->former = g_strdup(db_text(result, row, 4));
  effect->aliases = g_strsplit(aliases != NULL ? aliases : "", ",", -1);
  effect->generation = db_int(result, row, 6);
  effect->epoch = db_int(result, row, 7);
  effect->quota_bytes = db_int(result, row, 8);
  effect->attempts = (int)db_int(result, row, 9);
  effect->open = db_bool(result, row, 10);
  effect->purge = db_bool(result, row, 11);
  effect->cut = db_bool(result, row, 12);
  effect->kind = g_strdup(db_text(result, row, 13));
  effect->url = g_strdup(db_text(result, row, 14));
  effect->secret_file = g_strdup(db_text(result, row, 15));
  return effect;
}

GPtrArray *mail_store_claim(DbPool *pool, gint64 deadline, const char *owner, gint64 org_id, gint64 limit,
                            GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, owner);
  db_args_int(&args, org_id);
  db_args_int(&args, limit);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &claim, &args, error);
  if (result == NULL)
    return NULL;
  GPtrArray *effects = g_ptr_array_new_with_free_func((GDestroyNotify)mail_effect_free);
  for (int i = 0; i < db_rows(result); i++)
    g_ptr_array_add(effects, read_effect(result, i));
  return effects;
}

/* sessions: when the store was seen to follow, by name of its state; told once. Addresses of a purged mailbox are freed
 * only now: until its mail is gone the store must find it by them. */
static const DbStatement applied = {
    "mail_effect_applied",
    "WITH done AS (UPDATE mailbox SET applied_gen = $3, cut = false, attempts = 0, last_error = NULL, "
    "not_before = NULL,"
    " lease_owner = NULL, lease_until = NULL,"
    " doors = CASE WHEN doors->'sessions'->>'state' = CASE WHEN open THEN 'open' ELSE 'shut' END"
    " THEN doors ELSE coalesce(doors, '{}') || jsonb_build_object('sessions', jsonb_build_object("
    "'state', CASE WHEN open THEN 'open' ELSE 'shut' END, 'at', clock_timestamp())) END"
    " WHERE org_id = $1 AND mailbox_id = $2::uuid AND desired_gen = $3 AND lease_epoch = $4"
    " RETURNING mailbox_id, state),"
    " freed AS (UPDATE mail_address a SET kind = 'resting', until = now() + make_interval(days => "
    "s.rest_days)"
    " FROM done, mail_setting s WHERE done.state = 'purged' AND s.org_id = $1 AND a.org_id = $1"
    " AND a.mailbox_id = done.mailbox_id AND a.kind <> 'resting') SELECT mailbox_id FROM done"};
/* What came from a stale worker may have undone what a newer one did: whoever comes next does it again. */
static const DbStatement stale = {
    "mail_effect_stale",
    "UPDATE mailbox SET desired_gen = CASE WHEN lease_epoch = $3 THEN desired_gen ELSE desired_gen + 1 END,"
    " dirty_since = CASE WHEN desired_gen = applied_gen THEN now() ELSE dirty_since END,"
    " lease_owner = CASE WHEN lease_epoch = $3 THEN NULL ELSE lease_owner END,"
    " lease_until = CASE WHEN lease_epoch = $3 THEN NULL ELSE lease_until END"
    " WHERE org_id = $1 AND mailbox_id = $2::uuid"};

static void add_effect(DbArgs *args, const MailEffect *effect) {
  db_args_int(args, effect->org_id);
  db_args_text(args, effect->mailbox_id);
}

gboolean mail_store_applied(DbPool *pool, gint64 deadline, const MailEffect *effect, gboolean *current,
                            GError **error) {
  DbArgs args = DB_ARGS_INIT;
  add_effect(&args, effect);
  db_args_int(&args, effect->generation);
  db_args_int(&args, effect->epoch);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &applied, &args, error);
  if (result == NULL)
    return FALSE;
  *current = db_rows(result) > 0;
  if (*current)
    return TRUE;
  DbArgs again = DB_ARGS_INIT;
  add_effect(&again, effect);
  db_args_int(&again, effect->epoch);
  g_autoptr(DbResult) dirty = db_pool_read(pool, deadline, &stale, &again, error);
  return dirty != NULL;
}

static const DbStatement failed = {
    "mail_effect_failed",
    "UPDATE mailbox SET attempts = attempts + 1, last_error = $4,"
    " not_before = clock_timestamp() + $5 * interval '1 millisecond', lease_owner = NULL, lease_until = NULL"
    " WHERE org_id = $1 AND mailbox_id = $2::uuid AND lease_epoch = $3"};

gboolean mail_store_failed(DbPool *pool, gint64 deadline, const MailEffect *effect, const char *why,
                           gint64 delay_ms, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  add_effect(&args, effect);
  db_args_int(&args, effect->epoch);
  db_args_text(&args, why);
  db_args_int(&args, delay_ms);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &failed, &args, error);
  return result != NULL;
}

static const DbStatement renew = {
    "mail_effect_renew",
    "UPDATE mailbox SET lease_until = clock_timestamp() + " LEASE " WHERE lease_owner = $1"
    " AND lease_until > clock_timestamp() AND (org_id, mailbox_id) IN"
    " (SELECT o, m FROM unnest($2::bigint[], $3::uuid[]) w(o, m)) RETURNING mailbox_id"};

gboolean mail_store_renew(DbPool *pool, gint64 deadline, const GPtrArray *effects, guint from,
                          const char *owner, gint64 *n, GError **error) {
  g_autoptr(GString) orgs = g_string_new("{"), ids = g_string_new("{");
  for (guint i = from; i < effects->len; i++) {
    const MailEffect *effect = effects->pdata[i];
    g_string_append_printf(orgs, "%s%" G_GINT64_FORMAT, i > from ? "," : "", effect->org_id);
    g_string_append_printf(ids, "%s%s", i > from ? "," : "", effect->mailbox_id);
  }
  g_string_append_c(orgs, '}');
  g_string_append_c(ids, '}');
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, owner);
  db_args_text(&args, orgs->str);
  db_args_text(&args, ids->str);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &renew, &args, error);
  if (result == NULL)
    return FALSE;
  *n = db_rows(result);
  return TRUE;
}

static const DbStatement behind = {
    "mail_effect_behind",
    "SELECT count(*) FROM mailbox WHERE org_id = $1 AND desired_gen <> applied_gen AND origin <> 'found'"};

gboolean mail_store_behind(DbPool *pool, gint64 deadline, gint64 org_id, gint64 *n, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &behind, &args, error);
  if (row == NULL)
    return FALSE;
  *n = db_int(row, 0, 0);
  return TRUE;
}
