#include "cmd/store_org.h"

static const DbStatement org_find = {"admin_org_find", "SELECT org_id FROM org WHERE name = $1"};

gboolean store_org_find(const AdminScope *scope, const char *name, gint64 *org_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, name);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &org_find, &args, error);
  if (result == NULL)
    return FALSE;
  *org_id = db_rows(result) > 0 ? db_int(result, 0, 0) : 0;
  return TRUE;
}

static const DbStatement org_list = {
    "admin_org_list",
    "SELECT o.org_id, o.name, (extract(epoch from o.created_at) * 1000000)::bigint,"
    " (SELECT count(*) FROM source s WHERE s.org_id = o.org_id),"
    " (SELECT coalesce(sum(n), 0)::bigint FROM resource_count c WHERE c.org_id = o.org_id AND c.kind = 'u'),"
    " (SELECT coalesce(sum(n), 0)::bigint FROM resource_count c WHERE c.org_id = o.org_id AND c.kind = 'g')"
    " FROM org o ORDER BY o.name"};

json_t *store_org_list(const AdminScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &org_list, &args, error);
  if (result == NULL)
    return NULL;
  json_t *orgs = json_array();
  for (int i = 0; i < db_rows(result); i++) {
    json_t *org = json_object();
    json_object_set_new(org, "id", json_integer(db_int(result, i, 0)));
    json_object_set_new(org, "name", json_string(db_text(result, i, 1)));
    json_object_set_new(org, "created", admin_time(db_int(result, i, 2)));
    json_object_set_new(org, "sources", json_integer(db_int(result, i, 3)));
    json_object_set_new(org, "people", json_integer(db_int(result, i, 4)));
    json_object_set_new(org, "groups", json_integer(db_int(result, i, 5)));
    json_array_append_new(orgs, org);
  }
  return json_pack("{s:o}", "orgs", orgs);
}

static const DbStatement org_names = {"admin_org_names", "SELECT name FROM org ORDER BY name"};

char **store_org_names(const AdminScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &org_names, &args, error);
  if (result == NULL)
    return NULL;
  char **names = g_new0(char *, (gsize)db_rows(result) + 1);
  for (int i = 0; i < db_rows(result); i++)
    names[i] = g_strdup(db_text(result, i, 0));
  return names;
}

typedef struct {
  const AdminScope *scope;
  const char *name;
  gint64 org_id;
} OrgChange;

static const DbStatement org_insert = {
    "admin_org_insert", "INSERT INTO org (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING org_id"};

static gboolean create_body(Db *db, gpointer data, GError **error) {
  OrgChange *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, change->name);
  g_autoptr(DbResult) result = db_query(db, &org_insert, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) == 0) {
    app_error_set(error, APP_REFUSED, GP_NAME_TAKEN, "there is an organisation \"%s\" already", change->name);
    return FALSE;
  }
  change->org_id = db_int(result, 0, 0);
  AdminScope scope = *change->scope;
  scope.org_id = change->org_id;
  admin_record(db, &scope, "org.create", change->name, NULL);
  return TRUE;
}

gboolean store_org_create(const AdminScope *scope, const char *name, gint64 *org_id, GError **error) {
  OrgChange change = {.scope = scope, .name = name};
  if (!db_tx_run(scope->pool, scope->deadline, create_body, NULL, &change, error))
    return FALSE;
  *org_id = change.org_id;
  return TRUE;
}
