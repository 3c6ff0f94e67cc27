#include "scim/store.h"

#include "lib/crypto.h"
#include "lib/text.h"
#include "scim/error.h"
#include "scim/store_columns.h"

static void set_not_found(const char *id, GError **error) {
  g_autofree char *quoted = text_quote(id);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_NOT_FOUND,
              "there is no group with id \"%s\" here; it was deleted or never was", quoted);
}

static gboolean check_id(const char *id, GError **error) {
  if (crypto_uuid_valid(id))
    return TRUE;
  set_not_found(id, error);
  return FALSE;
}

static void add_scope(DbArgs *args, ScimScope scope, const char *id) {
  db_args_int(args, scope.org_id);
  db_args_int(args, scope.source_id);
  db_args_text(args, id);
}

static DbResult *found(DbResult *result, const char *id, GError **error) {
  if (result == NULL || db_rows(result) > 0)
    return result;
  db_result_free(result);
  set_not_found(id, error);
  return NULL;
}

static const DbStatement group_get = {
    "scim_group_get",
    "SELECT " SCIM_GROUP_COLUMNS("NULL::text") " FROM scim_group g WHERE g.org_id = $1 AND g.source_id = $2 "
                                               "AND g.group_id = $3::uuid"};
static const DbStatement group_get_members = {
    "scim_group_get_members",
    "SELECT " SCIM_GROUP_COLUMNS(SCIM_MEMBERS_OF_GROUP(
        "$4")) " FROM scim_group g WHERE g.org_id = $1 AND g.source_id = $2 AND g.group_id = $3::uuid"};

DbResult *scim_store_group_get(const ScimReader *reader, const char *id, gboolean members, GError **error) {
  if (!check_id(id, error))
    return NULL;
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, reader->scope, id);
  if (members)
    db_args_text(&args, reader->scope.base);
  return found(
      db_pool_read(reader->pool, reader->deadline, members ? &group_get_members : &group_get, &args, error),
      id, error);
}

static const DbStatement group_lock = {
    "scim_group_lock",
    "SELECT " SCIM_GROUP_COLUMNS("NULL::text") ", g.extra::text"
                                               " FROM scim_group g WHERE g.org_id = $1 AND g.source_id = $2"
                                               " AND g.group_id = $3::uuid FOR UPDATE OF g"};

DbResult *scim_store_group_lock(ScimScope scope, Db *db, const char *id, GError **error) {
  if (!check_id(id, error))
    return NULL;
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, scope, id);
  return found(db_query(db, &group_lock, &args, error), id, error);
}

static void queue_write(ScimScope scope, Db *db, const DbStatement *statement, const ScimRecord *group,
                        DbResult **stamp) {
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, scope, group->id);
  db_args_text(&args, group->name);
  db_args_text(&args, group->name_key);
  db_args_text(&args, group->external_id);
  db_args_text(&args, group->doc);
  db_args_text(&args, group->fold);
  db_args_text(&args, group->extra);
  db_queue(db, statement, &args, stamp);
}

static const DbStatement group_insert = {
    "scim_group_insert",
    "WITH counted AS (INSERT INTO resource_count (org_id, source_id, kind, n) VALUES ($1, $2, 'g', 1))"
    " INSERT INTO scim_group AS g (org_id, source_id, group_id, display_name, display_key, external_id, doc, "
    "fold, extra)"
    " VALUES ($1, $2, $3::uuid, $4, $5, $6, $7, $8::jsonb, $9::jsonb) RETURNING " SCIM_GROUP_COLUMNS(
        "NULL::text")};

void scim_store_group_queue_insert(ScimScope scope, Db *db, const ScimRecord *group, DbResult **stamp) {
  queue_write(scope, db, &group_insert, group, stamp);
}

static const DbStatement group_update = {
    "scim_group_update",
    "UPDATE scim_group g SET display_name = $4, display_key = $5, external_id = $6, doc = $7, fold = "
    "$8::jsonb,"
    " extra = $9::jsonb, version = g.version + 1, modified_at = now()"
    " WHERE g.org_id = $1 AND g.source_id = $2 AND g.group_id = $3::uuid RETURNING " SCIM_GROUP_COLUMNS(
        "NULL::text")};

void scim_store_group_queue_update(ScimScope scope, Db *db, const ScimRecord *group, DbResult **stamp) {
  queue_write(scope, db, &group_update, group, stamp);
}

/* Its own members go by the foreign keys. */
static const DbStatement group_delete = {
    "scim_group_delete",
    "WITH gone AS (DELETE FROM scim_group WHERE org_id = $1 AND source_id = $2 AND group_id = $3::uuid "
    "RETURNING 1)"
    " INSERT INTO resource_count (org_id, source_id, kind, n) SELECT $1, $2, 'g'::\"char\", -1 FROM gone"};
static const DbStatement group_leave_groups = {
    "scim_group_leave_groups",
    "WITH gone AS (DELETE FROM scim_member WHERE org_id = $1 AND member_id = $2::uuid RETURNING group_id)"
    " UPDATE scim_group g SET version = g.version + 1, modified_at = now()"
    " FROM gone WHERE g.org_id = $1 AND g.group_id = gone.group_id"};

void scim_store_group_queue_delete(ScimScope scope, Db *db, const char *id) {
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, scope, id);
  db_queue(db, &group_delete, &args, NULL);
  DbArgs leave = DB_ARGS_INIT;
  db_args_int(&leave, scope.org_id);
  db_args_text(&leave, id);
  db_queue(db, &group_leave_groups, &leave, NULL);
}
