#include "mail/drift.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "mail/backend.h"
#include "mail/scan.h"
#include "mail/store_drift.h"
#include "mail/store_scan.h"

#define DATABASE_SECONDS 10
#define ONLINE_SECONDS 10

enum { ROW_ADDRESS, ROW_OPEN, ROW_APPLIED, ROW_QUOTA, ROW_HOME, ROW_ERROR };

/* ---- who is signed in */

static GHashTable *ask_online(const char *kind, const char *url, const char *secret_file, GError **error) {
  g_autoptr(MailBackend) backend = mail_backend_open(kind, url, secret_file, error);
  if (backend == NULL)
    return NULL;
  g_autoptr(GHashTable) logins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (backend->kind->online != NULL &&
      !backend->kind->online(backend->driver, clock_deadline(ONLINE_SECONDS), logins, error))
    return NULL;
  return g_steal_pointer(&logins);
}

/* ---- what the worker mends */

static gboolean repair_one(DbPool *pool, gint64 org_id, Log *log, const DbResult *stores, int row,
                           GError **error) {
  g_autoptr(GError) failure = NULL;
  const char *name = db_text(stores, row, 0);
  g_autoptr(GHashTable) logins =
      ask_online(db_text(stores, row, 1), db_text(stores, row, 2), db_text(stores, row, 3), &failure);
  if (logins == NULL) {
    log_event(log, LOG_WARNING, "mail_store_failed", "code", "GP-4305", "store", name, "why",
              failure->message, NULL);
    return TRUE;
  }
  guint n = 0;
  gint64 cut = 0;
  g_autofree const char **list = (const char **)g_hash_table_get_keys_as_array(logins, &n);
  if (n == 0)
    return TRUE;
  if (!mail_store_drift_cut(pool, clock_deadline(DATABASE_SECONDS), org_id, name, list, n, &cut, error))
    return FALSE;
  char count[24];
  g_snprintf(count, sizeof count, "%" G_GINT64_FORMAT, cut);
  if (cut > 0)
    log_event(log, LOG_WARNING, "sync_cut_again", "store", name, "mailboxes", count, NULL);
  return TRUE;
}

gboolean mail_drift_repair(DbPool *pool, gint64 org_id, Log *log, GError **error) {
  g_autoptr(DbResult) stores = mail_store_drift_backends(pool, clock_deadline(DATABASE_SECONDS), error);
  for (int row = 0; stores != NULL && row < db_rows(stores); row++)
    if (!repair_one(pool, org_id, log, stores, row, error))
      return FALSE;
  return stores != NULL;
}

/* ---- the comparison */

typedef struct {
  const MailScope *scope;
  GHashTable *listed; /* address → MailListed, of one store */
  GHashTable *online;
  json_t *told;
  gint64 counts[6];
} Look;

typedef enum { DRIFT_UNKNOWN, DRIFT_MISSING, DRIFT_QUOTA, DRIFT_HOME, DRIFT_SESSIONS, DRIFT_BEHIND } Drift;

static const struct {
  const char *name, *next;
} drifts[] = {
    {"unknown", "note it: gatepost mailbox scan; then take it over: gatepost mailbox adopt --all"},
    {"missing", "the store does not find it: gatepost dovecot verify --login %s"},
    {"quota", "its own user database wins there; correct it, or: gatepost mailbox set %s --quota AMOUNT"},
    {"home", "its own user database wins there; take its entry out, or correct it"},
    {"sessions", "gatepost sync once cuts them; the worker does so within 15 minutes"},
    {"behind", "the worker tries again by itself: gatepost mailbox show %s"},
};

static void add(Look *look, Drift drift, const char *address, const char *store, const char *ours) {
  g_auto(GStrv) parts = g_strsplit(drifts[drift].next, "%s", 2);
  g_autofree char *next = g_strjoinv(address, parts);
  look->counts[drift]++;
  json_array_append_new(look->told,
                        json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "address", address, "drift",
                                  drifts[drift].name, "store", store, "ours", ours, "next", next));
}

static char *amount(gint64 bytes) {
  return bytes == 0 ? g_strdup("none") : g_strdup_printf("%" G_GINT64_FORMAT, bytes);
}

