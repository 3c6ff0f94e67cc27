#include "scim/store_keep.h"

static void add_texts(DbArgs *args, const GPtrArray *texts, char **keep) {
  db_args_text_array(args, (const char *const *)texts->pdata, texts->len, keep);
}

static const DbStatement keep_acknowledge = {
    "scim_keep_acknowledge",
    "UPDATE write_request w SET acknowledged = true FROM unnest($1::bigint[], $2::uuid[]) a(org_id, "
    "request_id)"
    " WHERE w.org_id = a.org_id AND w.request_id = a.request_id AND NOT w.acknowledged"};

gboolean scim_store_keep_acknowledge(DbPool *pool, gint64 deadline, const char *const *org_ids,
                                     const char *const *request_ids, gsize n, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *org_text = NULL, *request_text = NULL;
  db_args_text_array(&args, org_ids, n, &org_text);
  db_args_text_array(&args, request_ids, n, &request_text);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &keep_acknowledge, &args, error);
  return result != NULL;
}

static const DbStatement keep_uses = {
    "scim_keep_uses",
    "UPDATE scim_token t SET last_used_at = a.at, last_used_ip = a.ip::inet, last_used_agent = "
    "nullif(a.agent, '')"
    " FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[])"
    " a(org_id, token_id, at, ip, agent) WHERE t.org_id = a.org_id AND t.token_id = a.token_id"
    " AND (t.last_used_at IS NULL OR t.last_used_at < a.at)"};

gboolean scim_store_keep_uses(DbPool *pool, gint64 deadline, const ScimKeepUses *uses, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *orgs = NULL, *tokens = NULL, *at = NULL, *ips = NULL, *agents = NULL;
  add_texts(&args, uses->org_ids, &orgs);
  add_texts(&args, uses->token_ids, &tokens);
  add_texts(&args, uses->at, &at);
  add_texts(&args, uses->ips, &ips);
  add_texts(&args, uses->agents, &agents);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &keep_uses, &args, error);
  return result != NULL;
}

/* Folding is exact in every snapshot: what is deleted and its sum are of one statement. Only one process folds a total at a
 * time: another's rows are skipped, not waited for. */
static const DbStatement sweeps[SCIM_KEEP_COUNT] = {
    [SCIM_KEEP_FOLD] =
        {"scim_keep_fold",
         "WITH many AS (SELECT org_id, source_id, kind FROM resource_count GROUP BY org_id, source_id, kind"
         " HAVING count(*) > 16),"
         " taken AS (SELECT c.ctid AS at FROM resource_count c JOIN many USING (org_id, source_id, kind)"
         " LIMIT 50000 FOR UPDATE OF c SKIP LOCKED),"
         " gone AS (DELETE FROM resource_count WHERE ctid = ANY (ARRAY(SELECT at FROM taken))"
         " RETURNING org_id, source_id, kind, n)"
         " INSERT INTO resource_count (org_id, source_id, kind, n)"
         " SELECT org_id, source_id, kind, sum(n) FROM gone GROUP BY org_id, source_id, kind"},
    [SCIM_KEEP_REQUESTS] = {"scim_keep_requests",
                            "DELETE FROM write_request WHERE ctid = ANY (ARRAY(SELECT ctid FROM"
                            " write_request WHERE at < now() - interval '7 days' LIMIT 50000))"},
    [SCIM_KEEP_TOMBSTONES] = {"scim_keep_tombstones",
                              "DELETE FROM scim_tombstone WHERE deleted_at < now() - interval '30 days'"},
    [SCIM_KEEP_PARTITIONS] = {"scim_keep_partitions", "SELECT audit_prepare()"},
};

gboolean scim_store_keep_sweep(DbPool *pool, gint64 deadline, ScimKeepSweep sweep, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &sweeps[sweep], &args, error);
  return result != NULL;
}

/* Who is no longer there, and what somebody took away meanwhile, drops out by its row lock; people are locked before groups, each
 * in order of id. */
static const DbStatement keep_pending = {
    "scim_keep_pending",
    "WITH found AS MATERIALIZED (SELECT p.org_id, p.group_id, p.value, u.user_id FROM"
    " scim_pending_member p JOIN LATERAL (SELECT x.user_id FROM scim_user x WHERE x.org_id = p.org_id"
    " AND x.source_id = p.source_id AND (x.user_name_key = p.value_key OR x.external_id = p.value"
    " OR x.user_id = CASE WHEN p.value ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
    " THEN p.value::uuid END) ORDER BY x.seq LIMIT 1) u ON true LIMIT 2000),"
    " here AS MATERIALIZED (SELECT u.org_id, u.user_id FROM scim_user u WHERE (u.org_id, u.user_id) IN"
    " (SELECT org_id, user_id FROM found) ORDER BY u.org_id, u.user_id FOR KEY SHARE),"
    " held AS MATERIALIZED (SELECT g.org_id, g.group_id FROM scim_group g WHERE (g.org_id, g.group_id) IN"
    " (SELECT f.org_id, f.group_id FROM found f JOIN here USING (org_id, user_id))"
    " ORDER BY g.org_id, g.group_id FOR NO KEY UPDATE),"
    " gone AS (DELETE FROM scim_pending_member p USING found f JOIN here USING (org_id, user_id)"
    " JOIN held USING (org_id, group_id)"
    " WHERE p.org_id = f.org_id AND p.group_id = f.group_id AND p.value = f.value"
    " RETURNING p.org_id, p.group_id, f.user_id),"
    " live AS (INSERT INTO scim_member (org_id, group_id, member_id, kind)"
    " SELECT DISTINCT org_id, group_id, user_id, 'u'::\"char\" FROM gone ON CONFLICT DO NOTHING),"
    " told AS (UPDATE scim_group g SET version = g.version + 1, modified_at = now()"
    " WHERE (g.org_id, g.group_id) IN (SELECT org_id, group_id FROM gone))"
    " SELECT DISTINCT org_id, group_id, user_id FROM gone ORDER BY org_id, group_id, user_id"};

DbResult *scim_store_keep_pending(Db *db, GError **error) {
  return db_query(db, &keep_pending, NULL, error);
}
