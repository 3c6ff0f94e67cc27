#include "mail/effects.h"

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/text.h"
#include "lib/thread.h"
#include "mail/backend.h"
#include "mail/store_effect.h"

#define CLAIM_LEAST 50
#define CLAIM_MOST 1000
#define DATABASE_SECONDS 10
#define FIND_LEAST 8     /* newcomers that are worth one question */
#define APPLY_SECONDS 20 /* below the lease, which is renewed before each call that could outlive it */
#define RENEW_US (5 * G_USEC_PER_SEC)
#define TURN_US G_USEC_PER_SEC
#define WRITE_US (G_USEC_PER_SEC / 5) /* what was done is written together, but not much later */
#define BACK_OFF_FIRST_MS 2000
#define BACK_OFF_MOST_MS (15 * 60 * 1000)
#define WHY_BYTES 500

struct MailEffects {
  DbPool *pool;
  char *owner, *backend;
  ThreadMonitor lock; /* guards what follows; what is in stores stays */
  gint64 claim;       /* at most at once: more as long as that much is done within a turn */
  GHashTable *stores; /* "kind url secret-file" → Store */
};

/* What was claimed together; times are clock_now's. */
typedef struct {
  MailEffects *effects;
  MailTally *tally;
  GPtrArray *list;  /* MailEffect */
  GArray *outcomes; /* MailOutcome, not yet written */
  gint64 claimed_us, leased_us, written_us;
  gboolean found; /* the store has all that are plain */
} Turn;

static void close_backend(gpointer backend) {
  mail_backend_close(backend);
}

static void outcome_clear(gpointer data) {
  MailOutcome *outcome = data;
  g_free(outcome->why);
}

static void turn_clear(Turn *turn) {
  g_clear_pointer(&turn->outcomes, g_array_unref);
  g_clear_pointer(&turn->list, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Turn, turn_clear)

MailEffects *mail_effects_new(DbPool *pool, const char *owner, const char *backend) {
  char id[CRYPTO_UUID_TEXT_BYTES];
  MailEffects *effects = g_new0(MailEffects, 1);
  effects->pool = pool;
  effects->owner = g_strdup_printf("%s/%.8s", owner, crypto_uuid(id));
  effects->backend = g_strdup(backend);
  thread_monitor_init(&effects->lock);
  effects->claim = CLAIM_LEAST;
  effects->stores = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_backend);
  return effects;
}

void mail_effects_free(MailEffects *effects) {
  if (effects == NULL)
    return;
  g_hash_table_unref(effects->stores);
  thread_monitor_clear(&effects->lock);
  g_free(effects->owner);
  g_free(effects->backend);
  g_free(effects);
}

gint64 mail_effects_back_off(int attempts, double chance) {
  gint64 most = BACK_OFF_FIRST_MS;
  for (int i = 0; i < attempts && most < BACK_OFF_MOST_MS; i++)
    most *= 2;
  return (gint64)((double)MIN(most, BACK_OFF_MOST_MS) * (0.5 + chance));
}

static const MailBackend *find_locked(MailEffects *effects, const MailEffect *effect, GError **error) {
  g_autofree char *name = g_strjoin(" ", effect->kind, effect->url, effect->secret_file, NULL);
  MailBackend *store = g_hash_table_lookup(effects->stores, name);
  if (store != NULL)
    return store;
  store = mail_backend_open(effect->kind, effect->url, effect->secret_file, error);
  if (store != NULL)
    g_hash_table_insert(effects->stores, g_steal_pointer(&name), store);
  return store;
}

static const MailBackend *find_store(MailEffects *effects, const MailEffect *effect, GError **error) {
  thread_monitor_enter(&effects->lock);
  const MailBackend *store = find_locked(effects, effect, error);
  thread_monitor_leave(&effects->lock);
  return store;
}

/* Under which name the store knows it: several only when a worker was stopped between telling a rename and writing that down.
 * Sessions under the others end. */
static gboolean find_former(const MailBackend *store, const MailEffect *effect, gint64 deadline,
                            const char **former, GError **error) {
  *former = effect->formers[0];
  if (*former == NULL || effect->formers[1] == NULL)
    return TRUE;
  *former = NULL;
  for (guint i = 0; effect->formers[i] != NULL; i++) {
    MailReport report = {0};
    if (!store->kind->look(store->driver, effect->formers[i], deadline, &report, error))
      return FALSE;
    if (!report.exists)
      continue;
    if (*former != NULL && !store->kind->cut(store->driver, effect->formers[i], deadline, NULL, error))
      return FALSE;
    if (*former == NULL)
      *former = effect->formers[i];
  }
  return TRUE;
}

/* The mail server's own password database may let in by an alias, a former name or a bare one, and then its sessions run under that.
 * A store that does not list knows mailboxes only. */
static gboolean cut_logins(const MailBackend *store, const MailEffect *effect, gint64 deadline,
                           GError **error) {
  for (guint i = 0; store->kind->online != NULL && effect->logins[i] != NULL; i++)
    if (!store->kind->cut(store->driver, effect->logins[i], deadline, NULL, error))
      return FALSE;
  return TRUE;
}

static gboolean tell_store(MailEffects *effects, const MailEffect *effect, GError **error) {
  const MailBackend *store = find_store(effects, effect, error);
  if (store == NULL)
    return FALSE;
  if (effect->purge)
    return store->kind->purge(store->driver, effect->address, clock_deadline(MAIL_PURGE_SECONDS), error);
  MailTarget target = {.org = effect->org,
                       .mailbox_id = effect->mailbox_id,
                       .address = effect->address,
                       .open = effect->open,
                       .quota_bytes = effect->quota_bytes,
                       .aliases = (const char *const *)effect->aliases,
                       .generation = effect->generation};
  gint64 deadline = clock_deadline(APPLY_SECONDS);
  if (!find_former(store, effect, deadline, &target.former_address, error))
    return FALSE;
  /* A shut one loses its sessions by itself. */
  if (effect->cut && effect->open && !store->kind->cut(store->driver, effect->address, deadline, NULL, error))
    return FALSE;
  return store->kind->apply(store->driver, &target, deadline, error) &&
         cut_logins(store, effect, deadline, error);
}

