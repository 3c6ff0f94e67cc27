#include "saml/acs.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/form.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "saml/relay.h"
#include "saml/store_request.h"
#include "saml/store_session.h"
#include "saml/web.h"

/* One message on its way. */
typedef struct {
  SamlService *service;
  HttpRequest *request;
  SamlDoor *door;
  SamlCallerText caller;
  SamlReport report;
  const char *relay_state;
  gboolean has_browser;
  guint8 browser[CRYPTO_SHA256_BYTES];
} Acs;

static gint64 deadline_of(const Acs *acs) {
  return http_request_deadline(acs->request);
}

/* Before a signature held, anybody may have written the message: such refusals leave so many records a minute and no more. */
static gboolean may_record(const Acs *acs) {
  const SamlReport *report = &acs->report;
  const char *slug = acs->door->connection->slug;
  if (report->state[SAML_CHECK_SIGNATURE_RESPONSE] == SAML_CHECK_PASSED ||
      report->state[SAML_CHECK_SIGNATURE_ASSERTION] == SAML_CHECK_PASSED)
    return TRUE;
  return rate_take(acs->service->refusals, (const guint8 *)slug, strlen(slug), clock_now(), 0, NULL) == 0;
}

static void record_refusal(const Acs *acs, char **trace) {
  g_autoptr(GError) error = NULL;
  SamlRecord record = {
      .door = acs->door, .caller = &acs->caller.caller, .report = &acs->report, .what = SAML_WHAT_LOGIN};
  if (!may_record(acs))
    return;
  if (!saml_store_refusal(acs->service->pool, deadline_of(acs), &record, trace, &error))
    log_event(acs->service->log, LOG_ERROR, "saml_refusal_unrecorded", "why", error->message, NULL);
}

static HttpReply *refuse(const Acs *acs) {
  g_autofree char *trace = NULL;
  record_refusal(acs, &trace);
  return saml_web_failure(acs->service, acs->request, acs->door, acs->report.failure, trace, NULL);
}

/* C88: nobody asked, so somebody's tile was clicked. The message counts for nothing; the person is sent the round that we ask for. Should
 * the answer to that be unasked again, it ends here. */
static HttpReply *unsolicited(Acs *acs) {
  g_autoptr(GError) error = NULL;
  gboolean fresh = FALSE;
  if (acs->has_browser && !saml_store_request_fresh(acs->service->pool, deadline_of(acs), acs->door,
                                                    acs->browser, &fresh, &error))
    return saml_web_away(acs->service, acs->request, error);
  saml_report_fail(&acs->report, SAML_CHECK_REQUEST, SAML_IRT_MISSING, NULL, "InResponseTo");
  if (fresh || acs->door->state != SAML_STATE_LIVE)
    return refuse(acs);
  g_autofree char *trace = NULL;
  record_refusal(acs, &trace);
  http_request_note(acs->request, "unsolicited", "asked anew");
  g_autofree char *target =
      saml_relay_target(acs->relay_state) ? g_uri_escape_string(acs->relay_state, NULL, FALSE) : NULL;
  g_autofree char *path = g_strdup_printf("/saml/%s/start%s%s", acs->door->connection->slug,
                                          target != NULL ? "?target=" : "", target != NULL ? target : "");
  return saml_web_redirect(acs->service, path);
}

/* ---- a trial shows its admin what arrived */

static json_t *check_rows(const SamlReport *report) {
  json_t *rows = json_array();
  for (guint i = 0; i < SAML_CHECKS; i++) {
    gboolean failed = report->state[i] == SAML_CHECK_FAILED;
    json_array_append_new(rows, json_pack("{s:s, s:b, s:b}", "text", saml_check_text((SamlCheck)i), "passed",
                                          report->state[i] == SAML_CHECK_PASSED, "failed", failed));
  }
  return rows;
}

static json_t *attribute_rows(const SamlLogin *login) {
  json_t *rows = json_array();
  for (guint i = 0; login->attributes != NULL && i < login->attributes->len; i++) {
    const SamlAttribute *attribute = &g_array_index(login->attributes, SamlAttribute, i);
    g_autofree char *values = attribute->values != NULL ? g_strjoinv(", ", attribute->values) : g_strdup("");
    g_autofree char *clean = text_clean(values, LIMIT_QUOTED_BYTES * 2);
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", attribute->name, "values", clean));
  }
  return rows;
}

static HttpReply *trial(const Acs *acs, const SamlLogin *login, const SamlOutcome *outcome) {
  SamlFailure failure = outcome->report.failure;
  http_request_note(acs->request, "trial", saml_failure_name(failure));
  return saml_web_page(acs->service, 200, "trial",
                       json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "good", failure == SAML_OK,
                                 "user", outcome->user != NULL ? outcome->user : "", "name_id",
                                 login->name_id.value, "why", saml_failure_text(failure), "saw",
                                 outcome->report.saw, "wanted", outcome->report.wanted, "trace",
                                 outcome->trace != NULL ? outcome->trace : "", "checks",
                                 check_rows(&outcome->report), "attributes", attribute_rows(login)),
                       FALSE);
}

/* ---- the good path */

static HttpReply *signed_in(const Acs *acs, const char *pickup) {
  g_autofree char *path = g_strdup_printf("/saml/%s/done?handle=%s", acs->door->connection->slug, pickup);
  return saml_web_redirect(acs->service, path);
}

