#include "cmd/serve.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/process.h"
#include "cmd/serve_health.h"
#include "cmd/serve_metrics.h"
#include "cmd/serve_notify.h"
#include "cmd/serve_state.h"
#include "cmd/serve_web.h"
#include "cmd/settings.h"
#include "cmd/store_house.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "mail/wake.h"
#include "scim/routes.h"

#define US G_GINT64_CONSTANT(1000000)
#define MS G_GINT64_CONSTANT(1000)
#define TICK_MS 1000
#define PING_SECONDS 2
#define DRAIN_SECONDS 25
#define RATE_KEYS 10000
#define ADMIN_WORKERS 4 /* for mail servers' questions, at a millisecond each */

static void state_clear(ServeState *state) {
  http_server_free(state->server);
  http_server_free(state->admin);
  serve_web_clear(state);
  scim_acks_free(state->scim.acks);
  scim_token_uses_free(state->scim.uses);
  rate_free(state->scim.rate);
  rate_free(state->checks);
  mail_wake_free(state->wake);
  db_pool_free(state->mail_pool);
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
  state->policy_key = settings_string(settings, "mail_policy_key");
  state->checks = rate_new(LIMIT_CHECK_PER_SECOND, LIMIT_CHECK_BURST, RATE_KEYS);
  state->base = g_strconcat(url, "/scim/v2", NULL);
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
  serve_metrics_look(state, state->tick);
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

/* A change of the directory is a hint for mail, in the same transaction; the wake-up comes after it. */
static void queue_mail(Db *db, gint64 org_id, ScimKind kind, const char *id, gpointer data) {
  (void)data;
  mail_wake_queue(db, org_id, kind == SCIM_KIND_USER ? 'u' : 'g', id);
}

static void wake_mail(gpointer data) {
  mail_wake_touch(data);
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
  gsize n;
  g_autofree Cidr *trusted = proxies(settings, &n);
  HttpServerOptions options = {.listen = settings_string(settings, "listen_admin"),
                               .routes = serve_health_routes(),
                               .fallback = serve_health_policy(),
                               .app = state,
                               .log = state->quiet,
                               .trusted_proxies = trusted,
                               .n_trusted_proxies = n,
                               .workers = ADMIN_WORKERS};
  state->admin = listen_on(state, &options, error);
  return state->admin != NULL;
}

static gboolean listen_world(ServeState *state, const Settings *settings, GError **error) {
  state->wake = mail_wake_new(state->pool);
  state->scim = (ScimService){
      .pool = state->pool,
      .log = state->log,
      .metrics = state->metrics,
      .rate = rate_new(LIMIT_RATE_PER_SECOND, LIMIT_RATE_BURST, RATE_KEYS),
      .base = state->base,
      .acks = scim_acks_new(),
      .uses = scim_token_uses_new(),
      .directory = {queue_mail, wake_mail, state->wake},
  };
  HttpTable tables[3];
  if (!serve_web_start(state, settings, error))
    return FALSE;
  serve_web_tables(state, tables);
  gsize n;
  g_autofree Cidr *trusted = proxies(settings, &n);
  HttpServerOptions options = {.listen = settings_string(settings, "listen"),
                               .routes = scim_routes(),
                               .more = tables,
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
  process_signals_unblock();
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
  process_signals_wait(-1);
  stop(state);
  thread_timer_free(looker);
  thread_timer_free(keeper);
  serve_web_stop(state);
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
  process_signals_block();
  raise_open_files();
  g_auto(ServeState) state;
  state_init(&state, app, settings);
  if (!listen_admin(&state, settings, error))
    return APP_FAILED;
  DbPool *pool = process_await_database(settings, state.log, "gatepost serve", error);
  if (pool == NULL)
    return *error == NULL ? APP_OK : APP_FAILED;
  DbPool *mail_pool = process_await_database(settings, state.log, "gatepost mail", error);
  thread_monitor_enter(&state.lock);
  state.pool = pool;
  state.mail_pool = mail_pool;
  thread_monitor_leave(&state.lock);
  if (mail_pool == NULL)
    return *error == NULL ? APP_OK : APP_FAILED;
  if (!listen_world(&state, settings, error))
    return APP_FAILED;
  serve_until_signal(&state, (int)ready_fd);
  return APP_OK;
}
