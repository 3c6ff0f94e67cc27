#include "mail/store_effect.h"

/* MAIL_LEASE_SECONDS. A purge may take its whole deadline, MAIL_PURGE_SECONDS, in one call, during which nothing is renewed. */
#define LEASE "CASE WHEN m.state = 'purged' THEN interval '330 seconds' ELSE interval '30 seconds' END"

void mail_effect_free(MailEffect *effect) {
  if (effect == NULL)
    return;
  g_free(effect->org);
  g_free(effect->mailbox_id);
  g_free(effect->address);
  g_strfreev(effect->formers);
  g_strfreev(effect->aliases);
  g_strfreev(effect->logins);
  g_free(effect->kind);
  g_free(effect->url);
  g_free(effect->secret_file);
  g_free(effect);
}

/* A pause stops no shutting: whoever is out stays out, and whose token was revoked loses what it opened. */
/* The bare name, where it can be no other mailbox's. */
#define BARE                                                                                              \
  "(SELECT split_part(m.address, '@', 1) FROM mail_lone_org l WHERE l.org_id = m.org_id AND NOT EXISTS (" \
  "SELECT 1 FROM mail_address a WHERE split_part(a.address, '@', 1) = split_part(m.address, '@', 1)"      \
  " AND a.kind <> 'list' AND a.mailbox_id <> m.mailbox_id))"
/* A name that the store was told and that another one has by now is no former one: a store would rename that one's mailbox. */
static const DbStatement claim = {
    "mail_effect_claim",
    "WITH pick AS (SELECT m.org_id, m.mailbox_id FROM mailbox m WHERE m.desired_gen <> m.applied_gen"
    " AND m.backend = $4 AND ($2::bigint = 0 OR m.org_id = $2) AND m.origin <> 'found'"
    " AND (m.lease_until IS NULL OR m.lease_until < clock_timestamp())"
    " AND (m.not_before IS NULL OR m.not_before <= clock_timestamp())"
    " AND (m.state <> 'purged' AND (m.cut OR NOT m.open) OR NOT EXISTS (SELECT 1 FROM mail_setting s"
    " WHERE s.org_id = m.org_id AND s.paused_at IS NOT NULL))"
    " ORDER BY m.state = 'purged', m.open, m.dirty_since LIMIT $3 FOR UPDATE OF m SKIP LOCKED)"
    " UPDATE mailbox m SET lease_owner = $1, lease_epoch = m.lease_epoch + 1,"
    " lease_until = clock_timestamp() + " LEASE
    ", told_addresses = CASE WHEN m.address = ANY (m.told_addresses)"
    " THEN m.told_addresses ELSE m.told_addresses || m.address END FROM pick, org o, mail_backend b"
    " WHERE m.org_id = pick.org_id AND m.mailbox_id = pick.mailbox_id AND o.org_id = m.org_id AND b.backend "
    "= m.backend"
    " RETURNING m.org_id, o.name, m.mailbox_id::text, m.address,"
    " array_to_string(ARRAY(SELECT t.told FROM unnest(m.told_addresses) WITH ORDINALITY t(told, n) WHERE "
    "t.told <> m.address AND NOT EXISTS (SELECT 1 FROM mail_address a WHERE a.address = t.told"
    " AND a.kind <> 'resting' AND a.mailbox_id IS DISTINCT FROM m.mailbox_id) ORDER BY t.n), ','),"
    " (SELECT string_agg(a.address, ',' ORDER BY a.address) FROM mail_address a WHERE a.org_id = m.org_id"
    " AND a.mailbox_id = m.mailbox_id AND a.kind IN ('alias', 'former')),"
    " m.desired_gen, m.lease_epoch, coalesce(m.quota_override, m.quota_bytes, 0), m.attempts, m.open,"
    " m.state = 'purged', m.cut, b.kind, b.url, b.secret_file, CASE WHEN m.cut OR NOT m.open THEN " BARE
    " END"};

