#include "saml/logout.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/form.h"
#include "lib/limits.h"
#include "saml/store_request.h"
#include "saml/store_session.h"
#include "saml/web.h"

#define RELAY_BYTES 80

typedef struct {
  SamlService *service;
  HttpRequest *request;
  SamlDoor *door;
  SamlReport report;
  SamlLogoutMessage message;
  const char *relay_state; /* theirs, handed back as it is; NULL */
} Logout;

static HttpReply *farewell(SamlService *service, const SamlDoor *door, gboolean everywhere) {
  return saml_web_page(service, 200, "signed_out",
                       json_pack("{s:b, s:s}", "everywhere", everywhere, "provider", door->connection->name),
                       FALSE);
}

static HttpReply *goodbye(SamlService *service, const SamlDoor *door, gboolean everywhere) {
  HttpReply *reply = farewell(service, door, everywhere);
  if (reply != NULL)
    saml_web_cookie(reply, SAML_COOKIE_SESSION, "", TRUE, 0);
  return reply;
}

static HttpReply *refuse(Logout *logout) {
  const char *slug = logout->door->connection->slug;
  g_autofree char *trace = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(SamlCallerText) caller = {.agent = NULL};
  saml_caller_init(&caller, logout->request);
  SamlRecord record = {
      .door = logout->door, .caller = &caller.caller, .report = &logout->report, .what = SAML_WHAT_LOGOUT};
  gboolean may =
      rate_take(logout->service->refusals, (const guint8 *)slug, strlen(slug), clock_now(), 0, NULL) == 0;
  if (may && !saml_store_refusal(logout->service->pool, http_request_deadline(logout->request), &record,
                                 &trace, &error))
    log_event(logout->service->log, LOG_ERROR, "saml_refusal_unrecorded", "why", error->message, NULL);
  return saml_web_failure(logout->service, logout->request, logout->door, logout->report.failure, trace,
                          NULL);
}

/* ---- they ask us */

static HttpReply *answer_request(Logout *logout) {
  const SamlConnection *connection = logout->door->connection;
  char id[SAML_MESSAGE_ID_BYTES];
  g_auto(SamlSend) send = {NULL};
  SamlReport report;
  if (connection->idp_slo_url == NULL)
    return goodbye(logout->service, logout->door, TRUE);
  saml_report_init(&report);
  SamlLogoutAsk ask = {.id = saml_message_id(id),
                       .now_us = clock_wall(),
                       .in_response_to = logout->message.id,
                       .success = TRUE};
  const char *relay = logout->relay_state;
  if (relay != NULL && strlen(relay) > RELAY_BYTES)
    relay = NULL;
  if (!saml_verifier_logout_ask(logout->service->verifier, connection, &ask, relay, &send, &report))
    return goodbye(logout->service, logout->door, FALSE);
  return saml_web_send(logout->service, &send, relay);
}

static HttpReply *take_request(Logout *logout) {
  g_autoptr(GError) error = NULL;
  g_auto(SamlCallerText) caller = {.agent = NULL};
  saml_caller_init(&caller, logout->request);
  SamlLogoutEnd end = {logout->door, &caller.caller, &logout->message, &logout->report};
  if (!saml_store_session_logout(logout->service->pool, http_request_deadline(logout->request), &end, &error))
    return saml_web_away(logout->service, logout->request, error);
  if (logout->report.failure != SAML_OK)
    return saml_web_failure(logout->service, logout->request, logout->door, logout->report.failure, NULL,
                            NULL);
  return answer_request(logout);
}

/* ---- they answer us: our own session is gone already, so that this changes no more than the words (C94) */

static HttpReply *take_response(Logout *logout) {
  g_autoptr(GError) error = NULL;
  gboolean found = FALSE;
  const char *id = logout->message.in_response_to;
  if (id != NULL &&
      !saml_store_request_logged_out(logout->service->pool, http_request_deadline(logout->request),
                                     logout->door, id, &found, &error))
    return saml_web_away(logout->service, logout->request, error);
  /* The browser may be anybody's: whose session it was lost its cookie when the sign-out began. */
  if (found)
    return farewell(logout->service, logout->door, logout->message.success);
  saml_report_fail(&logout->report, SAML_CHECK_REQUEST, SAML_IRT_UNKNOWN, id, "a sign-out that we asked for");
  return refuse(logout);
}

static HttpReply *act(Logout *logout) {
  if (logout->report.failure != SAML_OK)
    return refuse(logout);
  return logout->message.request ? take_request(logout) : take_response(logout);
}

