#include "saml/store_signin.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "saml/check.h"
#include "saml/store_person.h"
#include "saml/subject.h"

void saml_outcome_clear(SamlOutcome *outcome) {
  g_clear_pointer(&outcome->target, g_free);
  g_clear_pointer(&outcome->user_id, g_free);
  g_clear_pointer(&outcome->user, g_free);
  g_clear_pointer(&outcome->trace, g_free);
}

typedef struct {
  const SamlSignIn *sign_in;
  SamlOutcome *outcome;
  SamlPerson person;
} Work;

/* The row's lock lets one of several answers to it in at a time; the connection's makes switching it off wait for us, or us for it. */
static const DbStatement request_take = {
    "saml_request_take",
    "SELECT r.kind = 'test', r.cookie_hash, r.target, r.force_authn, to_json(r.contexts)::text,"
    " (extract(epoch FROM r.asked_at) * 1000000)::bigint, r.consumed_at IS NOT NULL,"
    " r.expires_at <= clock_timestamp(), EXISTS (SELECT FROM saml_seen s WHERE s.org_id = $1 AND "
    "s.connection_id = $2"
    " AND s.message_id IN ($4, $5)), c.state FROM saml_request r JOIN saml_connection c ON c.org_id = "
    "r.org_id"
    " AND c.connection_id = r.connection_id WHERE r.org_id = $1 AND r.connection_id = $2"
    " AND r.request_id = $3 AND r.kind <> 'logout' FOR UPDATE OF r FOR SHARE OF c"};

static DbResult *take_request(Db *db, const SamlSignIn *sign_in, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, sign_in->door->connection->org_id);
  db_args_int(&args, sign_in->door->connection->connection_id);
  db_args_text(&args, sign_in->login->in_response_to);
  db_args_text(&args, sign_in->login->response_id);
  db_args_text(&args, sign_in->login->assertion_id);
  return db_query(db, &request_take, &args, error);
}

/* C64, C86. */
static gboolean check_request(const DbResult *row, const SamlLogin *login, SamlReport *report) {
  if (db_rows(row) == 0 || db_bool(row, 0, 7))
    return saml_report_fail(report, SAML_CHECK_REQUEST, SAML_IRT_UNKNOWN, login->in_response_to,
                            "a request of the last 15 minutes");
  if (db_bool(row, 0, 6))
    return saml_report_fail(report, SAML_CHECK_REQUEST, SAML_IRT_REUSED, login->in_response_to, NULL);
  saml_report_pass(report, SAML_CHECK_REQUEST);
  return TRUE;
}

/* C84. A message in another browser than the one that asked is somebody else's, or put there by somebody else. */
static gboolean check_browser(const DbResult *row, const guint8 *browser, SamlReport *report) {
  g_autoptr(GBytes) kept = db_bytes(row, 0, 1);
  gboolean same = browser != NULL && kept != NULL && g_bytes_get_size(kept) == CRYPTO_SHA256_BYTES &&
                  crypto_equal(g_bytes_get_data(kept, NULL), browser, CRYPTO_SHA256_BYTES);
  if (!same)
    return saml_report_fail(report, SAML_CHECK_BROWSER, SAML_BROWSER_MISMATCH,
                            browser == NULL ? "no cookie" : "another browser's cookie", NULL);
  saml_report_pass(report, SAML_CHECK_BROWSER);
  return TRUE;
}

static char **contexts_of(const DbResult *row) {
  const char *text = db_text(row, 0, 4);
  g_autoptr(json_t) list = jsontext_load(text, strlen(text), NULL);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gsize i;
  json_t *item;
  json_array_foreach(list, i, item) g_strv_builder_add(builder, json_string_value(item));
  return g_strv_builder_end(builder);
}

static gboolean check_asked(const DbResult *row, const SamlSignIn *sign_in, SamlReport *report) {
  g_auto(GStrv) contexts = contexts_of(row);
  SamlAsked asked = {.asked_us = db_int(row, 0, 5),
                     .force_authn = db_bool(row, 0, 3),
                     .contexts = contexts,
                     .address = sign_in->caller->ip};
  return saml_check_asked(sign_in->door->connection, &asked, sign_in->login, report);
}

/* C70. */
static gboolean check_replay(const DbResult *row, const SamlLogin *login, SamlReport *report) {
  if (db_bool(row, 0, 8))
    return saml_report_fail(report, SAML_CHECK_REPLAY, SAML_REPLAY, login->assertion_id, NULL);
  saml_report_pass(report, SAML_CHECK_REPLAY);
  return TRUE;
}

