#include "mail/admin.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/record.h"
#include "mail/store_house.h"
#include "mail/store_run.h"

static const DbStatement list = {
    "mail_held_list",
    "SELECT h.held_id, h.mailbox_id::text, h.action, h.cause, b.address, coalesce(u.user_name, t.user_name),"
    " h.detail->>'why', (extract(epoch from h.at) * 1000000)::bigint, b.user_id::text FROM mail_held h"
    " JOIN mailbox b ON b.org_id = h.org_id AND b.mailbox_id = h.mailbox_id"
    " LEFT JOIN scim_user u ON u.org_id = h.org_id AND u.user_id = b.user_id"
    " LEFT JOIN scim_tombstone t ON t.org_id = h.org_id AND t.user_id = b.user_id"
    " WHERE h.org_id = $1 AND ($2::text[] IS NULL OR h.held_id::text = ANY ($2)) ORDER BY h.held_id"};

static DbResult *read_held(const MailScope *scope, const char *const *ids, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *keep = NULL;
  db_args_int(&args, scope->org_id);
  if (ids == NULL)
    db_args_text(&args, NULL);
  else
    db_args_text_array(&args, ids, g_strv_length((char **)ids), &keep);
  return db_pool_read(scope->pool, scope->deadline, &list, &args, error);
}

json_t *mail_admin_held(const MailScope *scope, GError **error) {
  g_autoptr(DbResult) result = read_held(scope, NULL, error);
  if (result == NULL)
    return NULL;
  json_t *array = json_array();
  for (int i = 0; i < db_rows(result); i++) {
    char at[CLOCK_TEXT_BYTES];
    json_array_append_new(array, json_pack("{s:I, s:s, s:s, s:s, s:s?, s:s?, s:s}", "id",
                                           (json_int_t)db_int(result, i, 0), "action", db_text(result, i, 2),
                                           "cause", db_text(result, i, 3), "address", db_text(result, i, 4),
                                           "person", db_text(result, i, 5), "why", db_text(result, i, 6),
                                           "since", clock_format(db_int(result, i, 7), at)));
  }
  return array;
}

static const DbStatement history = {
    "mail_run_list",
    "SELECT jsonb_build_object('id', run_id, 'trigger', trigger, 'worker', worker, 'started', started_at,"
    " 'finished', finished_at, 'counts', counts)::text FROM sync_run WHERE org_id = $1 ORDER BY run_id DESC "
    "LIMIT $2"};

json_t *mail_admin_history(const MailScope *scope, gint64 limit, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_int(&args, limit);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &history, &args, error);
  if (result == NULL)
    return NULL;
  json_t *array = json_array();
  for (int i = 0; i < db_rows(result); i++)
    json_array_append_new(array, json_loads(db_text(result, i, 0), 0, NULL));
  return array;
}

/* ---- yes or no */

typedef struct {
  const MailScope *scope;
  const DbStatement *statements[2];
  const char *mailbox_id, *user_id, *address, *action, *cause;
  gint64 lend_hours;
  gboolean done; /* FALSE: it was not held any more */
} Decision;

static const DbStatement unhold = {
    "mail_decide_unhold",
    "DELETE FROM mail_held WHERE org_id = $1 AND mailbox_id = $2::uuid AND action = 'disable' AND $3 >= 0"};
/* The door opens again until the identity provider corrects itself, or the time is over. */
static const DbStatement lend = {
    "mail_decide_lend",
    "UPDATE mailbox SET lent_until = now() + make_interval(hours => $3), open = contained_at IS NULL,"
    " doors = coalesce(doors, '{}') || jsonb_build_object('sign-in', jsonb_build_object('state', 'open', "
    "'at', now())),"
    " desired_gen = desired_gen + 1, attempts = 0, not_before = NULL,"
    " dirty_since = CASE WHEN desired_gen = applied_gen THEN now() ELSE dirty_since END"
    " WHERE org_id = $1 AND mailbox_id = $2::uuid AND state = 'active'"};
