#include "mail/webhook.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/jsontext.h"
#include "mail/driver_call.h"

#define CALL_SECONDS 30

struct MailDriver {
  MailDriverCall call;
  char *secret; /* wiped */
};

static void close_driver(MailDriver *driver) {
  if (driver == NULL)
    return;
  mail_driver_call_clear(&driver->call);
  crypto_free_secret(driver->secret);
  g_free(driver);
}

static MailDriver *open_driver(const char *url, const char *secret, GError **error) {
  if (secret == NULL || strlen(secret) < CRYPTO_SHA256_BYTES) {
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG,
                "the signing secret is missing or shorter than %d characters", CRYPTO_SHA256_BYTES);
    return NULL;
  }
  MailDriver *driver = g_new0(MailDriver, 1);
  if (!mail_driver_call_init(&driver->call, url, error)) {
    close_driver(driver);
    return NULL;
  }
  driver->secret = g_strdup(secret);
  return driver;
}

char *mail_webhook_sign(const char *secret, gint64 seconds, const char *body) {
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT ".%s", seconds, body);
  guint8 digest[CRYPTO_SHA256_BYTES];
  crypto_hmac_sha256(secret, strlen(secret), text, strlen(text), digest);
  g_autofree char *hex = crypto_hex(digest, sizeof digest);
  return g_strdup_printf("t=%" G_GINT64_FORMAT ",v1=%s", seconds, hex);
}

/* Takes body. key names what is done once however often it is sent. */
static gboolean post(MailDriver *driver, json_t *body, const char *key, gint64 deadline,
                     HttpClientReply *reply, GError **error) {
  g_autoptr(json_t) object = body;
  g_autofree char *text = jsontext_dump(object);
  g_autofree char *signature = mail_webhook_sign(driver->secret, clock_wall() / G_USEC_PER_SEC, text);
  g_autofree char *signed_header = g_strconcat("Gatepost-Signature: ", signature, NULL);
  g_autofree char *key_header = g_strconcat("Idempotency-Key: ", key, NULL);
  const char *headers[] = {"Content-Type: application/json", signed_header, key_header, NULL};
  gint64 until = MIN(deadline, clock_deadline(CALL_SECONDS));
  return mail_driver_call_post(&driver->call, headers, text, until, reply, error);
}

/* ---- look */

static gboolean unclear(GError **error, const char *what) {
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR, "the mail store's answer is unclear: %s",
              what);
  return FALSE;
}

/* Absent: fallback. */
static gboolean read_count(const json_t *object, const char *name, gint64 fallback, gint64 *value) {
  const json_t *number = json_object_get(object, name);
  *value = number == NULL ? fallback : (gint64)json_integer_value(number);
  return number == NULL || (json_is_integer(number) && *value >= 0);
}

gboolean mail_webhook_parse_look(const char *bytes, gsize n, MailWebhookLook *look, GError **error) {
  g_autoptr(json_t) root = jsontext_load(bytes, n, NULL);
  const json_t *exists = json_object_get(root, "exists"), *open = json_object_get(root, "open");
  gint64 messages, size, sessions;
  if (!json_is_boolean(exists) || (open == NULL ? json_is_true(exists) : !json_is_boolean(open)))
    return unclear(error, "\"exists\" and \"open\" are to be true or false");
  if (!read_count(root, "messages", -1, &messages) || !read_count(root, "bytes", -1, &size) ||
      !read_count(root, "sessions", 0, &sessions))
    return unclear(error, "a count is no whole number");
  *look = (MailWebhookLook){
      .report = {json_is_true(exists), messages, size, (guint)MIN(sessions, G_MAXINT)},
      .open = json_is_true(open),
  };
  return TRUE;
}

static gboolean ask_look(MailDriver *driver, const char *address, gint64 deadline, MailWebhookLook *found,
                         GError **error) {
  char key[CRYPTO_UUID_TEXT_BYTES];
  g_auto(HttpClientReply) reply = {0};
  json_t *body = json_pack("{s:s, s:s}", "action", "look", "address", address);
  return post(driver, body, crypto_uuid(key), deadline, &reply, error) &&
         mail_webhook_parse_look(reply.body, reply.n, found, error);
}

/* ---- orders */

