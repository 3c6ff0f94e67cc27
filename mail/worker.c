#include "mail/worker.h"

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/thread.h"
#include "mail/effects.h"
#include "mail/store_change.h"
#include "mail/store_effect.h"
#include "mail/store_house.h"
#include "mail/store_run.h"

#define EFFECT_LOOPS 4 /* calls at once to the mail stores */
#define LOOPS (EFFECT_LOOPS + 2)
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
};

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

/* One look at an organisation: whom hints name, or everybody when that is due. *busy: there may be more at once. */
static gboolean plan_org(MailWorker *worker, gint64 org_id, gboolean *busy, GError **error) {
  const MailWorkerOptions *options = worker->options;
  gint64 started = clock_wall();
  gboolean everybody = FALSE;
  g_autoptr(GPtrArray) changes =
      mail_store_changes(options->pool, clock_deadline(DATABASE_SECONDS), org_id, error);
  if (changes == NULL ||
      !mail_store_house_due(options->pool, clock_deadline(DATABASE_SECONDS), org_id, &everybody, error))
    return FALSE;
  if (changes->len == 0 && !everybody)
    return TRUE;
  g_autoptr(MailHouse) house =
      mail_store_house(options->pool, clock_deadline(DATABASE_SECONDS), org_id, error);
  if (house == NULL || house->paused)
    return house != NULL;
  g_auto(MailTally) tally = {0};
  MailSync sync = {
      .pool = options->pool, .house = house, .tally = &tally, .stop = stopping, .stop_data = worker};
  if (everybody && !mail_store_prune(options->pool, clock_deadline(PRUNE_SECONDS), house, error))
    return FALSE;
  if (!mail_sync_changes(&sync, changes, error) || (everybody && !mail_sync_everybody(&sync, error)))
    return FALSE;
  *busy = *busy || (changes->len > 0 && tally.failed == 0);
  wake(worker);
  return finish(options, house, everybody ? "timer" : "push", started, &tally, error);
}

static gboolean plan_all(MailWorker *worker, gboolean *busy, GError **error) {
  g_auto(GStrv) orgs = mail_store_orgs(worker->options->pool, clock_deadline(DATABASE_SECONDS), FALSE, error);
  if (orgs == NULL)
    return FALSE;
  for (guint i = 0; orgs[i] != NULL && !stopping(worker); i++) {
    gint64 org_id = g_ascii_strtoll(orgs[i], NULL, 10);
    if (!plan_org(worker, org_id, busy, error))
      return FALSE;
  }
  return TRUE;
}

static void plan_loop(gpointer data) {
  MailWorker *worker = data;
  guint64 seen = 0;
  while (!stopping(worker)) {
    g_autoptr(GError) error = NULL;
    gboolean busy = FALSE;
    if (!plan_all(worker, &busy, &error)) {
      tell_trouble(worker->options, "plan", error);
      busy = FALSE;
    }
    if (!busy)
      doze(worker, &seen);
  }
}

/* ---- effects */

static void effect_loop(gpointer data) {
  MailWorker *worker = data;
  const MailWorkerOptions *options = worker->options;
  g_autoptr(MailEffects) effects = mail_effects_new(options->pool, options->name);
  guint64 seen = 0;
  while (!stopping(worker)) {
    g_autoptr(GError) error = NULL;
    g_auto(MailTally) tally = {0};
    guint claimed = 0;
    if (!mail_effects_run(effects, 0, &tally, &claimed, &error))
      tell_trouble(options, "effects", error);
    if (tally.failed > 0)
      log_event(options->log, LOG_WARNING, "mail_store_failed", "code", "GP-4305", "why", tally.error, NULL);
    if (claimed == 0)
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
  thread_pool_push(worker->threads, plan_loop, worker, NULL, 0);
  thread_pool_push(worker->threads, listen_loop, worker, NULL, 0);
  for (int i = 0; i < EFFECT_LOOPS; i++)
    thread_pool_push(worker->threads, effect_loop, worker, NULL, 0);
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
  thread_monitor_clear(&worker->lock);
  g_free(worker);
}

/* ---- once */

static gboolean do_effects(const MailWorkerOptions *options, gint64 org_id, MailTally *tally,
                           GError **error) {
  g_autoptr(MailEffects) effects = mail_effects_new(options->pool, options->name);
  guint claimed = 0;
  do {
    if (!mail_effects_run(effects, org_id, tally, &claimed, error))
      return FALSE;
  } while (claimed > 0);
  gint64 behind = 0;
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
         mail_sync_changes(&sync, changes, error) && mail_sync_everybody(&sync, error) &&
         do_effects(options, org_id, tally, error) && finish(options, house, "once", started, tally, error);
}