/* Only while it is held: whoever came back since the list was read keeps the mail. The mailbox is locked first, as the planner does. */
static const DbStatement purge = {
    "mail_decide_purge",
    "WITH box AS MATERIALIZED (SELECT mailbox_id FROM mailbox WHERE org_id = $1 AND mailbox_id = $2::uuid"
    " AND state = 'disabled' FOR UPDATE),"
    " said AS (DELETE FROM mail_held h USING box WHERE h.org_id = $1 AND h.mailbox_id = box.mailbox_id"
    " AND h.action = 'purge' RETURNING h.mailbox_id)"
    " UPDATE mailbox b SET state = 'purged', open = false, desired_gen = desired_gen + 1, attempts = 0,"
    " not_before = NULL, dirty_since = now() FROM said WHERE b.org_id = $1 AND b.mailbox_id = said.mailbox_id"
    " RETURNING b.mailbox_id"};
static const DbStatement purge_done = {
    "mail_decide_purge_done",
    "DELETE FROM mail_held WHERE org_id = $1 AND mailbox_id = $2::uuid AND $3 >= 0"};
static const DbStatement retain_again = {"mail_decide_retain",
                                         "UPDATE mailbox SET disabled_at = now() WHERE org_id = $1 AND "
                                         "mailbox_id = $2::uuid AND state = 'disabled' AND $3 >= 0"};

static void record_decision(Db *db, const Decision *decision) {
  mail_record(db, decision->scope, AUDIT_ADMIN, decision->action, decision->user_id,
              json_pack("{s:s, s:s}", "address", decision->address, "cause", decision->cause));
}

static gboolean purge_body(Db *db, gpointer data, GError **error) {
  Decision *decision = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, decision->scope->org_id);
  db_args_text(&args, decision->mailbox_id);
  g_autoptr(DbResult) row = db_query(db, &purge, &args, error);
  decision->done = row != NULL && db_rows(row) > 0;
  if (decision->done)
    record_decision(db, decision);
  return row != NULL;
}

static gboolean decide_body(Db *db, gpointer data, GError **error) {
  (void)error;
  const Decision *decision = data;
  for (gsize i = 0; i < G_N_ELEMENTS(decision->statements) && decision->statements[i] != NULL; i++) {
    DbArgs args = DB_ARGS_INIT;
    db_args_int(&args, decision->scope->org_id);
    db_args_text(&args, decision->mailbox_id);
    db_args_int(&args, decision->lend_hours);
    db_queue(db, decision->statements[i], &args, NULL);
  }
  record_decision(db, decision);
  return TRUE;
}

static gboolean approve_disable(const Decision *decision, const MailHouse *house, MailTally *tally,
                                GError **error) {
  MailSync sync = {.pool = decision->scope->pool, .house = house, .mode = MAIL_SYNC_APPROVE, .tally = tally};
  Decision record = *decision;
  return mail_sync_person(&sync, decision->user_id, error) &&
         db_tx_run(decision->scope->pool, decision->scope->deadline, decide_body, NULL, &record, error);
}

static gboolean decide_one(Decision *decision, const char *held, gboolean approve, const MailHouse *house,
                           MailTally *tally, GError **error) {
  gboolean is_purge = strcmp(held, "purge") == 0;
  decision->action = approve ? "sync.approve" : "sync.reject";
  decision->done = TRUE;
  memset(decision->statements, 0, sizeof decision->statements);
  if (approve && is_purge)
    return db_tx_run(decision->scope->pool, decision->scope->deadline, purge_body, NULL, decision, error);
  if (approve) {
    decision->statements[0] = &unhold;
    return approve_disable(decision, house, tally, error);
  }
  decision->statements[0] = is_purge ? &retain_again : &lend;
  decision->statements[1] = is_purge ? &purge_done : &unhold;
  return db_tx_run(decision->scope->pool, decision->scope->deadline, decide_body, NULL, decision, error);
}

static void set_missing(const char *const *ids, int purges, GError **error) {
  g_autofree char *names = ids != NULL ? g_strjoinv(", ", (char **)ids) : NULL;
  if (purges > 0)
    mail_error_set(
        error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_HELD,
        "nothing but purges is held, and --all never destroys mail: name their numbers of gatepost "
        "sync held");
  else
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_HELD, "nothing is held%s%s",
                   names ? " under " : "", names ? names : "");
}

typedef struct {
  gboolean approve, all;
  int done, purges; /* purges: left to those who name them */
} Verdict;

