#include "mail/dovecot.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "mail/dovecot_reply.h"
#include "mail/driver_call.h"

#define PATH "/doveadm/v1"
#define KICK_SECONDS 5
#define CREATE_SECONDS 30
#define PURGE_SECONDS 300
#define CUT_ROUNDS 5

struct MailDriver {
  MailDriverCall call;
  char *authorization; /* the header with the key; wiped */
  guint64 tags;
};

static void close_driver(MailDriver *driver) {
  if (driver == NULL)
    return;
  mail_driver_call_clear(&driver->call);
  crypto_free_secret(driver->authorization);
  g_free(driver);
}

/* The API's path, where the URL names the listener alone. */
static char *full_url(const char *url) {
  g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
  gboolean bare = uri != NULL && strlen(g_uri_get_path(uri)) <= 1 && g_uri_get_query(uri) == NULL;
  return bare ? g_strdup_printf("%.*s" PATH, (int)(strlen(url) - strlen(g_uri_get_path(uri))), url)
              : g_strdup(url);
}

static MailDriver *open_driver(const char *url, const char *secret, GError **error) {
  if (secret == NULL || *secret == '\0') {
    g_set_error_literal(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG,
                        "the key of doveadm's API (doveadm_api_key) is missing");
    return NULL;
  }
  g_autofree char *full = full_url(url);
  MailDriver *driver = g_new0(MailDriver, 1);
  if (!mail_driver_call_init(&driver->call, full, error)) {
    close_driver(driver);
    return NULL;
  }
  char *key = g_base64_encode((const guchar *)secret, strlen(secret));
  driver->authorization = g_strconcat("Authorization: X-Dovecot-API ", key, NULL);
  crypto_free_secret(key);
  return driver;
}

/* One command a request: one that fails badly can take the whole answer down with it. Takes parameters. */
static gboolean ask(MailDriver *driver, const char *command, json_t *parameters, gint64 deadline,
                    MailDovecotReply *reply, GError **error) {
  const char *headers[] = {driver->authorization, "Content-Type: application/json", NULL};
  g_autofree char *tag = g_strdup_printf("gp%" G_GUINT64_FORMAT, ++driver->tags);
  g_autoptr(json_t) request = json_pack("[[s, o, s]]", command, parameters, tag);
  g_autofree char *body = jsontext_dump(request);
  g_auto(HttpClientReply) answer = {0};
  return mail_driver_call_post(&driver->call, headers, body, deadline, &answer, error) &&
         mail_dovecot_reply_parse(answer.body, answer.n, tag, reply, error);
}

static gboolean failed_with(const char *command, int exit_code, GError **error) {
  MailDriverErrorCode code =
      exit_code == DOVEADM_NO_USER ? MAIL_DRIVER_ERROR_UNCLEAR : MAIL_DRIVER_ERROR_AWAY;
  g_set_error(error, MAIL_DRIVER_ERROR, (int)code, "doveadm %s ended with exit code %d%s", command, exit_code,
              exit_code == DOVEADM_NO_USER ? ": it knows no such user" : "");
  return FALSE;
}

static gint64 within(gint64 deadline, int seconds) {
  return MIN(deadline, clock_deadline(seconds));
}

/* An exit code of 0, or of `fine`, is success. Takes parameters. */
static gboolean order(MailDriver *driver, const char *command, json_t *parameters, gint64 deadline, int fine,
                      GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  if (!ask(driver, command, parameters, deadline, &reply, error))
    return FALSE;
  return reply.exit_code == DOVEADM_OK || reply.exit_code == fine ||
         failed_with(command, reply.exit_code, error);
}

/* ---- questions */

