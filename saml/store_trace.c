#include "saml/store_trace.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "saml/trace.h"

#define MS 1000

static const char *const whats[] = {
    [SAML_WHAT_LOGIN] = "login", [SAML_WHAT_TEST] = "test", [SAML_WHAT_LOGOUT] = "logout"};

/* The first name that is free. */
static const DbStatement trace_insert = {
    "saml_trace_insert",
    "INSERT INTO saml_trace (org_id, trace, connection_id, what, failure, checks, saw, wanted, skew_ms, "
    "user_id,"
    " source_ip, request_id) SELECT $1, x.name, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12"
    " FROM unnest($2::text[]) WITH ORDINALITY x(name, n)"
    " WHERE NOT EXISTS (SELECT FROM saml_trace t WHERE t.org_id = $1 AND t.trace = x.name)"
    " ORDER BY x.n LIMIT 1 ON CONFLICT DO NOTHING RETURNING trace"};

/* Of the room's own memory: what the arguments point to while a statement is queued. */
typedef struct {
  char *names, *checks;
  char skew[24];
} Keep;

static void add_names(DbArgs *args, Keep *keep) {
  SamlTraceNames names;
  const char *list[SAML_TRACE_NAMES];
  saml_trace_names(&names);
  for (gsize i = 0; i < SAML_TRACE_NAMES; i++)
    list[i] = names.names[i];
  db_args_text_array(args, list, SAML_TRACE_NAMES, &keep->names);
}

static void trace_args(DbArgs *args, const SamlRecord *record, Keep *keep) {
  const SamlConnection *connection = record->door->connection;
  const SamlReport *report = record->report;
  g_autoptr(json_t) checks = saml_trace_checks(report);
  keep->checks = jsontext_dump(checks);
  g_snprintf(keep->skew, sizeof keep->skew, "%" G_GINT64_FORMAT, report->skew_us / MS);
  db_args_int(args, connection->org_id);
  add_names(args, keep);
  db_args_int(args, connection->connection_id);
  db_args_text(args, whats[record->what]);
  db_args_text(args, report->failure == SAML_OK ? NULL : saml_failure_name(report->failure));
  db_args_text(args, keep->checks);
  db_args_text(args, report->saw);
  db_args_text(args, report->wanted);
  db_args_text(args, report->skew_us == G_MAXINT64 ? NULL : keep->skew);
  db_args_text(args, record->user_id);
  db_args_text(args, record->caller->ip);
  db_args_text(args, record->caller->request_id);
}

static void keep_clear(Keep *keep) {
  g_free(keep->names);
  g_free(keep->checks);
}

static void put_text(json_t *detail, const char *name, const char *text) {
  if (text != NULL)
    json_object_set_new(detail, name, json_string(text));
}

/* WorkMail's names and spellings, so that saved queries keep working. */
static json_t *audit_detail(const SamlRecord *record) {
  const SamlConnection *connection = record->door->connection;
  SamlFailure failure = record->report->failure;
  json_t *detail =
      json_pack("{s:I, s:I, s:s, s:s, s:i, s:s}", "event_timestamp", (json_int_t)(clock_wall() / MS),
                "organization_id", (json_int_t)connection->org_id, "protocol", "WebMail", "method", "saml",
                "auth_successful", failure == SAML_OK, "connection", connection->slug);
  put_text(detail, "request_id", record->caller->request_id);
  put_text(detail, "user_id", record->user_id);
  put_text(detail, "user", record->user);
  put_text(detail, "source_ip", record->caller->ip);
  put_text(detail, "user_agent", record->caller->agent);
  if (failure == SAML_OK)
    return detail;
  g_autofree char *code = g_strdup_printf("GP-%04d", saml_failure_code(failure));
  put_text(detail, "auth_failed_reason", saml_failure_name(failure));
  put_text(detail, "code", code);
  return detail;
}

/* A sign-out is no sign-in: it leaves a trace alone. A trial opens nothing, and still shows what it shows to whoever can sign in there. */
static void queue_audit(Db *db, const SamlRecord *record) {
  if (record->what == SAML_WHAT_LOGOUT)
    return;
  g_autoptr(json_t) detail = audit_detail(record);
  g_autofree char *actor = g_strconcat("saml:", record->door->connection->slug, NULL);
  AuditRecord audit = {.org_id = record->door->connection->org_id,
                       .kind = AUDIT_AUTHENTICATION,
                       .request_id = record->caller->request_id,
                       .actor = actor,
                       .source_ip = record->caller->ip,
                       .action = record->what == SAML_WHAT_TEST ? "auth.webmail.trial" : "auth.webmail",
                       .subject = record->user_id,
                       .detail = detail};
  audit_queue(db, &audit);
}

void saml_record_queue(Db *db, const SamlRecord *record) {
  DbArgs args = DB_ARGS_INIT;
  Keep keep = {NULL};
  trace_args(&args, record, &keep);
  db_queue(db, &trace_insert, &args, NULL);
  keep_clear(&keep);
  queue_audit(db, record);
}

gboolean saml_record_now(Db *db, const SamlRecord *record, char **trace, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  Keep keep = {NULL};
  trace_args(&args, record, &keep);
  g_autoptr(DbResult) result = db_query(db, &trace_insert, &args, error);
  keep_clear(&keep);
  if (result == NULL)
    return FALSE;
  g_free(*trace);
  *trace = db_rows(result) > 0 ? g_strdup(db_text(result, 0, 0)) : NULL;
  queue_audit(db, record);
  return TRUE;
}
