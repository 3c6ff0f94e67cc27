#include "scim/store.h"

#include "lib/crypto.h"
#include "lib/text.h"
#include "scim/error.h"
#include "scim/store_columns.h"

ScimStored scim_store_row(const ScimType *type, const DbResult *result, int row) {
  return (ScimStored){.type = type,
                      .id = db_text(result, row, SCIM_COLUMN_ID),
                      .doc = db_text(result, row, SCIM_COLUMN_DOC),
                      .linked = db_text(result, row, SCIM_COLUMN_LINKED),
                      .version = db_int(result, row, SCIM_COLUMN_VERSION),
                      .created_us = db_int(result, row, SCIM_COLUMN_CREATED),
                      .modified_us = db_int(result, row, SCIM_COLUMN_MODIFIED)};
}

static void set_not_found(const char *id, GError **error) {
  g_autofree char *quoted = text_quote(id);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_NOT_FOUND,
              "there is no user with id \"%s\" here; it was deleted or never was", quoted);
}

/* A text that is no UUID cannot be one of our ids, and must not reach a uuid parameter. */
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

static const DbStatement user_get = {
    "scim_user_get",
    "SELECT " SCIM_USER_COLUMNS(
        "NULL::text") " FROM scim_user u WHERE u.org_id = $1 AND u.source_id = $2 AND u.user_id = $3::uuid"};
static const DbStatement user_get_groups = {
    "scim_user_get_groups",
    "SELECT " SCIM_USER_COLUMNS(SCIM_GROUPS_OF_USER(
        "$4")) " FROM scim_user u WHERE u.org_id = $1 AND u.source_id = $2 AND u.user_id = $3::uuid"};

DbResult *scim_store_user_get(const ScimReader *reader, const char *id, gboolean groups, GError **error) {
  if (!check_id(id, error))
    return NULL;
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, reader->scope, id);
  if (groups)
    db_args_text(&args, reader->scope.base);
  return found(
      db_pool_read(reader->pool, reader->deadline, groups ? &user_get_groups : &user_get, &args, error), id,
      error);
}

/* Who changes a person lets groups go on naming him; who deletes him does not (ADD_PEOPLE in store_member.c). */
#define LOCK_USER                                      \
  "SELECT " SCIM_USER_COLUMNS(                         \
      "NULL::text") ", u.extra::text FROM scim_user u" \
                    " WHERE u.org_id = $1 AND u.source_id = $2 AND u.user_id = $3::uuid"
static const DbStatement user_lock = {"scim_user_lock", LOCK_USER " FOR NO KEY UPDATE OF u"};
static const DbStatement user_lock_delete = {"scim_user_lock_delete", LOCK_USER " FOR UPDATE OF u"};
static const DbStatement user_lock_groups = {
    "scim_user_lock_groups", "SELECT " SCIM_USER_COLUMNS(SCIM_GROUPS_OF_USER(
                                 "$4")) ", u.extra::text"
                                        " FROM scim_user u WHERE u.org_id = $1 AND u.source_id = $2"
                                        " AND u.user_id = $3::uuid FOR NO KEY UPDATE OF u"};

DbResult *scim_store_user_lock(ScimScope scope, Db *db, const char *id, gboolean groups, GError **error) {
  if (!check_id(id, error))
    return NULL;
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, scope, id);
  if (groups)
    db_args_text(&args, scope.base);
  return found(db_query(db, groups ? &user_lock_groups : &user_lock, &args, error), id, error);
}

DbResult *scim_store_user_lock_delete(ScimScope scope, Db *db, const char *id, GError **error) {
  if (!check_id(id, error))
    return NULL;
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, scope, id);
  return found(db_query(db, &user_lock_delete, &args, error), id, error);
}

static void queue_write(ScimScope scope, Db *db, const DbStatement *statement, const ScimRecord *user,
                        DbResult **stamp) {
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *keys = NULL;
  add_scope(&args, scope, user->id);
  db_args_text(&args, user->name);
  db_args_text(&args, user->name_key);
  db_args_text(&args, user->external_id);
  db_args_text_array(&args, (const char *const *)user->email_keys, g_strv_length(user->email_keys), &keys);
  db_args_bool(&args, user->active);
  db_args_text(&args, user->doc);
  db_args_text(&args, user->fold);
  db_args_text(&args, user->extra);
  db_queue(db, statement, &args, stamp);
}

