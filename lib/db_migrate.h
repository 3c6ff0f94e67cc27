/* Numbered, forward-only SQL files, embedded in the binary (GResource under /gatepost/migrations/), each applied in
 * one transaction with its row in schema_migration (number, name, SHA-256, when), under an advisory lock. A killed run leaves
 * whole migrations only. */
#pragma once

#include "lib/db.h"

typedef struct {
  int number;
  char *name;
  char *sha256;     /* hex */
  char *applied_at; /* NULL while pending */
} DbMigration;

typedef enum {
  DB_MIGRATE_ERROR_NEWER,   /* the database has a migration this binary does not know: GP-8101 */
  DB_MIGRATE_ERROR_CHANGED, /* an applied one differs from ours: GP-8102 */
  DB_MIGRATE_ERROR_FAILED,  /* with the number and the server's words: GP-8103 */
} DbMigrateErrorCode;
#define DB_MIGRATE_ERROR (db_migrate_error_quark())
GQuark db_migrate_error_quark(void);

/* All known migrations in order with their state; an array of DbMigration*, free with g_ptr_array_unref. */
GPtrArray *db_migrate_status(Db *db, GError **error);
/* Applies what is pending; *applied (may be NULL) counts. */
gboolean db_migrate_run(Db *db, guint *applied, GError **error);
/* Does the schema fit this binary exactly? FALSE with UNAVAILABLE-like errors of DB_ERROR or the codes above; pending
 * migrations are DB_MIGRATE_ERROR_FAILED naming the command to run. */
gboolean db_migrate_check(Db *db, GError **error);
