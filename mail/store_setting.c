#include "mail/store_setting.h"

#include <string.h>

#include "lib/jsontext.h"
#include "mail/record.h"

static const DbStatement setting_make = {
    "mail_setting_make", "INSERT INTO mail_setting (org_id) VALUES ($1) ON CONFLICT DO NOTHING"};

static const DbStatement setting_get = {
    "mail_setting_get", "SELECT to_jsonb(s) - '{org_id,mode,paused_at,paused_by,notices_at}'::text[] "
                        "FROM mail_setting s WHERE org_id = $1 FOR UPDATE"};

static const DbStatement setting_put = {
    "mail_setting_put",
    "UPDATE mail_setting s SET pat_enabled = r.pat_enabled, pat_default_days = r.pat_default_days,"
    " pat_max_days = r.pat_max_days, pat_unlimited = r.pat_unlimited, pat_per_person = r.pat_per_person,"
    " pat_reuse = r.pat_reuse, guard_count = r.guard_count, guard_percent = r.guard_percent, grace_days = "
    "r.grace_days,"
    " alias_days = r.alias_days, rest_days = r.rest_days, retention_days = r.retention_days, lend_hours = "
    "r.lend_hours,"
    " send_per_hour = r.send_per_hour, help_text = r.help_text, alarm_address = r.alarm_address,"
    " alarm_url = r.alarm_url, alarm_secret_file = r.alarm_secret_file"
    " FROM jsonb_populate_record(NULL::mail_setting, $2::jsonb) r WHERE s.org_id = $1"};

typedef struct {
  const MailScope *scope;
  json_t *changes; /* NULL: only look */
  json_t *settings;
} Change;

static json_t *look(Db *db, const Change *change, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  g_autoptr(DbResult) made = db_query(db, &setting_make, &args, error);
  g_autoptr(DbResult) result = made == NULL ? NULL : db_query(db, &setting_get, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

/* Only what differs is written and recorded. */
static gboolean put(Db *db, Change *change, GError **error) {
  json_t *detail = json_object(), *value;
  const char *key;
  json_object_foreach(change->changes, key, value) {
    json_t *before = json_object_get(change->settings, key);
    if (!json_equal(before, value))
      json_object_set_new(detail, key, json_pack("{s:O, s:O}", "before", before, "after", value));
  }
  json_object_update(change->settings, change->changes);
  g_autofree char *text = jsontext_dump(change->settings);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, text);
  g_autoptr(DbResult) done = db_query(db, &setting_put, &args, error);
  if (done != NULL && json_object_size(detail) > 0)
    mail_record(db, change->scope, AUDIT_ADMIN, "mail-setting.set", NULL, json_incref(detail));
  json_decref(detail);
  return done != NULL;
}

static gboolean body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  json_decref(change->settings);
  change->settings = look(db, change, error);
  return change->settings != NULL && (change->changes == NULL || put(db, change, error));
}

static json_t *run(Change *change, GError **error) {
  if (db_tx_run(change->scope->pool, change->scope->deadline, body, NULL, change, error))
    return change->settings;
  json_decref(change->settings);
  return NULL;
}

json_t *mail_store_setting_get(const MailScope *scope, GError **error) {
  Change change = {.scope = scope};
  return run(&change, error);
}

json_t *mail_store_setting_set(const MailScope *scope, json_t *changes, GError **error) {
  Change change = {.scope = scope, .changes = changes};
  return run(&change, error);
}
