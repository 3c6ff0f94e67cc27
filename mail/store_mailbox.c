#include "mail/admin.h"

#include <string.h>

#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/person.h"
#include "mail/record.h"
#include "mail/store_change.h"

#define MAILBOX_JSON                                                                                       \
  "jsonb_build_object('address', b.address, 'id', b.mailbox_id, 'person', u.user_name, 'user_id', "        \
  "b.user_id,"                                                                                             \
  " 'state', b.state, 'why', b.why, 'origin', b.origin, 'group', g.group_name, 'backend', b.backend, "     \
  "'home', b.home,"                                                                                        \
  " 'quota', coalesce(b.quota_override, b.quota_bytes), 'quota_override', b.quota_override, 'protocols', " \
  "b.protocols,"                                                                                           \
  " 'pinned', b.pinned, 'aliases', (SELECT jsonb_agg(a.address ORDER BY a.address) FROM mail_address a"    \
  " WHERE a.org_id = b.org_id AND a.mailbox_id = b.mailbox_id AND a.kind = 'alias'),"                      \
  " 'former', (SELECT jsonb_object_agg(a.address, a.until) FROM mail_address a"                            \
  " WHERE a.org_id = b.org_id AND a.mailbox_id = b.mailbox_id AND a.kind = 'former'),"                     \
  " 'contained', b.contained_at, 'lent_until', b.lent_until, 'disabled', b.disabled_at, 'created', "       \
  "b.created_at,"                                                                                          \
  " 'held', (SELECT jsonb_agg(h.held_id) FROM mail_held h WHERE h.org_id = b.org_id AND h.mailbox_id = "   \
  "b.mailbox_id),"                                                                                         \
  " 'applied', b.desired_gen = b.applied_gen, 'generation', b.desired_gen, 'attempts', b.attempts, "       \
  "'error', b.last_error,"                                                                                 \
  " 'doors', b.doors)::text FROM mailbox b LEFT JOIN scim_user u ON u.org_id = b.org_id AND u.user_id = "  \
  "b.user_id"                                                                                              \
  " LEFT JOIN mail_group g ON g.org_id = b.org_id AND g.mail_group_id = b.mail_group_id"

static const DbStatement list = {
    "mailbox_list",
    "SELECT " MAILBOX_JSON
    " WHERE b.org_id = $1 AND b.address > $2 AND b.state <> 'purged' ORDER BY b.address LIMIT $3"};

json_t *mail_admin_mailboxes(const MailScope *scope, const char *after, gint64 limit, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, after != NULL ? after : "");
  db_args_int(&args, limit);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &list, &args, error);
  if (result == NULL)
    return NULL;
  json_t *array = json_array();
  for (int i = 0; i < db_rows(result); i++)
    json_array_append_new(array, json_loads(db_text(result, i, 0), 0, NULL));
  return array;
}

static void set_missing(const char *address, GError **error) {
  mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_MAILBOX, "there is no mailbox with the address %s",
                 address);
}

static const DbStatement get = {
    "mailbox_get", "SELECT " MAILBOX_JSON
                   " WHERE b.org_id = $1 AND b.mailbox_id = coalesce((SELECT a.mailbox_id FROM mail_address a"
                   " WHERE a.org_id = $1 AND a.address = lower($2) AND a.kind <> 'resting'), (SELECT "
                   "f.mailbox_id FROM mailbox f"
                   " WHERE f.org_id = $1 AND f.address = lower($2) AND f.origin = 'found'))"};

json_t *mail_admin_mailbox(const MailScope *scope, const char *address, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, address);
  g_autoptr(DbResult) row = db_pool_read(scope->pool, scope->deadline, &get, &args, error);
  if (row == NULL)
    return NULL;
  if (db_rows(row) > 0)
    return json_loads(db_text(row, 0, 0), 0, NULL);
  set_missing(address, error);
  return NULL;
}

static const DbStatement get_of = {"mailbox_get_of",
                                   "SELECT " MAILBOX_JSON
                                   " WHERE b.org_id = $1 AND b.user_id = $2::uuid AND b.state <> 'purged'"};

json_t *mail_admin_mailbox_of(const MailScope *scope, const char *user_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, user_id);
  g_autoptr(DbResult) row = db_pool_read(scope->pool, scope->deadline, &get_of, &args, error);
  if (row == NULL)
    return NULL;
  return db_rows(row) > 0 ? json_loads(db_text(row, 0, 0), 0, NULL) : json_null();
}

/* A change of one mailbox. */
typedef struct {
  const MailScope *scope;
  const char *address;
  const MailPerson *person; /* of pair */
  gint64 quota_bytes;       /* of the override */
  gboolean plan;
} MailboxChange;

static gboolean end(const MailboxChange *change, Db *db, const char *action, const char *subject,
                    json_t *detail, GError **error) {
  mail_record(db, change->scope, AUDIT_ADMIN, action, subject, detail);
  if (!change->plan)
    return TRUE;
  mail_error_set(error, MAIL_ERROR_ROLLBACK, 0, "only a plan");
  return FALSE;
}

