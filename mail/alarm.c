#include "mail/alarm.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/http_client.h"
#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/secret.h"
#include "mail/webhook.h"

#define ANSWER_BYTES 65536 /* nobody reads it; a peer that talks on is cut */

static const char *member(const json_t *notice, const char *key) {
  const char *text = json_string_value(json_object_get(notice, key));
  return text != NULL ? text : "";
}

static json_t *command(const char *words, const json_t *notice) {
  return json_sprintf("gatepost sync %s%s", words, member(notice, "option"));
}

json_t *mail_alarm_body(const json_t *notice, const char *id) {
  static const char *const kept[] = {"held", "vanished", "scope", "inactive", "since", "people"};
  gboolean vanished = json_integer_value(json_object_get(notice, "vanished")) > 0;
  gboolean trial = json_integer_value(json_object_get(notice, "held")) == 0;
  gboolean purge = g_str_equal(member(notice, "action"), "purge");
  json_t *body = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "event", trial ? "trial" : "sync_held", "id", id,
                           "organisation", member(notice, "org"), "action",
                           trial ? NULL : member(notice, "action"), "code",
                           trial      ? NULL
                           : vanished ? "GP-4301"
                                      : "GP-4302");
  for (gsize i = 0; !trial && i < G_N_ELEMENTS(kept); i++)
    json_object_set(body, kept[i], json_object_get(notice, kept[i]));
  json_object_set(body, "words", json_object_get(notice, "subject"));
  json_object_set_new(body, "look", command("held", notice));
  json_object_set_new(body, "approve", command(purge ? "approve ID..." : "approve --all", notice));
  json_object_set_new(body, "reject", command("reject --all", notice));
  return body;
}

static gboolean call(const json_t *notice, const char *const *headers, const char *body, gint64 deadline,
                     GError **error) {
  g_autoptr(HttpClient) client = http_client_new(NULL);
  g_auto(HttpClientReply) reply = {0};
  HttpClientCall post = {.method = "POST",
                         .url = member(notice, "to"),
                         .headers = headers,
                         .body = body,
                         .n = strlen(body),
                         .most = ANSWER_BYTES,
                         .deadline = deadline};
  if (!http_client_call(client, &post, &reply, error))
    return FALSE;
  if (reply.status >= 200 && reply.status <= 299)
    return TRUE;
  mail_error_set(error, MAIL_ERROR_AWAY, 0, "it answered with status %d", reply.status);
  return FALSE;
}

gboolean mail_alarm_call(const json_t *notice, const char *id, gint64 deadline, GError **error) {
  char *secret = mail_secret_read(member(notice, "secret_file"), error);
  if (secret == NULL)
    return FALSE;
  if (strlen(secret) < CRYPTO_SHA256_BYTES) {
    crypto_free_secret(secret);
    mail_error_set(error, MAIL_ERROR_INPUT, 0, "the signing secret is shorter than %d characters",
                   CRYPTO_SHA256_BYTES);
    return FALSE;
  }
  g_autoptr(json_t) object = mail_alarm_body(notice, id);
  g_autofree char *body = jsontext_dump(object);
  g_autofree char *signature = mail_webhook_sign(secret, clock_wall() / G_USEC_PER_SEC, body);
  crypto_free_secret(secret);
  g_autofree char *signed_header = g_strconcat("Gatepost-Signature: ", signature, NULL);
  g_autofree char *key_header = g_strconcat("Idempotency-Key: ", id, NULL);
  const char *headers[] = {"Content-Type: application/json", signed_header, key_header, NULL};
  return call(notice, headers, body, deadline, error);
}