static void compare_listed(Look *look, const DbResult *rows, int row, const MailListed *listed) {
  const char *address = db_text(rows, row, ROW_ADDRESS), *home = db_text(rows, row, ROW_HOME);
  gint64 quota = db_int(rows, row, ROW_QUOTA);
  if (listed->quota_bytes >= 0 && listed->quota_bytes != quota) {
    g_autofree char *theirs = amount(listed->quota_bytes), *ours = amount(quota);
    add(look, DRIFT_QUOTA, address, theirs, ours);
  }
  if (listed->home != NULL && g_strcmp0(listed->home, home) != 0)
    add(look, DRIFT_HOME, address, listed->home, home);
}

static void compare_row(Look *look, const DbResult *rows, int row) {
  const char *address = db_text(rows, row, ROW_ADDRESS);
  gboolean open = db_bool(rows, row, ROW_OPEN), applied = db_bool(rows, row, ROW_APPLIED);
  const MailListed *listed = look->listed != NULL ? g_hash_table_lookup(look->listed, address) : NULL;
  if (listed != NULL)
    compare_listed(look, rows, row, listed);
  else if (look->listed != NULL && applied && open)
    add(look, DRIFT_MISSING, address, NULL, NULL);
  if (look->online != NULL && !open && applied && g_hash_table_contains(look->online, address))
    add(look, DRIFT_SESSIONS, address, "signed in", "shut");
  if (!applied)
    add(look, DRIFT_BEHIND, address, db_text(rows, row, ROW_ERROR), NULL);
  if (look->listed != NULL)
    g_hash_table_remove(look->listed, address);
}

/* What is left in the list after our rows were taken out of it, as far as it is in our domains and nobody's other address. */
static gboolean compare_rest(Look *look, const MailScanStore *store, GError **error) {
  g_autoptr(json_t) rest = json_array();
  GHashTableIter iter;
  gpointer address, listed;
  if (look->listed == NULL)
    return TRUE;
  g_hash_table_iter_init(&iter, look->listed);
  while (g_hash_table_iter_next(&iter, &address, &listed))
    json_array_append_new(rest, json_string(address));
  g_autoptr(json_t) unknown = mail_store_scan_unknown(look->scope, rest, error);
  gsize i;
  json_t *row;
  json_array_foreach(unknown, i, row) {
    add(look, DRIFT_UNKNOWN, json_string_value(row), store->backend, NULL);
  }
  return unknown != NULL;
}

/* The first answer for a login is what Dovecot goes by. */
static GHashTable *by_address(const MailScanStore *store) {
  if (store->listed == NULL)
    return NULL;
  GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < store->listed->len; i++) {
    MailListed *one = store->listed->pdata[i];
    if (!g_hash_table_contains(table, one->login))
      g_hash_table_insert(table, one->login, one);
  }
  return table;
}

static gboolean look_at_store(Look *look, const MailScanStore *store, GError **error) {
  MailScope scope = *look->scope;
  scope.deadline = clock_deadline(DATABASE_SECONDS);
  g_autoptr(DbResult) rows = mail_store_drift_rows(&scope, store->backend, error);
  g_autoptr(GHashTable) listed = by_address(store),
                        online = store->online != NULL ? g_hash_table_ref(store->online) : NULL;
  look->listed = listed;
  look->online = online;
  for (int row = 0; rows != NULL && row < db_rows(rows); row++)
    compare_row(look, rows, row);
  return rows != NULL && compare_rest(look, store, error);
}

json_t *mail_drift_look(const MailScope *scope, GError **error) {
  g_autoptr(GPtrArray) stores = mail_scan_stores(scope, NULL, error);
  if (stores == NULL)
    return NULL;
  MailScope after = *scope;
  after.deadline = clock_deadline(DATABASE_SECONDS);
  g_autoptr(json_t) told = json_array(), counts = json_object();
  Look look = {.scope = &after, .told = told};
  for (guint i = 0; i < stores->len; i++)
    if (!look_at_store(&look, stores->pdata[i], error))
      return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(drifts); i++)
    json_object_set_new(counts, drifts[i].name, json_integer((json_int_t)look.counts[i]));
  return json_pack("{s:O, s:O, s:o}", "mailboxes", told, "counts", counts, "stores", mail_scan_told(stores));
}
