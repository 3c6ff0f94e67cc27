#include "cmd/store_source.h"

void store_source_free(StoreSource *source) {
  if (source == NULL)
    return;
  g_free(source->name);
  g_free(source->profile);
  g_free(source);
}

static const DbStatement source_list = {
    "admin_source_list",
    "SELECT s.source_id, s.name, s.profile, (extract(epoch from s.created_at) * 1000000)::bigint,"
    " (SELECT coalesce(sum(n), 0)::bigint FROM resource_count c"
    "  WHERE c.org_id = s.org_id AND c.source_id = s.source_id AND c.kind = 'u'),"
    " (SELECT coalesce(sum(n), 0)::bigint FROM resource_count c"
    "  WHERE c.org_id = s.org_id AND c.source_id = s.source_id AND c.kind = 'g'),"
    " (SELECT count(*) FROM scim_token t WHERE t.org_id = s.org_id AND t.source_id = s.source_id"
    "  AND t.revoked_at IS NULL AND coalesce(t.expires_at > now(), true))"
    " FROM source s WHERE s.org_id = $1 ORDER BY s.name"};

static StoreSource *read_row(const DbResult *result, int row) {
  StoreSource *source = g_new0(StoreSource, 1);
  source->source_id = db_int(result, row, 0);
  source->name = g_strdup(db_text(result, row, 1));
  source->profile = g_strdup(db_text(result, row, 2));
  source->created_us = db_int(result, row, 3);
  source->people = db_int(result, row, 4);
  source->groups = db_int(result, row, 5);
  source->tokens = db_int(result, row, 6);
  return source;
}

GPtrArray *store_source_list(const AdminScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &source_list, &args, error);
  if (result == NULL)
    return NULL;
  GPtrArray *sources = g_ptr_array_new_with_free_func((GDestroyNotify)store_source_free);
  for (int i = 0; i < db_rows(result); i++)
    g_ptr_array_add(sources, read_row(result, i));
  return sources;
}

typedef struct {
  const AdminScope *scope;
  const char *name, *profile;
  gint64 source_id;
} SourceChange;

static const DbStatement source_insert = {"admin_source_insert",
                                          "INSERT INTO source (org_id, name, profile) VALUES ($1, $2, $3)"
                                          " ON CONFLICT (org_id, name) DO NOTHING RETURNING source_id"};

static gboolean add_body(Db *db, gpointer data, GError **error) {
  SourceChange *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->name);
  db_args_text(&args, change->profile);
  g_autoptr(DbResult) result = db_query(db, &source_insert, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) == 0) {
    app_error_set(error, APP_REFUSED, GP_NAME_TAKEN, "there is a source \"%s\" already", change->name);
    return FALSE;
  }
  change->source_id = db_int(result, 0, 0);
  g_autofree char *subject = g_strdup_printf("%" G_GINT64_FORMAT, change->source_id);
  admin_record(db, change->scope, "source.add", subject,
               json_pack("{s:s, s:s}", "name", change->name, "profile", change->profile));
  return TRUE;
}

gboolean store_source_add(const AdminScope *scope, const char *name, const char *profile, gint64 *source_id,
                          GError **error) {
  SourceChange change = {.scope = scope, .name = name, .profile = profile};
  if (!db_tx_run(scope->pool, scope->deadline, add_body, NULL, &change, error))
    return FALSE;
  *source_id = change.source_id;
  return TRUE;
}
