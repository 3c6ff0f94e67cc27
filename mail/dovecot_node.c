#include "mail/dovecot_node.h"

#include <string.h>

#include "lib/address.h"
#include "lib/clock.h"
#include "lib/crypto.h"
#include "mail/dovecot_listed.h"
#include "mail/dovecot_reply.h"
#include "mail/driver_call.h"

#define PATH "/doveadm/v1"
#define KICK_SECONDS 5
#define CREATE_SECONDS 30
#define PURGE_SECONDS 300
#define CUT_ROUNDS 5
#define LIST_BATCH 100

struct MailDovecotNode {
  MailDriverCall call;
  char *authorization; /* the header with the key; wiped */
  int list_ms;         /* what a list of all names took last; 0: not known; atomic */
};

void mail_dovecot_node_free(MailDovecotNode *node) {
  if (node == NULL)
    return;
  mail_driver_call_clear(&node->call);
  crypto_free_secret(node->authorization);
  g_free(node);
}

const char *mail_dovecot_node_url(const MailDovecotNode *node) {
  return node->call.url;
}

/* The API's path, where the URL names the listener alone. */
static char *full_url(const char *url) {
  g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
  gboolean bare = uri != NULL && strlen(g_uri_get_path(uri)) <= 1 && g_uri_get_query(uri) == NULL;
  return bare ? g_strdup_printf("%.*s" PATH, (int)(strlen(url) - strlen(g_uri_get_path(uri))), url)
              : g_strdup(url);
}

MailDovecotNode *mail_dovecot_node_new(const char *url, const char *secret, GError **error) {
  if (secret == NULL || *secret == '\0') {
    g_set_error_literal(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG,
                        "the key of doveadm's API (doveadm_api_key) is missing");
    return NULL;
  }
  g_autofree char *full = full_url(url);
  g_autoptr(MailDovecotNode) node = g_new0(MailDovecotNode, 1);
  if (!mail_driver_call_init(&node->call, full, error))
    return NULL;
  char *key = g_base64_encode((const guchar *)secret, strlen(secret));
  node->authorization = g_strconcat("Authorization: X-Dovecot-API ", key, NULL);
  crypto_free_secret(key);
  return g_steal_pointer(&node);
}