static HttpReply *conclude(Acs *acs, const SamlLogin *login) {
  char pickup[SAML_SECRET_BYTES];
  guint8 pickup_hash[CRYPTO_SHA256_BYTES];
  g_auto(SamlOutcome) outcome = {.what = SAML_WHAT_LOGIN};
  g_autoptr(GError) error = NULL;
  saml_secret_new(pickup, pickup_hash);
  SamlSignIn sign_in = {.door = acs->door,
                        .caller = &acs->caller.caller,
                        .login = login,
                        .verified = &acs->report,
                        .browser = acs->has_browser ? acs->browser : NULL,
                        .pickup = pickup_hash};
  if (!saml_store_sign_in(acs->service->pool, deadline_of(acs), &sign_in, &outcome, &error))
    return saml_web_away(acs->service, acs->request, error);
  if (outcome.what == SAML_WHAT_TEST)
    return trial(acs, login, &outcome);
  if (outcome.report.failure != SAML_OK)
    return saml_web_failure(acs->service, acs->request, acs->door, outcome.report.failure, outcome.trace,
                            outcome.target);
  http_request_note(acs->request, "user", outcome.user_id);
  return signed_in(acs, pickup);
}

/* C03, C06. The message itself is the verifier's to read. */
static const char *read_form(Acs *acs, const Form *form) {
  const char *message = form != NULL ? form_get(form, "SAMLResponse") : NULL;
  if (message == NULL || form_count(form, "RelayState") > 1 || form_count(form, "SAMLRequest") > 0) {
    saml_report_fail(&acs->report, SAML_CHECK_FORM, SAML_BAD_FORM, NULL,
                     "one SAMLResponse, at most one RelayState");
    return NULL;
  }
  acs->relay_state = form_get(form, "RelayState");
  return message;
}

static HttpReply *verify(Acs *acs) {
  gsize n;
  const char *body = http_request_body(acs->request, &n);
  g_autoptr(Form) form = form_parse(body, n);
  g_auto(SamlLogin) login = {NULL};
  const char *message = read_form(acs, form);
  if (message == NULL)
    return refuse(acs);
  if (!saml_verifier_login(acs->service->verifier, acs->door->connection, message, strlen(message),
                           clock_wall(), &login, &acs->report))
    return refuse(acs);
  return login.in_response_to == NULL ? unsolicited(acs) : conclude(acs, &login);
}

static HttpReply *receive(Acs *acs) {
  const char *slug = acs->door->connection->slug;
  if (!saml_service_enter(acs->service, slug))
    return saml_web_failure(acs->service, acs->request, acs->door, SAML_BUSY, NULL, NULL);
  HttpReply *reply = verify(acs);
  saml_service_leave(acs->service, slug);
  return reply;
}

HttpReply *saml_acs(HttpRequest *request, gpointer data) {
  HttpReply *reply = NULL;
  Acs acs = {.service = data, .request = request};
  g_autoptr(SamlDoor) door = saml_service_door(acs.service, request, &reply);
  if (door == NULL)
    return reply;
  acs.door = door;
  saml_report_init(&acs.report);
  if (door->state == SAML_STATE_OFF)
    return saml_web_failure(acs.service, request, door, SAML_CONNECTION_OFF, NULL, NULL);
  g_autofree char *cookie = form_cookie(http_request_header(request, "Cookie"), SAML_COOKIE_BROWSER);
  acs.has_browser = saml_secret_hash(cookie, acs.browser);
  saml_caller_init(&acs.caller, request);
  reply = receive(&acs);
  saml_caller_clear(&acs.caller);
  return reply;
}

/* ---- on our own origin */

static HttpReply *hand_over(SamlService *service, HttpRequest *request, const SamlDoor *door,
                            SamlPickup *pickup) {
  char secret[SAML_SECRET_BYTES];
  guint8 hash[CRYPTO_SHA256_BYTES];
  g_autofree char *target = NULL;
  g_autoptr(GError) error = NULL;
  saml_secret_new(secret, hash);
  pickup->hash = hash;
  if (!saml_store_session_pick_up(service->pool, http_request_deadline(request), pickup, &target, &error))
    return saml_web_away(service, request, error);
  if (target == NULL)
    return saml_web_failure(service, request, door, SAML_BROWSER_MISMATCH, NULL, NULL);
  HttpReply *reply = saml_web_redirect(service, target);
  saml_web_cookie(reply, SAML_COOKIE_SESSION, secret, TRUE, -1);
  crypto_wipe(secret, sizeof secret);
  return reply;
}

HttpReply *saml_acs_done(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  HttpReply *reply = NULL;
  g_autoptr(SamlDoor) door = saml_service_door(service, request, &reply);
  if (door == NULL)
    return reply;
  const char *cookies = http_request_header(request, "Cookie");
  g_autofree char *browser = form_cookie(cookies, SAML_COOKIE_BROWSER);
  g_autofree char *before = form_cookie(cookies, SAML_COOKIE_SESSION);
  guint8 pickup_hash[CRYPTO_SHA256_BYTES], browser_hash[CRYPTO_SHA256_BYTES],
      before_hash[CRYPTO_SHA256_BYTES];
  if (!saml_secret_hash(http_request_query(request, "handle"), pickup_hash) ||
      !saml_secret_hash(browser, browser_hash))
    return saml_web_failure(service, request, door, SAML_BROWSER_MISMATCH, NULL, NULL);
  SamlPickup pickup = {.pickup = pickup_hash,
                       .browser = browser_hash,
                       .before = saml_secret_hash(before, before_hash) ? before_hash : NULL};
  return hand_over(service, request, door, &pickup);
}
