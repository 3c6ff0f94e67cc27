#include "saml/web.h"

#include <string.h>

/* Nothing from elsewhere, no script but ours, in no frame. What is posted goes back to us, but for the one page that hands a message on. */
#define POLICY                                                                                 \
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; " \
  "frame-ancestors 'none'"
#define HSTS "max-age=63072000"

void saml_secret_new(char text[SAML_SECRET_BYTES], guint8 hash[CRYPTO_SHA256_BYTES]) {
  guint8 bytes[32];
  crypto_random(bytes, sizeof bytes);
  char *base64 = g_base64_encode(bytes, sizeof bytes);
  for (char *at = base64; *at != '\0'; at++)
    *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
  g_strlcpy(text, base64, SAML_SECRET_BYTES); /* without its one "=" */
  crypto_free_secret(base64);
  crypto_wipe(bytes, sizeof bytes);
  crypto_sha256(text, strlen(text), hash);
}

gboolean saml_secret_hash(const char *text, guint8 hash[CRYPTO_SHA256_BYTES]) {
  if (text == NULL || strlen(text) != SAML_SECRET_BYTES - 1)
    return FALSE;
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum(*at) && *at != '-' && *at != '_')
      return FALSE;
  crypto_sha256(text, strlen(text), hash);
  return TRUE;
}

void saml_web_headers(SamlService *service, HttpReply *reply, gboolean posts_away) {
  http_reply_header(reply, "Content-Security-Policy", posts_away ? POLICY : POLICY "; form-action 'self'");
  http_reply_header(reply, "Referrer-Policy", "no-referrer");
  http_reply_header(reply, "X-Frame-Options", "DENY");
  http_reply_header(reply, "Cross-Origin-Opener-Policy", "same-origin");
  if (!service->insecure)
    http_reply_header(reply, "Strict-Transport-Security", HSTS);
}

HttpReply *saml_web_page(SamlService *service, int status, const char *name, json_t *values,
                         gboolean posts_away) {
  g_autoptr(GError) error = NULL;
  char *html = page_render(service->pages, name, values, &error);
  json_decref(values);
  if (html == NULL) {
    log_event(service->log, LOG_ERROR, "page_broken", "page", name, "why", error->message, NULL);
    return NULL; /* the server's own 500 */
  }
  HttpReply *reply = http_reply_new(status, "text/html; charset=utf-8", html, -1);
  saml_web_headers(service, reply, posts_away);
  return reply;
}

HttpReply *saml_web_redirect(SamlService *service, const char *url) {
  HttpReply *reply = http_reply_new(303, NULL, NULL, 0);
  http_reply_header(reply, "Location", url);
  saml_web_headers(service, reply, FALSE);
  return reply;
}

HttpReply *saml_web_onward(SamlService *service, const char *url) {
  return saml_web_page(service, 200, "onward", json_pack("{s:s}", "go", url), FALSE);
}

HttpReply *saml_web_send(SamlService *service, const SamlSend *send, const char *relay_state) {
  if (send->form == NULL)
    return saml_web_redirect(service, send->url);
  return saml_web_page(service, 200, "post",
                       json_pack("{s:s, s:s, s:s, s:s}", "url", send->url, "field", send->field, "message",
                                 send->form, "relay_state", relay_state != NULL ? relay_state : ""),
                       TRUE);
}

void saml_web_cookie(HttpReply *reply, const char *name, const char *value, gboolean lax, int seconds) {
  g_autofree char *age = seconds >= 0 ? g_strdup_printf("; Max-Age=%d", seconds) : g_strdup("");
  g_autofree char *line = g_strdup_printf("%s=%s; Path=/; Secure; HttpOnly; SameSite=%s%s", name, value,
                                          lax ? "Lax" : "None", age);
  http_reply_header(reply, "Set-Cookie", line);
}

/* ---- what went wrong, in words for the person; the admin reads the trace */

typedef struct {
  int status;
  const char *title, *next;
  gboolean again; /* another try may help */
} Words;

static const Words words[] = {
    [SAML_BLAME_NOBODY] = {500, "Something went wrong", "Try again in a minute.", TRUE},
    [SAML_BLAME_RETRY] =
        {403, "That sign-in could not be used",
         "It was too old, was used before, or began in another browser. Sign in once more, in "
         "this window.",
         TRUE},
    [SAML_BLAME_IDP] =
        {403, "Your company's sign-in and this mail service do not agree",
         "You did nothing wrong, and trying again will hardly help. Tell your mail admin the name "
         "below: it shows them what does not fit.",
         FALSE},
    [SAML_BLAME_PERSON] =
        {403, "You cannot sign in here",
         "Your company's sign-in worked, but this mail service has no active account for you. "
         "Ask your mail admin, and tell them the name below.",
         FALSE},
    [SAML_BLAME_US] = {503, "Sign-in is busy", "Try again in a minute. Your mail is not affected.", TRUE},
};

static char *again_path(const SamlDoor *door, const char *target) {
  g_autofree char *escaped = target != NULL ? g_uri_escape_string(target, NULL, FALSE) : NULL;
  return g_strdup_printf("/saml/%s/start%s%s", door->connection->slug, escaped != NULL ? "?target=" : "",
                         escaped != NULL ? escaped : "");
}

static json_t *failure_values(const SamlDoor *door, SamlFailure failure, const char *trace,
                              const char *target) {
  const Words *row = &words[saml_failure_blame(failure)];
  g_autofree char *again = row->again && door != NULL ? again_path(door, target) : g_strdup("");
  g_autofree char *code = g_strdup_printf("GP-%04d", saml_failure_code(failure));
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "title", row->title, "next", row->next, "again", again,
                   "trace", trace != NULL ? trace : "", "help", door != NULL ? door->help : "", "code",
                   saml_failure_blame(failure) == SAML_BLAME_US ? code : "");
}

HttpReply *saml_web_failure(SamlService *service, HttpRequest *request, const SamlDoor *door,
                            SamlFailure failure, const char *trace, const char *target) {
  http_request_note(request, "failure", saml_failure_name(failure));
  if (trace != NULL)
    http_request_note(request, "trace", trace);
  int status = words[saml_failure_blame(failure)].status;
  HttpReply *reply =
      saml_web_page(service, status, "error", failure_values(door, failure, trace, target), FALSE);
  if (reply != NULL && status == 503)
    http_reply_header(reply, "Retry-After", "10");
  return reply;
}

HttpReply *saml_web_away(SamlService *service, HttpRequest *request, const GError *error) {
  log_event(service->log, LOG_ERROR, "web_database", "request", http_request_id(request), "why",
            error != NULL ? error->message : "not reached", NULL);
  return saml_web_failure(service, request, NULL, SAML_BUSY, NULL, NULL);
}
