#include "saml/store_request.h"

#include <string.h>

#include "lib/limits.h"

static const char *const kinds[] = {
    [SAML_ASK_LOGIN] = "login", [SAML_ASK_TEST] = "test", [SAML_ASK_LOGOUT] = "logout"};

char *saml_message_id(char id[SAML_MESSAGE_ID_BYTES]) {
  guint8 bytes[16];
  crypto_random(bytes, sizeof bytes);
  g_autofree char *hex = crypto_hex(bytes, sizeof bytes);
  g_snprintf(id, SAML_MESSAGE_ID_BYTES, "_%s", hex);
  return id;
}

/* It may be sent twice after a lost connection: then it is there. */
static const DbStatement request_put = {
    "saml_request_put",
    "INSERT INTO saml_request (org_id, request_id, connection_id, kind, cookie_hash, target, force_authn, "
    "contexts,"
    " expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + make_interval(secs => $9::int))"
    " ON CONFLICT DO NOTHING"};

gboolean saml_store_request_put(DbPool *pool, gint64 deadline, const SamlDoor *door, const SamlAskRow *row,
                                GError **error) {
  const SamlConnection *connection = door->connection;
  gboolean login = row->kind != SAML_ASK_LOGOUT;
  g_autofree char *contexts = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, connection->org_id);
  db_args_text(&args, row->id);
  db_args_int(&args, connection->connection_id);
  db_args_text(&args, kinds[row->kind]);
  if (row->cookie_hash != NULL)
    db_args_bytes(&args, row->cookie_hash, CRYPTO_SHA256_BYTES);
  else
    db_args_text(&args, NULL);
  db_args_text(&args, row->target);
  db_args_bool(&args, row->force_authn);
  db_args_text_array(&args, (const char *const *)connection->contexts,
                     login ? g_strv_length(connection->contexts) : 0, &contexts);
  db_args_int(&args, LIMIT_SAML_REQUEST_SECONDS);
  g_autoptr(DbResult) done = db_pool_read(pool, deadline, &request_put, &args, error);
  return done != NULL;
}

static const DbStatement request_fresh = {
    "saml_request_fresh",
    "SELECT EXISTS (SELECT FROM saml_request WHERE org_id = $1 AND connection_id = $2 AND cookie_hash = $3"
    " AND kind <> 'logout' AND consumed_at IS NULL AND asked_at > clock_timestamp() - interval '1 minute')"};

gboolean saml_store_request_fresh(DbPool *pool, gint64 deadline, const SamlDoor *door,
                                  const guint8 *cookie_hash, gboolean *fresh, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, door->connection->org_id);
  db_args_int(&args, door->connection->connection_id);
  db_args_bytes(&args, cookie_hash, CRYPTO_SHA256_BYTES);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &request_fresh, &args, error);
  if (result == NULL)
    return FALSE;
  *fresh = db_bool(result, 0, 0);
  return TRUE;
}

static const DbStatement request_logged_out = {
    "saml_request_logged_out",
    "UPDATE saml_request SET consumed_at = clock_timestamp() WHERE org_id = $1 AND request_id = $2"
    " AND connection_id = $3 AND kind = 'logout' AND consumed_at IS NULL AND expires_at > clock_timestamp()"
    " RETURNING request_id"};

gboolean saml_store_request_logged_out(DbPool *pool, gint64 deadline, const SamlDoor *door, const char *id,
                                       gboolean *found, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, door->connection->org_id);
  db_args_text(&args, id);
  db_args_int(&args, door->connection->connection_id);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &request_logged_out, &args, error);
  if (result == NULL)
    return FALSE;
  *found = db_rows(result) > 0;
  return TRUE;
}
