#include "mail/store_subject.h"

#include "mail/error.h"

void mail_subject_clear(MailSubject *subject) {
  mail_member_clear(&subject->person);
  mail_found_clear(&subject->found);
  subject->item = NULL;
}

/* Of s (user_id, item: rank or mail_group_id), u scim_user, b mailbox. */
#define SUBJECT_COLUMNS                                                                                    \
  "coalesce(s.user_id, b.user_id)::text, u.user_id IS NOT NULL, EXISTS (SELECT 1 FROM scim_tombstone d"    \
  " WHERE d.org_id = $1 AND d.user_id = b.user_id), coalesce(u.active, false), u.user_name, u.doc,"        \
  " s.item, b.mailbox_id::text, b.address, b.origin <> 'found', b.state = 'disabled', b.pinned, b.open,"   \
  " b.contained_at IS NOT NULL,"                                                                           \
  " EXISTS (SELECT 1 FROM mail_held h WHERE h.org_id = $1 AND h.mailbox_id = b.mailbox_id AND h.action = " \
  "'disable'),"                                                                                            \
  " coalesce((extract(epoch from b.lent_until) * 1000000)::bigint, 0), b.mail_group_id,"                   \
  " coalesce(b.quota_bytes, 0), array_to_string(b.protocols, ','), b.deliver_disabled,"                    \
  " (SELECT string_agg(a.address, ',' ORDER BY a.address COLLATE \"C\") FROM mail_address a"               \
  " WHERE a.org_id = $1 AND a.mailbox_id = b.mailbox_id AND a.kind = 'alias'),"                            \
  " b.user_id IS DISTINCT FROM s.user_id"

enum {
  COLUMN_DELETED,
  COLUMN_USER,
  COLUMN_KNOWN,
  COLUMN_ACTIVE,
  COLUMN_NAME,
  COLUMN_DOC,
  COLUMN_ITEM,
  COLUMN_MAILBOX,
  COLUMN_ADDRESS,
  COLUMN_MANAGED,
  COLUMN_DISABLED,
  COLUMN_PINNED,
  COLUMN_OPEN,
  COLUMN_CONTAINED,
  COLUMN_HELD,
  COLUMN_LENT,
  COLUMN_GROUP,
  COLUMN_QUOTA,
  COLUMN_PROTOCOLS,
  COLUMN_DELIVER,
  COLUMN_ALIASES,
  COLUMN_RETURNS,
};

static void read_found(const DbResult *result, int row, MailFound *found) {
  if (db_null(result, row, COLUMN_MAILBOX))
    return;
  const char *aliases = db_text(result, row, COLUMN_ALIASES);
  found->mailbox_id = g_strdup(db_text(result, row, COLUMN_MAILBOX));
  found->address = g_strdup(db_text(result, row, COLUMN_ADDRESS));
  found->managed = db_bool(result, row, COLUMN_MANAGED);
  found->disabled = db_bool(result, row, COLUMN_DISABLED);
  found->pinned = db_bool(result, row, COLUMN_PINNED);
  found->open = db_bool(result, row, COLUMN_OPEN);
  found->contained = db_bool(result, row, COLUMN_CONTAINED);
  found->held = db_bool(result, row, COLUMN_HELD);
  found->lent_until_us = db_int(result, row, COLUMN_LENT);
  found->mail_group_id = db_int(result, row, COLUMN_GROUP);
  found->quota_bytes = db_int(result, row, COLUMN_QUOTA);
  found->protocols = g_strdup(db_text(result, row, COLUMN_PROTOCOLS));
  found->deliver_disabled = db_bool(result, row, COLUMN_DELIVER);
  found->aliases = aliases != NULL ? g_strsplit(aliases, ",", -1) : NULL;
  found->returns = db_bool(result, row, COLUMN_RETURNS);
}

static void read_subject(const DbResult *result, int row, MailSubject *subject) {
  subject->person.deleted = db_bool(result, row, COLUMN_DELETED);
  subject->person.user_id = g_strdup(db_text(result, row, COLUMN_USER));
  subject->person.known = db_bool(result, row, COLUMN_KNOWN);
  subject->person.active = db_bool(result, row, COLUMN_ACTIVE);
  subject->person.user_name = g_strdup(db_text(result, row, COLUMN_NAME));
  if (subject->person.known)
    mail_member_read(&subject->person, db_text(result, row, COLUMN_DOC));
  read_found(result, row, &subject->found);
}