static json_t *target_body(const char *action, const MailTarget *target) {
  json_t *aliases = json_array();
  for (gsize i = 0; target->aliases != NULL && target->aliases[i] != NULL; i++)
    json_array_append_new(aliases, json_string(target->aliases[i]));
  return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:b, s:I, s:o, s:I}", "action", action, "organisation",
                   target->org, "mailbox_id", target->mailbox_id, "address", target->address,
                   "former_address", target->former_address, "open", target->open, "quota_bytes",
                   (json_int_t)target->quota_bytes, "aliases", aliases, "generation",
                   (json_int_t)target->generation);
}

static gboolean send_target(MailDriver *driver, const char *action, const MailTarget *target, gint64 deadline,
                            GError **error) {
  g_autofree char *key =
      g_strdup_printf("%s:%" G_GINT64_FORMAT ":%s", target->mailbox_id, target->generation, action);
  g_auto(HttpClientReply) reply = {0};
  return post(driver, target_body(action, target), key, deadline, &reply, error);
}

static gboolean send_address(MailDriver *driver, const char *action, const char *address, gint64 deadline,
                             GError **error) {
  char key[CRYPTO_UUID_TEXT_BYTES];
  g_auto(HttpClientReply) reply = {0};
  json_t *body = json_pack("{s:s, s:s}", "action", action, "address", address);
  return mail_driver_call_address(address, error) &&
         post(driver, body, crypto_uuid(key), deadline, &reply, error);
}

static gboolean rename_first(MailDriver *driver, const MailTarget *target, gint64 deadline, GError **error) {
  MailWebhookLook former;
  if (target->former_address == NULL)
    return TRUE;
  if (!mail_driver_call_address(target->former_address, error) ||
      !ask_look(driver, target->former_address, deadline, &former, error))
    return FALSE;
  return !former.report.exists || send_target(driver, "rename", target, deadline, error);
}

/* What to ask for when the store has this; NULL: nothing, a mailbox that nobody has need not be shut. Sent also when it looks done: the
 * quota or the aliases may have changed. */
static const char *choose(const MailWebhookLook *found, const MailTarget *target) {
  if (target->open)
    return found->report.exists ? "enable" : "create";
  return found->report.exists ? "disable" : NULL;
}

static gboolean apply(MailDriver *driver, const MailTarget *target, gint64 deadline, GError **error) {
  MailWebhookLook found;
  if (!mail_driver_call_address(target->address, error) || !rename_first(driver, target, deadline, error) ||
      !ask_look(driver, target->address, deadline, &found, error))
    return FALSE;
  const char *action = choose(&found, target);
  if (action == NULL)
    return TRUE;
  if (!send_target(driver, action, target, deadline, error) ||
      !ask_look(driver, target->address, deadline, &found, error))
    return FALSE;
  if (!found.report.exists || found.open != target->open)
    return unclear(error, "it said done, but it is not so");
  return target->open || found.report.sessions == 0 || unclear(error, "sessions are left");
}

static gboolean cut(MailDriver *driver, const char *address, gint64 deadline, guint *ended, GError **error) {
  MailWebhookLook before = {0}, after;
  if (!mail_driver_call_address(address, error) || !ask_look(driver, address, deadline, &before, error) ||
      !send_address(driver, "cut", address, deadline, error) ||
      !ask_look(driver, address, deadline, &after, error))
    return FALSE;
  if (after.report.sessions > 0)
    return unclear(error, "sessions are left");
  if (ended != NULL)
    *ended = before.report.sessions;
  return TRUE;
}

static gboolean look(MailDriver *driver, const char *address, gint64 deadline, MailReport *report,
                     GError **error) {
  MailWebhookLook found;
  if (!mail_driver_call_address(address, error) || !ask_look(driver, address, deadline, &found, error))
    return FALSE;
  *report = found.report;
  return TRUE;
}

static gboolean purge(MailDriver *driver, const char *address, gint64 deadline, GError **error) {
  MailWebhookLook left;
  if (!send_address(driver, "purge", address, deadline, error) ||
      !ask_look(driver, address, deadline, &left, error))
    return FALSE;
  return !left.report.exists || left.report.messages == 0 || unclear(error, "mail is left after the purge");
}

const MailDriverKind mail_webhook = {
    .kind = "webhook",
    .open = open_driver,
    .close = close_driver,
    .apply = apply,
    .cut = cut,
    .look = look,
    .purge = purge,
};
