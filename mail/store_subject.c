#include "mail/store_subject.h"

void mail_subject_clear(MailSubject *subject) {
  mail_member_clear(&subject->person);
  mail_found_clear(&subject->found);
  subject->item = NULL;
}

/* Of s (user_id, item: rank or mail_group_id), u scim_user, b mailbox. */
#define SUBJECT_COLUMNS                                                                                    \
  "coalesce(s.user_id, b.user_id)::text, u.user_id IS NOT NULL, u.user_id IS NULL AND EXISTS (SELECT 1 "   \
  "FROM scim_tombstone d"                                                                                  \
  " WHERE d.org_id = $1 AND d.user_id = b.user_id), coalesce(u.active, false), u.user_name, "              \
  "'{\"emails\":' || coalesce(u.doc::json ->> 'emails', 'null') || '}',"                                   \
  " s.item, b.mailbox_id::text, b.address, b.origin <> 'found', b.state = 'disabled', b.pinned, b.open,"   \
  " b.contained_at IS NOT NULL,"                                                                           \
  " EXISTS (SELECT 1 FROM mail_held h WHERE h.org_id = $1 AND h.mailbox_id = b.mailbox_id AND h.action = " \
  "'disable'),"                                                                                            \
  " coalesce((extract(epoch from b.lent_until) * 1000000)::bigint, 0), b.mail_group_id,"                   \
  " coalesce(b.quota_bytes, 0), array_to_string(b.protocols, ','), b.deliver_disabled,"                    \
  " array_to_string(ARRAY(SELECT a.address FROM mail_address a WHERE a.org_id = $1 AND a.mailbox_id = "    \
  "b.mailbox_id AND a.kind = 'alias' ORDER BY a.address COLLATE \"C\"), ','),"                             \
  " b.user_id IS DISTINCT FROM s.user_id"

enum {
  COLUMN_USER,
  COLUMN_KNOWN,
  COLUMN_DELETED,
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
  subject->person.user_id = g_strdup(db_text(result, row, COLUMN_USER));
  subject->person.known = db_bool(result, row, COLUMN_KNOWN);
  subject->person.deleted = db_bool(result, row, COLUMN_DELETED);
  subject->person.active = db_bool(result, row, COLUMN_ACTIVE);
  subject->person.user_name = g_strdup(db_text(result, row, COLUMN_NAME));
  if (subject->person.known)
    mail_member_read(&subject->person, db_text(result, row, COLUMN_DOC));
  read_found(result, row, &subject->found);
}

/* Locked before anything of theirs is read, so that what is read is newer than what the one before wrote. */
static const DbStatement lock_waiting = {
    "mail_subject_lock_waiting",
    "WITH w AS MATERIALIZED (SELECT user_id, pg_advisory_xact_lock(hashtextextended('gatepost mail ' || "
    "user_id, $1::bigint))"
    " FROM unnest($2::uuid[], $3::bigint[]) p(user_id, hint) WHERE hint = 0 OR EXISTS (SELECT 1 FROM "
    "mail_change c"
    " WHERE c.org_id = $1 AND c.change_id = hint))"
    " SELECT w.user_id::text FROM w"};
static const DbStatement lock_trying = {
    "mail_subject_lock_trying",
    "SELECT user_id::text FROM unnest($2::uuid[], $3::bigint[]) p(user_id, hint) WHERE"
    " CASE WHEN hint = 0 OR EXISTS (SELECT 1 FROM mail_change c WHERE c.org_id = $1 AND c.change_id = hint) "
    "THEN"
    " pg_try_advisory_xact_lock(hashtextextended('gatepost mail ' || user_id, $1::bigint)) ELSE false END"};

/* Whoever contains somebody or overrides a quota meanwhile waits until the plan is written, and the other way round. */
static const DbStatement lock_mailboxes = {
    "mail_subject_lock_mailboxes",
    "SELECT mailbox_id FROM mailbox WHERE org_id = $1 AND user_id = ANY ($2::uuid[])"
    " AND state <> 'purged' ORDER BY mailbox_id FOR UPDATE"};

