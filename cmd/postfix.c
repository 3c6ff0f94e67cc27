#include "cmd/postfix.h"

#include <string.h>

#include "cmd/snippet.h"
#include "lib/text.h"

typedef struct {
  const char *part; /* "main", "master", or the map's file below /etc/postfix/gatepost */
  const char *text;
} PostfixPart;

#define MAP                                                                                             \
  "hosts = postgresql:///@name@?host=@host@&port=@port@&user=gatepost_postfix&passfile=@maps@/pgpass\n" \
  "dbname = @name@\n"

static const PostfixPart parts[] = {
    {"main", "# Who exists, who may send as whom. (postfix-pgsql must be installed.)\n"
             "virtual_mailbox_domains = pgsql:@maps@/domains.cf\n"
             "virtual_mailbox_maps = pgsql:@maps@/mailboxes.cf\n"
             "virtual_alias_maps = pgsql:@maps@/aliases.cf\n"
             "virtual_transport = lmtp:@lmtp@\n"
             "smtpd_sender_login_maps = pgsql:@maps@/senders.cf\n"
             "# The mailbox's own words for who is shut, then the usual answer for who does not exist.\n"
             "smtpd_recipient_restrictions = reject_non_fqdn_recipient, check_recipient_access "
             "pgsql:@maps@/recipients.cf,\n"
             "  reject_unlisted_recipient,\n"
             "# Last, so that it is asked once for each recipient that will be accepted: it counts them "
             "(send_per_hour).\n"
             "  check_sasl_access pgsql:@maps@/sends.cf\n"
             "smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination\n"
             "# Sign-ins are Dovecot's, so tokens, rules and reasons hold here too.\n"
             "smtpd_sasl_type = dovecot\n"
             "smtpd_sasl_path = @sasl@\n"},
    {"master",
     "# What is signed in looks its login up before each message: who is shut sends nothing more, in no "
     "session.\n"
     "@submission@ inet n - n - - smtpd\n"
     "  -o syslog_name=postfix/submission\n"
     "  -o smtpd_tls_security_level=encrypt\n"
     "  -o smtpd_sasl_auth_enable=yes\n"
     "  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
     "  -o smtpd_sender_restrictions=check_sasl_access,pgsql:@maps@/logins.cf,reject_sender_login_mismatch\n"
     "  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n"
     "# The same with TLS from the first byte, which is what mail programs are told (RFC 8314).\n"
     "@submissions@ inet n - n - - smtpd\n"
     "  -o syslog_name=postfix/submissions\n"
     "  -o smtpd_tls_wrappermode=yes\n"
     "  -o smtpd_sasl_auth_enable=yes\n"
     "  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
     "  -o smtpd_sender_restrictions=check_sasl_access,pgsql:@maps@/logins.cf,reject_sender_login_mismatch\n"
     "  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n"},
    {"domains.cf", MAP "query = SELECT name FROM gatepost.postfix_domain WHERE name = lower('%s')\n"},
    {"mailboxes.cf", MAP "query = SELECT address FROM gatepost.postfix_mailbox WHERE address = lower('%s') "
                         "AND refusal IS NULL\n"},
    {"aliases.cf", MAP "query = SELECT targets FROM gatepost.postfix_alias WHERE address = lower('%s')\n"},
    {"senders.cf", MAP "query = SELECT logins FROM gatepost.postfix_sender WHERE address = lower('%s')\n"},
    {"recipients.cf", MAP "query = SELECT refusal FROM gatepost.postfix_mailbox WHERE address = lower('%s') "
                          "AND refusal IS NOT NULL\n"},
    {"logins.cf", MAP "query = SELECT refusal FROM gatepost.postfix_login WHERE address = lower('%s')\n"},
    {"sends.cf", MAP "query = SELECT * FROM gatepost.postfix_send('%s')\n"},
    {NULL},
};

static void append(GString *out, const PostfixPart *part, const SnippetValue *values, gboolean header) {
  const char *folder = g_str_has_suffix(part->part, ".cf") ? "@maps@/" : "";
  const char *suffix = *folder != '\0' ? "" : ".cf: add";
  g_autofree char *title =
      g_strdup_printf("%s# ---- %s%s%s\n", out->len > 0 ? "\n" : "", folder, part->part, suffix);
  g_autofree char *filled_title = snippet_fill(title, values);
  g_autofree char *text = snippet_fill(part->text, values);
  if (header)
    g_string_append(out, filled_title);
  g_string_append(out, text);
}

static const char *option(const VerbCall *call, const char *name, const char *fallback) {
  return verb_given(call, name) ? verb_value(call, name) : fallback;
}

static gboolean plain_option(const VerbCall *call, const char *name, GError **error) {
  const char *value = verb_value(call, name);
  if (value == NULL || (*value != '\0' && strpbrk(value, " \t\r\n,'\"$#=@%") == NULL))
    return TRUE;
  app_error_set(error, APP_USAGE, 0, "--%s takes one word without blanks, commas, quotes or $ # = @ %%",
                name);
  return FALSE;
}

int verb_postfix_config(App *app, const VerbCall *call, GError **error) {
  static const char *const names[] = {"maps", "lmtp", "sasl", "submission", "submissions"};
  g_auto(SnippetDatabase) database = {NULL};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (!plain_option(call, names[i], error))
      return APP_USAGE;
  if (!snippet_database(app, &database, error))
    return (int)app_error_exit(*error);
  SnippetValue values[] = {{"host", database.host},
                           {"port", database.port},
                           {"name", database.name},
                           {"maps", option(call, "maps", "/etc/postfix/gatepost")},
                           {"lmtp", option(call, "lmtp", "unix:private/dovecot-lmtp")},
                           {"sasl", option(call, "sasl", "private/auth")},
                           {"submission", option(call, "submission", "submission")},
                           {"submissions", option(call, "submissions", "submissions")},
                           {NULL}};
  const char *wanted = verb_value(call, "part");
  g_autoptr(GString) out = g_string_new(NULL);
  for (const PostfixPart *part = parts; part->part != NULL; part++)
    if (wanted == NULL || strcmp(wanted, part->part) == 0)
      append(out, part, values, wanted == NULL);
  if (out->len == 0) {
    g_autofree char *quoted = text_quote(wanted);
    app_error_set(
        error, APP_USAGE, 0,
        "there is no part \"%s\"; there are: main, master, domains.cf, mailboxes.cf, aliases.cf, senders.cf, "
        "recipients.cf, logins.cf, sends.cf",
        quoted);
    return APP_USAGE;
  }
  output_text(app_output(app), out->str);
  output_say(
      app_output(app),
      "Install  put each part into its file (maps: chown root:postfix, chmod 0640), then: postfix check && "
      "postfix reload");
  output_say(app_output(app), "Needs    smtpd_tls_cert_file and smtpd_tls_key_file in main.cf: both ports "
                              "of master.cf speak TLS alone");
  output_say(app_output(app),
             "Undo     take the lines out of main.cf and master.cf again, then: postfix reload");
  return APP_OK;
}