static void note_request(const DbResult *row, SamlOutcome *outcome) {
  outcome->request_known = TRUE;
  outcome->what = db_bool(row, 0, 0) ? SAML_WHAT_TEST : SAML_WHAT_LOGIN;
  outcome->target = g_strdup(db_text(row, 0, 2));
}

/* As it stands now, not as it stood when the message came. A draft is tried by its admin alone. */
static gboolean check_state(const DbResult *row, const SamlOutcome *outcome, SamlReport *report) {
  const char *state = db_text(row, 0, 9);
  if (strcmp(state, "live") == 0 || (strcmp(state, "draft") == 0 && outcome->what == SAML_WHAT_TEST))
    return TRUE;
  return saml_report_fail(report, SAML_CHECK_REQUEST, SAML_CONNECTION_OFF, NULL, NULL);
}

/* FALSE without an error: refused, the report says why. */
static gboolean decide(Db *db, Work *work, GError **error) {
  const SamlSignIn *sign_in = work->sign_in;
  SamlOutcome *outcome = work->outcome;
  SamlReport *report = &outcome->report;
  g_autoptr(DbResult) row = take_request(db, sign_in, error);
  if (row == NULL || !check_request(row, sign_in->login, report) ||
      !check_browser(row, sign_in->browser, report))
    return FALSE;
  note_request(row, outcome);
  if (!check_state(row, outcome, report) || !check_asked(row, sign_in, report) ||
      !check_replay(row, sign_in->login, report))
    return FALSE;
  const char *subject = saml_subject_take(sign_in->login, sign_in->door->subject_source,
                                          sign_in->door->connection->sp_entity_id, report);
  return subject != NULL && saml_store_person(db, sign_in->door, subject, &work->person, report, error);
}

/* ---- what a sign-in leaves */

static const DbStatement request_consume = {
    "saml_request_consume",
    "UPDATE saml_request SET consumed_at = clock_timestamp() WHERE org_id = $1 AND request_id = $2"};
static const DbStatement seen_insert = {"saml_seen_insert",
                                        "INSERT INTO saml_seen (org_id, connection_id, message_id, until)"
                                        " SELECT $1, $2, x.id, to_timestamp($4::bigint / 1e6)"
                                        " FROM (SELECT DISTINCT unnest($3::text[]) AS id) x"};
static const DbStatement key_used = {
    "saml_key_used", "UPDATE saml_idp_key SET last_used_at = now() WHERE org_id = $1 AND connection_id = $2"
                     " AND fingerprint = $3 AND coalesce(last_used_at < now() - interval '1 hour', true)"};
static const DbStatement session_insert = {
    "web_session_insert",
    "INSERT INTO web_session (org_id, connection_id, user_id, pickup, pickup_cookie, pickup_until, target,"
    " session_index, name_id, name_id_format, name_id_qualifier, name_id_sp_qualifier, expires_at, ip, "
    "user_agent)"
    " VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6::int), $7, $8, $9, $10, $11, $12,"
    " least(now() + make_interval(hours => $13::int), to_timestamp($14::bigint / 1e6)), $15, $16)"};

static void queue_consumed(Db *db, const SamlSignIn *sign_in) {
  const SamlConnection *connection = sign_in->door->connection;
  const SamlLogin *login = sign_in->login;
  const char *ids[] = {login->response_id, login->assertion_id};
  g_autofree char *list = NULL;
  DbArgs request = DB_ARGS_INIT, seen = DB_ARGS_INIT;
  db_args_int(&request, connection->org_id);
  db_args_text(&request, login->in_response_to);
  db_queue(db, &request_consume, &request, NULL);
  db_args_int(&seen, connection->org_id);
  db_args_int(&seen, connection->connection_id);
  db_args_text_array(&seen, ids, G_N_ELEMENTS(ids), &list);
  db_args_int(&seen, login->valid_until_us);
  db_queue(db, &seen_insert, &seen, NULL);
}

static void queue_key_used(Db *db, const SamlSignIn *sign_in) {
  const SamlDoor *door = sign_in->door;
  if (sign_in->login->key >= door->fingerprints->len)
    return;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, door->connection->org_id);
  db_args_int(&args, door->connection->connection_id);
  db_args_text(&args, door->fingerprints->pdata[sign_in->login->key]);
  db_queue(db, &key_used, &args, NULL);
}

