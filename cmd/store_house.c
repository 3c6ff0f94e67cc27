#include "cmd/store_house.h"

static const DbStatement ping = {"house_ping", "SELECT 1"};

gboolean store_house_ping(DbPool *pool, gint64 deadline, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &ping, &args, error);
  return result != NULL;
}

static const DbStatement role_state = {
    "house_role",
    "SELECT pg_has_role(current_user, oid, 'MEMBER'),"
    " to_regclass('scim_user') IS NOT NULL AND has_table_privilege(oid, to_regclass('scim_user'), 'SELECT')"
    " FROM pg_roles WHERE rolname = $1"};

gboolean store_house_role(Db *db, const char *role, StoreHouseRole *state, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, role);
  g_autoptr(DbResult) result = db_query(db, &role_state, &args, error);
  if (result == NULL)
    return FALSE;
  *state = (StoreHouseRole){FALSE, FALSE, FALSE};
  if (db_rows(result) == 1)
    *state = (StoreHouseRole){TRUE, db_bool(result, 0, 0), db_bool(result, 0, 1)};
  return TRUE;
}

static const DbStatement may_make = {
    "house_may_make", "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"};

gboolean store_house_may_make_roles(Db *db, gboolean *may, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_query(db, &may_make, &args, error);
  if (result == NULL)
    return FALSE;
  *may = db_rows(result) == 1 && db_bool(result, 0, 0);
  return TRUE;
}

gboolean store_house_make_roles(Db *db, GError **error) {
  /* Dovecot and Postfix sign in with theirs; without a password only by a rule of pg_hba.conf that the admin writes. */
  return db_script(db,
                   "DO $$ BEGIN"
                   " IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatepost_app') THEN"
                   "  CREATE ROLE gatepost_app NOLOGIN; END IF;"
                   " IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatepost_dovecot') THEN"
                   "  CREATE ROLE gatepost_dovecot LOGIN; END IF;"
                   " IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatepost_postfix') THEN"
                   "  CREATE ROLE gatepost_postfix LOGIN; END IF;"
                   " IF NOT pg_has_role(current_user, 'gatepost_app', 'MEMBER') THEN"
                   "  EXECUTE format('GRANT gatepost_app TO %I', current_user); END IF;"
                   " END $$",
                   error);
}

static const DbStatement grant = {"house_grant", "SELECT gatepost_grant()"};

gboolean store_house_grant(Db *db, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_query(db, &grant, &args, error);
  return result != NULL;
}

static const DbStatement server_state = {
    "house_server",
    "SELECT current_setting('server_version_num')::int,"
    " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,"
    " to_regclass('audit_' || to_char((now() AT TIME ZONE 'UTC') + interval '1 month', 'YYYY_MM'))"
    " IS NOT NULL"};

gboolean store_house_server(Db *db, StoreHouseServer *server, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_query(db, &server_state, &args, error);
  if (result == NULL)
    return FALSE;
  *server = (StoreHouseServer){(int)db_int(result, 0, 0), db_int(result, 0, 1), db_bool(result, 0, 2)};
  return TRUE;
}

static const DbStatement token_state = {
    "house_tokens",
    "SELECT count(*) FILTER (WHERE expires_at IS NULL OR expires_at > now()),"
    " count(*) FILTER (WHERE expires_at <= now()),"
    " count(*) FILTER (WHERE expires_at > now() AND expires_at <= now() + interval '7 days'),"
    " count(*) FILTER (WHERE expires_at > now() + interval '7 days' AND expires_at <= now() + interval '30 "
    "days'),"
    " count(*) FILTER (WHERE expires_at > now() + interval '30 days' AND expires_at <= now() + interval '90 "
    "days'),"
    " count(*) FILTER (WHERE (expires_at IS NULL OR expires_at > now()) AND last_used_at IS NULL"
    "   AND created_at < now() - interval '7 days')"
    " FROM scim_token WHERE revoked_at IS NULL AND rotated_to IS NULL"};

gboolean store_house_tokens(Db *db, StoreHouseTokens *tokens, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_query(db, &token_state, &args, error);
  if (result == NULL)
    return FALSE;
  *tokens = (StoreHouseTokens){db_int(result, 0, 0), db_int(result, 0, 1), db_int(result, 0, 2),
                               db_int(result, 0, 3), db_int(result, 0, 4), db_int(result, 0, 5)};
  return TRUE;
}

static const DbStatement saml_state = {"house_saml",
                                       "SELECT count(*) FROM saml_connection WHERE state <> 'off'"};

gboolean store_house_saml(Db *db, gint64 *connections, GError **error) {
  g_autoptr(DbResult) row = db_query(db, &saml_state, NULL, error);
  if (row == NULL)
    return FALSE;
  *connections = db_int(row, 0, 0);
  return TRUE;
}

gboolean store_house_has_saml(DbPool *pool, gint64 deadline, gboolean *has, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &saml_state, &args, error);
  if (row == NULL)
    return FALSE;
  *has = db_int(row, 0, 0) > 0;
  return TRUE;
}

static const DbStatement mail_state = {
    "house_mail", "SELECT count(*), count(*) FILTER (WHERE s.alarm_address = '' AND s.alarm_url = ''),"
                  " (SELECT count(*) FROM mail_held) FROM mail_setting s"
                  " WHERE EXISTS (SELECT 1 FROM mail_group g WHERE g.org_id = s.org_id)"};

gboolean store_house_mail(Db *db, StoreHouseMail *mail, GError **error) {
  g_autoptr(DbResult) row = db_query(db, &mail_state, NULL, error);
  if (row == NULL)
    return FALSE;
  *mail = (StoreHouseMail){db_int(row, 0, 0), db_int(row, 0, 1), db_int(row, 0, 2)};
  return TRUE;
}
