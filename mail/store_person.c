#include "mail/store_person.h"

/* The nearest meaning first: id, userName, externalId, address. A purged mailbox is nobody's any more. */
static const DbStatement person_find = {
    "mail_person_find",
    "WITH hit AS ("
    "  SELECT user_id, 1 AS nearness FROM scim_user WHERE org_id = $1 AND user_id::text = lower($2)"
    "  UNION ALL SELECT user_id, 2 FROM scim_user WHERE org_id = $1 AND user_name_key = $3"
    "  UNION ALL SELECT user_id, 3 FROM scim_user WHERE org_id = $1 AND external_id = $2"
    "  UNION ALL SELECT m.user_id, 4 FROM mail_address a JOIN mailbox m USING (org_id, mailbox_id)"
    "    WHERE a.org_id = $1 AND a.address = $3 AND a.kind IN ('primary', 'alias', 'former') AND m.user_id "
    "IS NOT NULL"
    "  ORDER BY nearness, user_id LIMIT 1)"
    " SELECT u.user_id::text, u.user_name, coalesce(nullif(u.doc::jsonb ->> 'displayName', ''), u.user_name),"
    "  m.mailbox_id::text, m.address, u.active"
    " FROM hit JOIN scim_user u ON u.org_id = $1 AND u.user_id = hit.user_id"
    " LEFT JOIN mailbox m ON m.org_id = u.org_id AND m.user_id = u.user_id AND m.state <> 'purged'"};

static MailPerson *read_person(const DbResult *result, int row) {
  MailPerson *person = g_new0(MailPerson, 1);
  person->user_id = g_strdup(db_text(result, row, 0));
  person->user_name = g_strdup(db_text(result, row, 1));
  person->name = g_strdup(db_text(result, row, 2));
  person->mailbox_id = g_strdup(db_text(result, row, 3));
  person->address = g_strdup(db_text(result, row, 4));
  person->active = db_bool(result, row, 5);
  return person;
}

static DbResult *find(const MailScope *scope, const DbStatement *statement, const char *name, const char *key,
                      GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, name);
  db_args_text(&args, key);
  return db_pool_read(scope->pool, scope->deadline, statement, &args, error);
}

gboolean mail_store_person(const MailScope *scope, const char *name, const char *key, MailPerson **person,
                           GError **error) {
  g_autoptr(DbResult) result = find(scope, &person_find, name, key, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) > 0)
    *person = read_person(result, 0);
  return TRUE;
}

static const DbStatement group_find = {"mail_person_group",
                                       "SELECT group_id::text FROM scim_group WHERE org_id = $1 AND "
                                       "(group_id::text = lower($2) OR display_key = $3)"
                                       " ORDER BY group_id::text = lower($2) DESC LIMIT 1"};

gboolean mail_store_person_group(const MailScope *scope, const char *name, const char *key, char **group_id,
                                 GError **error) {
  g_autoptr(DbResult) result = find(scope, &group_find, name, key, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) > 0)
    *group_id = g_strdup(db_text(result, 0, 0));
  return TRUE;
}
