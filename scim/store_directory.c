#include "scim/store_directory.h"

#define UTC(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define AUDIT_TAIL(id)                                                                      \
  "(SELECT coalesce(json_agg(json_build_object('at', " UTC(                                 \
      "a.at") ", 'action', a.action, 'actor', a.actor,"                                     \
              " 'detail', a.detail) ORDER BY a.at DESC, a.audit_id DESC), '[]'::json) FROM" \
              " (SELECT * FROM audit WHERE org_id = $1 AND subject = " id                   \
              "::text ORDER BY at DESC, audit_id DESC LIMIT 20) a)"

static const DbStatement directory_users = {
    "scim_directory_users",
    "WITH hit AS MATERIALIZED (SELECT seq, org_id, user_id FROM scim_user WHERE org_id = $1"
    " AND ($2::text IS NULL OR starts_with(user_name_key, $2)))"
    " SELECT json_build_object('users', coalesce((SELECT json_agg(p.line ORDER BY p.seq) FROM"
    " (SELECT u.seq, json_build_object('id', u.user_id, 'userName', u.user_name, 'externalId', u.external_id,"
    " 'active', u.active, 'source', s.name, 'displayName', u.doc::json -> 'displayName',"
    " 'emails', u.doc::json -> 'emails') AS line FROM hit JOIN scim_user u USING (org_id, user_id)"
    " JOIN source s ON s.org_id = u.org_id AND s.source_id = u.source_id ORDER BY u.seq LIMIT $3) p), "
    "'[]'::json),"
    " 'total', (SELECT count(*) FROM hit))::text"};

DbResult *scim_store_directory_users(gint64 org_id, DbPool *pool, gint64 deadline, const char *key_prefix,
                                     gint64 limit, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, key_prefix);
  db_args_int(&args, limit);
  return db_pool_read(pool, deadline, &directory_users, &args, error);
}

static const DbStatement directory_groups = {
    "scim_directory_groups",
    "SELECT json_build_object('groups', coalesce((SELECT json_agg(p.line ORDER BY p.seq) FROM"
    " (SELECT g.seq, json_build_object('id', g.group_id, 'displayName', g.display_name, 'externalId', "
    "g.external_id,"
    " 'source', s.name,"
    " 'members', (SELECT count(*) FROM scim_member m WHERE m.org_id = g.org_id AND m.group_id = g.group_id),"
    " 'pending', (SELECT count(*) FROM scim_pending_member m WHERE m.org_id = g.org_id AND m.group_id = "
    "g.group_id))"
    " AS line FROM scim_group g JOIN source s ON s.org_id = g.org_id AND s.source_id = g.source_id"
    " WHERE g.org_id = $1 ORDER BY g.seq LIMIT $2) p), '[]'::json),"
    " 'total', (SELECT count(*) FROM scim_group WHERE org_id = $1))::text"};

DbResult *scim_store_directory_groups(gint64 org_id, DbPool *pool, gint64 deadline, gint64 limit,
                                      GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, limit);
  return db_pool_read(pool, deadline, &directory_groups, &args, error);
}