static char **read_logins(const MailEffect *effect, const char *bare) {
  g_autoptr(GStrvBuilder) logins = g_strv_builder_new();
  if (!effect->cut && effect->open)
    return g_strv_builder_end(logins);
  g_strv_builder_addv(logins, (const char **)effect->aliases);
  if (bare != NULL)
    g_strv_builder_add(logins, bare);
  return g_strv_builder_end(logins);
}

static MailEffect *read_effect(const DbResult *result, int row) {
  MailEffect *effect = g_new0(MailEffect, 1);
  const char *aliases = db_text(result, row, 5);
  effect->org_id = db_int(result, row, 0);
  effect->org = g_strdup(db_text(result, row, 1));
  effect->mailbox_id = g_strdup(db_text(result, row, 2));
  effect->address = g_strdup(db_text(result, row, 3));
  effect->formers = g_strsplit(db_text(result, row, 4), ",", -1);
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
  effect->logins = read_logins(effect, db_text(result, row, 16));
  return effect;
}

/* Purges last: what is claimed with one must not wait for it. */
static gint by_urgency(gconstpointer a, gconstpointer b) {
  const MailEffect *first = *(const MailEffect *const *)a, *second = *(const MailEffect *const *)b;
  if (first->purge != second->purge)
    return first->purge - second->purge;
  return first->open - second->open;
}

GPtrArray *mail_store_claim(DbPool *pool, gint64 deadline, const MailClaim *wanted, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, wanted->owner);
  db_args_int(&args, wanted->org_id);
  db_args_int(&args, wanted->limit);
  db_args_text(&args, wanted->backend);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &claim, &args, error);
  if (result == NULL)
    return NULL;
  GPtrArray *effects = g_ptr_array_new_with_free_func((GDestroyNotify)mail_effect_free);
  for (int i = 0; i < db_rows(result); i++)
    g_ptr_array_add(effects, read_effect(result, i));
  g_ptr_array_sort(effects, by_urgency);
  return effects;
}

/* Effects as SQL arrays of one length. By value; clear it. */
typedef struct {
  GString *orgs, *ids, *generations, *epochs;
} Lists;

