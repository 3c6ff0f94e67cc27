#include "cmd/db.h"

#include "audit/audit.h"
#include "lib/db_migrate.h"

static const OutputColumn columns[] = {
    {"number", "number"}, {"name", "name"}, {"state", "state"}, {"appliedAt", "applied at"}, {NULL},
};

static json_t *migration_json(const DbMigration *migration) {
  gboolean pending = migration->applied_at == NULL;
  return json_pack("{s:i, s:s, s:s, s:s?, s:s}", "number", migration->number, "name", migration->name,
                   "state", pending ? "pending" : "applied", "appliedAt", migration->applied_at, "sha256",
                   migration->sha256);
}

/* {"migrations": […], "pending": n}; all FALSE: the pending ones alone. */
static json_t *status_json(const GPtrArray *migrations, gboolean all) {
  json_t *rows = json_array();
  int pending = 0;
  for (guint i = 0; i < migrations->len; i++) {
    const DbMigration *migration = migrations->pdata[i];
    pending += migration->applied_at == NULL;
    if (all || migration->applied_at == NULL)
      json_array_append_new(rows, migration_json(migration));
  }
  return json_pack("{s:o, s:i}", "migrations", rows, "pending", pending);
}

int verb_db_status(App *app, const VerbCall *call, GError **error) {
  (void)call;
  g_autoptr(Db) db = app_db(app, error);
  g_autoptr(GPtrArray) migrations = db == NULL ? NULL : db_migrate_status(db, error);
  if (migrations == NULL)
    return APP_FAILED;
  json_t *status = status_json(migrations, TRUE);
  gboolean pending = json_integer_value(json_object_get(status, "pending")) > 0;
  output_records(app_output(app), columns, status, "migrations");
  if (!db_migrate_check(db, error) && !pending)
    return APP_FAILED;
  g_clear_error(error);
  output_say(app_output(app), pending ? "Next: gatepost db migrate" : "The schema is up to date.");
  return APP_OK;
}

static int migrate(App *app, Db *db, GError **error) {
  guint applied = 0;
  if (!db_migrate_run(db, &applied, error) || !audit_prepare_partitions(db, error))
    return APP_FAILED;
  static const OutputColumn done[] = {{"applied", "migrations applied"}, {NULL}};
  output_record(app_output(app), done, json_pack("{s:i}", "applied", (int)applied));
  if (applied == 0)
    output_say(app_output(app), "The schema was up to date already.");
  return APP_OK;
}

int verb_db_migrate(App *app, const VerbCall *call, GError **error) {
  g_autoptr(Db) db = app_db(app, error);
  if (db == NULL)
    return APP_FAILED;
  if (!verb_given(call, "plan"))
    return migrate(app, db, error);
  g_autoptr(GPtrArray) migrations = db_migrate_status(db, error);
  if (migrations == NULL)
    return APP_FAILED;
  output_records(app_output(app), columns, status_json(migrations, FALSE), "migrations");
  output_say(app_output(app), "Nothing was changed. Next: gatepost db migrate");
  return APP_OK;
}
