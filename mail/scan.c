#include "mail/scan.h"

#include <string.h>

#include "lib/address.h"
#include "lib/clock.h"
#include "lib/jsontext.h"
#include "mail/admin.h"
#include "mail/backend.h"
#include "mail/error.h"
#include "mail/record.h"
#include "mail/store_scan.h"

#define LIST_SECONDS 300

/* ---- what the stores list */

static void store_free(gpointer data) {
  MailScanStore *store = data;
  g_free(store->backend);
  g_free(store->words);
  g_free(store->place);
  g_clear_pointer(&store->listed, g_ptr_array_unref);
  g_clear_pointer(&store->online, g_hash_table_unref);
  g_free(store);
}

static const char *member(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

static void replace_word(GString *text, const char *word, const char *with) {
  if (word != NULL && strlen(word) > 2)
    g_string_replace(text, word, with, 0);
}

/* Where mail lies, without what is the person's alone in it. */
static char *mail_place(const MailListed *one) {
  const char *at = strchr(one->login, '@');
  g_autofree char *local = at != NULL ? g_strndup(one->login, (gsize)(at - one->login)) : NULL;
  GString *place = g_string_new(one->mail != NULL ? one->mail : "");
  replace_word(place, one->home, "~");
  replace_word(place, one->login, "%u");
  replace_word(place, local, "%n");
  replace_word(place, at != NULL ? at + 1 : NULL, "%d");
  return g_string_free(place, FALSE);
}

/* What most have is the store's setting; ours will have that too. */
static char *usual_place(const GPtrArray *listed) {
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < listed->len; i++) {
    char *place = mail_place(listed->pdata[i]);
    gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, place));
    g_hash_table_replace(counts, place, GSIZE_TO_POINTER(n + 1));
  }
  GHashTableIter iter;
  gpointer place, n, most = NULL;
  gsize best = 0;
  g_hash_table_iter_init(&iter, counts);
  while (g_hash_table_iter_next(&iter, &place, &n))
    if (GPOINTER_TO_SIZE(n) > best) {
      best = GPOINTER_TO_SIZE(n);
      most = place;
    }
  return g_strdup(most);
}

static gboolean ask_store(MailScanStore *store, const json_t *row, GError **error) {
  g_autoptr(MailBackend) backend =
      mail_backend_open(member(row, "kind"), member(row, "url"), member(row, "secret_file"), error);
  if (backend == NULL)
    return FALSE;
  if (backend->kind->list == NULL || backend->kind->online == NULL) {
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_REFUSED,
                "a store of kind %s does not list its mailboxes", backend->kind->kind);
    return FALSE;
  }
  gint64 deadline = clock_deadline(LIST_SECONDS);
  g_autoptr(GPtrArray) listed = g_ptr_array_new_with_free_func((GDestroyNotify)mail_listed_free);
  g_autoptr(GHashTable) online = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (!backend->kind->list(backend->driver, deadline, listed, error) ||
      !backend->kind->online(backend->driver, deadline, online, error))
    return FALSE;
  store->place = usual_place(listed);
  store->listed = g_steal_pointer(&listed);
  store->online = g_steal_pointer(&online);
  return TRUE;
}

/* Adopting would give these another owner on disk, or look for their mail elsewhere. */
static char *unfit(const MailListed *one, const MailScanStore *store) {
  if (one->home == NULL)
    return g_strdup("the store does not tell its home directory");
  g_autofree char *place = mail_place(one);
  if (g_strcmp0(place, store->place) != 0)
    return g_strdup_printf("its mail lies elsewhere than the others': %s", one->mail);
  if ((one->uid >= 0 && one->uid != store->uid) || (one->gid >= 0 && one->gid != store->gid))
    return g_strdup_printf("its mail belongs to %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT
                           ", the store's is %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT
                           " (gatepost backend add --uid --gid)",
                           one->uid, one->gid, store->uid, store->gid);
  return NULL;
}