static void lists_clear(Lists *lists) {
  GString **all[] = {&lists->orgs, &lists->ids, &lists->generations, &lists->epochs};
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
    g_string_free(*all[i], TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lists, lists_clear)

static Lists lists_new(void) {
  return (Lists){g_string_new("{"), g_string_new("{"), g_string_new("{"), g_string_new("{")};
}

static void lists_add(Lists *lists, const MailEffect *effect) {
  const char *comma = lists->orgs->len > 1 ? "," : "";
  g_string_append_printf(lists->orgs, "%s%" G_GINT64_FORMAT, comma, effect->org_id);
  g_string_append_printf(lists->ids, "%s%s", comma, effect->mailbox_id);
  g_string_append_printf(lists->generations, "%s%" G_GINT64_FORMAT, comma, effect->generation);
  g_string_append_printf(lists->epochs, "%s%" G_GINT64_FORMAT, comma, effect->epoch);
}

static void lists_end(Lists *lists, DbArgs *args) {
  GString *all[] = {lists->orgs, lists->ids, lists->generations, lists->epochs};
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
    db_args_text(args, g_string_append_c(all[i], '}')->str);
}

/* Always in this order, as the planner locks them: two who want some of the same never wait for each other. */
#define LOCKED                                                                                \
  "w AS (SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[])"          \
  " w(org_id, mailbox_id, generation, epoch)),"                                               \
  " locked AS MATERIALIZED (SELECT org_id, mailbox_id, generation, epoch FROM mailbox JOIN w" \
  " USING (org_id, mailbox_id) ORDER BY mailbox_id FOR UPDATE OF mailbox)"

/* sessions: when the store was seen to follow, by name of its state; told once. Addresses of a purged mailbox are freed
 * only now: until its mail is gone the store must find it by them. */
static const DbStatement applied = {
    "mail_effect_applied",
    "WITH " LOCKED
    ", done AS (UPDATE mailbox m SET applied_gen = l.generation, told_addresses = ARRAY[m.address], "
    "cut = false, attempts = 0, "
    "last_error = NULL,"
    " not_before = NULL, lease_owner = NULL, lease_until = NULL,"
    " doors = CASE WHEN doors->'sessions'->>'state' = CASE WHEN open THEN 'open' ELSE 'shut' END"
    " THEN doors ELSE coalesce(doors, '{}') || jsonb_build_object('sessions', jsonb_build_object("
    "'state', CASE WHEN open THEN 'open' ELSE 'shut' END, 'at', clock_timestamp())) END"
    " FROM locked l WHERE m.org_id = l.org_id AND m.mailbox_id = l.mailbox_id AND m.desired_gen = "
    "l.generation"
    " AND m.lease_epoch = l.epoch RETURNING m.org_id, m.mailbox_id, m.state),"
    " freed AS (UPDATE mail_address a SET kind = 'resting', until = now() + make_interval(days => "
    "s.rest_days)"
    " FROM done, mail_setting s WHERE done.state = 'purged' AND s.org_id = done.org_id AND a.org_id = "
    "done.org_id"
    " AND a.mailbox_id = done.mailbox_id AND a.kind <> 'resting') SELECT mailbox_id::text FROM done"};
/* What came from a stale worker may have undone what a newer one did: whoever comes next does it again. The store knows the mailbox
 * by the name it was told, although that was changed again meanwhile. */
static const DbStatement stale = {
    "mail_effect_stale",
    "WITH " LOCKED
    " UPDATE mailbox m SET told_addresses = CASE WHEN lease_epoch = l.epoch THEN ARRAY[t.address] ELSE "
    "told_addresses END,"
    " desired_gen = CASE WHEN lease_epoch = l.epoch THEN desired_gen "
    "ELSE desired_gen + 1 END,"
    " dirty_since = CASE WHEN desired_gen = applied_gen THEN now() ELSE dirty_since END,"
    " lease_owner = CASE WHEN lease_epoch = l.epoch THEN NULL ELSE lease_owner END,"
    " lease_until = CASE WHEN lease_epoch = l.epoch THEN NULL ELSE lease_until END"
    " FROM locked l JOIN unnest($2::uuid[], $5::text[]) t(mailbox_id, address) USING (mailbox_id)"
    " WHERE m.org_id = l.org_id AND m.mailbox_id = l.mailbox_id RETURNING m.mailbox_id"};

static gboolean write_stale(DbPool *pool, gint64 deadline, const GArray *outcomes, const DbResult *done,
                            GError **error) {
  g_auto(Lists) lists = lists_new();
  g_autoptr(GHashTable) current = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) told = g_ptr_array_new();
  g_autofree char *keep = NULL;
  DbArgs args = DB_ARGS_INIT;
  for (int i = 0; i < db_rows(done); i++)
    g_hash_table_add(current, (gpointer)db_text(done, i, 0));
  for (guint i = 0; i < outcomes->len; i++) {
    const MailOutcome *outcome = &g_array_index(outcomes, MailOutcome, i);
    if (outcome->why != NULL || g_hash_table_contains(current, outcome->effect->mailbox_id))
      continue;
    lists_add(&lists, outcome->effect);
    g_ptr_array_add(told, outcome->effect->address);
  }
  lists_end(&lists, &args);
  db_args_text_array(&args, (const char *const *)told->pdata, told->len, &keep);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &stale, &args, error);
  return result != NULL;
}