static const DbStatement lock_person = {
    "mail_subject_lock_person",
    "SELECT pg_advisory_xact_lock(hashtextextended('gatepost mail ' || $2::text, $1::bigint))"};
static const DbStatement lock_mailbox = {"mail_subject_lock_mailbox",
                                         "SELECT mailbox_id FROM mailbox WHERE org_id = $1 AND user_id = "
                                         "$2::uuid AND state <> 'purged' FOR UPDATE"};

void mail_store_subject_lock(Db *db, gint64 org_id, const char *user_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, user_id);
  db_queue(db, &lock_person, &args, NULL);
  db_queue(db, &lock_mailbox, &args, NULL);
}

/* Who was deleted within 30 days and comes again with the same externalId from the same source finds the old mailbox. */
static const DbStatement load = {
    "mail_subject_load",
    "WITH RECURSIVE up(id) AS (SELECT group_id FROM scim_member WHERE org_id = $1 AND member_id = $2::uuid"
    " UNION SELECT m.group_id FROM up JOIN scim_member m ON m.org_id = $1 AND m.member_id = up.id AND m.kind "
    "= 'g'),"
    " s AS (SELECT $2::uuid AS user_id, (SELECT g.mail_group_id FROM mail_group g JOIN up ON g.group_id = "
    "up.id"
    " WHERE g.org_id = $1 ORDER BY g.priority, g.mail_group_id LIMIT 1) AS item)"
    " SELECT " SUBJECT_COLUMNS " FROM s LEFT JOIN scim_user u ON u.org_id = $1 AND u.user_id = s.user_id"
    " LEFT JOIN mailbox b ON b.org_id = $1 AND b.mailbox_id = coalesce("
    "(SELECT o.mailbox_id FROM mailbox o WHERE o.org_id = $1 AND o.user_id = s.user_id AND o.state <> "
    "'purged'),"
    " (SELECT o.mailbox_id FROM scim_tombstone t JOIN mailbox o ON o.org_id = $1 AND o.user_id = t.user_id"
    " AND o.state <> 'purged' WHERE t.org_id = $1 AND t.source_id = u.source_id"
    " AND t.external_id = u.external_id AND t.deleted_at > now() - interval '30 days'"
    " ORDER BY t.deleted_at DESC LIMIT 1))"};

gboolean mail_store_subject_load(Db *db, const MailHouse *house, const char *user_id, MailSubject *subject,
                                 GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, user_id);
  g_autoptr(DbResult) row = db_query(db, &load, &args, error);
  if (row == NULL)
    return FALSE;
  read_subject(row, 0, subject);
  subject->item = mail_house_template(house, db_int(row, 0, COLUMN_ITEM));
  if (subject->item != NULL || db_null(row, 0, COLUMN_ITEM))
    return TRUE;
  mail_error_set(error, MAIL_ERROR_AWAY, 0, "the mail groups were changed a moment ago; this person is next");
  return FALSE;
}

static const DbStatement gone = {
    "mail_group_gone",
    "WITH RECURSIVE top AS (SELECT group_id FROM mail_group WHERE org_id = $1 AND mail_group_id = $2),"
    " down(id) AS (SELECT group_id FROM top UNION SELECT m.member_id FROM down"
    " JOIN scim_member m ON m.org_id = $1 AND m.group_id = down.id AND m.kind = 'g')"
    " SELECT EXISTS (SELECT 1 FROM top) AND NOT EXISTS (SELECT 1 FROM down"
    " JOIN scim_member m ON m.org_id = $1 AND m.group_id = down.id AND m.kind = 'u')"};

gboolean mail_store_group_gone(Db *db, gint64 org_id, gint64 mail_group_id, gboolean *is_gone,
                               GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, mail_group_id);
  g_autoptr(DbResult) row = db_query(db, &gone, &args, error);
  if (row == NULL)
    return FALSE;
  *is_gone = db_bool(row, 0, 0);
  return TRUE;
}

