#include "lib/db_migrate.h"

#include <gio/gio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"
#include "migrations/gatepost-migrations.h"

#define ROOT "/gatepost/migrations/"
/* Any constant: "gatepost" in ASCII. Held by the session, so that a killed run frees it. */
#define LOCK "7449370467461657460"
#define PAUSE_US 200000

G_DEFINE_QUARK(db_migrate_error, db_migrate_error)

static void migration_free(gpointer data) {
  DbMigration *migration = data;
  g_free(migration->name);
  g_free(migration->sha256);
  g_free(migration->applied_at);
  g_free(migration);
}

static GBytes *embedded_sql(const DbMigration *migration) {
  g_autofree char *path = g_strconcat(ROOT, migration->name, ".sql", NULL);
  GBytes *sql = g_resource_lookup_data(migrations_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_assert(sql != NULL);
  return sql;
}

static int by_number(gconstpointer a, gconstpointer b) {
  const DbMigration *const *x = a, *const *y = b;
  return (*x)->number - (*y)->number;
}

/* Named by its function, not by path among all resources: that is also what makes the linker keep it.
 * What this binary carries: "0001_house.sql" and so on. */
static GPtrArray *embedded(void) {
  GPtrArray *migrations = g_ptr_array_new_with_free_func(migration_free);
  g_auto(GStrv) names =
      g_resource_enumerate_children(migrations_get_resource(), ROOT, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  for (char **name = names; name != NULL && *name != NULL; name++) {
    if (!g_str_has_suffix(*name, ".sql"))
      continue;
    DbMigration *migration = g_new0(DbMigration, 1);
    migration->number = (int)g_ascii_strtoll(*name, NULL, 10);
    migration->name = g_strndup(*name, strlen(*name) - strlen(".sql"));
    g_autoptr(GBytes) sql = embedded_sql(migration);
    migration->sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, sql);
    g_ptr_array_add(migrations, migration);
  }
  g_ptr_array_sort(migrations, by_number);
  return migrations;
}

static DbMigration *find(const GPtrArray *migrations, gint64 number) {
  for (guint i = 0; i < migrations->len; i++) {
    DbMigration *migration = g_ptr_array_index(migrations, i);
    if (migration->number == number)
      return migration;
  }
  return NULL;
}

static gboolean fit(const GPtrArray *migrations, const DbResult *applied, int row, GError **error) {
  gint64 number = db_int(applied, row, 0);
  DbMigration *ours = find(migrations, number);
  if (ours == NULL) {
    g_set_error(
        error, DB_MIGRATE_ERROR, DB_MIGRATE_ERROR_NEWER,
        "the database has migration %s, which this gatepost does not know: install the newer version again, "
        "nothing was changed (GP-8101)",
        db_text(applied, row, 1));
    return FALSE;
  }
  if (strcmp(ours->sha256, db_text(applied, row, 2)) != 0) {
    g_set_error(
        error, DB_MIGRATE_ERROR, DB_MIGRATE_ERROR_CHANGED,
        "migration %s was applied with another content than this gatepost carries: it was built from changed "
        "files, or the database belongs to another build; nothing was changed (GP-8102)",
        ours->name);
    return FALSE;
  }
  ours->applied_at = g_strdup(db_text(applied, row, 3));
  return TRUE;
}

static const DbStatement table_exists = {.name = NULL,
                                         .sql = "SELECT to_regclass('public.schema_migration') IS NOT NULL"};

static const DbStatement applied_rows = {.name = NULL,
                                         .sql = "SELECT number, name, sha256, to_char(applied_at AT TIME "
                                                "ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                                                " FROM public.schema_migration ORDER BY number"};

GPtrArray *db_migrate_status(Db *db, GError **error) {
  g_autoptr(GPtrArray) migrations = embedded();
  g_autoptr(DbResult) exists = db_query(db, &table_exists, NULL, error);
  if (exists == NULL)
    return NULL;
  if (!db_bool(exists, 0, 0))
    return g_steal_pointer(&migrations);
  g_autoptr(DbResult) applied = db_query(db, &applied_rows, NULL, error);
  if (applied == NULL)
    return NULL;
  for (int row = 0; row < db_rows(applied); row++)
    if (!fit(migrations, applied, row, error))
      return NULL;
  return g_steal_pointer(&migrations);
}

static const DbStatement insert_row = {
    .name = NULL, .sql = "INSERT INTO public.schema_migration (number, name, sha256) VALUES ($1, $2, $3)"};

static gboolean apply_in_transaction(Db *db, const DbMigration *migration, GError **error) {
  g_autoptr(GBytes) sql = embedded_sql(migration);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, migration->number);
  db_args_text(&args, migration->name);
  db_args_text(&args, migration->sha256);
  g_autofree char *text = g_strndup(g_bytes_get_data(sql, NULL), g_bytes_get_size(sql));
  if (!db_script(db, "BEGIN", error) || !db_script(db, text, error))
    return FALSE;
  g_autoptr(DbResult) inserted = db_query(db, &insert_row, &args, error);
  return inserted != NULL && db_script(db, "COMMIT", error);
}

/* A lock that cannot be had in three seconds is given up, so that requests do not queue behind us; then again. */
static gboolean lock_was_busy(const Db *db, const GError *error) {
  return g_error_matches(error, DB_ERROR, DB_ERROR_TIMEOUT) &&
         strcmp(db_error_sqlstate(error), "55P03") == 0 && clock_left_ms(db->deadline) > 0;
}

static gboolean apply(Db *db, const DbMigration *migration, GError **error) {
  for (;;) {
    g_autoptr(GError) failure = NULL;
    if (apply_in_transaction(db, migration, &failure))
      return TRUE;
    if (db_usable(db))
      db_script(db, "ROLLBACK", NULL);
    if (!lock_was_busy(db, failure)) {
      g_set_error(error, DB_MIGRATE_ERROR, DB_MIGRATE_ERROR_FAILED,
                  "migration %s failed and left nothing behind: %s (GP-8103)", migration->name,
                  failure->message);
      return FALSE;
    }
    g_usleep(PAUSE_US);
  }
}

static const char lock[] =
    "SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock(" LOCK ");"
    "SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '60s'";

static const char unlock[] =
    "SELECT pg_advisory_unlock(" LOCK "); RESET lock_timeout; RESET statement_timeout;"
    "RESET idle_in_transaction_session_timeout";

static const char make_table[] =
    "BEGIN;"
    "CREATE TABLE IF NOT EXISTS public.schema_migration ("
    "  number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
    "  applied_at timestamptz NOT NULL DEFAULT now());"
    "COMMENT ON TABLE public.schema_migration IS 'Migrations that were applied, each in one transaction with "
    "its row.';"
    "COMMENT ON COLUMN public.schema_migration.number IS 'Order.';"
    "COMMENT ON COLUMN public.schema_migration.name IS 'File name without .sql.';"
    "COMMENT ON COLUMN public.schema_migration.sha256 IS 'Of the file''s bytes, in hex.';"
    "COMMENT ON COLUMN public.schema_migration.applied_at IS 'When it was applied.';"
    "COMMIT";

static gboolean run_locked(Db *db, guint *applied, GError **error) {
  g_autoptr(GPtrArray) known = db_migrate_status(db, error);
  if (known == NULL)
    return FALSE;
  g_autoptr(DbResult) exists = db_query(db, &table_exists, NULL, error);
  if (exists == NULL || (!db_bool(exists, 0, 0) && !db_script(db, make_table, error)))
    return FALSE;
  for (guint i = 0; i < known->len; i++) {
    const DbMigration *migration = g_ptr_array_index(known, i);
    if (migration->applied_at != NULL)
      continue;
    if (!apply(db, migration, error))
      return FALSE;
    if (applied != NULL)
      (*applied)++;
  }
  return TRUE;
}

gboolean db_migrate_run(Db *db, guint *applied, GError **error) {
  if (applied != NULL)
    *applied = 0;
  if (!db_script(db, lock, error))
    return FALSE;
  gboolean done = run_locked(db, applied, error);
  if (db_usable(db))
    db_script(db, unlock, NULL);
  return done;
}

gboolean db_migrate_check(Db *db, GError **error) {
  g_autoptr(GPtrArray) migrations = db_migrate_status(db, error);
  if (migrations == NULL)
    return FALSE;
  for (guint i = 0; i < migrations->len; i++) {
    const DbMigration *migration = g_ptr_array_index(migrations, i);
    if (migration->applied_at != NULL)
      continue;
    g_set_error(error, DB_MIGRATE_ERROR, DB_MIGRATE_ERROR_FAILED,
                "migration %s is pending: run `gatepost db migrate` (GP-8103)", migration->name);
    return FALSE;
  }
  return TRUE;
}
