#include "cmd/init_plan.h"

#include <string.h>
#include <unistd.h>

#include "cmd/app_error.h"
#include "cmd/settings.h"
#include "cmd/store_house.h"
#include "lib/clock.h"
#include "lib/db_migrate.h"
#include "lib/jsontext.h"

#define DATABASE_SECONDS 10

void init_plan_free(InitPlan *plan) {
  if (plan == NULL)
    return;
  settings_free(plan->settings);
  g_free(plan->config);
  g_free(plan->keys_dir);
  g_free(plan->text);
  g_free(plan);
}

static void yaml_line(GString *out, const char *name, const char *value) {
  g_string_append_printf(out, "%s: ", name);
  jsontext_append_string(out, value); /* a JSON string is a YAML string */
  g_string_append_c(out, '\n');
}

static char *file_text(const InitWishes *wishes) {
  GString *out = g_string_new("# Written by gatepost init. Every setting: gatepost check-config --example\n");
  yaml_line(out, "public_url", wishes->public_url);
  yaml_line(out, "database", wishes->database);
  yaml_line(out, "keys_dir", wishes->keys_dir);
  return g_string_free(out, FALSE);
}

/* The file that is there rules; a wish that differs is not silently dropped. */
static gboolean agrees(const Settings *settings, const char *config, const char *name, const char *wish,
                       GError **error) {
  if (wish == NULL || strcmp(settings_string(settings, name), wish) == 0)
    return TRUE;
  app_error_set(error, APP_REFUSED, 1021, "%s is there and has another \"%s\"", config, name);
  return FALSE;
}

static gboolean plan_settings(InitPlan *plan, const InitWishes *wishes, GError **error) {
  if (access(wishes->config, F_OK) == 0) {
    plan->settings = settings_load(settings_rows(), wishes->config, error);
    return plan->settings != NULL &&
           agrees(plan->settings, wishes->config, "public_url", wishes->public_url, error) &&
           agrees(plan->settings, wishes->config, "database", wishes->database, error);
  }
  plan->text = file_text(wishes);
  plan->settings = settings_parse(settings_rows(), wishes->config, plan->text, strlen(plan->text), error);
  return plan->settings != NULL && settings_agree(plan->settings, error);
}

static gboolean plan_roles(InitPlan *plan, Db *db, GError **error) {
  static const char *const names[] = {"gatepost_app", "gatepost_dovecot", "gatepost_postfix"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    StoreHouseRole role;
    if (!store_house_role(db, names[i], &role, error))
      return FALSE;
    gboolean app = i == 0;
    plan->roles_missing = plan->roles_missing || !role.exists || (app && !role.member);
    plan->granted = app ? role.granted : plan->granted;
  }
  return store_house_may_make_roles(db, &plan->may_make_roles, error);
}

static gboolean plan_migrations(InitPlan *plan, Db *db, GError **error) {
  g_autoptr(GPtrArray) migrations = db_migrate_status(db, error);
  if (migrations == NULL)
    return FALSE;
  for (guint i = 0; i < migrations->len; i++)
    plan->pending += ((const DbMigration *)migrations->pdata[i])->applied_at == NULL;
  return TRUE;
}

InitPlan *init_plan_new(const InitWishes *wishes, Db **db, GError **error) {
  g_autoptr(InitPlan) plan = g_new0(InitPlan, 1);
  if (!plan_settings(plan, wishes, error))
    return NULL;
  plan->config = g_strdup(wishes->config);
  plan->keys_dir = g_strdup(settings_string(plan->settings, "keys_dir"));
  plan->keys_missing = access(plan->keys_dir, F_OK) != 0;
  g_autoptr(Db) own = db_open(settings_string(plan->settings, "database"), "gatepost init",
                              clock_deadline(DATABASE_SECONDS), error);
  if (own == NULL || !plan_roles(plan, own, error) || !plan_migrations(plan, own, error))
    return NULL;
  *db = g_steal_pointer(&own);
  return g_steal_pointer(&plan);
}

gboolean init_plan_is_empty(const InitPlan *plan) {
  gboolean roles = plan->may_make_roles && (plan->roles_missing || !plan->granted);
  return plan->text == NULL && !plan->keys_missing && !roles && plan->pending == 0;
}

static void add(json_t *lines, const char *mark, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add(json_t *lines, const char *mark, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  json_array_append_new(lines, json_pack("{s:s, s:s}", "mark", mark, "what", what));
}

json_t *init_plan_json(const InitPlan *plan) {
  json_t *lines = json_array();
  gboolean write = plan->text != NULL;
  add(lines, write ? "+" : "=", "settings %s%s", plan->config, write ? "" : ": is there, kept as it is");
  add(lines, plan->keys_missing ? "+" : "=", "folder for keys %s%s", plan->keys_dir,
      plan->keys_missing ? "" : ": is there");
  if (!plan->roles_missing)
    add(lines, "=", "database roles: are there");
  else if (plan->may_make_roles)
    add(lines, "+", "database roles gatepost_app, gatepost_dovecot, gatepost_postfix");
  else
    add(lines, "!", "database roles: skipped, the database's owner may not make roles; it serves alone");
  add(lines, plan->pending > 0 ? "+" : "=", "%u migration%s to apply", plan->pending,
      plan->pending == 1 ? "" : "s");
  add(lines, "=", "Dovecot and Postfix: not touched");
  return json_pack("{s:o}", "plan", lines);
}
