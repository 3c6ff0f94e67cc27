#include "scim/directory.h"

#include "lib/text.h"
#include "scim/error.h"
#include "scim/store_directory.h"

/* The row's JSON; result is taken. NULL when there is no row, or no result. */
static json_t *load(DbResult *result) {
  g_autoptr(DbResult) keep G_GNUC_UNUSED = result;
  if (result == NULL || db_rows(result) == 0)
    return NULL;
  return json_loads(db_text(result, 0, 0), 0, NULL);
}

json_t *scim_directory_users(DbPool *pool, gint64 deadline, gint64 org_id, const char *needle, gint64 limit,
                             GError **error) {
  g_autofree char *key = needle != NULL ? text_key(needle) : NULL;
  return load(scim_store_directory_users(org_id, pool, deadline, key, limit, error));
}

json_t *scim_directory_groups(DbPool *pool, gint64 deadline, gint64 org_id, gint64 limit, GError **error) {
  return load(scim_store_directory_groups(org_id, pool, deadline, limit, error));
}

static void set_missing(const char *what, const char *name, GError **error) {
  g_autofree char *quoted = text_quote(name);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_NOT_FOUND, "there is no %s \"%s\" in this organisation", what,
              quoted);
}

json_t *scim_directory_user(DbPool *pool, gint64 deadline, gint64 org_id, const char *name, GError **error) {
  g_autofree char *key = text_key(name);
  DbResult *result = scim_store_directory_user(org_id, pool, deadline, name, key, error);
  json_t *person = load(result);
  if (result != NULL && person == NULL)
    set_missing("person", name, error);
  return person;
}

json_t *scim_directory_group(DbPool *pool, gint64 deadline, gint64 org_id, const char *name, GError **error) {
  g_autofree char *key = text_key(name);
  DbResult *result = scim_store_directory_group(org_id, pool, deadline, name, key, error);
  json_t *group = load(result);
  if (result != NULL && group == NULL)
    set_missing("group", name, error);
  return group;
}