static json_t *run(MailboxChange *change, DbTxBody body, GError **error) {
  g_autoptr(GError) failure = NULL;
  if (db_tx_run(change->scope->pool, change->scope->deadline, body, NULL, change, &failure) ||
      g_error_matches(failure, MAIL_ERROR, MAIL_ERROR_ROLLBACK))
    return mail_admin_mailbox(change->scope, change->address, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}

static const DbStatement put_quota = {
    "mailbox_quota",
    "UPDATE mailbox SET quota_override = nullif($3::bigint, -1), desired_gen = desired_gen + 1, attempts = 0,"
    " not_before = NULL, dirty_since = CASE WHEN desired_gen = applied_gen THEN now() ELSE dirty_since END"
    " WHERE org_id = $1 AND address = lower($2) AND state <> 'purged' AND origin <> 'found' RETURNING "
    "mailbox_id::text"};

static gboolean quota_body(Db *db, gpointer data, GError **error) {
  MailboxChange *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->address);
  db_args_int(&args, change->quota_bytes);
  g_autoptr(DbResult) row = db_query(db, &put_quota, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0) {
    set_missing(change->address, error);
    return FALSE;
  }
  return end(
      change, db, "mailbox.set", db_text(row, 0, 0),
      json_pack("{s:s, s:I}", "address", change->address, "quota_override", (json_int_t)change->quota_bytes),
      error);
}

json_t *mail_admin_mailbox_quota(const MailScope *scope, const char *address, gint64 quota_bytes,
                                 gboolean plan, GError **error) {
  MailboxChange change = {.scope = scope, .address = address, .quota_bytes = quota_bytes, .plan = plan};
  return run(&change, quota_body, error);
}

static const DbStatement pair_fit = {
    "mailbox_pair_fit",
    "SELECT EXISTS (SELECT 1 FROM domain d WHERE d.org_id = $1 AND d.domain = split_part(b.address, '@', 2)"
    " AND d.verified_at IS NOT NULL), CASE WHEN b.origin = 'found' THEN b.why END FROM mailbox b"
    " WHERE b.org_id = $1 AND b.address = lower($2) AND b.state <> 'purged'"};

/* What adopting asks too. */
static gboolean check_fit(const MailboxChange *change, Db *db, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->address);
  g_autoptr(DbResult) row = db_query(db, &pair_fit, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0)
    set_missing(change->address, error);
  else if (!db_bool(row, 0, 0))
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_DOMAIN, "%s is in no verified domain", change->address);
  else if (!db_null(row, 0, 1))
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_UNFIT, "the mail of %s could not be served: %s",
                   change->address, db_text(row, 0, 1));
  else
    return TRUE;
  return FALSE;
}

/* Joined by hand: the address stays whatever the directory says. What its owner before had open ends. The second column is FALSE when
 * the address is another's, or rests. */
static const DbStatement put_pair = {
    "mailbox_pair",
    "WITH b AS (UPDATE mailbox SET user_id = $3::uuid, pinned = true, origin = CASE WHEN origin = 'found' "
    "THEN "
    "'adopted' ELSE origin END, quota_override = CASE WHEN origin = 'found' THEN quota_bytes ELSE "
    "quota_override"
    " END, cut = cut OR (open AND user_id IS DISTINCT FROM $3::uuid), desired_gen = desired_gen + 1, "
    "attempts ="
    " 0, not_before = NULL, dirty_since = CASE WHEN desired_gen = applied_gen THEN now() ELSE dirty_since END"
    " WHERE org_id = $1 AND address = lower($2) AND state <> 'purged' RETURNING mailbox_id),"
    " a AS (INSERT INTO mail_address AS o (org_id, address, kind, mailbox_id) SELECT $1, lower($2), "
    "'primary',"
    " mailbox_id FROM b ON CONFLICT (address) DO UPDATE SET kind = o.kind WHERE o.org_id = excluded.org_id "
    "AND"
    " o.mailbox_id = excluded.mailbox_id AND o.kind = 'primary' RETURNING mailbox_id)"
    " SELECT mailbox_id::text, EXISTS (SELECT 1 FROM a) FROM b"};

static gboolean pair_body(Db *db, gpointer data, GError **error) {
  MailboxChange *change = data;
  if (!check_fit(change, db, error))
    return FALSE;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->address);
  db_args_text(&args, change->person->user_id);
  g_autoptr(DbResult) row = db_query(db, &put_pair, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0) {
    set_missing(change->address, error);
    return FALSE;
  }
  if (!db_bool(row, 0, 1)) {
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_COLLIDE, "the address %s is another's, or rests",
                   change->address);
    return FALSE;
  }
  mail_store_change_queue(db, change->scope->org_id, 'u', change->person->user_id);
  return end(change, db, "mailbox.pair", change->person->user_id,
             json_pack("{s:s}", "address", change->address), error);
}

json_t *mail_admin_pair(const MailScope *scope, const char *address, const char *person, gboolean plan,
                        GError **error) {
  g_autoptr(MailPerson) who = mail_person_find(scope, person, error);
  if (who == NULL)
    return NULL;
  if (who->mailbox_id != NULL && g_ascii_strcasecmp(who->address, address) != 0) {
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_PAIRED, "%s has the mailbox %s already", who->user_name,
                   who->address);
    return NULL;
  }
  MailboxChange change = {.scope = scope, .address = address, .person = who, .plan = plan};
  return run(&change, pair_body, error);
}
