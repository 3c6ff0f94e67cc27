#include "cmd/pat.h"

#include <string.h>

#include "cmd/doors.h"
#include "lib/address.h"
#include "lib/text.h"
#include "mail/error.h"
#include "mail/pat.h"

#define DAYS_MAX 3653
#define WHY_BYTES 400

static gboolean read_days(const VerbCall *call, gint64 *days, GError **error) {
  const char *text = verb_value(call, "days");
  if (text != NULL && strcmp(text, "none") == 0) {
    *days = MAIL_PAT_FOREVER;
    return TRUE;
  }
  return verb_integer(call, "days", 1, DAYS_MAX, days, error);
}

/* Whose token it is: the person named, or the service's address. */
static gboolean read_owner(const VerbCall *call, char **login, GError **error) {
  const char *service = verb_value(call, "service"), *why = NULL;
  if ((service == NULL) == (verb_argument(call, 0) == NULL)) {
    app_error_set(error, APP_USAGE, 0, "a token belongs to a PERSON, or to a device with --service ADDRESS");
    return FALSE;
  }
  if (service == NULL)
    return TRUE;
  *login = address_parse(service, &why);
  if (*login != NULL)
    return TRUE;
  g_autofree char *quoted = text_quote(service);
  app_error_set(error, APP_USAGE, 0, "--service \"%s\" is not an address: it %s", quoted, why);
  return FALSE;
}

/* The ports that a mail server has for its programs. */
typedef struct {
  const char *protocol;
  int port;
} Server;

static const Server servers[] = {{"imap", 993}, {"pop3", 995}, {"smtp", 465}, {"sieve", 4190}};

static char *mail_host(App *app, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return NULL;
  const char *host = settings_string(settings, "mail_host");
  if (*host != '\0')
    return g_strdup(host);
  g_autoptr(GUri) uri = g_uri_parse(settings_string(settings, "public_url"), G_URI_FLAGS_NONE, NULL);
  return g_strdup(g_uri_get_host(uri));
}