/* The best match first: id, then userName, then externalId, which several people may share. */
static const DbStatement directory_user = {
    "scim_directory_user",
    "SELECT json_build_object('id', u.user_id, 'userName', u.user_name, 'externalId', u.external_id, "
    "'active', u.active,"
    " 'source', s.name, 'version', u.version, 'created', " UTC("u.created_at") ", 'modified', " UTC(
        "u.modified_at") ","
                         " 'resource', u.doc::json, 'groups', (SELECT "
                         "coalesce(json_agg(json_build_object('value', g.group_id, 'display',"
                         " g.display_name) ORDER BY g.seq), '[]'::json) FROM scim_member m JOIN scim_group g "
                         "ON g.org_id = m.org_id"
                         " AND g.group_id = m.group_id WHERE m.org_id = u.org_id AND m.member_id = "
                         "u.user_id),"
                         " 'pending', (SELECT coalesce(json_agg(json_build_object('value', g.group_id, "
                         "'display', g.display_name)"
                         " ORDER BY g.seq), '[]'::json) FROM scim_pending_member p JOIN scim_group g ON "
                         "g.org_id = p.org_id"
                         " AND g.group_id = p.group_id WHERE p.org_id = u.org_id AND p.source_id = "
                         "u.source_id"
                         " AND (p.value IN (u.user_id::text, u.external_id) OR p.value_key = "
                         "u.user_name_key)),"
                         " 'extra', coalesce(u.extra, '{}'::jsonb), 'audit', " AUDIT_TAIL(
                             "u.user_id") ")::text"
                                          " FROM scim_user u JOIN source s ON s.org_id = u.org_id AND "
                                          "s.source_id = u.source_id WHERE u.org_id = $1"
                                          " AND (u.user_id::text = $2 OR u.user_name_key = $3 OR "
                                          "u.external_id = $2)"
                                          " ORDER BY u.user_id::text = $2 DESC, u.user_name_key = $3 DESC, "
                                          "u.seq LIMIT 1"};

static const DbStatement directory_group = {
    "scim_directory_group",
    "SELECT json_build_object('id', g.group_id, 'displayName', g.display_name, 'externalId', g.external_id,"
    " 'source', s.name, 'version', g.version, 'created', " UTC("g.created_at") ", 'modified', " UTC(
        "g.modified_at") ","
                         " 'resource', g.doc::json, 'members', (SELECT "
                         "coalesce(json_agg(json_build_object('value', m.member_id, 'display',"
                         " coalesce(u.user_name, n.display_name), 'type', CASE m.kind WHEN 'u' THEN 'User' "
                         "ELSE 'Group' END)"
                         " ORDER BY coalesce(u.user_name, n.display_name)), '[]'::json) FROM scim_member m"
                         " LEFT JOIN scim_user u ON m.kind = 'u' AND u.org_id = m.org_id AND u.user_id = "
                         "m.member_id"
                         " LEFT JOIN scim_group n ON m.kind = 'g' AND n.org_id = m.org_id AND n.group_id = "
                         "m.member_id"
                         " WHERE m.org_id = g.org_id AND m.group_id = g.group_id),"
                         " 'pending', (SELECT coalesce(json_agg(json_build_object('value', p.value, "
                         "'display', coalesce(p.display, p.value))"
                         " ORDER BY p.value), '[]'::json) FROM scim_pending_member p WHERE p.org_id = "
                         "g.org_id AND p.group_id = g.group_id),"
                         " 'extra', coalesce(g.extra, '{}'::jsonb), 'audit', " AUDIT_TAIL(
                             "g.group_id") ")::text"
                                           " FROM scim_group g JOIN source s ON s.org_id = g.org_id AND "
                                           "s.source_id = g.source_id WHERE g.org_id = $1"
                                           " AND (g.group_id::text = $2 OR g.display_key = $3 OR "
                                           "g.external_id = $2)"
                                           " ORDER BY g.group_id::text = $2 DESC, g.display_key = $3 DESC, "
                                           "g.seq LIMIT 1"};

static void add_name(DbArgs *args, gint64 org_id, const char *name, const char *key) {
  db_args_int(args, org_id);
  db_args_text(args, name);
  db_args_text(args, key);
}

DbResult *scim_store_directory_user(gint64 org_id, DbPool *pool, gint64 deadline, const char *name,
                                    const char *key, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  add_name(&args, org_id, name, key);
  return db_pool_read(pool, deadline, &directory_user, &args, error);
}

DbResult *scim_store_directory_group(gint64 org_id, DbPool *pool, gint64 deadline, const char *name,
                                     const char *key, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  add_name(&args, org_id, name, key);
  return db_pool_read(pool, deadline, &directory_group, &args, error);
}
