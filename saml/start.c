#include "saml/start.h"

#include "lib/clock.h"
#include "lib/form.h"
#include "lib/limits.h"
#include "saml/relay.h"
#include "saml/store_request.h"
#include "saml/web.h"

#define METADATA_DAYS 14
#define HOME "/portal"

/* The browser's own secret; a second tab goes on with the one that is there, so that both may finish (A73). Nobody else can set a
 * __Host- cookie. */
static void browser_secret(HttpRequest *request, char secret[SAML_SECRET_BYTES],
                           guint8 hash[CRYPTO_SHA256_BYTES]) {
  g_autofree char *kept = form_cookie(http_request_header(request, "Cookie"), SAML_COOKIE_BROWSER);
  if (saml_secret_hash(kept, hash))
    g_strlcpy(secret, kept, SAML_SECRET_BYTES);
  else
    saml_secret_new(secret, hash);
}

static HttpReply *ask_provider(SamlService *service, HttpRequest *request, const SamlDoor *door,
                               SamlAskRow *row) {
  char id[SAML_MESSAGE_ID_BYTES], secret[SAML_SECRET_BYTES];
  guint8 hash[CRYPTO_SHA256_BYTES];
  SamlReport report;
  g_auto(SamlSend) send = {NULL};
  g_autoptr(GError) error = NULL;
  saml_report_init(&report);
  browser_secret(request, secret, hash);
  row->id = saml_message_id(id);
  row->cookie_hash = hash;
  SamlAsk ask = {.id = id, .now_us = clock_wall(), .force_authn = row->force_authn};
  if (!saml_verifier_ask(service->verifier, door->connection, &ask, id, &send, &report))
    return saml_web_failure(service, request, door, report.failure, NULL, row->target);
  if (!saml_store_request_put(service->pool, http_request_deadline(request), door, row, &error))
    return saml_web_away(service, request, error);
  HttpReply *reply = saml_web_send(service, &send, id);
  if (reply != NULL)
    saml_web_cookie(reply, SAML_COOKIE_BROWSER, secret, FALSE, LIMIT_SAML_REQUEST_SECONDS);
  crypto_wipe(secret, sizeof secret);
  return reply;
}

static HttpReply *to_provider(SamlService *service, HttpRequest *request, const SamlDoor *door,
                              SamlAskRow *row) {
  const char *slug = door->connection->slug;
  if (!saml_service_enter(service, slug))
    return saml_web_failure(service, request, door, SAML_BUSY, NULL, row->target);
  HttpReply *reply = ask_provider(service, request, door, row);
  saml_service_leave(service, slug);
  return reply;
}

HttpReply *saml_start(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  HttpReply *reply = NULL;
  g_autoptr(SamlDoor) door = saml_service_door(service, request, &reply);
  if (door == NULL)
    return reply;
  if (door->state != SAML_STATE_LIVE)
    return saml_web_failure(service, request, door, SAML_CONNECTION_OFF, NULL, NULL);
  const char *target = http_request_query(request, "target");
  SamlAskRow row = {.kind = SAML_ASK_LOGIN,
                    .target = saml_relay_target(target) ? target : HOME,
                    .force_authn = door->connection->force_authn};
  return to_provider(service, request, door, &row);
}

HttpReply *saml_start_trial(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  HttpReply *reply = NULL;
  g_autoptr(SamlDoor) door = saml_service_door(service, request, &reply);
  if (door == NULL)
    return reply;
  if (door->state == SAML_STATE_OFF)
    return saml_web_failure(service, request, door, SAML_CONNECTION_OFF, NULL, NULL);
  SamlAskRow row = {.kind = SAML_ASK_TEST, .force_authn = door->connection->force_authn};
  return to_provider(service, request, door, &row);
}

static gboolean make_metadata(SamlService *service, const SamlDoor *door, char **xml, SamlReport *report) {
  const char *slug = door->connection->slug;
  if (!saml_service_enter(service, slug)) {
    report->failure = SAML_BUSY;
    return FALSE;
  }
  gboolean made =
      saml_verifier_metadata(service->verifier, door->connection, clock_wall(), METADATA_DAYS, xml, report);
  saml_service_leave(service, slug);
  return made;
}

HttpReply *saml_start_metadata(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  HttpReply *reply = NULL;
  g_autoptr(SamlDoor) door = saml_service_door(service, request, &reply);
  if (door == NULL)
    return reply;
  SamlReport report;
  char *xml = NULL;
  saml_report_init(&report);
  if (!make_metadata(service, door, &xml, &report))
    return saml_web_failure(service, request, door, report.failure, NULL, NULL);
  reply = http_reply_new(200, "application/samlmetadata+xml", xml, -1);
  saml_web_headers(service, reply, FALSE);
  return reply;
}