static gboolean has(const json_t *array, const char *word) {
  gsize i;
  json_t *value;
  json_array_foreach(array, i, value) {
    if (g_strcmp0(json_string_value(value), word) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Adds the lines of the servers that this token is good for; with JSON under "settings". */
static void add_servers(json_t *made, const char *host, gboolean as_json) {
  json_t *settings = json_object();
  for (gsize i = 0; i < G_N_ELEMENTS(servers); i++) {
    if (!has(json_object_get(made, "protocols"), servers[i].protocol))
      continue;
    const char *security = servers[i].port == 4190 ? "STARTTLS" : "SSL/TLS";
    g_autofree char *line = g_strdup_printf("%s, port %d, %s", host, servers[i].port, security);
    if (as_json)
      json_object_set_new(
          settings, servers[i].protocol,
          json_pack("{s:s, s:i, s:s}", "host", host, "port", servers[i].port, "security", security));
    else
      json_object_set_new(made, servers[i].protocol, json_string(line));
  }
  if (as_json)
    json_object_set(made, "settings", settings);
  json_decref(settings);
}

static void show_made(Output *output, json_t *made, const char *host, const char *secret) {
  static const OutputColumn columns[] = {{"id", "Id"},
                                         {"name", "Name"},
                                         {"expires", "Expires"},
                                         {"cidrs", "Only from"},
                                         {"login", "User name"},
                                         {"token", "Password"},
                                         {"imap", "Incoming (IMAP)"},
                                         {"pop3", "Incoming (POP3)"},
                                         {"smtp", "Outgoing (SMTP)"},
                                         {"sieve", "Filters (ManageSieve)"},
                                         {NULL}};
  json_object_set_new(made, "token", json_string(secret));
  add_servers(made, host, output_is_json(output));
  gboolean addressed = json_is_string(json_object_get(made, "login"));
  if (!output_is_json(output) && json_is_null(json_object_get(made, "expires")))
    json_object_set_new(made, "expires", json_string("never"));
  doors_record(output, columns, made);
  output_say(output, "The token is shown this once; dashes and capitals do not matter. One program each: it "
                     "costs nothing to "
                     "make another.");
  if (!addressed)
    output_say(output, "The person has no mailbox yet; the token works once they are in a mail group.");
}

int verb_pat_create(App *app, const VerbCall *call, GError **error) {
  g_autofree char *login = NULL;
  g_auto(GStrv) protocols = NULL;
  MailPatWish wish = {.name = verb_value(call, "name")};
  if (wish.name == NULL) {
    app_error_set(error, APP_USAGE, 0, "a token needs a --name, such as \"Thunderbird on Ada's laptop\"");
    return APP_USAGE;
  }
  const char *list = verb_value(call, "protocols");
  if (!read_owner(call, &login, error) || !read_days(call, &wish.days, error) ||
      !mail_pat_name(wish.name, error) || (list != NULL && !mail_pat_protocols(list, &protocols, error)))
    return APP_USAGE;
  g_auto(GStrv) cidrs = doors_networks(call, "cidr", error);
  g_autofree char *host = cidrs == NULL ? NULL : mail_host(app, error);
  MailScope scope;
  if (host == NULL || !doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  g_autoptr(MailPerson) owner =
      login != NULL ? NULL : mail_person_find(&scope, verb_argument(call, 0), error);
  if (login == NULL && owner == NULL)
    return APP_FAILED;
  static const char *const none[] = {NULL};
  wish.owner = owner;
  wish.login = login;
  wish.protocols = protocols != NULL ? (const char *const *)protocols : none;
  wish.cidrs = (const char *const *)cidrs;
  char secret[MAIL_TOKEN_TEXT_BYTES];
  json_t *made = mail_pat_create(&scope, &wish, secret, error);
  if (made == NULL)
    return APP_FAILED;
  show_made(app_output(app), made, host, secret);
  crypto_wipe(secret, sizeof secret);
  return APP_OK;
}

int verb_pat_list(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  const char *name = verb_argument(call, 0);
  g_autoptr(MailPerson) person = name == NULL ? NULL : mail_person_find(&scope, name, error);
  if (name != NULL && person == NULL)
    return APP_FAILED;
  MailPatFilter filter = {.user_id = person != NULL ? person->user_id : NULL,
                          .unused = verb_given(call, "unused"),
                          .expiring = verb_given(call, "expiring")};
  json_t *tokens = mail_pat_list(&scope, &filter, error);
  if (tokens == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"id", "Id"},
                                         {"login", "User name"},
                                         {"name", "Name"},
                                         {"hint", "Token"},
                                         {"state", "State"},
                                         {"protocols", "For"},
                                         {"cidrs", "From"},
                                         {"expires", "Expires"},
                                         {"last_used", "Last used"},
                                         {"last_used_protocol", "By"},
                                         {"last_used_ip", "Address"},
                                         {NULL}};
  doors_table(app_output(app), columns, tokens, "tokens");
  return APP_OK;
}

static gboolean read_id(const char *text, gint64 *token_id, GError **error) {
  if (g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, token_id, NULL))
    return TRUE;
  /* It may be the secret itself: it is not repeated. */
  app_error_set(error, APP_USAGE, 0, "a token is named by its number, the first column of gatepost pat list");
  return FALSE;
}

int verb_pat_rename(App *app, const VerbCall *call, GError **error) {
  gint64 token_id = 0;
  MailScope scope;
  const char *name = verb_argument(call, 1);
  if (!read_id(verb_argument(call, 0), &token_id, error) || !mail_pat_name(name, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error) || !mail_pat_rename(&scope, token_id, name, error))
    return APP_FAILED;
  static const OutputColumn columns[] = {{"id", "Id"}, {"name", "Name"}, {NULL}};
  output_record(app_output(app), columns, json_pack("{s:I, s:s}", "id", (json_int_t)token_id, "name", name));
  return APP_OK;
}

static gboolean read_ids(const VerbCall *call, GArray *ids, GError **error) {
  if ((verb_arguments(call) == 0) == !verb_given(call, "all-of")) {
    app_error_set(error, APP_USAGE, 0, "name the tokens by their numbers, or a person with --all-of");
    return FALSE;
  }
  for (gsize i = 0; i < verb_arguments(call); i++) {
    gint64 token_id;
    if (!read_id(verb_argument(call, i), &token_id, error))
      return FALSE;
    g_array_append_val(ids, token_id);
  }
  return TRUE;
}

static gboolean end_tokens(App *app, MailScope *scope, const MailPerson *person, const GArray *ids,
                           const char *why, gint64 *n, GError **error) {
  scope->deadline = app_deadline(app); /* the admin may have taken their time over the question */
  *n = (gint64)ids->len;
  if (person != NULL)
    return mail_pat_revoke_all(scope, person->user_id, why, n, error);
  return mail_pat_revoke(scope, (const gint64 *)(const void *)ids->data, ids->len, why, error);
}

int verb_pat_revoke(App *app, const VerbCall *call, GError **error) {
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
  g_autofree char *why = verb_given(call, "why") ? text_clean(verb_value(call, "why"), WHY_BYTES) : NULL;
  MailScope scope;
  if (!read_ids(call, ids, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  const char *name = verb_value(call, "all-of");
  g_autoptr(MailPerson) person = name == NULL ? NULL : mail_person_find(&scope, name, error);
  if (name != NULL && person == NULL)
    return APP_FAILED;
  g_autofree char *question = person != NULL ? g_strdup_printf("Revoke all tokens of %s?", person->user_name)
                                             : g_strdup_printf("Revoke %u token(s)?", ids->len);
  gint64 n = 0;
  if (!output_confirm(app_output(app), question, verb_given(call, "yes"), error))
    return APP_REFUSED;
  if (!end_tokens(app, &scope, person, ids, why, &n, error))
    return APP_FAILED;
  static const OutputColumn columns[] = {{"revoked", "Revoked"}, {NULL}};
  output_record(app_output(app), columns, json_pack("{s:I}", "revoked", (json_int_t)n));
  output_say(app_output(app), "They are refused from now on, and the owner's open sessions end: what has another "
                              "secret signs in again by itself.");
  return APP_OK;
}
