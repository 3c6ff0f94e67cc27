#include "mail/worker.h"

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/thread.h"
#include "mail/driver.h"
#include "mail/effects.h"
#include "mail/store_change.h"
#include "mail/store_effect.h"
#include "mail/store_house.h"
#include "mail/store_run.h"

#define LOOPS 4
#define POLL_US G_USEC_PER_SEC
#define LISTEN_MS 500
#define DATABASE_SECONDS 10
#define PRUNE_SECONDS 30

struct MailWorker {
  const MailWorkerOptions *options;
  ThreadMonitor lock; /* guards what follows */
  gboolean stopping;
  guint64 wakes; /* grows with each reason to look */
  ThreadPool *threads;
  GPtrArray *stores; /* Store; of one thread alone */
};

/* A mail store, and the threads at it. */
typedef struct {
  MailWorker *worker;
  char *backend;
  MailEffects *effects;
  ThreadPool *threads;
} Store;

static void store_free(gpointer data) {
  Store *store = data;
  thread_pool_free(store->threads);
  mail_effects_free(store->effects);
  g_free(store->backend);
  g_free(store);
}

/* ---- waiting */

static gboolean stopping(gpointer data) {
  MailWorker *worker = data;
  thread_monitor_enter(&worker->lock);
  gboolean stop = worker->stopping;
  thread_monitor_leave(&worker->lock);
  return stop;
}

static void wake(MailWorker *worker) {
  thread_monitor_enter(&worker->lock);
  worker->wakes++;
  thread_monitor_notify_all(&worker->lock);
  thread_monitor_leave(&worker->lock);
}

/* Until somebody woke us since *seen, a second is over, or the end. */
static void doze(MailWorker *worker, guint64 *seen) {
  gint64 until = clock_now() + POLL_US;
  thread_monitor_enter(&worker->lock);
  while (!worker->stopping && worker->wakes == *seen && clock_now() < until)
    thread_monitor_wait(&worker->lock, until);
  *seen = worker->wakes;
  thread_monitor_leave(&worker->lock);
}

/* ---- planning */

static void tell_trouble(const MailWorkerOptions *options, const char *where, const GError *error) {
  log_event(options->log, LOG_ERROR, "sync_trouble", "where", where, "worker", options->name, "why",
            error->message, NULL);
}

static void tell(const MailWorkerOptions *options, const MailHouse *house, const char *trigger,
                 const MailTally *tally) {
  g_autoptr(json_t) counts = mail_tally_json(tally);
  g_autofree char *text = jsontext_dump(counts);
  log_event(options->log, tally->failed > 0 ? LOG_WARNING : LOG_INFO, "sync", "org", house->name, "trigger",
            trigger, "counts", text, "why", tally->error, NULL);
  if (tally->held == 0)
    return;
  char held[24];
  g_snprintf(held, sizeof held, "%" G_GUINT64_FORMAT, tally->held);
  log_event(options->log, LOG_ERROR, "sync_held", "org", house->name, "held", held, "code",
            tally->vanished > 0 ? "GP-4301" : "GP-4302", "next", "gatepost sync held", NULL);
}

static gboolean finish(const MailWorkerOptions *options, const MailHouse *house, const char *trigger,
                       gint64 started, const MailTally *tally, GError **error) {
  if (!mail_tally_worth(tally))
    return TRUE;
  tell(options, house, trigger, tally);
  return mail_store_run(options->pool, clock_deadline(DATABASE_SECONDS), house->org_id, trigger,
                        options->name, started, tally, error);
}

/* A pass over one organisation: whom hints name, or everybody. */
typedef struct {
  MailWorker *worker;
  gint64 org_id, started;
  gboolean busy; /* there may be more at once */
} Pass;

static gboolean read_house(const Pass *pass, MailHouse **house, GError **error) {
  *house =
      mail_store_house(pass->worker->options->pool, clock_deadline(DATABASE_SECONDS), pass->org_id, error);
  if (*house != NULL && (*house)->paused)
    g_clear_pointer(house, mail_house_free);
  return *house != NULL || *error == NULL;
}

static MailSync sync_of(const Pass *pass, const MailHouse *house, MailTally *tally) {
  return (MailSync){.pool = pass->worker->options->pool,
                    .house = house,
                    .tally = tally,
                    .stop = stopping,
                    .stop_data = pass->worker};
}