/* ---- the two bindings */

static void read_redirect(Logout *logout) {
  const char *query = http_request_raw_query(logout->request);
  logout->relay_state = http_request_query(logout->request, "RelayState");
  saml_verifier_logout_redirect(logout->service->verifier, logout->door->connection, query, strlen(query),
                                clock_wall(), &logout->message, &logout->report);
}

static void read_post(Logout *logout, const Form *form) {
  static const char *const fields[] = {"SAMLRequest", "SAMLResponse"};
  guint requests = form != NULL ? form_count(form, fields[0]) : 0;
  guint responses = form != NULL ? form_count(form, fields[1]) : 0;
  if (requests + responses != 1 || form_count(form, "RelayState") > 1) {
    saml_report_fail(&logout->report, SAML_CHECK_FORM, SAML_BAD_FORM, NULL,
                     "one SAMLRequest or SAMLResponse, at most one RelayState");
    return;
  }
  const char *field = fields[responses], *message = form_get(form, field);
  logout->relay_state = form_get(form, "RelayState");
  saml_verifier_logout_post(logout->service->verifier, logout->door->connection, field, message,
                            strlen(message), clock_wall(), &logout->message, &logout->report);
}

static HttpReply *work(Logout *logout, gboolean post) {
  gsize n;
  const char *body = http_request_body(logout->request, &n);
  g_autoptr(Form) form = post ? form_parse(body, n) : NULL;
  if (post)
    read_post(logout, form);
  else
    read_redirect(logout);
  return act(logout);
}

static HttpReply *receive(HttpRequest *request, SamlService *service, gboolean post) {
  HttpReply *reply = NULL;
  g_autoptr(SamlDoor) door = saml_service_door(service, request, &reply);
  if (door == NULL)
    return reply;
  const char *slug = door->connection->slug;
  Logout logout = {.service = service, .request = request, .door = door};
  saml_report_init(&logout.report);
  if (!saml_service_enter(service, slug))
    return saml_web_failure(service, request, door, SAML_BUSY, NULL, NULL);
  reply = work(&logout, post);
  saml_service_leave(service, slug);
  saml_logout_message_clear(&logout.message);
  return reply;
}

HttpReply *saml_logout_redirect(HttpRequest *request, gpointer data) {
  return receive(request, data, FALSE);
}

HttpReply *saml_logout_post(HttpRequest *request, gpointer data) {
  return receive(request, data, TRUE);
}

/* ---- we ask them */

static gboolean compose_request(SamlService *service, HttpRequest *request, const SamlDoor *door,
                                const SamlSession *session, SamlSend *send) {
  char id[SAML_MESSAGE_ID_BYTES];
  gint64 deadline = http_request_deadline(request);
  g_auto(SamlNameId) name = {NULL};
  g_autofree char *session_index = NULL;
  SamlReport report;
  saml_report_init(&report);
  if (!saml_store_session_name(service->pool, deadline, session, &name, &session_index, NULL))
    return FALSE;
  SamlLogoutAsk ask = {
      .id = saml_message_id(id), .now_us = clock_wall(), .name_id = &name, .session_index = session_index};
  SamlAskRow row = {.id = id, .kind = SAML_ASK_LOGOUT};
  return saml_verifier_logout_ask(service->verifier, door->connection, &ask, NULL, send, &report) &&
         saml_store_request_put(service->pool, deadline, door, &row, NULL);
}

static gboolean make_request(SamlService *service, HttpRequest *request, const SamlDoor *door,
                             const SamlSession *session, SamlSend *send) {
  if (!saml_service_enter(service, session->slug))
    return FALSE;
  gboolean made = compose_request(service, request, door, session, send);
  saml_service_leave(service, session->slug);
  return made;
}

HttpReply *saml_logout_tell(SamlService *service, HttpRequest *request, const SamlSession *session) {
  HttpReply *reply = NULL;
  g_auto(SamlSend) send = {NULL};
  g_autoptr(SamlDoor) door = saml_service_door_of(service, request, session->slug, &reply);
  if (door == NULL)
    return reply;
  if (!session->logs_out || !make_request(service, request, door, session, &send))
    return goodbye(service, door, FALSE);
  reply = send.form != NULL ? saml_web_send(service, &send, NULL) : saml_web_onward(service, send.url);
  if (reply != NULL)
    saml_web_cookie(reply, SAML_COOKIE_SESSION, "", TRUE, 0);
  return reply;
}
