#include "mail/store_scan.h"

#include <string.h>

#include "lib/jsontext.h"
#include "mail/error.h"

static const DbStatement stores = {
    "mail_scan_stores",
    "SELECT coalesce(jsonb_agg(jsonb_build_object('name', backend, 'kind', kind, 'url', url, 'secret_file',"
    " secret_file, 'uid', uid, 'gid', gid) ORDER BY backend), '[]') FROM mail_backend"
    " WHERE $1::text IS NULL OR backend = $1"};

json_t *mail_store_scan_stores(const MailScope *scope, const char *backend, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, backend);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &stores, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

static const DbStatement domains = {"mail_scan_domains", "SELECT domain FROM domain WHERE org_id = $1 AND "
                                                         "verified_at IS NOT NULL ORDER BY domain"};

char **mail_store_scan_domains(const MailScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &domains, &args, error);
  if (result == NULL)
    return NULL;
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  for (int i = 0; i < db_rows(result); i++)
    g_strv_builder_add(names, db_text(result, i, 0));
  return g_strv_builder_end(names);
}

/* One look at a time in an organisation: rows of found mailboxes have no other lock. */
static const DbStatement lock = {"mail_scan_lock", "SELECT 1 FROM mail_setting WHERE org_id = $1 FOR UPDATE"};
/* Ours are those that stand in mail_address, whichever address of theirs the store knows. A found one never is in there. */
static const DbStatement put = {
    "mail_scan_put",
    "WITH seen AS (SELECT DISTINCT ON (address) * FROM jsonb_to_recordset($3::jsonb) AS"
    " s(address text, home text, quota bigint, why text) ORDER BY address),"
    " judged AS (SELECT s.*, EXISTS (SELECT 1 FROM mail_address a WHERE a.org_id = $1 AND a.address = "
    "s.address"
    " AND a.kind IN ('primary', 'alias', 'former')) AS ours, EXISTS (SELECT 1 FROM mailbox b WHERE b.org_id ="
    " $1 AND b.address = s.address AND b.origin = 'found') AS known FROM seen s),"
    " fresh AS (INSERT INTO mailbox (org_id, address, state, origin, backend, home, quota_bytes, why, "
    "applied_gen)"
    " SELECT $1, address, 'active', 'found', $2, home, nullif(quota, 0), why, 1 FROM judged WHERE NOT ours "
    "AND"
    " NOT known),"
    " again AS (UPDATE mailbox b SET home = j.home, quota_bytes = nullif(j.quota, 0), why = j.why, backend = "
    "$2"
    " FROM judged j WHERE b.org_id = $1 AND b.address = j.address AND b.origin = 'found' AND NOT j.ours),"
    " gone AS (DELETE FROM mailbox b WHERE b.org_id = $1 AND b.backend = $2 AND b.origin = 'found' AND NOT"
    " EXISTS (SELECT 1 FROM judged j WHERE j.address = b.address AND NOT j.ours) RETURNING b.address)"
    " SELECT address, home, why, CASE WHEN ours THEN 'ours' WHEN known THEN 'known' ELSE 'new' END FROM "
    "judged"
    " UNION ALL SELECT address, NULL, NULL, 'gone' FROM gone ORDER BY 1"};

static void tell(const DbResult *result, int row, json_t *told, MailScanCount *count) {
  const char *state = db_text(result, row, 3);
  gint64 *n = strcmp(state, "new") == 0     ? &count->added
              : strcmp(state, "known") == 0 ? &count->known
              : strcmp(state, "ours") == 0  ? &count->ours
                                            : &count->gone;
  (*n)++;
  if (n != &count->ours)
    json_array_append_new(told,
                          json_pack("{s:s, s:s?, s:s, s:s?}", "address", db_text(result, row, 0), "home",
                                    db_text(result, row, 1), "state", state, "why", db_text(result, row, 2)));
}

gboolean mail_store_scan_put(Db *db, const MailScope *scope, const char *backend, const json_t *rows,
                             json_t *told, MailScanCount *count, GError **error) {
  g_autofree char *text = jsontext_dump(rows);
  DbArgs org = DB_ARGS_INIT;
  db_args_int(&org, scope->org_id);
  g_autoptr(DbResult) locked = db_query(db, &lock, &org, error);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, backend);
  db_args_text(&args, text);
  g_autoptr(DbResult) result = locked != NULL ? db_query(db, &put, &args, error) : NULL;
  for (int i = 0; result != NULL && i < db_rows(result); i++)
    tell(result, i, told, count);
  return result != NULL;
}

static const DbStatement unknown = {
    "mail_scan_unknown",
    "SELECT coalesce(jsonb_agg(s.address ORDER BY s.address), '[]') FROM jsonb_array_elements_text($2::jsonb)"
    " s(address) JOIN domain d ON d.org_id = $1 AND d.domain = split_part(s.address, '@', 2) AND "
    "d.verified_at"
    " IS NOT NULL WHERE NOT EXISTS (SELECT 1 FROM mail_address a WHERE a.org_id = $1 AND a.address = "
    "s.address"
    " AND a.kind IN ('primary', 'alias', 'former')) AND NOT EXISTS (SELECT 1 FROM mailbox b WHERE b.org_id = "
    "$1"
    " AND b.address = s.address AND b.origin = 'found')"};

json_t *mail_store_scan_unknown(const MailScope *scope, const json_t *addresses, GError **error) {
  g_autofree char *text = jsontext_dump(addresses);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, text);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &unknown, &args, error);
  if (result == NULL)
    return NULL;
  const char *list = db_text(result, 0, 0);
  return jsontext_load(list, strlen(list), error);
}