/* Hints first: what is read after them is newer than the change they tell of. */
static gboolean follow_hints(Pass *pass, GError **error) {
  const MailWorkerOptions *options = pass->worker->options;
  g_autoptr(MailHouse) house = NULL;
  g_autoptr(GPtrArray) changes =
      mail_store_changes(options->pool, clock_deadline(DATABASE_SECONDS), pass->org_id, error);
  if (changes == NULL || !read_house(pass, &house, error))
    return FALSE;
  if (house == NULL || changes->len == 0)
    return TRUE;
  g_auto(MailTally) tally = {0};
  MailSync sync = sync_of(pass, house, &tally);
  gboolean done = mail_sync_changes(&sync, changes, error);
  pass->busy = pass->busy || (tally.failed == 0 && tally.left == 0);
  wake(pass->worker);
  return done && finish(options, house, "push", pass->started, &tally, error);
}

static gboolean look_at_everybody(Pass *pass, GError **error) {
  const MailWorkerOptions *options = pass->worker->options;
  g_autoptr(MailHouse) house = NULL;
  gboolean mine = FALSE;
  if (!mail_store_house_due(options->pool, clock_deadline(DATABASE_SECONDS), pass->org_id, &mine, error))
    return FALSE;
  if (!mine)
    return TRUE;
  if (!read_house(pass, &house, error))
    return FALSE;
  if (house == NULL)
    return TRUE;
  g_auto(MailTally) tally = {0};
  MailSync sync = sync_of(pass, house, &tally);
  if (!mail_store_prune(options->pool, clock_deadline(PRUNE_SECONDS), house, error) ||
      !mail_sync_everybody(&sync, error))
    return FALSE;
  wake(pass->worker);
  return finish(options, house, "timer", pass->started, &tally, error);
}

typedef char **(*OrgsFunc)(DbPool *pool, gint64 deadline, GError **error);
typedef gboolean (*PassFunc)(Pass *pass, GError **error);

static gboolean pass_all(MailWorker *worker, OrgsFunc orgs_of, PassFunc run, gboolean *busy, GError **error) {
  g_auto(GStrv) orgs = orgs_of(worker->options->pool, clock_deadline(DATABASE_SECONDS), error);
  if (orgs == NULL)
    return FALSE;
  for (guint i = 0; orgs[i] != NULL && !stopping(worker); i++) {
    Pass pass = {.worker = worker, .org_id = g_ascii_strtoll(orgs[i], NULL, 10), .started = clock_wall()};
    if (!run(&pass, error))
      return FALSE;
    *busy = *busy || pass.busy;
  }
  return TRUE;
}

static void pass_loop(MailWorker *worker, OrgsFunc orgs_of, PassFunc run) {
  guint64 seen = 0;
  while (!stopping(worker)) {
    g_autoptr(GError) error = NULL;
    gboolean busy = FALSE;
    if (!pass_all(worker, orgs_of, run, &busy, &error)) {
      tell_trouble(worker->options, "plan", error);
      busy = FALSE;
    }
    if (!busy)
      doze(worker, &seen);
  }
}

static void hint_loop(gpointer data) {
  pass_loop(data, mail_store_change_orgs, follow_hints);
}

/* Apart from the hints: a leaver does not wait until a hundred thousand people were looked at. */
static void timer_loop(gpointer data) {
  pass_loop(data, mail_store_change_due, look_at_everybody);
}

/* ---- effects */

static void effect_loop(gpointer data) {
  const Store *store = data;
  MailWorker *worker = store->worker;
  const MailWorkerOptions *options = worker->options;
  guint64 seen = 0;
  while (!stopping(worker)) {
    g_autoptr(GError) error = NULL;
    g_auto(MailTally) tally = {0};
    guint claimed = 0;
    if (!mail_effects_run(store->effects, 0, &tally, &claimed, &error))
      tell_trouble(options, "effects", error);
    if (tally.failed > 0)
      log_event(options->log, LOG_WARNING, "mail_store_failed", "store", store->backend, "code", "GP-4305",
                "why", tally.error, NULL);
    if (claimed == 0)
      doze(worker, &seen);
  }
}

static gboolean is_known(const MailWorker *worker, const char *backend) {
  for (guint i = 0; i < worker->stores->len; i++)
    if (g_str_equal(((const Store *)worker->stores->pdata[i])->backend, backend))
      return TRUE;
  return FALSE;
}

static void add_store(MailWorker *worker, const char *backend) {
  Store *store = g_new0(Store, 1);
  store->worker = worker;
  store->backend = g_strdup(backend);
  store->effects = mail_effects_new(worker->options->pool, worker->options->name, backend);
  store->threads = thread_pool_new("sync-store", MAIL_DRIVER_CALLS, MAIL_DRIVER_CALLS);
  for (int i = 0; i < MAIL_DRIVER_CALLS; i++)
    thread_pool_push(store->threads, effect_loop, store, NULL, 0);
  g_ptr_array_add(worker->stores, store);
}

