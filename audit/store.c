#include "audit/audit.h"

#include <stdlib.h>

/* at, audit_id and xid are the database's own. */
static const DbStatement insert = {
    .name = "audit_insert",
    .sql = "INSERT INTO audit (org_id, kind, request_id, actor, source_ip, action, subject, detail)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

void audit_queue(Db *db, const AuditRecord *record) {
  char *detail = record->detail == NULL ? NULL : json_dumps(record->detail, JSON_COMPACT);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, record->org_id);
  db_args_text(&args, audit_kind_name(record->kind));
  db_args_text(&args, record->request_id);
  db_args_text(&args, record->actor);
  db_args_text(&args, record->source_ip);
  db_args_text(&args, record->action);
  db_args_text(&args, record->subject);
  db_args_text(&args, detail);
  db_queue(db, &insert, &args, NULL);
  free(detail);
}

static const DbStatement prepare = {.name = "audit_prepare", .sql = "SELECT audit_prepare()"};

gboolean audit_prepare_partitions(Db *db, GError **error) {
  g_autoptr(DbResult) done = db_query(db, &prepare, NULL, error);
  return done != NULL;
}
