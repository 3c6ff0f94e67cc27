#include "mail/store_house.h"

static const DbStatement orgs = {
    "mail_orgs", "SELECT org_id FROM mail_setting WHERE paused_at IS NULL OR $1::boolean ORDER BY org_id"};

char **mail_store_orgs(DbPool *pool, gint64 deadline, gboolean paused, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_bool(&args, paused);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &orgs, &args, error);
  if (result == NULL)
    return NULL;
  char **ids = g_new0(char *, (gsize)db_rows(result) + 1);
  for (int i = 0; i < db_rows(result); i++)
    ids[i] = g_strdup(db_text(result, i, 0));
  return ids;
}

static const DbStatement setting = {
    "mail_house_setting",
    "SELECT o.name, s.guard_count, s.guard_percent::text, s.alias_days, s.rest_days, s.grace_days,"
    " s.retention_days, s.lend_hours, s.paused_at IS NOT NULL,"
    " (SELECT count(*) FROM mailbox b WHERE b.org_id = o.org_id AND b.origin IN ('made', 'adopted')"
    " AND (b.state = 'active' OR b.disabled_at > now() - interval '1 hour'))"
    " FROM org o JOIN mail_setting s USING (org_id) WHERE o.org_id = $1"};

static gboolean read_setting(DbPool *pool, gint64 deadline, MailHouse *house, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &setting, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0)
    return TRUE;
  house->name = g_strdup(db_text(row, 0, 0));
  house->guard = (MailGuard){.count = db_int(row, 0, 1),
                             .percent = g_ascii_strtod(db_text(row, 0, 2), NULL),
                             .managed = db_int(row, 0, 9)};
  house->alias_days = db_int(row, 0, 3);
  house->rest_days = db_int(row, 0, 4);
  house->grace_days = db_int(row, 0, 5);
  house->retention_days = db_int(row, 0, 6);
  house->lend_hours = db_int(row, 0, 7);
  house->paused = db_bool(row, 0, 8);
  return TRUE;
}

static const DbStatement templates = {
    "mail_house_templates",
    "SELECT g.mail_group_id, g.group_id::text, coalesce(s.display_name, g.group_name), g.domain,"
    " array_to_string(g.protocols, ','), g.backend, b.home, coalesce(g.quota_bytes, 0), g.address_rule,"
    " g.aliases, g.deliver_disabled FROM mail_group g JOIN mail_backend b USING (backend)"
    " LEFT JOIN scim_group s ON s.org_id = g.org_id AND s.group_id = g.group_id"
    " WHERE g.org_id = $1 ORDER BY g.priority, g.mail_group_id"};

static MailTemplate *read_template(const DbResult *result, int row) {
  MailTemplate *item = g_new0(MailTemplate, 1);
  item->mail_group_id = db_int(result, row, 0);
  item->group_id = g_strdup(db_text(result, row, 1));
  item->group_name = g_strdup(db_text(result, row, 2));
  item->domain = g_strdup(db_text(result, row, 3));
  item->protocols = g_strdup(db_text(result, row, 4));
  item->backend = g_strdup(db_text(result, row, 5));
  item->home = g_strdup(db_text(result, row, 6));
  item->quota_bytes = db_int(result, row, 7);
  item->rule = mail_rule_parse(db_text(result, row, 8));
  item->aliases = db_bool(result, row, 9);
  item->deliver_disabled = db_bool(result, row, 10);
  return item;
}

static gboolean read_templates(DbPool *pool, gint64 deadline, MailHouse *house, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &templates, &args, error);
  if (result == NULL)
    return FALSE;
  house->templates = g_ptr_array_new_with_free_func((GDestroyNotify)mail_template_free);
  for (int i = 0; i < db_rows(result); i++)
    g_ptr_array_add(house->templates, read_template(result, i));
  return TRUE;
}

/* Groups inside groups count with their outer one; the smallest rank wins. */
static const DbStatement scope = {
    "mail_house_scope",
    "WITH RECURSIVE top AS (SELECT group_id, (row_number() OVER (ORDER BY priority, mail_group_id) - 1)::int "
    "AS rank"
    " FROM mail_group WHERE org_id = $1),"
    " down(id, rank) AS (SELECT group_id, rank FROM top UNION SELECT m.member_id, d.rank FROM down d"
    " JOIN scim_member m ON m.org_id = $1 AND m.group_id = d.id AND m.kind = 'g'),"
    " best AS (SELECT id, min(rank) AS rank FROM down GROUP BY id)"
    " SELECT coalesce(array_agg(id ORDER BY id), '{}')::text, coalesce(array_agg(rank ORDER BY id), "
    "'{}')::text"
    " FROM best"};
static const DbStatement domains = {
    "mail_house_domains",
    "SELECT domain FROM domain WHERE org_id = $1 AND verified_at IS NOT NULL ORDER BY domain"};

static gboolean read_scope(DbPool *pool, gint64 deadline, MailHouse *house, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &scope, &args, error);
  g_autoptr(DbResult) names = row != NULL ? db_pool_read(pool, deadline, &domains, &args, error) : NULL;
  if (names == NULL)
    return FALSE;
  house->groups = g_strdup(db_text(row, 0, 0));
  house->ranks = g_strdup(db_text(row, 0, 1));
  house->domains = g_new0(char *, (gsize)db_rows(names) + 1);
  for (int i = 0; i < db_rows(names); i++)
    house->domains[i] = g_strdup(db_text(names, i, 0));
  return TRUE;
}

MailHouse *mail_store_house(DbPool *pool, gint64 deadline, gint64 org_id, GError **error) {
  g_autoptr(MailHouse) house = g_new0(MailHouse, 1);
  house->org_id = org_id;
  if (!read_setting(pool, deadline, house, error) || !read_templates(pool, deadline, house, error) ||
      !read_scope(pool, deadline, house, error))
    return NULL;
  return g_steal_pointer(&house);
}

static const DbStatement due = {
    "mail_house_due", "UPDATE mail_setting SET reconcile_at = now() + interval '15 minutes'"
                      " WHERE org_id = $1 AND reconcile_at <= now() AND paused_at IS NULL RETURNING org_id"};

gboolean mail_store_house_due(DbPool *pool, gint64 deadline, gint64 org_id, gboolean *mine, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &due, &args, error);
  *mine = result != NULL && db_rows(result) > 0;
  return result != NULL;
}

static const DbStatement hurry = {"mail_house_hurry",
                                  "UPDATE mail_setting SET reconcile_at = now() WHERE org_id = $1"};

void mail_store_house_hurry(Db *db, gint64 org_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_queue(db, &hurry, &args, NULL);
}
