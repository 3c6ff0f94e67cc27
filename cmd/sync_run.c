#include "cmd/sync.h"

#include <unistd.h>

#include "cmd/process.h"
#include "cmd/serve_notify.h"
#include "cmd/settings.h"
#include "mail/worker.h"

#define READY_TEXT "READY=1\nSTATUS=syncing"

/* "host:pid", or the name given. */
static char *worker_name(const VerbCall *call) {
  const char *name = verb_value(call, "worker");
  return name != NULL ? g_strdup(name) : g_strdup_printf("%s:%d", g_get_host_name(), (int)getpid());
}

int verb_sync_run(App *app, const VerbCall *call, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return APP_BAD_CONFIG;
  process_signals_block();
  Log *log = app_log(app);
  g_autofree char *name = worker_name(call), *host = NULL;
  MailRoute route;
  if (!sync_route(settings, &route, &host))
    log_event(log, LOG_WARNING, "no_letters", "code", "GP-5232", "next", "set mail_from", NULL);
  g_autoptr(DbPool) pool = process_await_database(settings, log, "gatepost sync", error);
  if (pool == NULL)
    return *error == NULL ? APP_OK : APP_FAILED;
  MailWorkerOptions options = {
      .pool = pool, .conninfo = settings_string(settings, "database"), .name = name, .log = log};
  MailTendOptions tend_options = {.pool = pool, .log = log, .route = &route};
  g_autoptr(MailWorker) worker = mail_worker_new(&options);
  g_autoptr(MailTend) tend = mail_tend_new(&tend_options);
  serve_notify(READY_TEXT);
  log_event(log, LOG_INFO, "ready", "worker", name, "version", GATEPOST_VERSION, NULL);
  process_signals_wait(-1);
  log_event(log, LOG_INFO, "stopping", NULL);
  serve_notify("STOPPING=1");
  process_signals_unblock();
  g_clear_pointer(&tend, mail_tend_free);
  g_clear_pointer(&worker, mail_worker_free);
  log_event(log, LOG_INFO, "stopped", NULL);
  return APP_OK;
}