GPtrArray *mail_scan_stores(const MailScope *scope, const char *backend, GError **error) {
  g_autoptr(json_t) rows = mail_store_scan_stores(scope, backend, error);
  if (rows == NULL)
    return NULL;
  if (json_array_size(rows) == 0) {
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_BACKEND, "there is no mail store%s%s",
                   backend != NULL ? " " : "", backend != NULL ? backend : "");
    return NULL;
  }
  GPtrArray *stores = g_ptr_array_new_with_free_func(store_free);
  gsize i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    g_autoptr(GError) failure = NULL;
    MailScanStore *store = g_new0(MailScanStore, 1);
    store->backend = g_strdup(member(row, "name"));
    ask_store(store, row, &failure);
    store->words = failure != NULL ? g_strdup(failure->message) : NULL;
    store->uid = json_integer_value(json_object_get(row, "uid"));
    store->gid = json_integer_value(json_object_get(row, "gid"));
    g_ptr_array_add(stores, store);
  }
  return stores;
}

json_t *mail_scan_told(const GPtrArray *stores) {
  json_t *told = json_array();
  for (guint i = 0; i < stores->len; i++) {
    const MailScanStore *store = stores->pdata[i];
    json_array_append_new(told, json_pack("{s:s, s:i, s:s?}", "name", store->backend, "listed",
                                          store->listed != NULL ? (int)store->listed->len : -1, "words",
                                          store->words));
  }
  return told;
}

/* ---- noting them */

typedef struct {
  const MailScope *scope;
  const GPtrArray *stores;
  const char *const *domains;
  gboolean plan;
  json_t *told;
  MailScanCount count;
  gint64 elsewhere;
} Scan;

/* {address, home, quota, why} of those in the organisation's domains. */
static json_t *rows_of(Scan *scan, const MailScanStore *store) {
  json_t *rows = json_array();
  for (guint i = 0; i < store->listed->len; i++) {
    const MailListed *one = store->listed->pdata[i];
    const char *why;
    g_autofree char *address = address_parse(one->login, &why);
    if (address == NULL || !g_strv_contains(scan->domains, address_domain_of(address))) {
      scan->elsewhere++;
      continue;
    }
    g_autofree char *unfit_why = unfit(one, store);
    json_array_append_new(rows, json_pack("{s:s, s:s?, s:I, s:s?}", "address", address, "home", one->home,
                                          "quota", (json_int_t)MAX(one->quota_bytes, 0), "why", unfit_why));
  }
  return rows;
}

static gboolean scan_body(Db *db, gpointer data, GError **error) {
  Scan *scan = data;
  json_array_clear(scan->told);
  scan->count = (MailScanCount){0};
  scan->elsewhere = 0;
  for (guint i = 0; i < scan->stores->len; i++) {
    const MailScanStore *store = scan->stores->pdata[i];
    if (store->listed == NULL)
      continue;
    g_autoptr(json_t) rows = rows_of(scan, store);
    if (!mail_store_scan_put(db, scan->scope, store->backend, rows, scan->told, &scan->count, error))
      return FALSE;
  }
  mail_record(
      db, scan->scope, AUDIT_ADMIN, "mailbox.scan", NULL,
      json_pack("{s:I, s:I}", "new", (json_int_t)scan->count.added, "gone", (json_int_t)scan->count.gone));
  if (!scan->plan)
    return TRUE;
  mail_error_set(error, MAIL_ERROR_ROLLBACK, 0, "only a plan");
  return FALSE;
}

json_t *mail_scan_run(const MailScope *scope, const char *backend, gboolean plan, GError **error) {
  g_autoptr(GPtrArray) stores = mail_scan_stores(scope, backend, error);
  MailScope after = *scope;
  after.deadline = clock_deadline(30);
  g_auto(GStrv) domains = stores != NULL ? mail_store_scan_domains(&after, error) : NULL;
  if (domains == NULL)
    return NULL;
  g_autoptr(json_t) told = json_array();
  g_autoptr(GError) failure = NULL;
  Scan scan = {
      .scope = &after, .stores = stores, .domains = (const char *const *)domains, .plan = plan, .told = told};
  if (!db_tx_run(after.pool, after.deadline, scan_body, NULL, &scan, &failure) &&
      !g_error_matches(failure, MAIL_ERROR, MAIL_ERROR_ROLLBACK)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  return json_pack("{s:O, s:{s:I, s:I, s:I, s:I, s:I}, s:o}", "mailboxes", told, "counts", "new",
                   (json_int_t)scan.count.added, "known", (json_int_t)scan.count.known, "ours",
                   (json_int_t)scan.count.ours, "elsewhere", (json_int_t)scan.elsewhere, "gone",
                   (json_int_t)scan.count.gone, "stores", mail_scan_told(stores));
}