static const DbStatement user_insert = {
    "scim_user_insert",
    "WITH counted AS (INSERT INTO resource_count (org_id, source_id, kind, n) VALUES ($1, $2, 'u', 1))"
    " INSERT INTO scim_user AS u (org_id, source_id, user_id, user_name, user_name_key, external_id, "
    "email_keys, active,"
    " doc, fold, extra) VALUES ($1, $2, $3::uuid, $4, $5, $6, $7::text[], $8, $9, $10::jsonb, $11::jsonb)"
    " RETURNING " SCIM_USER_COLUMNS("NULL::text")};

void scim_store_user_queue_insert(ScimScope scope, Db *db, const ScimRecord *user, DbResult **stamp) {
  queue_write(scope, db, &user_insert, user, stamp);
}

static const DbStatement user_update = {
    "scim_user_update",
    "UPDATE scim_user u SET user_name = $4, user_name_key = $5, external_id = $6, email_keys = $7::text[], "
    "active = $8,"
    " doc = $9, fold = $10::jsonb, extra = $11::jsonb, version = u.version + 1, modified_at = now()"
    " WHERE u.org_id = $1 AND u.source_id = $2 AND u.user_id = $3::uuid RETURNING " SCIM_USER_COLUMNS(
        "NULL::text")};

void scim_store_user_queue_update(ScimScope scope, Db *db, const ScimRecord *user, DbResult **stamp) {
  queue_write(scope, db, &user_update, user, stamp);
}

static const DbStatement user_delete = {
    "scim_user_delete",
    "WITH gone AS (DELETE FROM scim_user WHERE org_id = $1 AND source_id = $2 AND user_id = $3::uuid"
    " RETURNING user_name, external_id),"
    " counted AS (INSERT INTO resource_count (org_id, source_id, kind, n) SELECT $1, $2, 'u'::\"char\", -1 "
    "FROM gone)"
    " INSERT INTO scim_tombstone (org_id, source_id, user_id, user_name, external_id)"
    " SELECT $1, $2, $3::uuid, user_name, external_id FROM gone"};
/* A statement of its own, after the person's row lock: its snapshot sees every membership that was added before. */
static const DbStatement user_leave_groups = {
    "scim_user_leave_groups",
    "WITH held AS MATERIALIZED (SELECT group_id FROM scim_group WHERE org_id = $1 AND group_id IN"
    " (SELECT group_id FROM scim_member WHERE org_id = $1 AND member_id = $2::uuid)"
    " ORDER BY group_id FOR NO KEY UPDATE),"
    " gone AS (DELETE FROM scim_member WHERE org_id = $1 AND member_id = $2::uuid"
    " AND group_id IN (SELECT group_id FROM held) RETURNING group_id)"
    " UPDATE scim_group g SET version = g.version + 1, modified_at = now()"
    " FROM gone WHERE g.org_id = $1 AND g.group_id = gone.group_id"};

void scim_store_user_queue_delete(ScimScope scope, Db *db, const char *id) {
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, scope, id);
  db_queue(db, &user_delete, &args, NULL);
  DbArgs leave = DB_ARGS_INIT;
  db_args_int(&leave, scope.org_id);
  db_args_text(&leave, id);
  db_queue(db, &user_leave_groups, &leave, NULL);
}

/* The groups are locked first and in order of id, as everybody locks them. */
static const DbStatement user_arrival = {
    "scim_user_arrival",
    "WITH held AS MATERIALIZED (SELECT group_id FROM scim_group WHERE org_id = $1 AND group_id IN (SELECT "
    "group_id"
    " FROM scim_pending_member WHERE org_id = $1 AND source_id = $2 AND (value IN ($3::text, $4) OR "
    "value_key = $5))"
    " ORDER BY group_id FOR NO KEY UPDATE),"
    " here AS (DELETE FROM scim_pending_member WHERE org_id = $1 AND source_id = $2"
    " AND (value IN ($3::text, $4) OR value_key = $5) AND group_id IN (SELECT group_id FROM held) RETURNING "
    "group_id),"
    " live AS (INSERT INTO scim_member (org_id, group_id, member_id, kind)"
    " SELECT DISTINCT $1::bigint, group_id, $3::text::uuid, 'u'::\"char\" FROM here ON CONFLICT DO NOTHING)"
    " UPDATE scim_group g SET version = g.version + 1, modified_at = now()"
    " WHERE g.org_id = $1 AND g.group_id IN (SELECT group_id FROM here) RETURNING g.org_id, g.group_id, "
    "$3::text"};

DbResult *scim_store_user_arrival(ScimScope scope, Db *db, const ScimRecord *user, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  add_scope(&args, scope, user->id);
  db_args_text(&args, user->external_id);
  db_args_text(&args, user->name_key);
  return db_query(db, &user_arrival, &args, error);
}
