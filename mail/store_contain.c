#include "mail/store_contain.h"

#include "mail/record.h"
#include "mail/store_run.h"

/* Sessions are cut by the new generation, at once; the change makes the worker plan the person again, which is how a release opens
 * what nothing else holds shut. $4 NULL: released. */
static const DbStatement contain_set = {
    "mail_contain_set",
    "WITH told AS (INSERT INTO mail_change (org_id, kind, subject)"
    " SELECT org_id, 'u', user_id FROM mailbox WHERE org_id = $1 AND mailbox_id = $2 AND user_id IS NOT NULL)"
    " UPDATE mailbox SET open = open AND $4::text IS NULL, contained_at = CASE WHEN $4::text IS NOT NULL "
    "THEN coalesce(contained_at, now()) END,"
    " doors = CASE WHEN open AND $4::text IS NOT NULL THEN coalesce(doors, '{}') || jsonb_build_object("
    "'sign-in', jsonb_build_object('state', 'shut', 'at', now())) ELSE doors END,"
    " contained_by = CASE WHEN $4::text IS NOT NULL THEN $3 END, contained_why = $4,"
    " desired_gen = desired_gen + 1, dirty_since = now(), attempts = 0, not_before = NULL"
    " WHERE org_id = $1 AND mailbox_id = $2"
    " RETURNING to_char(contained_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), address"};

typedef struct {
  const MailScope *scope;
  const MailPerson *person;
  const char *why;
  json_t *done;
} Change;

static gboolean body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  const MailPerson *person = change->person;
  json_decref(change->done);
  change->done = NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, person->mailbox_id);
  db_args_text(&args, change->scope->actor);
  db_args_text(&args, change->why);
  g_autoptr(DbResult) result = db_query(db, &contain_set, &args, error);
  if (result == NULL)
    return FALSE;
  change->done = json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:s?}", "user", person->user_name, "address",
                           person->address, "contained", change->why != NULL, "since", db_text(result, 0, 0),
                           "by", change->why != NULL ? change->scope->actor : NULL, "why", change->why);
  mail_record(db, change->scope, AUDIT_ADMIN, change->why != NULL ? "user.contain" : "user.release",
              person->user_id, json_incref(change->done));
  return TRUE;
}

json_t *mail_store_contain(const MailScope *scope, const MailPerson *person, const char *why,
                           GError **error) {
  Change change = {.scope = scope, .person = person, .why = why};
  if (!db_tx_run(scope->pool, scope->deadline, body, NULL, &change, error)) {
    json_decref(change.done);
    return NULL;
  }
  /* Only a hint, after the commit: the worker looks every second all the same. */
  mail_store_notify(scope->pool, scope->deadline, NULL);
  return change.done;
}