static const DbStatement taken = {
    "mail_address_taken",
    "SELECT a.address, a.kind IN ('former', 'resting'), a.kind = 'resting', a.mailbox_id::text,"
    " coalesce(u.user_name || ' (' || b.address || ')', b.address, 'the list of ' || g.group_name, "
    "'somebody'),"
    " coalesce((extract(epoch from a.until) * 1000000)::bigint, 0)"
    " FROM mail_address a LEFT JOIN mailbox b ON b.org_id = a.org_id AND b.mailbox_id = a.mailbox_id"
    " LEFT JOIN scim_user u ON u.org_id = a.org_id AND u.user_id = b.user_id"
    " LEFT JOIN mail_group g ON g.org_id = a.org_id AND g.mail_group_id = a.mail_group_id"
    " WHERE a.org_id = $1 AND a.address = ANY ($2::text[])"
    " UNION ALL SELECT DISTINCT t.login, false, false, NULL, 'a service token: gatepost pat list', 0 FROM mail_token t"
    " WHERE t.org_id = $1 AND t.login = ANY ($2::text[]) AND t.revoked_at IS NULL"
    " AND coalesce(t.expires_at > now(), true)"};

GHashTable *mail_store_taken(Db *db, gint64 org_id, char **addresses, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *keep = NULL;
  db_args_int(&args, org_id);
  db_args_text_array(&args, (const char *const *)addresses, g_strv_length(addresses), &keep);
  g_autoptr(DbResult) result = db_query(db, &taken, &args, error);
  if (result == NULL)
    return NULL;
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)mail_taken_free);
  for (int i = 0; i < db_rows(result); i++) {
    MailTaken *row = g_new0(MailTaken, 1);
    row->passing = db_bool(result, i, 1);
    row->resting = db_bool(result, i, 2);
    row->mailbox_id = g_strdup(db_text(result, i, 3));
    row->who = g_strdup(db_text(result, i, 4));
    row->until_us = db_int(result, i, 5);
    g_hash_table_insert(table, g_strdup(db_text(result, i, 0)), row);
  }
  return table;
}

static const DbStatement scan_members = {
    "mail_scan_members",
    "WITH s AS MATERIALIZED (SELECT m.member_id AS user_id, min(g.rank) AS item FROM scim_member m"
    " JOIN unnest($2::uuid[], $3::int[]) g(group_id, rank) ON g.group_id = m.group_id"
    " WHERE m.org_id = $1 AND m.kind = 'u' AND m.member_id > $4::uuid"
    " GROUP BY m.member_id ORDER BY m.member_id LIMIT $5)"
    " SELECT " SUBJECT_COLUMNS " FROM s LEFT JOIN scim_user u ON u.org_id = $1 AND u.user_id = s.user_id"
    " LEFT JOIN mailbox b ON b.org_id = $1 AND b.user_id = s.user_id AND b.state <> 'purged'"
    " ORDER BY s.user_id"};
static const DbStatement scan_others = {
    "mail_scan_others",
    "WITH s AS MATERIALIZED (SELECT b.user_id, b.mailbox_id, NULL::int AS item FROM mailbox b"
    " WHERE b.org_id = $1 AND b.user_id IS NOT NULL AND b.state <> 'purged' AND b.user_id > $4::uuid"
    " AND NOT EXISTS (SELECT 1 FROM scim_member m WHERE m.org_id = $1 AND m.member_id = b.user_id"
    " AND m.kind = 'u' AND m.group_id = ANY ($2::uuid[])) ORDER BY b.user_id LIMIT $5 + "
    "cardinality($3::int[]) * 0)"
    " SELECT " SUBJECT_COLUMNS " FROM s LEFT JOIN scim_user u ON u.org_id = $1 AND u.user_id = s.user_id"
    " LEFT JOIN mailbox b ON b.org_id = $1 AND b.mailbox_id = s.mailbox_id ORDER BY s.user_id"};

DbResult *mail_store_scan(DbPool *pool, gint64 deadline, const MailHouse *house, MailScanKind kind,
                          const char *after, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, house->groups);
  db_args_text(&args, house->ranks);
  db_args_text(&args, after);
  db_args_int(&args, MAIL_SCAN_PAGE);
  return db_pool_read(pool, deadline, kind == MAIL_SCAN_MEMBERS ? &scan_members : &scan_others, &args, error);
}

const char *mail_store_scan_id(const DbResult *page, int row) {
  return db_text(page, row, COLUMN_USER);
}

void mail_store_scan_row(const DbResult *page, int row, const MailHouse *house, MailSubject *subject) {
  read_subject(page, row, subject);
  gboolean in_group = !db_null(page, row, COLUMN_ITEM);
  guint rank = (guint)db_int(page, row, COLUMN_ITEM);
  subject->item = in_group && rank < house->templates->len ? house->templates->pdata[rank] : NULL;
}