/* Open, and not renamed: the store has only to find it. */
static gboolean is_plain(const MailEffect *effect) {
  return effect->open && !effect->purge && !effect->cut && effect->formers[0] == NULL;
}

static char **plain_addresses(const Turn *turn) {
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (guint i = 0; i < turn->list->len; i++) {
    const MailEffect *effect = turn->list->pdata[i];
    if (is_plain(effect))
      g_strv_builder_add(builder, effect->address);
  }
  return g_strv_builder_end(builder);
}

/* Many newcomers in one question. When the answer is no or none, each is asked for alone, and says what is the matter. */
static gboolean finds_all(Turn *turn) {
  if (turn->list->len < FIND_LEAST)
    return FALSE;
  const MailBackend *store = find_store(turn->effects, turn->list->pdata[0], NULL);
  g_auto(GStrv) addresses = plain_addresses(turn);
  return store != NULL && store->kind->finds != NULL && g_strv_length(addresses) >= FIND_LEAST &&
         store->kind->finds(store->driver, (const char *const *)addresses, clock_deadline(APPLY_SECONDS),
                            NULL);
}

static void do_one(Turn *turn, const MailEffect *effect) {
  g_autoptr(GError) why = NULL;
  MailOutcome outcome = {.effect = effect};
  if (!(turn->found && is_plain(effect)) && !tell_store(turn->effects, effect, &why)) {
    mail_tally_fail(turn->tally, why);
    outcome.why = text_clean(why->message, WHY_BYTES);
    outcome.delay_ms = mail_effects_back_off(effect->attempts, g_random_double());
  }
  g_array_append_val(turn->outcomes, outcome);
}

static gboolean write_outcomes(Turn *turn, GError **error) {
  guint current = 0;
  turn->written_us = clock_now();
  if (turn->outcomes->len == 0)
    return TRUE;
  if (!mail_store_outcomes(turn->effects->pool, clock_deadline(DATABASE_SECONDS), turn->outcomes, &current,
                           error))
    return FALSE;
  turn->tally->applied += current;
  g_array_set_size(turn->outcomes, 0);
  return TRUE;
}

/* A worker that stood still does nothing more with what it claimed: its lease is over, and others are at it. */
static gboolean keep_lease(Turn *turn, guint from, gboolean *ours, GError **error) {
  *ours = TRUE;
  if (clock_now() - turn->leased_us < RENEW_US)
    return TRUE;
  gint64 n = 0, begun = clock_now();
  if (!mail_store_renew(turn->effects->pool, clock_deadline(DATABASE_SECONDS), turn->list, from,
                        turn->effects->owner, &n, error))
    return FALSE;
  turn->leased_us = begun;
  *ours = n == turn->list->len - from;
  return TRUE;
}

static gboolean do_turn(Turn *turn, guint *begun, GError **error) {
  for (*begun = 0; *begun < turn->list->len; (*begun)++) {
    gboolean ours = FALSE, told = turn->found && is_plain(turn->list->pdata[*begun]);
    if (!told && clock_now() - turn->claimed_us > TURN_US)
      return TRUE;
    if (!keep_lease(turn, *begun, &ours, error))
      return FALSE;
    if (!ours)
      return TRUE;
    do_one(turn, turn->list->pdata[*begun]);
    if (clock_now() - turn->written_us > WRITE_US && !write_outcomes(turn, error))
      return FALSE;
  }
  return TRUE;
}

static gint64 claim_size(MailEffects *effects) {
  thread_monitor_enter(&effects->lock);
  gint64 n = effects->claim;
  thread_monitor_leave(&effects->lock);
  return n;
}

static void learn_size(MailEffects *effects, const Turn *turn, guint begun) {
  gboolean all = begun == turn->list->len;
  thread_monitor_enter(&effects->lock);
  if (!all)
    effects->claim = CLAIM_LEAST;
  else if (turn->list->len >= effects->claim)
    effects->claim = MIN(effects->claim * 2, CLAIM_MOST);
  thread_monitor_leave(&effects->lock);
}

gboolean mail_effects_run(MailEffects *effects, gint64 org_id, MailTally *tally, guint *claimed,
                          GError **error) {
  MailClaim claim = {effects->owner, effects->backend, org_id, claim_size(effects)};
  g_auto(Turn) turn = {.effects = effects, .tally = tally};
  turn.claimed_us = turn.leased_us = turn.written_us = clock_now();
  *claimed = 0;
  turn.list = mail_store_claim(effects->pool, clock_deadline(DATABASE_SECONDS), &claim, error);
  if (turn.list == NULL)
    return FALSE;
  *claimed = turn.list->len;
  if (turn.list->len == 0)
    return TRUE;
  turn.outcomes = g_array_new(FALSE, FALSE, sizeof(MailOutcome));
  g_array_set_clear_func(turn.outcomes, outcome_clear);
  turn.found = finds_all(&turn);
  guint begun = 0;
  if (!do_turn(&turn, &begun, error) || !write_outcomes(&turn, error))
    return FALSE;
  learn_size(effects, &turn, begun);
  return begun == turn.list->len ||
         mail_store_release(effects->pool, clock_deadline(DATABASE_SECONDS), turn.list, begun, error);
}