DbResult *mail_store_subject_lock(Db *db, gint64 org_id, const char *user_ids, const char *hints,
                                  gboolean wait, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, user_ids);
  db_args_text(&args, hints);
  return db_query(db, wait ? &lock_waiting : &lock_trying, &args, error);
}

/* Who was deleted within 30 days and comes again with the same externalId from the same source finds the old mailbox. */
static const DbStatement load = {
    "mail_subject_load",
    "WITH RECURSIVE down(id, priority, mail_group_id) AS (SELECT group_id, priority, mail_group_id FROM "
    "mail_group"
    " WHERE org_id = $1 UNION SELECT m.member_id, d.priority, d.mail_group_id FROM down d JOIN scim_member m"
    " ON m.org_id = $1 AND m.group_id = d.id AND m.kind = 'g'),"
    " s AS MATERIALIZED (SELECT w.user_id, w.n, (SELECT d.mail_group_id FROM scim_member m JOIN down d ON "
    "d.id = m.group_id"
    " WHERE m.org_id = $1 AND m.member_id = w.user_id ORDER BY d.priority, d.mail_group_id LIMIT 1) AS item"
    " FROM unnest($2::uuid[]) WITH ORDINALITY w(user_id, n))"
    " SELECT " SUBJECT_COLUMNS " FROM s LEFT JOIN scim_user u ON u.org_id = $1 AND u.user_id = s.user_id"
    " LEFT JOIN mailbox b ON b.org_id = $1 AND b.mailbox_id = coalesce("
    "(SELECT o.mailbox_id FROM mailbox o WHERE o.org_id = $1 AND o.user_id = s.user_id AND o.state <> "
    "'purged'),"
    " (SELECT o.mailbox_id FROM scim_tombstone t JOIN mailbox o ON o.org_id = $1 AND o.user_id = t.user_id"
    " AND o.state <> 'purged' WHERE t.org_id = $1 AND t.source_id = u.source_id"
    " AND t.external_id = u.external_id AND t.deleted_at > now() - interval '30 days'"
    " ORDER BY t.deleted_at DESC LIMIT 1)) ORDER BY s.n"};

DbResult *mail_store_subjects(Db *db, gint64 org_id, const char *user_ids, gboolean lock, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, user_ids);
  if (lock)
    db_queue(db, &lock_mailboxes, &args, NULL);
  return db_query(db, &load, &args, error);
}

