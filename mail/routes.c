#include "mail/routes.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/limits.h"
#include "lib/token.h"
#include "mail/store_policy.h"

#define DATABASE_MS 400 /* Dovecot waits 500 ms in the snippet that we print */

static HttpReply *words(int status, const char *text) {
  return http_reply_new(status, "text/plain", g_strdup(text), -1);
}

static gint64 soon(void) {
  return clock_now() + DATABASE_MS * G_GINT64_CONSTANT(1000);
}

/* By their hashes, so that the time taken tells nothing of the length either. */
static gboolean same_secret(const char *a, const char *b) {
  guint8 hash_a[CRYPTO_SHA256_BYTES], hash_b[CRYPTO_SHA256_BYTES];
  crypto_sha256(a, strlen(a), hash_a);
  crypto_sha256(b, strlen(b), hash_b);
  return crypto_equal(hash_a, hash_b, sizeof hash_a);
}

HttpVerdict mail_routes_key(HttpRequest *request, const MailService *service, HttpReply **reply) {
  if (*service->policy_key == '\0') {
    *reply = words(404, "the setting mail_policy_key is not set: the policy server is off (GP-5301)\n");
    return HTTP_ANSWERED;
  }
  TokenForm form;
  char *shown = token_from_header(http_request_header(request, "Authorization"), &form);
  gboolean good = shown != NULL && form == TOKEN_BEARER_PLAIN && same_secret(shown, service->policy_key);
  crypto_free_secret(shown);
  if (good)
    return HTTP_GO;
  *reply = words(401, "the key is not the one of the setting mail_policy_key (GP-5302)\n");
  http_reply_header(*reply, "WWW-Authenticate", "Bearer");
  return HTTP_ANSWERED;
}

static HttpReply *database_away(const MailService *service, const char *what, const GError *error) {
  log_event(service->log, LOG_ERROR, "mail_decision_failed", "what", what, "code", "GP-1301", "why",
            error == NULL ? "not connected yet" : error->message, NULL);
  return words(500, "the database is out of reach (GP-1301)\n");
}

static HttpReply *json(char *body) {
  return http_reply_new(200, "application/json", body, -1);
}

/* Any answer but this one would let the sign-in go on. */
static HttpReply *unreadable(const MailService *service, const char *why) {
  log_event(service->log, LOG_ERROR, "mail_policy_unreadable", "code", "GP-5307", "why", why, NULL);
  return json(mail_policy_answer(-1, "This sign-in could not be checked; ask your administrator (GP-5307)"));
}

/* What succeeded, or was refused here, was written when it was decided. */
static HttpReply *hear_report(const MailService *service, const MailPolicyAsk *ask) {
  g_autoptr(GError) error = NULL;
  if (ask->failed &&
      (service->pool == NULL || !mail_store_policy_failure(service->pool, soon(), ask, &error)))
    return database_away(service, "report", error);
  return json(g_strdup("{}"));
}

HttpReply *mail_routes_policy(HttpRequest *request, const MailService *service) {
  const char *command = http_request_query(request, "command");
  gsize n;
  const char *body = http_request_body(request, &n), *why = NULL;
  g_auto(MailPolicyAsk) ask = {0};
  if (command == NULL || (strcmp(command, "allow") != 0 && strcmp(command, "report") != 0))
    return words(400, "command is to be allow or report\n");
  if (!mail_policy_parse(body, n, &ask, &why))
    return unreadable(service, why);
  if (strcmp(command, "report") == 0)
    return hear_report(service, &ask);
  g_autoptr(GError) error = NULL;
  g_autofree char *message = NULL;
  gint64 status;
  if (service->pool == NULL || !mail_store_policy(service->pool, soon(), &ask, &status, &message, &error))
    return database_away(service, "policy", error);
  http_request_note(request, "decision", status == 0 ? "allow" : "refuse");
  return json(mail_policy_answer(status, message));
}

static HttpReply *unauthorised(void) {
  HttpReply *reply = words(401, "sign in with your address and an access token (GP-5101)\n");
  http_reply_header(reply, "WWW-Authenticate", "Basic realm=\"mail\", charset=\"UTF-8\"");
  return reply;
}

/* Both in the key: guessing at one login from one place shuts nobody else out. */
static gint64 take_check(const MailService *service, HttpRequest *request, const char *login,
                         int *retry_after_s) {
  char remote[CIDR_TEXT_BYTES];
  guint8 key[CRYPTO_SHA256_BYTES];
  g_autofree char *folded = g_utf8_strdown(login, -1);
  cidr_address_format(http_request_client(request), remote);
  g_autofree char *both = g_strconcat(remote, " ", folded, NULL);
  crypto_sha256(both, strlen(both), key);
  return rate_take(service->checks, key, sizeof key, clock_now(), LIMIT_CHECK_DELAY_SECONDS * G_USEC_PER_SEC,
                   retry_after_s);
}

HttpVerdict mail_routes_check_rate(HttpRequest *request, const MailService *service, HttpReply **reply,
                                   gint64 *delay_us) {
  char *keep = NULL;
  const char *login, *secret;
  int retry_after_s = 1;
  if (!mail_policy_basic(http_request_header(request, "Authorization"), &keep, &login, &secret)) {
    *reply = unauthorised();
    return HTTP_ANSWERED;
  }
  gint64 wait = take_check(service, request, login, &retry_after_s);
  crypto_wipe((char *)secret, strlen(secret));
  g_free(keep);
  if (wait < 0) {
    g_autofree char *seconds = g_strdup_printf("%d", retry_after_s);
    *reply = words(429, "this login is asked about too often from this address (GP-5308)\n");
    http_reply_header(*reply, "Retry-After", seconds);
    return HTTP_ANSWERED;
  }
  *delay_us = wait;
  return wait > 0 ? HTTP_POSTPONED : HTTP_GO;
}

HttpReply *mail_routes_check(HttpRequest *request, const MailService *service) {
  char *keep = NULL, remote[CIDR_TEXT_BYTES];
  const char *login, *secret;
  if (!mail_policy_basic(http_request_header(request, "Authorization"), &keep, &login, &secret))
    return unauthorised();
  g_autoptr(GError) error = NULL;
  g_autofree char *user = NULL;
  cidr_address_format(http_request_client(request), remote);
  gboolean asked = service->pool != NULL &&
                   mail_store_policy_check(service->pool, soon(), login, secret, remote, &user, &error);
  crypto_wipe((char *)secret, strlen(secret));
  g_free(keep);
  if (!asked)
    return database_away(service, "check", error);
  if (user == NULL)
    return unauthorised();
  HttpReply *reply = http_reply_new(204, NULL, NULL, 0);
  http_reply_header(reply, "X-Gatepost-User", user);
  return reply;
}
