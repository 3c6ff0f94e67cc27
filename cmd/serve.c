#include "cmd/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/serve_health.h"
#include "cmd/serve_metrics.h"
#include "cmd/serve_notify.h"
#include "cmd/serve_state.h"
#include "cmd/settings.h"
#include "cmd/store_house.h"
#include "lib/clock.h"
#include "lib/db_migrate.h"
#include "lib/limits.h"
#include "scim/routes.h"

#define US G_GINT64_CONSTANT(1000000)
#define MS G_GINT64_CONSTANT(1000)
#define CONNECT_SECONDS 5
#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 3000
#define TICK_MS 1000
#define PING_SECONDS 2
#define DRAIN_SECONDS 25
#define RATE_KEYS 10000

static void state_clear(ServeState *state) {
  http_server_free(state->server);
  http_server_free(state->admin);
  scim_acks_free(state->scim.acks);
  scim_token_uses_free(state->scim.uses);
  rate_free(state->scim.rate);
  db_pool_free(state->pool);
  metrics_free(state->metrics);
  g_free(state->base);
  thread_monitor_clear(&state->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ServeState, state_clear)

static void state_init(ServeState *state, App *app, const Settings *settings) {
  *state = (ServeState){.log = app_log(app), .quiet = app_log_quiet(app), .started_us = clock_wall()};
  thread_monitor_init(&state->lock);
  state->metrics = metrics_new(serve_metrics_families());
  g_autofree char *url = settings_public_url(settings);
  state->base = g_strconcat(url, "/scim/v2", NULL);
}

/* ---- signals: the main thread alone waits for them; all threads made later inherit the mask */

static void signals_of_interest(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGINT);
}

