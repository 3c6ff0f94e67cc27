#include "mail/admin.h"

#include <string.h>

#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/person.h"
#include "mail/record.h"
#include "mail/store_house.h"

/* One change of a mail group on its way through the transaction. */
typedef struct {
  const MailScope *scope;
  const char *name; /* as typed */
  char *group_id;
  const MailGroupOptions *options;
  gboolean plan;
  const char *action; /* of the record */
  const DbStatement *statement;
  json_t *result;
} GroupChange;

#define GROUP_JSON(table)                                                                                    \
  "jsonb_build_object('group', coalesce(s.display_name, g.group_name), 'group_id', g.group_id, 'domain', "   \
  "g.domain,"                                                                                                \
  " 'address_rule', g.address_rule, 'quota', g.quota_bytes, 'protocols', g.protocols, 'aliases', g.aliases," \
  " 'deliver_disabled', g.deliver_disabled, 'backend', g.backend, 'list', g.list_address, 'priority', "      \
  "g.priority,"                                                                                              \
  " 'mode', g.mode, 'vanished', g.vanished_at, 'mailboxes', (SELECT count(*) FROM mailbox b WHERE b.org_id " \
  "= g.org_id"                                                                                               \
  " AND b.mail_group_id = g.mail_group_id AND b.state = 'active'))::text FROM " table                        \
  " g LEFT JOIN scim_group s ON s.org_id = g.org_id AND s.group_id = g.group_id"

static const DbStatement list = {
    "mail_group_list",
    "SELECT " GROUP_JSON("mail_group") " WHERE g.org_id = $1 ORDER BY g.priority, g.mail_group_id"};

static json_t *rows(const DbResult *result) {
  json_t *array = json_array();
  for (int i = 0; i < db_rows(result); i++)
    json_array_append_new(array, json_loads(db_text(result, i, 0), 0, NULL));
  return array;
}

json_t *mail_admin_groups(const MailScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &list, &args, error);
  return result != NULL ? rows(result) : NULL;
}

/* The domain: the one given, else the only verified one. */
static const DbStatement find_domain = {
    "mail_group_domain",
    "SELECT min(domain), count(*) FROM domain WHERE org_id = $1 AND verified_at IS NOT NULL"
    " AND ($2::text IS NULL OR domain = $2)"};

static gboolean check_domain(const MailScope *scope, Db *db, const char *wanted, char **domain,
                             GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, wanted);
  g_autoptr(DbResult) row = db_query(db, &find_domain, &args, error);
  if (row == NULL)
    return FALSE;
  gint64 n = db_int(row, 0, 1);
  if (n == 1) {
    *domain = g_strdup(db_text(row, 0, 0));
    return TRUE;
  }
  if (wanted != NULL)
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_DOMAIN,
                   "%s is not a verified domain of this organisation", wanted);
  else
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_DOMAIN,
                   "this organisation has %s verified domain; name it with --domain",
                   n == 0 ? "no" : "more than one");
  return FALSE;
}

static const DbStatement find_backend = {
    "mail_group_backend",
    "SELECT backend FROM mail_backend WHERE backend = $1 OR $1 IS NULL ORDER BY created_at LIMIT 1"};

static gboolean check_backend(Db *db, const char *wanted, char **backend, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, wanted);
  g_autoptr(DbResult) row = db_query(db, &find_backend, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0) {
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_BACKEND, "there is no mail store%s%s",
                   wanted ? " " : " yet", wanted ? wanted : "");
    return FALSE;
  }
  *backend = g_strdup(db_text(row, 0, 0));
  return TRUE;
}

static const DbStatement setting = {"mail_setting_put",
                                    "INSERT INTO mail_setting (org_id) VALUES ($1) ON CONFLICT DO NOTHING"};
/* What is not given has its default on insert and stays on update. */
static const DbStatement insert = {
    "mail_group_insert",
    "WITH g AS (INSERT INTO mail_group (org_id, group_id, group_name, domain, quota_bytes, protocols, "
    "address_rule,"
    " aliases, deliver_disabled, backend, list_address, priority, mode) SELECT $1, $2::uuid, s.display_name, "
    "$3,"
    " nullif(nullif($4::bigint, -1), 0), coalesce(string_to_array($5, ','), '{imap,pop3,smtp,sieve}'),"
    " coalesce($6, 'userName'), $7 <> 0, $8 <> 0, $9, nullif($10, ''), CASE WHEN $11 < 0 THEN 100 ELSE $11 "
    "END,"
    " nullif($12, '') FROM scim_group s WHERE s.org_id = $1 AND s.group_id = $2::uuid RETURNING *)"
    " SELECT " GROUP_JSON("g")};
static const DbStatement update = {
    "mail_group_update",
    "WITH g AS (UPDATE mail_group SET domain = coalesce($3, domain),"
    " quota_bytes = CASE WHEN $4::bigint = -1 THEN quota_bytes ELSE nullif($4::bigint, 0) END,"
    " protocols = coalesce(string_to_array($5, ','), protocols), address_rule = coalesce($6, address_rule),"
    " aliases = CASE WHEN $7 = -1 THEN aliases ELSE $7 <> 0 END,"
    " deliver_disabled = CASE WHEN $8 = -1 THEN deliver_disabled ELSE $8 <> 0 END, backend = coalesce($9, "
    "backend),"
    " list_address = CASE WHEN $10::text IS NULL THEN list_address ELSE nullif($10, '') END,"
    " priority = CASE WHEN $11 < 0 THEN priority ELSE $11 END,"
    " mode = CASE WHEN $12::text IS NULL THEN mode ELSE nullif($12, '') END"
    " WHERE org_id = $1 AND group_id = $2::uuid RETURNING *) SELECT " GROUP_JSON("g")};