/* A mail store that is named while we run gets its threads at the next look. */
static void store_loop(gpointer data) {
  MailWorker *worker = data;
  guint64 seen = 0;
  while (!stopping(worker)) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) names =
        mail_store_backends(worker->options->pool, clock_deadline(DATABASE_SECONDS), &error);
    if (names == NULL)
      tell_trouble(worker->options, "mail stores", error);
    for (guint i = 0; names != NULL && names[i] != NULL; i++)
      if (!is_known(worker, names[i]))
        add_store(worker, names[i]);
    doze(worker, &seen);
  }
}

/* ---- wake-ups: one connection of its own; without it the loops still look every second */

static gboolean listen_once(MailWorker *worker, GError **error) {
  g_autoptr(Db) db =
      db_open(worker->options->conninfo, "gatepost sync listen", clock_deadline(DATABASE_SECONDS), error);
  if (db == NULL || !mail_store_listen(db, error))
    return FALSE;
  gboolean notified = FALSE;
  while (!stopping(worker)) {
    if (!db_await(db, LISTEN_MS, &notified))
      return TRUE;
    if (notified)
      wake(worker);
  }
  return TRUE;
}

static void listen_loop(gpointer data) {
  MailWorker *worker = data;
  guint64 seen = 0;
  while (!stopping(worker)) {
    g_autoptr(GError) error = NULL;
    listen_once(worker, &error);
    doze(worker, &seen);
  }
}

MailWorker *mail_worker_new(const MailWorkerOptions *options) {
  MailWorker *worker = g_new0(MailWorker, 1);
  worker->options = options;
  thread_monitor_init(&worker->lock);
  worker->threads = thread_pool_new("sync", LOOPS, LOOPS);
  worker->stores = g_ptr_array_new_with_free_func(store_free);
  static const ThreadFunc loops[LOOPS] = {hint_loop, timer_loop, store_loop, listen_loop};
  for (int i = 0; i < LOOPS; i++)
    thread_pool_push(worker->threads, loops[i], worker, NULL, 0);
  return worker;
}

void mail_worker_free(MailWorker *worker) {
  if (worker == NULL)
    return;
  thread_monitor_enter(&worker->lock);
  worker->stopping = TRUE;
  thread_monitor_notify_all(&worker->lock);
  thread_monitor_leave(&worker->lock);
  thread_pool_free(worker->threads);
  g_ptr_array_unref(worker->stores);
  thread_monitor_clear(&worker->lock);
  g_free(worker);
}

/* ---- once */

static gboolean do_store(const MailWorkerOptions *options, const char *backend, gint64 org_id,
                         MailTally *tally, GError **error) {
  g_autoptr(MailEffects) effects = mail_effects_new(options->pool, options->name, backend);
  guint claimed = 0;
  do {
    if (!mail_effects_run(effects, org_id, tally, &claimed, error))
      return FALSE;
  } while (claimed > 0);
  return TRUE;
}

static gboolean do_effects(const MailWorkerOptions *options, gint64 org_id, MailTally *tally,
                           GError **error) {
  gint64 behind = 0;
  g_auto(GStrv) names = mail_store_backends(options->pool, clock_deadline(DATABASE_SECONDS), error);
  if (names == NULL)
    return FALSE;
  for (guint i = 0; names[i] != NULL; i++)
    if (!do_store(options, names[i], org_id, tally, error))
      return FALSE;
  if (!mail_store_behind(options->pool, clock_deadline(DATABASE_SECONDS), org_id, &behind, error))
    return FALSE;
  tally->failed = MAX(tally->failed, (guint64)behind);
  return TRUE;
}

gboolean mail_worker_once(const MailWorkerOptions *options, gint64 org_id, MailTally *tally, GError **error) {
  gint64 started = clock_wall();
  g_autoptr(GPtrArray) changes =
      mail_store_changes(options->pool, clock_deadline(DATABASE_SECONDS), org_id, error);
  g_autoptr(MailHouse) house =
      changes != NULL ? mail_store_house(options->pool, clock_deadline(DATABASE_SECONDS), org_id, error)
                      : NULL;
  if (house == NULL || house->paused)
    return house != NULL;
  MailSync sync = {.pool = options->pool, .house = house, .tally = tally};
  return mail_store_prune(options->pool, clock_deadline(PRUNE_SECONDS), house, error) &&
         mail_sync_everybody(&sync, error) &&
         (tally->failed > 0 || mail_sync_forget(&sync, changes, error)) &&
         do_effects(options, org_id, tally, error) && finish(options, house, "once", started, tally, error);
}
