#include "cmd/store_domain.h"

void store_domain_free(StoreDomain *domain) {
  if (domain == NULL)
    return;
  g_free(domain->domain);
  g_free(domain->challenge);
  g_free(domain->verified_by);
  g_free(domain);
}

#define SELECT_DOMAIN                                                                                       \
  "SELECT domain, challenge, verified_by, coalesce((extract(epoch from verified_at) * 1000000)::bigint, 0)" \
  " FROM domain WHERE org_id = $1"

static StoreDomain *read_row(const DbResult *result, int row) {
  StoreDomain *domain = g_new0(StoreDomain, 1);
  domain->domain = g_strdup(db_text(result, row, 0));
  domain->challenge = g_strdup(db_text(result, row, 1));
  domain->verified_by = g_strdup(db_text(result, row, 2));
  domain->verified_us = db_int(result, row, 3);
  return domain;
}

static const DbStatement domain_list = {"admin_domain_list", SELECT_DOMAIN " ORDER BY domain"};

GPtrArray *store_domain_list(const AdminScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &domain_list, &args, error);
  if (result == NULL)
    return NULL;
  GPtrArray *domains = g_ptr_array_new_with_free_func((GDestroyNotify)store_domain_free);
  for (int i = 0; i < db_rows(result); i++)
    g_ptr_array_add(domains, read_row(result, i));
  return domains;
}

static const DbStatement domain_get = {"admin_domain_get", SELECT_DOMAIN " AND domain = $2"};

StoreDomain *store_domain_get(const AdminScope *scope, const char *domain, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, domain);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &domain_get, &args, error);
  if (result == NULL)
    return NULL;
  if (db_rows(result) > 0)
    return read_row(result, 0);
  app_error_set(error, APP_NOT_FOUND, GP_DOMAIN_NOT_ADDED, "the domain \"%s\" was not added", domain);
  return NULL;
}

/* Names the situation, never the other organisation. */
static void fail_elsewhere(const char *domain, GError **error) {
  app_error_set(error, APP_REFUSED, GP_DOMAIN_ELSEWHERE,
                "the domain \"%s\" belongs to another organisation here", domain);
}

typedef struct {
  const AdminScope *scope;
  const char *domain, *challenge, *by;
} DomainChange;

/* The one question that looks at every organisation's domains: has anybody else proved it? */
static const DbStatement domain_elsewhere = {
    "admin_domain_elsewhere",
    "SELECT 1 FROM domain WHERE org_id <> $1 AND domain = $2 AND verified_at IS NOT NULL"};

static gboolean free_here(Db *db, const DomainChange *change, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->domain);
  g_autoptr(DbResult) result = db_query(db, &domain_elsewhere, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) == 0)
    return TRUE;
  fail_elsewhere(change->domain, error);
  return FALSE;
}

static const DbStatement domain_insert = {"admin_domain_insert",
                                          "INSERT INTO domain (org_id, domain, challenge) VALUES ($1, $2, $3)"
                                          " ON CONFLICT (org_id, domain) DO NOTHING RETURNING domain"};

static gboolean add_body(Db *db, gpointer data, GError **error) {
  DomainChange *change = data;
  if (!free_here(db, change, error))
    return FALSE;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->domain);
  db_args_text(&args, change->challenge);
  g_autoptr(DbResult) result = db_query(db, &domain_insert, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) > 0)
    admin_record(db, change->scope, "domain.add", change->domain, NULL);
  return TRUE;
}

StoreDomain *store_domain_add(const AdminScope *scope, const char *domain, const char *challenge,
                              GError **error) {
  DomainChange change = {.scope = scope, .domain = domain, .challenge = challenge};
  if (!db_tx_run(scope->pool, scope->deadline, add_body, NULL, &change, error))
    return NULL;
  return store_domain_get(scope, domain, error);
}

static const DbStatement domain_verify = {
    "admin_domain_verify", "UPDATE domain SET verified_at = now(), verified_by = $3"
                           " WHERE org_id = $1 AND domain = $2 AND verified_at IS NULL RETURNING domain"};

static gboolean verify_body(Db *db, gpointer data, GError **error) {
  DomainChange *change = data;
  if (!free_here(db, change, error))
    return FALSE;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->domain);
  db_args_text(&args, change->by);
  g_autoptr(DbResult) result = db_query(db, &domain_verify, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) > 0)
    admin_record(db, change->scope, "domain.verify", change->domain, json_pack("{s:s}", "by", change->by));
  return TRUE;
}

gboolean store_domain_verify(const AdminScope *scope, const char *domain, const char *by, GError **error) {
  DomainChange change = {.scope = scope, .domain = domain, .by = by};
  g_autoptr(GError) failure = NULL;
  if (db_tx_run(scope->pool, scope->deadline, verify_body, NULL, &change, &failure))
    return TRUE;
  /* Two organisations at one moment: the index domain_owner decides. */
  if (g_error_matches(failure, DB_ERROR, DB_ERROR_UNIQUE))
    fail_elsewhere(domain, error);
  else
    g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}