/* One command a request: one that fails badly can take the whole answer down with it. Takes parameters. */
static gboolean ask(MailDovecotNode *node, const char *command, json_t *parameters, gint64 deadline,
                    MailDovecotReply *reply, GError **error) {
  const char *headers[] = {node->authorization, "Content-Type: application/json", NULL};
  char tag[CRYPTO_UUID_TEXT_BYTES];
  crypto_uuid(tag);
  g_autoptr(json_t) request = json_pack("[[s, o, s]]", command, parameters, tag);
  g_autofree char *body = jsontext_dump(request);
  g_auto(HttpClientReply) answer = {0};
  return mail_driver_call_post(&node->call, headers, body, deadline, &answer, error) &&
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
static gboolean order(MailDovecotNode *node, const char *command, json_t *parameters, gint64 deadline,
                      int fine, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  if (!ask(node, command, parameters, deadline, &reply, error))
    return FALSE;
  return reply.exit_code == DOVEADM_OK || reply.exit_code == fine ||
         failed_with(command, reply.exit_code, error);
}

/* ---- questions */

/* home: NULL where it tells none. */
static gboolean find_user(MailDovecotNode *node, const char *address, gint64 deadline, gboolean *exists,
                          char **home, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters = json_pack("{s:[s]}", "userMask", address);
  if (!ask(node, "user", parameters, within(deadline, KICK_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code == DOVEADM_NO_USER) {
    *exists = FALSE;
    return TRUE;
  }
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("user", reply.exit_code, error);
  if (!mail_dovecot_reply_user(reply.data, address, exists, error))
    return FALSE;
  if (*exists)
    *home = g_strdup(json_string_value(json_object_get(json_object_get(reply.data, address), "home")));
  return TRUE;
}

static gboolean user_exists(MailDovecotNode *node, const char *address, gint64 deadline, gboolean *exists,
                            GError **error) {
  g_autofree char *home = NULL;
  return find_user(node, address, deadline, exists, &home, error);
}

static gboolean count_sessions(MailDovecotNode *node, const char *address, gint64 deadline, guint *sessions,
                               GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters = json_pack("{s:[s]}", "mask", address);
  if (!ask(node, "who", parameters, within(deadline, KICK_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("who", reply.exit_code, error);
  return mail_dovecot_reply_sessions(reply.data, address, sessions, error);
}

static gboolean ask_quota(MailDovecotNode *node, const char *address, gint64 deadline, MailReport *report,
                          GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters = json_pack("{s:s}", "user", address);
  if (!ask(node, "quotaGet", parameters, within(deadline, CREATE_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("quotaGet", reply.exit_code, error);
  return mail_dovecot_reply_quota(reply.data, &report->messages, &report->bytes, error);
}

static gboolean ask_status(MailDovecotNode *node, const char *address, const char *mask, gint64 deadline,
                           MailReport *report, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters =
      json_pack("{s:s, s:[s, s], s:[s]}", "user", address, "field", "messages", "vsize", "mailboxMask", mask);
  if (!ask(node, "mailboxStatus", parameters, within(deadline, CREATE_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("mailboxStatus", reply.exit_code, error);
  return mail_dovecot_reply_status(reply.data, &report->messages, &report->bytes, error);
}

/* ---- the calls of mail/driver.h */

/* Flush, kick, look; again while somebody slips in between, at most five rounds. */
static gboolean cut_rounds(MailDovecotNode *node, const char *address, gint64 deadline, guint *ended,
                           GError **error) {
  guint left = 0;
  for (int round = 0; round < CUT_ROUNDS; round++) {
    if (!order(node, "kick", json_pack("{s:[s]}", "mask", address), within(deadline, KICK_SECONDS),
               DOVEADM_NOT_FOUND, error) ||
        !count_sessions(node, address, deadline, &left, error))
      return FALSE;
    if (left == 0)
      return TRUE;
    *ended += left;
  }
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR,
              "%u sessions are still there after %d rounds of kicking", left, CUT_ROUNDS);
  return FALSE;
}

/* An address, or a bare name; never a mask. */
static gboolean check_login(const char *login, GError **error) {
  g_autofree char *whole = strchr(login, '@') == NULL ? g_strconcat(login, "@example.org", NULL) : NULL;
  return mail_driver_call_address(whole != NULL ? whole : login, error);
}

/* *ended counts on. */
static gboolean cut(MailDovecotNode *node, const char *address, gint64 deadline, guint *ended,
                    GError **error) {
  if (!check_login(address, error))
    return FALSE;
  /* Always with `user`: without one doveadm dies. */
  return order(node, "authCacheFlush", json_pack("{s:[s]}", "user", address), within(deadline, KICK_SECONDS),
               DOVEADM_OK, error) &&
         cut_rounds(node, address, deadline, ended, error);
}

/* Its row made it, and Dovecot makes the folders when mail comes or somebody signs in; so that it finds the row is all there is to
 * see to, and ten thousand newcomers cost a look-up each. */
static gboolean make_open(MailDovecotNode *node, const MailTarget *target, gint64 deadline, GError **error) {
  gboolean exists = FALSE;
  return user_exists(node, target->address, deadline, &exists, error) &&
         (exists || failed_with("user", DOVEADM_NO_USER, error));
}

gboolean mail_dovecot_node_apply(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                                 MailReport *report, GError **error) {
  if (!mail_driver_call_address(target->address, error))
    return FALSE;
  /* Who is signed in under the old name works on in the old folder. */
  if (target->former_address != NULL &&
      !cut(node, target->former_address, deadline, &report->sessions, error))
    return FALSE;
  return target->open ? make_open(node, target, deadline, error)
                      : cut(node, target->address, deadline, &report->sessions, error);
}

gboolean mail_dovecot_node_cut(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                               MailReport *report, GError **error) {
  return check_login(target->address, error) &&
         count_sessions(node, target->address, deadline, &report->sessions, error) &&
         cut(node, target->address, deadline, &report->sessions, error);
}

gboolean mail_dovecot_node_look(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                                MailReport *report, GError **error) {
  const char *address = target->address;
  MailReport found = {.messages = -1, .bytes = -1};
  if (!mail_driver_call_address(address, error) ||
      !user_exists(node, address, deadline, &found.exists, error) ||
      !count_sessions(node, address, deadline, &found.sessions, error))
    return FALSE;
  if (found.exists && !ask_quota(node, address, deadline, &found, error))
    return FALSE;
  if (found.exists && (found.messages < 0 || found.bytes < 0) &&
      !ask_status(node, address, "*", deadline, &found, error))
    return FALSE;
  *report = found;
  return TRUE;
}

static char **list_folders(MailDovecotNode *node, const char *address, gint64 deadline, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  if (!ask(node, "mailboxList", json_pack("{s:s}", "user", address), deadline, &reply, error))
    return NULL;
  if (reply.exit_code == DOVEADM_OK)
    return mail_dovecot_reply_folders(reply.data, error);
  failed_with("mailboxList", reply.exit_code, error);
  return NULL;
}

/* Where the mail of a folder lies; *path NULL: the folder went away, or lies in no place of the file system. */
static gboolean ask_path(MailDovecotNode *node, const char *address, const char *folder, gint64 deadline,
                         char **path, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *parameters = json_pack("{s:s, s:s, s:[s]}", "user", address, "type", "mailbox", "mailbox", folder);
  if (!ask(node, "mailboxPath", parameters, deadline, &reply, error))
    return FALSE;
  if (reply.exit_code == DOVEADM_NOT_FOUND)
    return TRUE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("mailboxPath", reply.exit_code, error);
  return mail_dovecot_reply_path(reply.data, path, error);
}

static gboolean is_inbox(const char *folder) {
  return g_ascii_strcasecmp(folder, "INBOX") == 0;
}

/* The folders whose mail lies in the person's own place, INBOX's or home: those of everybody and of others, which a list names as
 * well, lie elsewhere. doveadm does not tell of which namespace a folder is. */
static char **list_own(MailDovecotNode *node, const char *address, const char *home, gint64 deadline,
                       GError **error) {
  g_auto(GStrv) folders = list_folders(node, address, deadline, error);
  g_autofree char *inbox = NULL;
  if (folders == NULL || !ask_path(node, address, "INBOX", deadline, &inbox, error))
    return NULL;
  if (inbox == NULL) {
    g_set_error(
        error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_REFUSED,
        "it does not say where INBOX of %s lies, so that nobody can tell their folders from shared ones",
        address);
    return NULL;
  }
  g_autoptr(GStrvBuilder) own = g_strv_builder_new();
  for (guint i = 0; folders[i] != NULL; i++) {
    g_autofree char *path = NULL;
    if (!ask_path(node, address, folders[i], deadline, &path, error))
      return NULL;
    if (path != NULL && mail_dovecot_is_own(path, home, inbox))
      g_strv_builder_add(own, folders[i]);
  }
  return g_strv_builder_end(own);
}

/* Each by its name, never by a mask, which would take in shared ones. INBOX cannot be deleted, only emptied. Children first: names
 * come sorted. */
static gboolean destroy_folders(MailDovecotNode *node, const char *address, char **folders, gint64 deadline,
                                GError **error) {
  json_t *inbox = json_pack("{s:s, s:[s, s, s]}", "user", address, "query", "mailbox", "INBOX", "all");
  if (!order(node, "expunge", inbox, deadline, DOVEADM_OK, error))
    return FALSE;
  for (guint i = g_strv_length(folders); i-- > 0;) {
    if (is_inbox(folders[i]))
      continue;
    json_t *parameters = json_pack("{s:s, s:[s]}", "user", address, "mailbox", folders[i]);
    if (!order(node, "mailboxDelete", parameters, deadline, DOVEADM_NOT_FOUND, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean is_empty(MailDovecotNode *node, const char *address, const char *home, gint64 deadline,
                         GError **error) {
  MailReport left = {0};
  g_auto(GStrv) folders = list_own(node, address, home, deadline, error);
  if (folders == NULL || !ask_status(node, address, "INBOX", deadline, &left, error))
    return FALSE;
  guint others = 0;
  for (guint i = 0; folders[i] != NULL; i++)
    others += !is_inbox(folders[i]);
  if (left.messages == 0 && others == 0)
    return TRUE;
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR,
              "%" G_GINT64_FORMAT " messages and %u folders are left after the purge", left.messages, others);
  return FALSE;
}

gboolean mail_dovecot_node_purge(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                                 MailReport *report, GError **error) {
  (void)report;
  const char *address = target->address;
  gint64 until = within(deadline, PURGE_SECONDS);
  gboolean exists = FALSE;
  g_autofree char *home = NULL;
  if (!mail_driver_call_address(address, error) || !find_user(node, address, until, &exists, &home, error))
    return FALSE;
  if (!exists)
    return TRUE;
  g_auto(GStrv) folders = list_own(node, address, home, until, error);
  return folders != NULL && destroy_folders(node, address, folders, until, error) &&
         is_empty(node, address, home, until, error);
}

/* ---- everybody at once */

/* What the user databases say of names that exist. One that went away meanwhile fails the whole question; then each is asked alone.
 * Takes names. */
static gboolean list_some(MailDovecotNode *node, json_t *names, gint64 deadline, GPtrArray *listed,
                          GError **error) {
  g_autoptr(json_t) keep G_GNUC_UNUSED = names;
  g_auto(MailDovecotReply) reply = {0};
  if (json_array_size(names) == 0)
    return TRUE;
  json_t *parameters = json_pack("{s:O}", "userMask", names);
  if (!ask(node, "user", parameters, within(deadline, CREATE_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code == DOVEADM_OK)
    return mail_dovecot_listed_users(reply.data, listed, error);
  if (reply.exit_code != DOVEADM_NO_USER)
    return failed_with("user", reply.exit_code, error);
  for (gsize i = 0; json_array_size(names) > 1 && i < json_array_size(names); i++) {
    json_t *one = json_pack("[O]", json_array_get(names, i));
    if (!list_some(node, one, deadline, listed, error))
      return FALSE;
  }
  return TRUE;
}

/* A name with a wildcard in it would be a mask. */
static gboolean is_exact(const char *name) {
  return strpbrk(name, "*?") == NULL;
}

gboolean mail_dovecot_node_list(MailDovecotNode *node, gint64 deadline, GPtrArray *listed, GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  if (!ask(node, "user", json_pack("{s:[s]}", "userMask", "*"), deadline, &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("user", reply.exit_code, error);
  g_auto(GStrv) names = mail_dovecot_listed_names(reply.data, error);
  if (names == NULL)
    return FALSE;
  json_t *batch = json_array();
  for (guint i = 0; names[i] != NULL; i++) {
    if (is_exact(names[i]))
      json_array_append_new(batch, json_string(names[i]));
    if (json_array_size(batch) < LIST_BATCH)
      continue;
    if (!list_some(node, batch, deadline, listed, error))
      return FALSE;
    batch = json_array();
  }
  return list_some(node, batch, deadline, listed, error);
}

gboolean mail_dovecot_node_online(MailDovecotNode *node, gint64 deadline, GHashTable *logins,
                                  GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  if (!ask(node, "who", json_object(), within(deadline, CREATE_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("who", reply.exit_code, error);
  return mail_dovecot_listed_online(reply.data, logins, error);
}

/* ---- are all of these there? */

#define LOOK_UP_MS 2 /* one name's look-up, about; a list of all names costs as many as there are */
#define LIST_LEAST 32
#define LIST_NEVER_MS G_MAXINT

static gboolean set_absent(const char *address, GError **error) {
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR, "it does not know %s", address);
  return FALSE;
}

/* One mask a domain. */
static json_t *domain_masks(const char *const *addresses) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  json_t *masks = json_array();
  for (guint i = 0; addresses[i] != NULL; i++)
    if (g_hash_table_add(seen, (gpointer)address_domain_of(addresses[i])))
      json_array_append_new(masks, json_sprintf("*@%s", address_domain_of(addresses[i])));
  return masks;
}

static gboolean find_in_list(MailDovecotNode *node, const char *const *addresses, gint64 deadline,
                             GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  gint64 begin = clock_now();
  g_atomic_int_set(&node->list_ms, LIST_NEVER_MS); /* until it has come to an end */
  if (!ask(node, "user", json_pack("{s:o}", "userMask", domain_masks(addresses)),
           within(deadline, KICK_SECONDS), &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("user", reply.exit_code, error);
  g_auto(GStrv) names = mail_dovecot_listed_names(reply.data, error);
  if (names == NULL)
    return FALSE;
  g_atomic_int_set(&node->list_ms, (int)MAX((clock_now() - begin) / 1000, 1));
  g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; names[i] != NULL; i++)
    g_hash_table_add(listed, names[i]);
  for (guint i = 0; addresses[i] != NULL; i++)
    if (!g_hash_table_contains(listed, addresses[i]))
      return set_absent(addresses[i], error);
  return TRUE;
}

static gboolean find_each(MailDovecotNode *node, const char *const *addresses, gint64 deadline,
                          GError **error) {
  g_auto(MailDovecotReply) reply = {0};
  json_t *names = json_array();
  for (guint i = 0; addresses[i] != NULL; i++)
    json_array_append_new(names, json_string(addresses[i]));
  if (!ask(node, "user", json_pack("{s:o}", "userMask", names), deadline, &reply, error))
    return FALSE;
  if (reply.exit_code != DOVEADM_OK)
    return failed_with("user", reply.exit_code, error);
  for (guint i = 0; addresses[i] != NULL; i++) {
    gboolean exists = FALSE;
    if (!mail_dovecot_reply_user(reply.data, addresses[i], &exists, error))
      return FALSE;
    if (!exists)
      return set_absent(addresses[i], error);
  }
  return TRUE;
}

gboolean mail_dovecot_node_finds(MailDovecotNode *node, const char *const *addresses, gint64 deadline,
                                 GError **error) {
  guint n = 0;
  for (; addresses[n] != NULL; n++)
    if (!mail_driver_call_address(addresses[n], error))
      return FALSE;
  gboolean list = n >= LIST_LEAST && (guint)g_atomic_int_get(&node->list_ms) < n * LOOK_UP_MS;
  return list ? find_in_list(node, addresses, deadline, error) : find_each(node, addresses, deadline, error);
}