static void queue_session(Db *db, const Work *work) {
  const SamlSignIn *sign_in = work->sign_in;
  const SamlLogin *login = sign_in->login;
  const SamlNameId *name = &login->name_id;
  g_autofree char *until = g_strdup_printf("%" G_GINT64_FORMAT, login->session_until_us);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, sign_in->door->connection->org_id);
  db_args_int(&args, sign_in->door->connection->connection_id);
  db_args_text(&args, work->person.user_id);
  db_args_bytes(&args, sign_in->pickup, CRYPTO_SHA256_BYTES);
  db_args_bytes(&args, sign_in->browser, CRYPTO_SHA256_BYTES);
  db_args_int(&args, LIMIT_SAML_PICKUP_SECONDS);
  db_args_text(&args, work->outcome->target);
  db_args_text(&args, login->session_index);
  const char *const parts[] = {name->value, name->format, name->name_qualifier, name->sp_name_qualifier};
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    db_args_text(&args, parts[i]);
  db_args_int(&args, sign_in->door->max_session_hours);
  db_args_text(&args, login->session_until_us == 0 ? NULL : until);
  db_args_text(&args, sign_in->caller->ip);
  db_args_text(&args, sign_in->caller->agent);
  db_queue(db, &session_insert, &args, NULL);
}

static SamlRecord record_of(const Work *work) {
  const SamlSignIn *sign_in = work->sign_in;
  SamlOutcome *outcome = work->outcome;
  outcome->user_id = g_strdup(work->person.user_id);
  outcome->user = g_strdup(work->person.user != NULL ? work->person.user : sign_in->login->name_id.value);
  return (SamlRecord){.door = sign_in->door,
                      .caller = sign_in->caller,
                      .report = &outcome->report,
                      .what = outcome->what,
                      .user_id = outcome->user_id,
                      .user = outcome->user};
}

static gboolean write_refused(Db *db, const Work *work, GError **error) {
  SamlRecord record = record_of(work);
  return saml_record_now(db, &record, &work->outcome->trace, error);
}

/* A trial takes the request and the message like a sign-in, but settles nothing. */
static gboolean write_trial(Db *db, const Work *work, GError **error) {
  SamlRecord record = record_of(work);
  queue_consumed(db, work->sign_in);
  return saml_record_now(db, &record, &work->outcome->trace, error);
}

static gboolean write_signed_in(Db *db, const Work *work) {
  SamlRecord record = record_of(work);
  queue_consumed(db, work->sign_in);
  queue_key_used(db, work->sign_in);
  saml_store_person_bind(db, work->sign_in->door, &work->person);
  queue_session(db, work);
  saml_record_queue(db, &record);
  return TRUE;
}

static gboolean body(Db *db, gpointer data, GError **error) {
  Work *work = data;
  SamlOutcome *outcome = work->outcome;
  GError *failed = NULL;
  saml_outcome_clear(outcome);
  saml_person_clear(&work->person);
  *outcome = (SamlOutcome){.report = *work->sign_in->verified, .what = SAML_WHAT_LOGIN};
  if (!decide(db, work, &failed)) {
    if (failed == NULL)
      return write_refused(db, work, error);
    g_propagate_error(error, failed);
    return FALSE;
  }
  return outcome->what == SAML_WHAT_TEST ? write_trial(db, work, error) : write_signed_in(db, work);
}

static const DbStatement settle_find = {"saml_signin_settle",
                                        "SELECT EXISTS (SELECT FROM web_session WHERE pickup = $1)"};

/* A sign-in whose commit was lost is known by the handle that nobody else has. */
static gboolean settle(Db *db, gpointer data, DbSettled *settled, GError **error) {
  const Work *work = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_bytes(&args, work->sign_in->pickup, CRYPTO_SHA256_BYTES);
  g_autoptr(DbResult) result = db_query(db, &settle_find, &args, error);
  if (result == NULL)
    return FALSE;
  *settled = db_bool(result, 0, 0) ? DB_SETTLED_YES : DB_SETTLED_NO;
  return TRUE;
}

gboolean saml_store_sign_in(DbPool *pool, gint64 deadline, const SamlSignIn *sign_in, SamlOutcome *outcome,
                            GError **error) {
  Work work = {.sign_in = sign_in, .outcome = outcome};
  gboolean done = db_tx_run(pool, deadline, body, settle, &work, error);
  saml_person_clear(&work.person);
  return done;
}

typedef struct {
  const SamlRecord *record;
  char **trace;
} Refusal;

static gboolean refusal_body(Db *db, gpointer data, GError **error) {
  const Refusal *refusal = data;
  return saml_record_now(db, refusal->record, refusal->trace, error);
}

gboolean saml_store_refusal(DbPool *pool, gint64 deadline, const SamlRecord *record, char **trace,
                            GError **error) {
  Refusal refusal = {record, trace};
  return db_tx_run(pool, deadline, refusal_body, NULL, &refusal, error);
}
