#include "mail/store_run.h"

#include "audit/audit.h"
#include "lib/jsontext.h"

static const DbStatement notify = {"mail_notify", "SELECT pg_notify('gatepost_mail', '')"};
static const DbStatement listen_to = {NULL, "LISTEN gatepost_mail"};

gboolean mail_store_notify(DbPool *pool, gint64 deadline, GError **error) {
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &notify, NULL, error);
  return result != NULL;
}

gboolean mail_store_listen(Db *db, GError **error) {
  g_autoptr(DbResult) result = db_query(db, &listen_to, NULL, error);
  return result != NULL;
}

static const DbStatement run = {
    "mail_sync_run",
    "INSERT INTO sync_run (org_id, trigger, worker, started_at, finished_at, counts)"
    " VALUES ($1, $2, $3, timestamptz 'epoch' + $4::bigint * interval '1 microsecond', now(), $5::jsonb)"};

gboolean mail_store_run(DbPool *pool, gint64 deadline, gint64 org_id, const char *trigger, const char *worker,
                        gint64 started_us, const MailTally *tally, GError **error) {
  g_autoptr(json_t) counts = mail_tally_json(tally);
  g_autofree char *text = jsontext_dump(counts);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, trigger);
  db_args_text(&args, worker);
  db_args_int(&args, started_us);
  db_args_text(&args, text);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &run, &args, error);
  return result != NULL;
}

/* ---- what time does */

static const DbStatement rest = {
    "mail_prune_rest", "UPDATE mail_address SET kind = 'resting', until = until + make_interval(days => $2)"
                       " WHERE org_id = $1 AND kind = 'former' AND until <= now()"};
static const DbStatement release = {
    "mail_prune_release",
    "DELETE FROM mail_address WHERE org_id = $1 AND kind = 'resting' AND until <= now()"};
/* Dormant since the mailbox was disabled: until then every sign-in was refused by the row. A purged one says nothing of its person, who
 * may have another by now; nobody has two that are not purged. */
static const DbStatement revoke_tokens = {
    "mail_prune_revoke",
    "WITH gone AS (UPDATE mail_token t SET revoked_at = now(), revoked_why = 'the mailbox is disabled: ' || "
    "coalesce(b.why, '')"
    " FROM mailbox b WHERE t.org_id = $1 AND t.revoked_at IS NULL AND b.org_id = $1 AND b.user_id = t.user_id"
    " AND b.state = 'disabled' AND b.disabled_at <= now() - make_interval(days => $2)"
    " AND (b.lent_until IS NULL OR b.lent_until < now()) RETURNING t.token_id, t.user_id, t.name)"
    " INSERT INTO audit (org_id, kind, actor, action, subject, detail) SELECT $1, $3, 'sync', 'pat.revoke',"
    " user_id::text, jsonb_build_object('token_id', token_id, 'name', name) FROM gone"};
/* A session outlives the token that opened it, as with revoking: nobody can tell which, so that all of its owner end once. */
static const DbStatement expire_tokens = {
    "mail_prune_expire",
    "WITH ended AS (UPDATE mail_token SET over = true WHERE org_id = $1 AND NOT over AND expires_at <= now()"
    " RETURNING user_id, revoked_at, last_used_at) UPDATE mailbox m SET cut = true, desired_gen = "
    "m.desired_gen + 1, dirty_since = now(), attempts = 0, not_before = NULL WHERE m.org_id = $1"
    " AND m.state = 'active' AND m.origin <> 'found' AND m.user_id IN"
    " (SELECT user_id FROM ended WHERE revoked_at IS NULL AND last_used_at IS NOT NULL)"};
/* Mail is only destroyed after an admin has said so. */
static const DbStatement retain = {
    "mail_prune_retain", "INSERT INTO mail_held (org_id, mailbox_id, action, cause, detail)"
                         " SELECT org_id, mailbox_id, 'purge', 'retention', jsonb_build_object('address', "
                         "address, 'why', 'disabled since '"
                         " || to_char(disabled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')) FROM mailbox WHERE "
                         "org_id = $1 AND state = 'disabled'"
                         " AND origin <> 'found' AND disabled_at <= now() - make_interval(days => $2)"
                         " ON CONFLICT (org_id, mailbox_id, action) DO NOTHING"};
static const DbStatement forget_losses = {
    "mail_prune_losses", "DELETE FROM mail_loss WHERE org_id = $1 AND at < now() - interval '1 day'"};
static const DbStatement forget_runs = {
    "mail_prune_runs", "DELETE FROM sync_run WHERE org_id = $1 AND started_at < now() - interval '90 days'"};
static const DbStatement return_groups = {
    "mail_prune_groups",
    "UPDATE mail_group g SET vanished_at = NULL WHERE org_id = $1 AND vanished_at IS NOT NULL AND EXISTS"
    " (SELECT 1 FROM scim_member m WHERE m.org_id = $1 AND m.group_id = g.group_id)"};

static void queue_days(Db *db, const DbStatement *statement, gint64 org_id, gint64 days) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, days);
  db_queue(db, statement, &args, NULL);
}

static void queue_org(Db *db, const DbStatement *statement, gint64 org_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_queue(db, statement, &args, NULL);
}

static gboolean prune_body(Db *db, gpointer data, GError **error) {
  (void)error;
  const MailHouse *house = data;
  queue_days(db, &rest, house->org_id, house->rest_days);
  queue_org(db, &release, house->org_id);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_int(&args, house->grace_days);
  db_args_text(&args, audit_kind_name(AUDIT_SYNC));
  db_queue(db, &revoke_tokens, &args, NULL);
  queue_org(db, &expire_tokens, house->org_id);
  queue_days(db, &retain, house->org_id, house->retention_days);
  queue_org(db, &forget_losses, house->org_id);
  queue_org(db, &forget_runs, house->org_id);
  queue_org(db, &return_groups, house->org_id);
  return TRUE;
}

gboolean mail_store_prune(DbPool *pool, gint64 deadline, const MailHouse *house, GError **error) {
  return db_tx_run(pool, deadline, prune_body, NULL, (gpointer)house, error);
}
