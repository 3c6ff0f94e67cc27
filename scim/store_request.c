#include "scim/store.h"

#include "lib/crypto.h"

static const DbStatement request_insert = {
    "scim_request_insert",
    "INSERT INTO write_request (org_id, request_id, token_id, body_hash, resource_id, acknowledged)"
    " VALUES ($1, $2::uuid, $3, $4, $5::uuid, $6)"};

/* Only a create can need healing, so all others start acknowledged and stay out of the partial index. */
void scim_store_request_queue(ScimScope scope, Db *db, const ScimRequestKey *key, const char *resource_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope.org_id);
  db_args_text(&args, key->request_id);
  db_args_int(&args, key->token_id);
  db_args_bytes(&args, key->body_hash, CRYPTO_SHA256_BYTES);
  db_args_text(&args, resource_id);
  db_args_bool(&args, !key->is_create);
  db_queue(db, &request_insert, &args, NULL);
}

static const DbStatement request_exists = {
    "scim_request_exists", "SELECT 1 FROM write_request WHERE org_id = $1 AND request_id = $2::uuid"};

gboolean scim_store_request_exists(ScimScope scope, Db *db, const char *request_id, gboolean *exists,
                                   GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope.org_id);
  db_args_text(&args, request_id);
  g_autoptr(DbResult) result = db_query(db, &request_exists, &args, error);
  if (result == NULL)
    return FALSE;
  *exists = db_rows(result) > 0;
  return TRUE;
}

static const DbStatement request_heal_user = {
    "scim_request_heal_user", "SELECT u.user_id, w.request_id FROM write_request w JOIN scim_user u ON "
                              "u.org_id = w.org_id AND u.user_id = w.resource_id"
                              " WHERE w.org_id = $1 AND u.source_id = $2 AND w.token_id = $3 AND w.body_hash "
                              "= $4 AND NOT w.acknowledged"
                              " AND w.at > now() - interval '10 minutes' AND u.version = 1"};
static const DbStatement request_heal_group = {
    "scim_request_heal_group", "SELECT g.group_id, w.request_id FROM write_request w JOIN scim_group g ON "
                               "g.org_id = w.org_id AND g.group_id = w.resource_id"
                               " WHERE w.org_id = $1 AND g.source_id = $2 AND w.token_id = $3 AND "
                               "w.body_hash = $4 AND NOT w.acknowledged"
                               " AND w.at > now() - interval '10 minutes' AND g.version = 1"};

gboolean scim_store_request_heal(const ScimReader *reader, const ScimRequestKey *key, ScimKind kind,
                                 char **id, char **request_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, reader->scope.org_id);
  db_args_int(&args, reader->scope.source_id);
  db_args_int(&args, key->token_id);
  db_args_bytes(&args, key->body_hash, CRYPTO_SHA256_BYTES);
  const DbStatement *statement = kind == SCIM_KIND_USER ? &request_heal_user : &request_heal_group;
  g_autoptr(DbResult) result = db_pool_read(reader->pool, reader->deadline, statement, &args, error);
  if (result == NULL)
    return FALSE;
  gboolean found = db_rows(result) > 0;
  *id = found ? g_strdup(db_text(result, 0, 0)) : NULL;
  *request_id = found ? g_strdup(db_text(result, 0, 1)) : NULL;
  return TRUE;
}

static const DbStatement owner_user = {"scim_owner_user",
                                       "SELECT u.user_id, s.name, u.source_id = $2 FROM scim_user u"
                                       " JOIN source s ON s.org_id = u.org_id AND s.source_id = u.source_id"
                                       " WHERE u.org_id = $1 AND u.user_name_key = $3"};
static const DbStatement owner_group = {"scim_owner_group",
                                        "SELECT g.group_id, s.name, g.source_id = $2 FROM scim_group g"
                                        " JOIN source s ON s.org_id = g.org_id AND s.source_id = g.source_id"
                                        " WHERE g.org_id = $1 AND g.display_key = $3"};

gboolean scim_store_owner(const ScimReader *reader, ScimKind kind, const char *key, ScimOwner *owner,
                          GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, reader->scope.org_id);
  db_args_int(&args, reader->scope.source_id);
  db_args_text(&args, key);
  const DbStatement *statement = kind == SCIM_KIND_USER ? &owner_user : &owner_group;
  g_autoptr(DbResult) result = db_pool_read(reader->pool, reader->deadline, statement, &args, error);
  if (result == NULL)
    return FALSE;
  scim_owner_clear(owner);
  if (db_rows(result) == 0)
    return TRUE;
  owner->id = g_strdup(db_text(result, 0, 0));
  owner->source = g_strdup(db_text(result, 0, 1));
  owner->ours = db_bool(result, 0, 2);
  return TRUE;
}

void scim_owner_clear(ScimOwner *owner) {
  g_free(owner->id);
  g_free(owner->source);
  *owner = (ScimOwner){0};
}
