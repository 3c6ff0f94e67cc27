#include "mail/store_mode.h"

#include <string.h>

#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/record.h"

/* $2 is the id; the organisation has none. Each answers the mode before, if there is such a row. */
static const DbStatement set_statements[] = {
    [MAIL_MODE_ORG] = {"mail_mode_set_org",
                       "WITH before AS (SELECT mode FROM mail_setting WHERE org_id = $1 AND $2::text IS NULL)"
                       " INSERT INTO mail_setting AS s (org_id, mode) VALUES ($1, $3)"
                       " ON CONFLICT (org_id) DO UPDATE SET mode = $3"
                       " RETURNING coalesce((SELECT mode FROM before), 'observe')"},
    [MAIL_MODE_GROUP] = {"mail_mode_set_group",
                         "WITH before AS (SELECT mail_group_id, mode FROM mail_group"
                         "  WHERE org_id = $1 AND group_id = $2::uuid FOR UPDATE)"
                         " UPDATE mail_group g SET mode = $3 FROM before b"
                         " WHERE g.org_id = $1 AND g.mail_group_id = b.mail_group_id RETURNING b.mode"},
    [MAIL_MODE_USER] = {"mail_mode_set_user",
                        "WITH before AS (SELECT mailbox_id, mode FROM mailbox"
                        "  WHERE org_id = $1 AND user_id = $2::uuid AND state <> 'purged' FOR UPDATE)"
                        " UPDATE mailbox m SET mode = $3 FROM before b"
                        " WHERE m.org_id = $1 AND m.mailbox_id = b.mailbox_id RETURNING b.mode"},
};
static const char *const scope_names[] = {"organisation", "group", "person"};

/* One change at a time, so that the record of each tells what it replaced. */
static const DbStatement mode_lock = {
    "mail_mode_lock", "SELECT pg_advisory_xact_lock(hashtextextended('gatepost mode ' || $1, 0))"};

static const DbStatement mode_last = {"mail_mode_last",
                                      "SELECT a.audit_id, a.detail FROM audit a WHERE a.org_id = $1 AND "
                                      "a.kind = 'admin' AND a.action = 'mode.set'"
                                      " AND NOT EXISTS (SELECT 1 FROM audit u WHERE u.org_id = a.org_id AND "
                                      "u.kind = 'admin' AND u.action = 'mode.undo'"
                                      "  AND (u.detail ->> 'undone')::bigint = a.audit_id)"
                                      " ORDER BY a.at DESC, a.audit_id DESC LIMIT 1"};

typedef struct {
  const MailScope *scope;
  const MailModeTarget *target;
  const char *mode;
  json_t *done;
} Change;

static gboolean lock(Db *db, const MailScope *scope, GError **error) {
  g_autofree char *org = g_strdup_printf("%" G_GINT64_FORMAT, scope->org_id);
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, org);
  g_autoptr(DbResult) result = db_query(db, &mode_lock, &args, error);
  return result != NULL;
}

static void fail_target(const MailModeTarget *target, GError **error) {
  if (target->scope == MAIL_MODE_GROUP)
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_GROUP, "\"%s\" is no mail group", target->name);
  else
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_MAILBOX, "%s has no mailbox", target->name);
}

/* undone 0: not an undo. */
static json_t *apply(Db *db, const MailScope *scope, const MailModeTarget *target, const char *mode,
                     gint64 undone, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, target->id);
  db_args_text(&args, mode);
  g_autoptr(DbResult) result = db_query(db, &set_statements[target->scope], &args, error);
  if (result == NULL)
    return NULL;
  if (db_rows(result) == 0) {
    fail_target(target, error);
    return NULL;
  }
  json_t *done = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?}", "scope", scope_names[target->scope], "id",
                           target->id, "name", target->name, "before", db_text(result, 0, 0), "after", mode);
  if (undone != 0)
    json_object_set_new(done, "undone", json_integer(undone));
  mail_record(db, scope, AUDIT_ADMIN, undone != 0 ? "mode.undo" : "mode.set", target->id, json_incref(done));
  return done;
}

static gboolean set_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  json_decref(change->done);
  change->done = NULL;
  if (!lock(db, change->scope, error))
    return FALSE;
  change->done = apply(db, change->scope, change->target, change->mode, 0, error);
  return change->done != NULL;
}

static const char *member(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

static gboolean undo_step(Db *db, Change *change, const DbResult *last, GError **error) {
  const char *text = db_text(last, 0, 1);
  g_autoptr(json_t) detail = jsontext_load(text, strlen(text), error);
  if (detail == NULL)
    return FALSE;
  MailModeTarget target = {.id = member(detail, "id"), .name = member(detail, "name")};
  while (target.scope < MAIL_MODE_USER && g_strcmp0(scope_names[target.scope], member(detail, "scope")) != 0)
    target.scope++;
  change->done = apply(db, change->scope, &target, member(detail, "before"), db_int(last, 0, 0), error);
  return change->done != NULL;
}

static gboolean undo_body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  json_decref(change->done);
  change->done = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  if (!lock(db, change->scope, error))
    return FALSE;
  g_autoptr(DbResult) last = db_query(db, &mode_last, &args, error);
  if (last == NULL)
    return FALSE;
  if (db_rows(last) > 0)
    return undo_step(db, change, last, error);
  mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_NO_UNDO, "there is no change of the mode left to undo");
  return FALSE;
}

static json_t *run(Change *change, DbTxBody body, GError **error) {
  if (db_tx_run(change->scope->pool, change->scope->deadline, body, NULL, change, error))
    return change->done;
  json_decref(change->done);
  return NULL;
}

json_t *mail_store_mode_set(const MailScope *scope, const MailModeTarget *target, const char *mode,
                            GError **error) {
  Change change = {.scope = scope, .target = target, .mode = mode};
  return run(&change, set_body, error);
}

json_t *mail_store_mode_undo(const MailScope *scope, GError **error) {
  Change change = {.scope = scope};
  return run(&change, undo_body, error);
}

static const DbStatement mode_show = {
    "mail_mode_show", "SELECT jsonb_build_object('organisation', coalesce((SELECT mode FROM mail_setting "
                      "WHERE org_id = $1), 'observe'),"
                      " 'groups', (SELECT coalesce(jsonb_agg(jsonb_build_object('group', group_name, 'mode', "
                      "mode) ORDER BY priority, group_name), '[]')"
                      "  FROM mail_group WHERE org_id = $1 AND mode IS NOT NULL),"
                      " 'people', (SELECT coalesce(jsonb_agg(jsonb_build_object('user', address, 'mode', "
                      "mode) ORDER BY address), '[]')"
                      "  FROM mailbox WHERE org_id = $1 AND mode IS NOT NULL AND state <> 'purged'))"};

json_t *mail_store_mode_show(const MailScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &mode_show, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}