static void signals_block(void) {
  sigset_t set;
  signals_of_interest(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The second signal ends the process where it stands; nothing acknowledged is lost by that. */
static void signals_unblock(void) {
  sigset_t set;
  signals_of_interest(&set);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* TRUE when one came within wait_ms (-1: for ever). */
static gboolean signals_wait(int wait_ms) {
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

static DbPool *meet_database(const Settings *settings, Log *log, GError **error) {
  const char *conninfo = settings_string(settings, "database");
  g_autoptr(Db) db = db_open(conninfo, "gatepost serve", clock_deadline(CONNECT_SECONDS), error);
  const char *role;
  if (db == NULL || !db_migrate_check(db, error) || !choose_role(db, settings, log, &role, error))
    return NULL;
  DbPoolOptions options = {.conninfo = conninfo,
                           .application_name = "gatepost serve",
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

/* NULL without an error: a signal came first. */
static DbPool *await_database(const Settings *settings, Log *log, GError **error) {
  for (int most_ms = RETRY_FIRST_MS;; most_ms = MIN(most_ms * 2, RETRY_MOST_MS)) {
    g_autoptr(GError) failed = NULL;
    DbPool *pool = meet_database(settings, log, &failed);
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
    if (signals_wait(g_random_int_range(most_ms / 2, most_ms)))
      return NULL;
  }
}

/* ---- the timer: is the database there, and what may be done a little later */

static void look_at_database(ServeState *state) {
  g_autoptr(GError) error = NULL;
  gboolean up = store_house_ping(state->pool, clock_deadline(PING_SECONDS), &error);
  thread_monitor_enter(&state->lock);
  gboolean before = state->database_up;
  state->database_up = up;
  thread_monitor_leave(&state->lock);
  if (before == up)
    return;
  if (up)
    log_event(state->log, LOG_INFO, "database_back", NULL);
  else
    log_event(state->log, LOG_ERROR, "database_away", "code", "GP-1301", "why", error->message, NULL);
}

static void look(gpointer data) {
  look_at_database(data);
}

static void tick(gpointer data) {
  ServeState *state = data;
  scim_housekeeping_run(&state->scim, state->tick++);
}

/* ---- listeners */

static Cidr *proxies(const Settings *settings, gsize *n) {
  const char *const *list = settings_list(settings, "trusted_proxies");
  Cidr *cidrs = g_new0(Cidr, g_strv_length((char **)list) + 1);
  const char *why;
  for (*n = 0; list[*n] != NULL; (*n)++)
    cidr_parse(list[*n], &cidrs[*n], &why); /* checked when the settings were read */
  return cidrs;
}

static HttpServer *listen_on(ServeState *state, HttpServerOptions *options, GError **error) {
  options->metrics = state->metrics;
  HttpServer *server = http_server_new(options, error);
  if (server != NULL)
    log_event(state->log, LOG_INFO, "listening", "address", http_server_address(server), "for",
              options->fallback->name, NULL);
  return server;
}

static gboolean listen_admin(ServeState *state, const Settings *settings, GError **error) {
  HttpServerOptions options = {.listen = settings_string(settings, "listen_admin"),
                               .routes = serve_health_routes(),
                               .fallback = serve_health_policy(),
                               .app = state,
                               .log = state->quiet,
                               .workers = 1,
                               .queue = 16};
  state->admin = listen_on(state, &options, error);
  return state->admin != NULL;
}

static gboolean listen_world(ServeState *state, const Settings *settings, GError **error) {
  state->scim = (ScimService){
      .pool = state->pool,
      .log = state->log,
      .metrics = state->metrics,
      .rate = rate_new(LIMIT_RATE_PER_SECOND, LIMIT_RATE_BURST, RATE_KEYS),
      .base = state->base,
      .acks = scim_acks_new(),
      .uses = scim_token_uses_new(),
  };
  gsize n;
  g_autofree Cidr *trusted = proxies(settings, &n);
  HttpServerOptions options = {.listen = settings_string(settings, "listen"),
                               .routes = scim_routes(),
                               .fallback = scim_policy_fallback(),
                               .app = &state->scim,
                               .log = state->log,
                               .trusted_proxies = trusted,
                               .n_trusted_proxies = n};
  HttpServer *server = listen_on(state, &options, error);
  thread_monitor_enter(&state->lock);
  state->server = server;
  state->database_up = TRUE;
  thread_monitor_leave(&state->lock);
  return server != NULL;
}

/* ---- the life of the process */

static void stop(ServeState *state) {
  thread_monitor_enter(&state->lock);
  state->stopping = TRUE;
  thread_monitor_leave(&state->lock);
  log_event(state->log, LOG_INFO, "stopping", NULL);
  serve_notify("STOPPING=1");
  signals_unblock();
  if (state->server != NULL)
    http_server_drain(state->server, clock_deadline(DRAIN_SECONDS));
}

static void tell_ready(ServeState *state, int ready_fd) {
  if (ready_fd >= 0 &&
      !serve_notify_ready_fd(ready_fd, http_server_address(state->server), http_server_address(state->admin)))
    log_event(state->log, LOG_WARNING, "ready_fd_closed", NULL);
  serve_notify("READY=1\nSTATUS=serving");
  log_event(state->log, LOG_INFO, "ready", "version", GATEPOST_VERSION, NULL);
}

static void serve_until_signal(ServeState *state, int ready_fd) {
  ThreadTimer *looker = thread_timer_new("db-look", TICK_MS, look, state);
  ThreadTimer *keeper = thread_timer_new("keeper", TICK_MS, tick, state);
  tell_ready(state, ready_fd);
  signals_wait(-1);
  stop(state);
  thread_timer_free(looker);
  thread_timer_free(keeper);
  tick(state); /* what the last answers left to be written */
  log_event(state->log, LOG_INFO, "stopped", NULL);
}

/* Connections are descriptors; what the manager of services allows is taken in full. */
static void raise_open_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static gboolean read_ready_fd(const VerbCall *call, gint64 *descriptor, GError **error) {
  *descriptor = -1;
  if (!verb_integer(call, "ready-fd", 3, G_MAXINT, descriptor, error))
    return FALSE;
  if (*descriptor < 0 || fcntl((int)*descriptor, F_SETFD, FD_CLOEXEC) == 0)
    return TRUE;
  app_error_set(error, APP_USAGE, 0, "--ready-fd %d is not open", (int)*descriptor);
  return FALSE;
}

int verb_serve(App *app, const VerbCall *call, GError **error) {
  gint64 ready_fd;
  const Settings *settings = read_ready_fd(call, &ready_fd, error) ? app_settings(app, error) : NULL;
  if (settings == NULL)
    return APP_BAD_CONFIG;
  signals_block();
  raise_open_files();
  g_auto(ServeState) state;
  state_init(&state, app, settings);
  if (!listen_admin(&state, settings, error))
    return APP_FAILED;
  DbPool *pool = await_database(settings, state.log, error);
  if (pool == NULL)
    return *error == NULL ? APP_OK : APP_FAILED;
  thread_monitor_enter(&state.lock);
  state.pool = pool;
  thread_monitor_leave(&state.lock);
  if (!listen_world(&state, settings, error))
    return APP_FAILED;
  serve_until_signal(&state, (int)ready_fd);
  return APP_OK;
}
