#include "mail/effects.h"

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/text.h"
#include "mail/driver.h"
#include "mail/store_effect.h"

#define CLAIM 100
#define DATABASE_SECONDS 10
#define APPLY_SECONDS 20 /* below the lease, which is renewed before each call that could outlive it */
#define PURGE_SECONDS 300
#define RENEW_US (5 * G_USEC_PER_SEC)
#define BACK_OFF_FIRST_MS 2000
#define BACK_OFF_MOST_MS (15 * 60 * 1000)
#define SECRET_BYTES 4096
#define WHY_BYTES 500

struct MailEffects {
  DbPool *pool;
  char *owner;
  GHashTable *stores; /* "kind url secret-file" → Store */
  gint64 leased_us;   /* when the claims at hand were made or renewed: clock_now */
};

/* A driver that was opened once. */
typedef struct {
  const MailDriverKind *kind;
  MailDriver *driver;
} Store;

static void store_free(gpointer data) {
  Store *store = data;
  store->kind->close(store->driver);
  g_free(store);
}

MailEffects *mail_effects_new(DbPool *pool, const char *owner) {
  char id[CRYPTO_UUID_TEXT_BYTES];
  MailEffects *effects = g_new0(MailEffects, 1);
  effects->pool = pool;
  effects->owner = g_strdup_printf("%s/%.8s", owner, crypto_uuid(id));
  effects->stores = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, store_free);
  return effects;
}

void mail_effects_free(MailEffects *effects) {
  if (effects == NULL)
    return;
  g_hash_table_unref(effects->stores);
  g_free(effects->owner);
  g_free(effects);
}

gint64 mail_effects_back_off(int attempts, double chance) {
  gint64 most = BACK_OFF_FIRST_MS;
  for (int i = 0; i < attempts && most < BACK_OFF_MOST_MS; i++)
    most *= 2;
  return (gint64)((double)MIN(most, BACK_OFF_MOST_MS) * (0.5 + chance));
}

static gboolean read_secret(const char *path, char **secret, GError **error) {
  gsize n = 0;
  *secret = NULL;
  if (path == NULL)
    return TRUE;
  g_autoptr(GError) failure = NULL;
  if (!g_file_get_contents(path, secret, &n, &failure)) {
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "the secret file cannot be read: %s",
                failure->message);
    return FALSE;
  }
  if (n <= SECRET_BYTES) {
    g_strchomp(*secret);
    return TRUE;
  }
  crypto_free_secret(g_steal_pointer(secret));
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "the secret file is over %d bytes",
              SECRET_BYTES);
  return FALSE;
}

static Store *open_store(const MailEffect *effect, GError **error) {
  const MailDriverKind *kind = mail_driver_find(effect->kind);
  if (kind == NULL) {
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "there is no driver \"%s\"",
                effect->kind);
    return NULL;
  }
  char *secret = NULL;
  if (!read_secret(effect->secret_file, &secret, error))
    return NULL;
  MailDriver *driver = kind->open(effect->url, secret, error);
  crypto_free_secret(secret);
  if (driver == NULL)
    return NULL;
  Store *store = g_new0(Store, 1);
  *store = (Store){kind, driver};
  return store;
}

static const Store *find_store(MailEffects *effects, const MailEffect *effect, GError **error) {
  g_autofree char *name = g_strjoin(" ", effect->kind, effect->url, effect->secret_file, NULL);
  Store *store = g_hash_table_lookup(effects->stores, name);
  if (store != NULL)
    return store;
  store = open_store(effect, error);
  if (store != NULL)
    g_hash_table_insert(effects->stores, g_steal_pointer(&name), store);
  return store;
}

static gboolean tell_store(MailEffects *effects, const MailEffect *effect, GError **error) {
  const Store *store = find_store(effects, effect, error);
  if (store == NULL)
    return FALSE;
  if (effect->purge)
    return store->kind->purge(store->driver, effect->address, clock_deadline(PURGE_SECONDS), error);
  MailTarget target = {.org = effect->org,
                       .mailbox_id = effect->mailbox_id,
                       .address = effect->address,
                       .former_address = effect->former,
                       .open = effect->open,
                       .quota_bytes = effect->quota_bytes,
                       .aliases = (const char *const *)effect->aliases,
                       .generation = effect->generation};
  gint64 deadline = clock_deadline(APPLY_SECONDS);
  /* A shut one loses its sessions by itself. */
  if (effect->cut && effect->open && !store->kind->cut(store->driver, effect->address, deadline, NULL, error))
    return FALSE;
  return store->kind->apply(store->driver, &target, deadline, error);
}

static gboolean note_failure(MailEffects *effects, const MailEffect *effect, const GError *why,
                             MailTally *tally, GError **error) {
  g_autofree char *clean = text_clean(why->message, WHY_BYTES);
  mail_tally_fail(tally, why);
  return mail_store_failed(effects->pool, clock_deadline(DATABASE_SECONDS), effect, clean,
                           mail_effects_back_off(effect->attempts, g_random_double()), error);
}

static gboolean do_one(MailEffects *effects, const MailEffect *effect, MailTally *tally, GError **error) {
  g_autoptr(GError) why = NULL;
  if (!tell_store(effects, effect, &why))
    return note_failure(effects, effect, why, tally, error);
  gboolean current = FALSE;
  if (!mail_store_applied(effects->pool, clock_deadline(DATABASE_SECONDS), effect, &current, error))
    return FALSE;
  tally->applied += current ? 1 : 0;
  return TRUE;
}

/* A worker that stood still does nothing more with what it claimed: its lease is over, and others are at it. */
static gboolean keep_lease(MailEffects *effects, const GPtrArray *claimed, guint from, gboolean *ours,
                           GError **error) {
  *ours = TRUE;
  if (clock_now() - effects->leased_us < RENEW_US)
    return TRUE;
  gint64 n = 0, begun = clock_now();
  if (!mail_store_renew(effects->pool, clock_deadline(DATABASE_SECONDS), claimed, from, effects->owner, &n,
                        error))
    return FALSE;
  effects->leased_us = begun;
  *ours = n == claimed->len - from;
  return TRUE;
}

gboolean mail_effects_run(MailEffects *effects, gint64 org_id, MailTally *tally, guint *claimed,
                          GError **error) {
  *claimed = 0;
  effects->leased_us = clock_now();
  g_autoptr(GPtrArray) list =
      mail_store_claim(effects->pool, clock_deadline(DATABASE_SECONDS), effects->owner, org_id, CLAIM, error);
  if (list == NULL)
    return FALSE;
  *claimed = list->len;
  for (guint i = 0; i < list->len; i++) {
    gboolean ours = FALSE;
    if (!keep_lease(effects, list, i, &ours, error))
      return FALSE;
    if (!ours)
      return TRUE;
    if (!do_one(effects, list->pdata[i], tally, error))
      return FALSE;
  }
  return TRUE;
}
