#include "scim/reply.h"

#include "lib/clock.h"
#include "scim/error.h"
#include "scim/housekeeping.h"

#define SCIM_JSON "application/scim+json; charset=utf-8"
#define RETRY_SECONDS "5"

/* "scim_user_create" is resource user, op create. */
static void count(ScimService *service, HttpRequest *request, int status) {
  const HttpRoute *route = http_request_route(request);
  g_auto(GStrv) parts = g_strsplit(route != NULL ? route->name : "scim_none_none", "_", 3);
  char code[16];
  g_snprintf(code, sizeof code, "%d", status);
  gboolean whole = g_strv_length(parts) == 3;
  metrics_add(service->metrics, "gatepost_scim_requests_total", 1, whole ? parts[1] : "other",
              whole ? parts[2] : "other", code, NULL);
}

static void note_number(HttpRequest *request, const char *key, gint64 number) {
  char text[24];
  g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, number);
  http_request_note(request, key, text);
}

static void note_leniencies(ScimService *service, HttpRequest *request, const ScimDialect *dialect) {
  if (dialect->used == 0)
    return;
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < SCIM_LENIENT_COUNT; i++) {
    if (!(dialect->used & (G_GUINT64_CONSTANT(1) << i)))
      continue;
    const char *name = scim_dialect_name((ScimLeniency)i);
    g_string_append_printf(names, "%s%s", names->len > 0 ? "," : "", name);
    metrics_add(service->metrics, "gatepost_scim_leniency_total", 1, name, NULL);
  }
  http_request_note(request, "leniencies", names->str);
}

/* Names of organisation and source are the admin's; nothing of a person. */
static void note_call(ScimService *service, HttpRequest *request, const ScimCall *call) {
  if (call == NULL || call->token == NULL)
    return;
  http_request_note(request, "org", call->token->org_name);
  http_request_note(request, "source", call->token->source_name);
  note_number(request, "token", call->token->token_id);
  note_leniencies(service, request, &call->dialect);
  metrics_set(service->metrics, "gatepost_scim_last_request_timestamp_seconds", (double)clock_wall() / 1e6,
              call->token->org_name, call->token->source_name, NULL);
}

typedef struct {
  ScimAcks *acks;
  gint64 org_id;
  char *request_id;
} Ack;

static void ack_free(gpointer data) {
  Ack *ack = data;
  g_free(ack->request_id);
  g_free(ack);
}

static void ack_done(gboolean sent, gpointer data) {
  const Ack *ack = data;
  if (sent)
    scim_acks_add(ack->acks, ack->org_id, ack->request_id);
}

static void acknowledge_later(ScimService *service, HttpRequest *request, const ScimCall *call) {
  Ack *ack = g_new0(Ack, 1);
  const char *request_id = call->healed_request_id != NULL ? call->healed_request_id : call->request_id;
  *ack = (Ack){service->acks, call->token->org_id, g_strdup(request_id)};
  http_request_on_done(request, ack_done, ack, ack_free);
}

HttpReply *scim_reply_answer(ScimService *service, HttpRequest *request, const ScimCall *call,
                             ScimAnswer *answer) {
  const char *type = answer->body != NULL ? SCIM_JSON : NULL;
  HttpReply *reply = http_reply_new(answer->status, type, g_steal_pointer(&answer->body), -1);
  if (answer->location != NULL)
    http_reply_header(reply, answer->status == 201 ? "Location" : "Content-Location", answer->location);
  if (answer->etag != NULL)
    http_reply_header(reply, "ETag", answer->etag);
  if (call->is_create && answer->status == 201)
    acknowledge_later(service, request, call);
  count(service, request, answer->status);
  note_call(service, request, call);
  return reply;
}

static void log_failure(ScimService *service, HttpRequest *request, const char *code, const GError *error) {
  const HttpRoute *route = http_request_route(request);
  log_event(service->log, LOG_ERROR, "scim_failed", "code", code, "request", http_request_id(request),
            "route", route != NULL ? route->name : NULL, "cause", error->message, NULL);
}

HttpReply *scim_reply_error(ScimService *service, HttpRequest *request, const ScimCall *call, GError *error) {
  const ScimErrorRow *row = scim_error_row(error);
  HttpReply *reply = http_reply_new(row->status, SCIM_JSON, scim_error_body(error), -1);
  char code[16];
  g_snprintf(code, sizeof code, "GP-%04d", row->gp_code);
  if (row->status == 401)
    http_reply_header(reply, "WWW-Authenticate", "Bearer realm=\"gatepost\"");
  if (row->status == 503)
    http_reply_header(reply, "Retry-After", RETRY_SECONDS);
  if (row->ours)
    log_failure(service, request, code, error);
  http_request_note(request, "code", code);
  count(service, request, row->status);
  note_call(service, request, call);
  g_error_free(error);
  return reply;
}

HttpReply *scim_reply_throttled(ScimService *service, HttpRequest *request, int retry_after_s) {
  GError *error = g_error_new(SCIM_ERROR, SCIM_ERROR_THROTTLED,
                              "too many requests came with this token; go on in %d s", retry_after_s);
  HttpReply *reply = scim_reply_error(service, request, NULL, error);
  char seconds[16];
  g_snprintf(seconds, sizeof seconds, "%d", retry_after_s);
  http_reply_header(reply, "Retry-After", seconds);
  return reply;
}

HttpReply *scim_reply_text(ScimService *service, HttpRequest *request, int status, char *body) {
  count(service, request, status);
  return http_reply_new(status, SCIM_JSON, body, -1);
}

HttpReply *scim_reply_refusal(ScimService *service, HttpRequest *request, int status, int gp_code,
                              const char *message) {
  count(service, request, status);
  return http_reply_new(status, SCIM_JSON, scim_error_body_parts(status, NULL, gp_code, message), -1);
}
