/* What a command works with: the output, the settings and the database, each made when first asked for and freed at
 * the end. Process lifetime; one thread. */
#pragma once

#include "cmd/output.h"
#include "lib/db_pool.h"
#include "lib/log.h"
#include "lib/settings.h"

typedef struct App App;

#define APP_DEFAULT_CONFIG "/etc/gatepost/gatepost.yaml"

/* config NULL: environment GATEPOST_CONFIG, else the default path. output is taken. */
App *app_new(const char *config, Output *output);
void app_free(App *app);

Output *app_output(App *app);
/* Where the settings file is (or would be). */
const char *app_config(const App *app);
/* NULL with a SETTINGS_ERROR. */
const Settings *app_settings(App *app, GError **error);
/* The log as the settings want it; made from defaults while they are not loaded. */
Log *app_log(App *app);
/* The same, but of what is routine only at log_level debug. */
Log *app_log_quiet(App *app);
/* The database as its owner (the setting `database`), for admin commands. Connections are made when used. */
DbPool *app_pool(App *app, GError **error);
/* One connection as its owner, outside the pool: migrations, roles. Free with db_free. */
Db *app_db(App *app, GError **error);
/* The deadline of an admin command's database work, from now. */
gint64 app_deadline(const App *app);
/* "admin:NAME" of who typed the command, for audit records: the user behind sudo, else the user. */
const char *app_actor(App *app);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(App, app_free)
