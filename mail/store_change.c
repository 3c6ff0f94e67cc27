#include "mail/store_change.h"

static const DbStatement queue_change = {
    "mail_change_queue", "INSERT INTO mail_change (org_id, kind, subject) SELECT $1, $2::\"char\", $3::uuid"
                         " WHERE EXISTS (SELECT 1 FROM mail_setting WHERE org_id = $1)"};

void mail_store_change_queue(Db *db, gint64 org_id, char kind, const char *subject) {
  const char text[2] = {kind, '\0'};
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, text);
  db_args_text(&args, subject);
  db_queue(db, &queue_change, &args, NULL);
}

void mail_change_free(MailChange *change) {
  if (change == NULL)
    return;
  g_free(change->subject);
  g_free(change->ids);
  g_free(change);
}

static char **read_orgs(const DbResult *result) {
  if (result == NULL)
    return NULL;
  char **ids = g_new0(char *, (gsize)db_rows(result) + 1);
  for (int i = 0; i < db_rows(result); i++)
    ids[i] = g_strdup(db_text(result, i, 0));
  return ids;
}

static const DbStatement orgs = {
    "mail_change_orgs",
    "SELECT s.org_id FROM mail_setting s WHERE s.paused_at IS NULL AND EXISTS (SELECT 1 FROM"
    " mail_change c WHERE c.org_id = s.org_id) ORDER BY s.org_id"};

char **mail_store_change_orgs(DbPool *pool, gint64 deadline, GError **error) {
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &orgs, NULL, error);
  return read_orgs(result);
}

static const DbStatement due = {"mail_change_due", "SELECT org_id FROM mail_setting WHERE paused_at IS NULL "
                                                   "AND reconcile_at <= now() ORDER BY reconcile_at"};

char **mail_store_change_due(DbPool *pool, gint64 deadline, GError **error) {
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &due, NULL, error);
  return read_orgs(result);
}

static const DbStatement list = {
    "mail_change_list",
    "SELECT kind::text, subject::text, string_agg(change_id::text, ','), min(change_id) FROM (SELECT * FROM "
    "mail_change WHERE org_id = $1"
    " ORDER BY change_id LIMIT 2000) c GROUP BY kind, subject ORDER BY min(change_id)"};

GPtrArray *mail_store_changes(DbPool *pool, gint64 deadline, gint64 org_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &list, &args, error);
  if (result == NULL)
    return NULL;
  GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)mail_change_free);
  for (int i = 0; i < db_rows(result); i++) {
    MailChange *change = g_new0(MailChange, 1);
    change->kind = db_text(result, i, 0)[0];
    change->subject = g_strdup(db_text(result, i, 1));
    change->ids = g_strdup(db_text(result, i, 2));
    change->first = db_int(result, i, 3);
    g_ptr_array_add(changes, change);
  }
  return changes;
}

static const DbStatement done = {
    "mail_change_done", "DELETE FROM mail_change WHERE org_id = $1 AND change_id = ANY ($2::bigint[])"};

void mail_store_change_done(Db *db, gint64 org_id, const char *ids) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, ids);
  db_queue(db, &done, &args, NULL);
}

gboolean mail_store_change_forget(DbPool *pool, gint64 deadline, gint64 org_id, const char *ids,
                                  GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, ids);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &done, &args, error);
  return result != NULL;
}

static const DbStatement matters_of = {
    "mail_change_matters",
    "WITH RECURSIVE up(id) AS (SELECT $2::uuid UNION SELECT m.group_id FROM up JOIN scim_member m"
    " ON m.org_id = $1 AND m.member_id = up.id AND m.kind = 'g')"
    " SELECT EXISTS (SELECT 1 FROM up JOIN mail_group g ON g.org_id = $1 AND g.group_id = up.id)"
    " OR NOT EXISTS (SELECT 1 FROM scim_group WHERE org_id = $1 AND group_id = $2::uuid)"};

gboolean mail_store_change_matters(DbPool *pool, gint64 deadline, gint64 org_id, const char *group_id,
                                   gboolean *matters, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, group_id);
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &matters_of, &args, error);
  if (row == NULL)
    return FALSE;
  *matters = db_bool(row, 0, 0);
  return TRUE;
}