gboolean mail_store_subject_row(const DbResult *rows, int row, const MailHouse *house, MailSubject *subject) {
  read_subject(rows, row, subject);
  subject->item = mail_house_template(house, db_int(rows, row, COLUMN_ITEM));
  return subject->item != NULL || db_null(rows, row, COLUMN_ITEM);
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

/* An address is nobody's twice, in whichever organisation; who has it in another one is not told. */
static const DbStatement taken = {
    "mail_address_taken",
    "SELECT a.address, a.kind IN ('former', 'resting'), a.kind = 'resting', a.mailbox_id::text,"
    " CASE WHEN a.org_id <> $1 THEN 'another organisation' ELSE coalesce(u.user_name || ' (' || b.address || "
    "')', b.address, 'the list of ' || g.group_name, "
    "'somebody') END,"
    " coalesce((extract(epoch from a.until) * 1000000)::bigint, 0)"
    " FROM mail_address a LEFT JOIN mailbox b ON b.org_id = a.org_id AND b.mailbox_id = a.mailbox_id"
    " LEFT JOIN scim_user u ON u.org_id = a.org_id AND u.user_id = b.user_id"
    " LEFT JOIN mail_group g ON g.org_id = a.org_id AND g.mail_group_id = a.mail_group_id"
    " WHERE a.address = ANY ($2::text[])"
    " UNION ALL SELECT DISTINCT t.login, false, false, NULL, 'a service token: gatepost pat list', 0 FROM "
    "mail_token t"
    " WHERE t.org_id = $1 AND t.login = ANY ($2::text[]) AND t.revoked_at IS NULL"
    " AND coalesce(t.expires_at > now(), true)"
    " UNION ALL SELECT f.address, false, false, f.mailbox_id::text, 'a mailbox that was there before: "
    "gatepost "
    "mailbox adopt', 0 FROM mailbox f WHERE f.org_id = $1 AND f.address = ANY ($2::text[]) AND f.origin = "
    "'found'"};

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

/* Who is in a mail group and who has a mailbox, each list in order by its index and cut to a page before they are joined: however
 * many there are, a page costs the same. The planner must see the number. */
#define SCAN_LIMIT " LIMIT " G_STRINGIFY(MAIL_SCAN_PAGE)
static const DbStatement scan = {
    "mail_scan",
    "WITH s AS MATERIALIZED (SELECT user_id, min(rank) AS item FROM ("
    "SELECT m.member_id AS user_id, g.rank FROM unnest($2::uuid[], $3::int[]) g(group_id, rank)"
    " CROSS JOIN LATERAL (SELECT p.member_id FROM scim_member p WHERE p.org_id = $1 AND p.group_id = "
    "g.group_id"
    " AND p.kind = 'u' AND p.member_id > $4::uuid AND p.member_id <= $5::uuid ORDER BY p.member_id" SCAN_LIMIT
    ") m"
    " UNION ALL (SELECT o.user_id, NULL::int FROM mailbox o WHERE o.org_id = $1 AND o.user_id IS NOT NULL"
    " AND o.state <> 'purged' AND o.user_id > $4::uuid AND o.user_id <= $5::uuid ORDER BY "
    "o.user_id" SCAN_LIMIT ")) both_lists"
    " GROUP BY user_id ORDER BY user_id" SCAN_LIMIT ")"
    " SELECT " SUBJECT_COLUMNS " FROM s LEFT JOIN scim_user u ON u.org_id = $1 AND u.user_id = s.user_id"
    " LEFT JOIN mailbox b ON b.org_id = $1 AND b.user_id = s.user_id AND b.state <> 'purged'"
    " ORDER BY s.user_id"};

DbResult *mail_store_scan(DbPool *pool, gint64 deadline, const MailHouse *house, const MailScanRange *range,
                          GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, house->groups);
  db_args_text(&args, house->ranks);
  db_args_text(&args, range->after);
  db_args_text(&args, range->until);
  return db_pool_read(pool, deadline, &scan, &args, error);
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

static const DbStatement misfits = {
    "mail_misfits",
    "WITH wanted AS MATERIALIZED (SELECT m.member_id AS user_id, min(g.rank) AS rank FROM scim_member m"
    " JOIN unnest($2::uuid[], $3::int[]) g(group_id, rank) ON g.group_id = m.group_id"
    " WHERE m.org_id = $1 AND m.kind = 'u' GROUP BY m.member_id)"
    " SELECT coalesce(w.user_id, b.user_id)::text FROM wanted w FULL JOIN (SELECT * FROM mailbox WHERE "
    "org_id = $1"
    " AND user_id IS NOT NULL AND state <> 'purged') b ON b.user_id = w.user_id"
    " WHERE b.user_id IS NULL OR (w.user_id IS NULL AND b.state = 'active' AND b.mail_group_id IS NOT NULL)"
    " OR (w.user_id IS NOT NULL AND (b.state <> 'active'"
    " OR b.mail_group_id IS DISTINCT FROM ($4::bigint[])[w.rank + 1] OR b.lent_until IS NOT NULL))"
    " OR EXISTS (SELECT 1 FROM mail_held h WHERE h.org_id = $1 AND h.mailbox_id = b.mailbox_id AND h.action "
    "= 'disable')"};

DbResult *mail_store_misfits(DbPool *pool, gint64 deadline, const MailHouse *house, GError **error) {
  g_autoptr(GString) ids = g_string_new("{");
  for (guint i = 0; i < house->templates->len; i++) {
    const MailTemplate *item = house->templates->pdata[i];
    g_string_append_printf(ids, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", item->mail_group_id);
  }
  g_string_append_c(ids, '}');
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, house->groups);
  db_args_text(&args, house->ranks);
  db_args_text(&args, ids->str);
  return db_pool_read(pool, deadline, &misfits, &args, error);
}
