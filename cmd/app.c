#include "cmd/app.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "cmd/app_error.h"
#include "cmd/settings.h"
#include "lib/clock.h"

#define COMMAND_SECONDS 25
#define COMMAND_CONNECTIONS 2

struct App {
  char *config;
  Output *output;
  Settings *settings;
  Log *log, *quiet;
  DbPool *pool;
  char *actor;
};

App *app_new(const char *config, Output *output) {
  App *app = g_new0(App, 1);
  const char *named = config != NULL ? config : g_getenv("GATEPOST_CONFIG");
  app->config = g_strdup(named != NULL && *named != '\0' ? named : APP_DEFAULT_CONFIG);
  app->output = output;
  return app;
}

void app_free(App *app) {
  if (app == NULL)
    return;
  db_pool_free(app->pool);
  settings_free(app->settings);
  log_free(app->log);
  log_free(app->quiet);
  output_free(app->output);
  g_free(app->actor);
  g_free(app->config);
  g_free(app);
}

Output *app_output(App *app) {
  return app->output;
}

const char *app_config(const App *app) {
  return app->config;
}

/* Without a file at the default place everything may come from the environment. */
static const char *file_to_read(const App *app) {
  gboolean absent = access(app->config, F_OK) != 0;
  return absent && strcmp(app->config, APP_DEFAULT_CONFIG) == 0 && g_getenv("GATEPOST_PUBLIC_URL") != NULL
             ? NULL
             : app->config;
}

const Settings *app_settings(App *app, GError **error) {
  if (app->settings != NULL)
    return app->settings;
  g_autoptr(Settings) settings = settings_load(settings_rows(), file_to_read(app), error);
  if (settings == NULL || !settings_agree(settings, error))
    return NULL;
  app->settings = g_steal_pointer(&settings);
  return app->settings;
}

static LogFormat log_format(const char *name) {
  if (strcmp(name, "text") == 0)
    return LOG_FORMAT_TEXT;
  return strcmp(name, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_AUTO;
}

static LogLevel log_level(const char *name) {
  static const char *const names[] = {"error", "warning", "info", "debug", NULL};
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp(names[i], name) == 0)
      return (LogLevel)i;
  return LOG_INFO;
}

static LogFormat wanted_format(const App *app) {
  return app->settings == NULL ? LOG_FORMAT_AUTO : log_format(settings_string(app->settings, "log_format"));
}

static LogLevel wanted_level(const App *app) {
  return app->settings == NULL ? LOG_INFO : log_level(settings_string(app->settings, "log_level"));
}

Log *app_log(App *app) {
  if (app->log == NULL)
    app->log = log_new(wanted_format(app), wanted_level(app));
  return app->log;
}

Log *app_log_quiet(App *app) {
  LogLevel level = wanted_level(app);
  if (app->quiet == NULL)
    app->quiet = log_new(wanted_format(app), level == LOG_INFO ? LOG_WARNING : level);
  return app->quiet;
}

DbPool *app_pool(App *app, GError **error) {
  if (app->pool != NULL)
    return app->pool;
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return NULL;
  DbPoolOptions options = {
      .conninfo = settings_string(settings, "database"),
      .application_name = "gatepost admin",
      .size = COMMAND_CONNECTIONS,
  };
  app->pool = db_pool_new(&options);
  return app->pool;
}

Db *app_db(App *app, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return NULL;
  return db_open(settings_string(settings, "database"), "gatepost admin", app_deadline(app), error);
}

gint64 app_deadline(const App *app) {
  (void)app;
  return clock_deadline(COMMAND_SECONDS);
}

static const char *user_name(void) {
  const char *behind = getuid() == 0 ? g_getenv("SUDO_USER") : NULL;
  if (behind != NULL && *behind != '\0')
    return behind;
  const struct passwd *entry = getpwuid(getuid());
  return entry == NULL ? NULL : entry->pw_name;
}

const char *app_actor(App *app) {
  if (app->actor != NULL)
    return app->actor;
  const char *name = user_name();
  app->actor =
      name != NULL ? g_strdup_printf("admin:%s", name) : g_strdup_printf("admin:uid-%u", (unsigned)getuid());
  return app->actor;
}