static const DbStatement list_put = {
    "mail_group_list_put",
    "WITH old AS (DELETE FROM mail_address a USING mail_group g WHERE a.org_id = $1 AND g.org_id = $1"
    " AND g.group_id = $2::uuid AND a.mail_group_id = g.mail_group_id AND a.kind = 'list' RETURNING 1)"
    " INSERT INTO mail_address (org_id, address, kind, mail_group_id) SELECT $1, g.list_address, 'list', "
    "g.mail_group_id"
    " FROM mail_group g WHERE g.org_id = $1 AND g.group_id = $2::uuid AND g.list_address IS NOT NULL"
    " AND (SELECT count(*) FROM old) >= 0"};

static void add_options(DbArgs *args, const MailGroupOptions *options, const char *domain,
                        const char *backend) {
  db_args_text(args, domain);
  db_args_int(args, options->quota_bytes);
  db_args_text(args, options->protocols);
  db_args_text(args, options->rule);
  db_args_int(args, options->aliases);
  db_args_int(args, options->deliver_disabled);
  db_args_text(args, backend);
  db_args_text(args, options->list);
  db_args_int(args, options->priority);
  db_args_text(args, options->mode);
}

/* Rolled back without being a failure. */
static gboolean end(GroupChange *change, GError **error) {
  if (!change->plan)
    return TRUE;
  mail_error_set(error, MAIL_ERROR_ROLLBACK, 0, "only a plan");
  return FALSE;
}

static gboolean write_template(GroupChange *change, Db *db, const char *domain, const char *backend,
                               GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->group_id);
  DbArgs list_args = args;
  add_options(&args, change->options, domain, backend);
  g_autoptr(DbResult) row = db_query(db, change->statement, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0) {
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_GROUP_NOT, "%s is no mail group", change->name);
    return FALSE;
  }
  g_clear_pointer(&change->result, json_decref);
  change->result = json_loads(db_text(row, 0, 0), 0, NULL);
  if (change->options->list != NULL)
    db_queue(db, &list_put, &list_args, NULL);
  return TRUE;
}

static gboolean template_body(Db *db, gpointer data, GError **error) {
  GroupChange *change = data;
  const MailScope *scope = change->scope;
  g_autofree char *domain = NULL, *backend = NULL;
  gboolean adds = change->statement == &insert;
  if (((adds || change->options->domain != NULL) &&
       !check_domain(scope, db, change->options->domain, &domain, error)) ||
      ((adds || change->options->backend != NULL) &&
       !check_backend(db, change->options->backend, &backend, error)))
    return FALSE;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_queue(db, &setting, &args, NULL);
  if (!write_template(change, db, domain, backend, error))
    return FALSE;
  mail_store_house_hurry(db, scope->org_id);
  mail_record(db, scope, AUDIT_ADMIN, change->action, change->group_id, json_incref(change->result));
  return end(change, error);
}

/* A plan's rollback is success; a unique violation gets its words. */
static json_t *run(GroupChange *change, DbTxBody body, GError **error) {
  g_autoptr(GError) failure = NULL;
  change->group_id = mail_person_group(change->scope, change->name, error);
  if (change->group_id == NULL)
    return NULL;
  gboolean done = db_tx_run(change->scope->pool, change->scope->deadline, body, NULL, change, &failure);
  g_free(change->group_id);
  if (done || g_error_matches(failure, MAIL_ERROR, MAIL_ERROR_ROLLBACK))
    return change->result;
  g_clear_pointer(&change->result, json_decref);
  if (!g_error_matches(failure, DB_ERROR, DB_ERROR_UNIQUE))
    g_propagate_error(error, g_steal_pointer(&failure));
  else if (strstr(db_error_constraint(failure), "mail_address") != NULL)
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_COLLIDE, "%s is somebody's address already",
                   change->options->list);
  else
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_GROUP_TWICE, "%s is a mail group already",
                   change->name);
  return NULL;
}

json_t *mail_admin_group_add(const MailScope *scope, const char *group, const MailGroupOptions *options,
                             gboolean plan, GError **error) {
  GroupChange change = {.scope = scope,
                        .name = group,
                        .options = options,
                        .plan = plan,
                        .action = "mail-group.add",
                        .statement = &insert};
  return run(&change, template_body, error);
}

json_t *mail_admin_group_set(const MailScope *scope, const char *group, const MailGroupOptions *options,
                             gboolean plan, GError **error) {
  GroupChange change = {.scope = scope,
                        .name = group,
                        .options = options,
                        .plan = plan,
                        .action = "mail-group.template",
                        .statement = &update};
  return run(&change, template_body, error);
}

static const DbStatement remove_group = {"mail_group_remove",
                                         "WITH g AS (DELETE FROM mail_group WHERE org_id = $1 AND group_id = "
                                         "$2::uuid RETURNING *) SELECT " GROUP_JSON("g")};

static gboolean remove_body(Db *db, gpointer data, GError **error) {
  GroupChange *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->group_id);
  g_autoptr(DbResult) row = db_query(db, &remove_group, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0) {
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_GROUP_NOT, "%s is no mail group", change->name);
    return FALSE;
  }
  g_clear_pointer(&change->result, json_decref);
  change->result = json_loads(db_text(row, 0, 0), 0, NULL);
  mail_store_house_hurry(db, change->scope->org_id);
  mail_record(db, change->scope, AUDIT_ADMIN, "mail-group.remove", change->group_id,
              json_incref(change->result));
  return end(change, error);
}

json_t *mail_admin_group_remove(const MailScope *scope, const char *group, gboolean plan, GError **error) {
  MailGroupOptions none = MAIL_GROUP_OPTIONS_INIT;
  GroupChange change = {.scope = scope, .name = group, .options = &none, .plan = plan};
  return run(&change, remove_body, error);
}
