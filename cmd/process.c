#include "cmd/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cmd/serve_notify.h"
#include "cmd/store_house.h"
#include "lib/clock.h"
#include "lib/db_migrate.h"

#define CONNECT_SECONDS 5
#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 3000

/* ---- signals: the main thread alone waits for them; all threads made later inherit the mask */

static void signals_of_interest(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGINT);
}

void process_signals_block(void) {
  sigset_t set;
  signals_of_interest(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The second signal ends the process where it stands; nothing acknowledged is lost by that. */
void process_signals_unblock(void) {
  sigset_t set;
  signals_of_interest(&set);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* TRUE when one came within wait_ms (-1: for ever). */
gboolean process_signals_wait(int wait_ms) {
  sigset_t set;
  signals_of_interest(&set);
  struct timespec wait = {wait_ms / 1000, (wait_ms % 1000) * 1000000L};
  for (;;) {
    int got = wait_ms < 0 ? sigwaitinfo(&set, NULL) : sigtimedwait(&set, NULL, &wait);
    if (got > 0)
      return TRUE;
    if (errno != EINTR)
      return FALSE;
  }
}

/* ---- the database */

/* NULL: the owner serves. A role that is missing, not ours to take or without rights would refuse every request. */
static gboolean choose_role(Db *db, const Settings *settings, Log *log, const char **role, GError **error) {
  const char *name = settings_string(settings, "database_role");
  StoreHouseRole found;
  *role = NULL;
  if (*name == '\0')
    return TRUE;
  if (!store_house_role(db, name, &found, error))
    return FALSE;
  if (found.exists && found.member && found.granted)
    *role = name;
  else
    log_event(log, LOG_WARNING, "database_role_unused", "role", name, "code", "GP-1303", "why",
              !found.exists   ? "no such role"
              : !found.member ? "the owner is no member of it"
                              : "it has no rights",
              NULL);
  return TRUE;
}

static DbPool *meet_database(const Settings *settings, Log *log, const char *name, GError **error) {
  const char *conninfo = settings_string(settings, "database");
  g_autoptr(Db) db = db_open(conninfo, name, clock_deadline(CONNECT_SECONDS), error);
  const char *role;
  if (db == NULL || !db_migrate_check(db, error) || !choose_role(db, settings, log, &role, error))
    return NULL;
  DbPoolOptions options = {.conninfo = conninfo,
                           .application_name = name,
                           .role = role,
                           .size = (guint)settings_integer(settings, "database_connections")};
  return db_pool_new(&options);
}

/* Somebody is about to run `gatepost db migrate`: ending here would only make a supervisor start us again. */
static gboolean is_pending(const GError *error) {
  return g_error_matches(error, DB_MIGRATE_ERROR, DB_MIGRATE_ERROR_FAILED);
}

static gboolean may_pass(const GError *error) {
  return g_error_matches(error, DB_ERROR, DB_ERROR_UNAVAILABLE) ||
         g_error_matches(error, DB_ERROR, DB_ERROR_TIMEOUT) || is_pending(error);
}

DbPool *process_await_database(const Settings *settings, Log *log, const char *name, GError **error) {
  for (int most_ms = RETRY_FIRST_MS;; most_ms = MIN(most_ms * 2, RETRY_MOST_MS)) {
    g_autoptr(GError) failed = NULL;
    DbPool *pool = meet_database(settings, log, name, &failed);
    if (pool != NULL)
      return pool;
    if (!may_pass(failed)) {
      g_propagate_error(error, g_steal_pointer(&failed));
      return NULL;
    }
    gboolean pending = is_pending(failed);
    log_event(log, LOG_WARNING, pending ? "schema_pending" : "database_away", "code",
              pending ? "GP-8103" : "GP-1301", "why", failed->message, NULL);
    serve_notify(pending ? "STATUS=GP-8103 waiting for gatepost db migrate"
                         : "STATUS=GP-1301 waiting for the database");
    if (process_signals_wait(g_random_int_range(most_ms / 2, most_ms)))
      return NULL;
  }
}
