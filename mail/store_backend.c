#include "mail/admin.h"

#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/record.h"

#define BACKEND_JSON                                                                                        \
  "jsonb_build_object('name', backend, 'kind', kind, 'url', url, 'secret_file', secret_file, 'home', home," \
  " 'uid', uid, 'gid', gid)::text"

static const DbStatement list = {"mail_backend_list",
                                 "SELECT " BACKEND_JSON " FROM mail_backend ORDER BY backend"};

json_t *mail_admin_backends(const MailScope *scope, GError **error) {
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &list, NULL, error);
  if (result == NULL)
    return NULL;
  json_t *array = json_array();
  for (int i = 0; i < db_rows(result); i++)
    json_array_append_new(array, json_loads(db_text(result, i, 0), 0, NULL));
  return array;
}

typedef struct {
  const MailScope *scope;
  const MailBackendOptions *options;
  json_t *result;
} BackendChange;

/* The same name again corrects it: how it is reached may change, what it is may not. */
static const DbStatement put = {
    "mail_backend_put",
    "INSERT INTO mail_backend (backend, kind, url, secret_file, home, uid, gid) VALUES ($1, $2, $3, $4,"
    " coalesce($5, '/var/vmail/%d/%n'), CASE WHEN $6 < 0 THEN 5000 ELSE $6 END, CASE WHEN $7 < 0 THEN 5000 "
    "ELSE $7 END)"
    " ON CONFLICT (backend) DO UPDATE SET url = excluded.url, secret_file = excluded.secret_file,"
    " home = coalesce($5, mail_backend.home), uid = CASE WHEN $6 < 0 THEN mail_backend.uid ELSE $6 END,"
    " gid = CASE WHEN $7 < 0 THEN mail_backend.gid ELSE $7 END WHERE mail_backend.kind = excluded.kind"
    " RETURNING " BACKEND_JSON};

static gboolean put_body(Db *db, gpointer data, GError **error) {
  BackendChange *change = data;
  const MailBackendOptions *options = change->options;
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, options->name);
  db_args_text(&args, options->kind);
  db_args_text(&args, options->url);
  db_args_text(&args, options->secret_file);
  db_args_text(&args, options->home);
  db_args_int(&args, options->uid);
  db_args_int(&args, options->gid);
  g_autoptr(DbResult) row = db_query(db, &put, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0) {
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_BACKEND, "%s is a mail store of another kind",
                   options->name);
    return FALSE;
  }
  g_clear_pointer(&change->result, json_decref);
  change->result = json_loads(db_text(row, 0, 0), 0, NULL);
  mail_record(db, change->scope, AUDIT_ADMIN, "backend.add", options->name, json_incref(change->result));
  return TRUE;
}

json_t *mail_admin_backend_add(const MailScope *scope, const MailBackendOptions *options, GError **error) {
  BackendChange change = {.scope = scope, .options = options};
  if (db_tx_run(scope->pool, scope->deadline, put_body, NULL, &change, error))
    return change.result;
  g_clear_pointer(&change.result, json_decref);
  return NULL;
}