static gboolean write_applied(DbPool *pool, gint64 deadline, const GArray *outcomes, guint *current,
                              GError **error) {
  g_auto(Lists) lists = lists_new();
  DbArgs args = DB_ARGS_INIT;
  guint n = 0;
  for (guint i = 0; i < outcomes->len; i++) {
    const MailOutcome *outcome = &g_array_index(outcomes, MailOutcome, i);
    if (outcome->why != NULL)
      continue;
    lists_add(&lists, outcome->effect);
    n++;
  }
  *current = 0;
  if (n == 0)
    return TRUE;
  lists_end(&lists, &args);
  g_autoptr(DbResult) done = db_pool_read(pool, deadline, &applied, &args, error);
  if (done == NULL)
    return FALSE;
  *current = (guint)db_rows(done);
  return *current == n || write_stale(pool, deadline, outcomes, done, error);
}

static const DbStatement failed = {
    "mail_effect_failed",
    "UPDATE mailbox SET attempts = attempts + 1, last_error = $4,"
    " not_before = clock_timestamp() + $5 * interval '1 millisecond', lease_owner = NULL, lease_until = NULL"
    " WHERE org_id = $1 AND mailbox_id = $2::uuid AND lease_epoch = $3"};

static gboolean write_failed(DbPool *pool, gint64 deadline, const MailOutcome *outcome, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, outcome->effect->org_id);
  db_args_text(&args, outcome->effect->mailbox_id);
  db_args_int(&args, outcome->effect->epoch);
  db_args_text(&args, outcome->why);
  db_args_int(&args, outcome->delay_ms);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &failed, &args, error);
  return result != NULL;
}

gboolean mail_store_outcomes(DbPool *pool, gint64 deadline, const GArray *outcomes, guint *current,
                             GError **error) {
  for (guint i = 0; i < outcomes->len; i++) {
    const MailOutcome *outcome = &g_array_index(outcomes, MailOutcome, i);
    if (outcome->why != NULL && !write_failed(pool, deadline, outcome, error))
      return FALSE;
  }
  return write_applied(pool, deadline, outcomes, current, error);
}

static const DbStatement renew = {
    "mail_effect_renew",
    "WITH " LOCKED " UPDATE mailbox m SET lease_until = clock_timestamp() + " LEASE
    " FROM locked l WHERE m.org_id = l.org_id AND m.mailbox_id = l.mailbox_id AND m.lease_epoch = l.epoch"
    " AND m.lease_owner = $5 AND m.lease_until > clock_timestamp() RETURNING m.mailbox_id"};

gboolean mail_store_renew(DbPool *pool, gint64 deadline, const GPtrArray *effects, guint from,
                          const char *owner, gint64 *n, GError **error) {
  g_auto(Lists) lists = lists_new();
  DbArgs args = DB_ARGS_INIT;
  for (guint i = from; i < effects->len; i++)
    lists_add(&lists, effects->pdata[i]);
  lists_end(&lists, &args);
  db_args_text(&args, owner);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &renew, &args, error);
  if (result == NULL)
    return FALSE;
  *n = db_rows(result);
  return TRUE;
}

static const DbStatement release = {
    "mail_effect_release",
    "WITH " LOCKED
    " UPDATE mailbox m SET lease_owner = NULL, lease_until = NULL FROM locked l WHERE m.org_id = l.org_id"
    " AND m.mailbox_id = l.mailbox_id AND m.lease_epoch = l.epoch RETURNING m.mailbox_id"};

gboolean mail_store_release(DbPool *pool, gint64 deadline, const GPtrArray *effects, guint from,
                            GError **error) {
  g_auto(Lists) lists = lists_new();
  DbArgs args = DB_ARGS_INIT;
  for (guint i = from; i < effects->len; i++)
    lists_add(&lists, effects->pdata[i]);
  lists_end(&lists, &args);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &release, &args, error);
  return result != NULL;
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

static const DbStatement backends = {"mail_effect_backends",
                                     "SELECT backend FROM mail_backend ORDER BY backend"};

char **mail_store_backends(DbPool *pool, gint64 deadline, GError **error) {
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &backends, NULL, error);
  if (result == NULL)
    return NULL;
  char **names = g_new0(char *, (gsize)db_rows(result) + 1);
  for (int i = 0; i < db_rows(result); i++)
    names[i] = g_strdup(db_text(result, i, 0));
  return names;
}