static gboolean user_exists(MailDriver *driver, const char *address, gint64 deadline, gboolean *exists,
                            GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters = json_pack("{s:[s]}", "userMask", address);
  if (!ask(driver, "user", parameters, within(deadline, KICK_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code == DOVEADM_NO_USER) {
    *exists = FALSE;
    return TRUE;
  }
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("user", reply.exit_code, error);
  return mail_dovecot_reply_user(reply.data, address, exists, error);
}

static gboolean count_sessions(MailDriver *driver, const char *address, gint64 deadline, guint *sessions,
                               GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters = json_pack("{s:[s]}", "mask", address);
  if (!ask(driver, "who", parameters, within(deadline, KICK_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("who", reply.exit_code, error);
  return mail_dovecot_reply_sessions(reply.data, address, sessions, error);
}

static gboolean ask_quota(MailDriver *driver, const char *address, gint64 deadline, MailReport *report,
                          GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters = json_pack("{s:s}", "user", address);
  if (!ask(driver, "quotaGet", parameters, within(deadline, CREATE_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("quotaGet", reply.exit_code, error);
  return mail_dovecot_reply_quota(reply.data, &report->messages, &report->bytes, error);
}

static gboolean ask_status(MailDriver *driver, const char *address, const char *mask, gint64 deadline,
                           MailReport *report, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters =
      json_pack("{s:s, s:[s, s], s:[s]}", "user", address, "field", "messages", "vsize", "mailboxMask", mask);
  if (!ask(driver, "mailboxStatus", parameters, within(deadline, CREATE_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("mailboxStatus", reply.exit_code, error);
  return mail_dovecot_reply_status(reply.data, &report->messages, &report->bytes, error);
}

/* ---- the calls of mail/driver.h */

/* Flush, kick, look; again while somebody slips in between, at most five rounds. */
static gboolean cut_rounds(MailDriver *driver, const char *address, gint64 deadline, guint *ended,
                           GError **error) {
  guint left = 0;
  for (int round = 0; round < CUT_ROUNDS; round++) {
    if (!order(driver, "kick", json_pack("{s:[s]}", "mask", address), within(deadline, KICK_SECONDS),
               DOVEADM_NOT_FOUND, error) ||
        !count_sessions(driver, address, deadline, &left, error))
      return FALSE;
    if (left == 0)
      return TRUE;
    *ended += left;
  }
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR,
              "%u sessions are still there after %d rounds of kicking", left, CUT_ROUNDS);
  return FALSE;
}

static gboolean cut(MailDriver *driver, const char *address, gint64 deadline, guint *ended, GError **error) {
  guint count = 0;
  if (!mail_driver_call_address(address, error))
    return FALSE;
  if (ended != NULL && !count_sessions(driver, address, deadline, &count, error))
    return FALSE;
  /* Always with `user`: without one doveadm dies. */
  if (!order(driver, "authCacheFlush", json_pack("{s:[s]}", "user", address), within(deadline, KICK_SECONDS),
             DOVEADM_OK, error) ||
      !cut_rounds(driver, address, deadline, &count, error))
    return FALSE;
  if (ended != NULL)
    *ended = count;
  return TRUE;
}

/* INBOX is made by looking at it; its row made the rest. */
static gboolean make_open(MailDriver *driver, const MailTarget *target, gint64 deadline, GError **error) {
  gboolean exists = FALSE;
  MailReport report;
  if (!user_exists(driver, target->address, deadline, &exists, error))
    return FALSE;
  if (!exists)
    return failed_with("user", DOVEADM_NO_USER, error);
  return ask_status(driver, target->address, "INBOX", deadline, &report, error);
}

static gboolean apply(MailDriver *driver, const MailTarget *target, gint64 deadline, GError **error) {
  if (!mail_driver_call_address(target->address, error))
    return FALSE;
  /* Who is signed in under the old name works on in the old folder. */
  if (target->former_address != NULL && !cut(driver, target->former_address, deadline, NULL, error))
    return FALSE;
  return target->open ? make_open(driver, target, deadline, error)
                      : cut(driver, target->address, deadline, NULL, error);
}

static gboolean look(MailDriver *driver, const char *address, gint64 deadline, MailReport *report,
                     GError **error) {
  MailReport found = {.messages = -1, .bytes = -1};
  if (!mail_driver_call_address(address, error) ||
      !user_exists(driver, address, deadline, &found.exists, error) ||
      !count_sessions(driver, address, deadline, &found.sessions, error))
    return FALSE;
  if (found.exists && !ask_quota(driver, address, deadline, &found, error))
    return FALSE;
  if (found.exists && (found.messages < 0 || found.bytes < 0) &&
      !ask_status(driver, address, "*", deadline, &found, error))
    return FALSE;
  *report = found;
  return TRUE;
}

static char **list_folders(MailDriver *driver, const char *address, gint64 deadline, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  if (!ask(driver, "mailboxList", json_pack("{s:s}", "user", address), deadline, &reply, error))
    return NULL;
  if (reply.exit_code == DOVEADM_OK)
    return mail_dovecot_reply_folders(reply.data, error);
  failed_with("mailboxList", reply.exit_code, error);
  return NULL;
}

/* INBOX cannot be deleted, only emptied. One folder at a time, children first: names come sorted. */
static gboolean delete_folders(MailDriver *driver, const char *address, gint64 deadline, GError **error) {
  g_auto(GStrv) folders = list_folders(driver, address, deadline, error);
  if (folders == NULL)
    return FALSE;
  for (guint i = g_strv_length(folders); i-- > 0;) {
    json_t *parameters = json_pack("{s:s, s:[s]}", "user", address, "mailbox", folders[i]);
    if (g_ascii_strcasecmp(folders[i], "INBOX") == 0)
      json_decref(parameters);
    else if (!order(driver, "mailboxDelete", parameters, deadline, DOVEADM_NOT_FOUND, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean purge(MailDriver *driver, const char *address, gint64 deadline, GError **error) {
  gint64 until = within(deadline, PURGE_SECONDS);
  gboolean exists = FALSE;
  MailReport left = {0};
  if (!mail_driver_call_address(address, error) || !user_exists(driver, address, until, &exists, error))
    return FALSE;
  if (!exists)
    return TRUE;
  json_t *all = json_pack("{s:s, s:[s, s, s]}", "user", address, "query", "mailbox", "*", "all");
  if (!order(driver, "expunge", all, until, DOVEADM_OK, error) ||
      !delete_folders(driver, address, until, error) ||
      !ask_status(driver, address, "*", until, &left, error))
    return FALSE;
  if (left.messages == 0)
    return TRUE;
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR,
              "%" G_GINT64_FORMAT " messages are left after the purge", left.messages);
  return FALSE;
}

const MailDriverKind mail_dovecot = {
    .kind = "dovecot",
    .open = open_driver,
    .close = close_driver,
    .apply = apply,
    .cut = cut,
    .look = look,
    .purge = purge,
};