static gboolean decide_each(Decision *decision, const DbResult *rows, Verdict *verdict,
                            const MailHouse *house, MailTally *tally, GError **error) {
  for (int i = 0; i < db_rows(rows); i++) {
    const char *action = db_text(rows, i, 2);
    if (verdict->approve && verdict->all && strcmp(action, "purge") == 0) {
      verdict->purges++;
      continue;
    }
    decision->mailbox_id = db_text(rows, i, 1);
    decision->cause = db_text(rows, i, 3);
    decision->address = db_text(rows, i, 4);
    decision->user_id = db_text(rows, i, 8);
    if (!decide_one(decision, action, verdict->approve, house, tally, error))
      return FALSE;
    verdict->done += decision->done;
  }
  return TRUE;
}

json_t *mail_admin_decide(const MailScope *scope, const char *const *ids, gboolean approve, GError **error) {
  g_autoptr(DbResult) rows = read_held(scope, ids, error);
  g_autoptr(MailHouse) house =
      rows != NULL ? mail_store_house(scope->pool, scope->deadline, scope->org_id, error) : NULL;
  if (house == NULL)
    return NULL;
  g_auto(MailTally) tally = {0};
  Decision decision = {.scope = scope, .lend_hours = house->lend_hours};
  Verdict verdict = {.approve = approve, .all = ids == NULL};
  gint64 started = clock_wall();
  if (!decide_each(&decision, rows, &verdict, house, &tally, error))
    return NULL;
  if (verdict.done == 0) {
    set_missing(ids, verdict.purges, error);
    return NULL;
  }
  mail_store_run(scope->pool, scope->deadline, scope->org_id, approve ? "approve" : "reject", scope->actor,
                 started, &tally, NULL);
  mail_store_notify(scope->pool, scope->deadline, NULL);
  return approve ? json_pack("{s:i, s:i}", "approved", verdict.done, "purges_left", verdict.purges)
                 : json_pack("{s:i}", "rejected", verdict.done);
}

/* ---- pause, and how full the guard is */

typedef struct {
  const MailScope *scope;
  gboolean pause, was;
} Pause;

static const DbStatement pause_put = {
    "mail_pause",
    "UPDATE mail_setting SET paused_at = CASE WHEN $2 THEN now() END, paused_by = CASE WHEN $2 THEN $3 END,"
    " reconcile_at = now() WHERE org_id = $1 AND (paused_at IS NOT NULL) <> $2 RETURNING org_id"};

static gboolean pause_body(Db *db, gpointer data, GError **error) {
  Pause *pause = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, pause->scope->org_id);
  db_args_bool(&args, pause->pause);
  db_args_text(&args, pause->scope->actor);
  g_autoptr(DbResult) row = db_query(db, &pause_put, &args, error);
  if (row == NULL)
    return FALSE;
  pause->was = db_rows(row) == 0;
  if (!pause->was)
    mail_record(db, pause->scope, AUDIT_ADMIN, pause->pause ? "sync.pause" : "sync.resume", NULL, NULL);
  return TRUE;
}

gboolean mail_admin_pause(const MailScope *scope, gboolean pause, gboolean *was, GError **error) {
  Pause change = {.scope = scope, .pause = pause};
  if (!db_tx_run(scope->pool, scope->deadline, pause_body, NULL, &change, error))
    return FALSE;
  *was = change.was;
  return TRUE;
}

static const DbStatement counts = {"mail_admin_counts",
                                   "SELECT (SELECT count(DISTINCT mailbox_id) FROM mail_loss WHERE org_id = "
                                   "$1 AND at > now() - interval '1 hour'),"
                                   " (SELECT count(*) FROM mail_held WHERE org_id = $1),"
                                   " (SELECT count(*) FROM mailbox WHERE org_id = $1 AND state <> 'purged' "
                                   "AND (origin = 'found' OR user_id IS NULL))"};

json_t *mail_admin_guard(const MailScope *scope, GError **error) {
  g_autoptr(MailHouse) house = mail_store_house(scope->pool, scope->deadline, scope->org_id, error);
  if (house == NULL)
    return NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) row = db_pool_read(scope->pool, scope->deadline, &counts, &args, error);
  if (row == NULL)
    return NULL;
  return json_pack("{s:I, s:I, s:I, s:I, s:I, s:b}", "managed", (json_int_t)house->guard.managed, "lost",
                   (json_int_t)db_int(row, 0, 0), "cap", (json_int_t)mail_guard_cap(&house->guard), "held",
                   (json_int_t)db_int(row, 0, 1), "unmanaged", (json_int_t)db_int(row, 0, 2), "paused",
                   house->paused);
}
