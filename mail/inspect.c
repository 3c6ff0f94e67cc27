#include "mail/inspect.h"

#include <stdarg.h>
#include <string.h>

#include "lib/text.h"

#define OUR_UID 5000 /* of a mail store that was named without --uid */

typedef struct {
  const DoveconfBlock *root;
  const Doveconf *doveconf;
  gboolean new_syntax; /* 2.4 */
  json_t *found;
  MailInspectState worst;
} Inspect;

static const char *const states[] = {"good", "warning", "broken"};

static void find(Inspect *inspect, MailInspectState state, const char *what, const char *next,
                 const char *format, ...) G_GNUC_PRINTF(5, 6);

static void find(Inspect *inspect, MailInspectState state, const char *what, const char *next,
                 const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *words = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *clean = text_clean(words, 400);
  json_array_append_new(inspect->found, json_pack("{s:s, s:s, s:s, s:s?}", "state", states[state], "what",
                                                  what, "words", clean, "next", next));
  inspect->worst = MAX(inspect->worst, state);
}

static const char *value(const Inspect *inspect, const char *key) {
  const char *text = mail_doveconf_value(inspect->root, key);
  return text != NULL ? text : "";
}

static gboolean is(const char *text, const char *word) {
  return g_ascii_strcasecmp(text, word) == 0;
}

static gboolean has_word(const char *list, const char *word) {
  g_auto(GStrv) words = g_strsplit_set(list, " \t,", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (is(words[i], word))
      return TRUE;
  return FALSE;
}

/* ---- the checks, one each */

static void check_version(Inspect *inspect) {
  const char *version = inspect->doveconf->version;
  inspect->new_syntax = mail_doveconf_value(inspect->root, "dovecot_config_version") != NULL ||
                        (version != NULL && g_str_has_prefix(version, "2.4"));
  const char *syntax = inspect->new_syntax ? "2.4" : "2.3";
  if (version == NULL)
    find(inspect, MAIL_INSPECT_WARNING, "version", "Give all of the output: doveconf -n > FILE",
         "the first line with the version is missing; read as %s", syntax);
  else if (!g_str_has_prefix(version, "2.3") && !g_str_has_prefix(version, "2.4"))
    find(inspect, MAIL_INSPECT_BROKEN, "version", "Upgrade Dovecot to 2.3 or 2.4 first",
         "Dovecot %s is not one that gatepost was tried with", version);
  else
    find(inspect, MAIL_INSPECT_GOOD, "version",
         inspect->new_syntax ? "gatepost dovecot config --mode observe --for 2.4"
                             : "gatepost dovecot config --mode observe",
         "Dovecot %s (%s), syntax of %s", version, inspect->doveconf->path, syntax);
}

/* 2.4 has a block of them: "imap = yes". Free with g_free. */
static char *protocols_of(const Inspect *inspect) {
  const DoveconfBlock *block = mail_doveconf_block(inspect->root, "protocols", NULL);
  GString *list = g_string_new(block == NULL ? value(inspect, "protocols") : NULL);
  for (guint i = 0; block != NULL && i < block->settings->len; i++) {
    const DoveconfSetting *setting = block->settings->pdata[i];
    if (is(setting->value, "yes"))
      g_string_append_printf(list, "%s%s", list->len > 0 ? " " : "", setting->key);
  }
  g_string_replace(list, "\"", "", 0);
  return g_strstrip(g_string_free(list, FALSE));
}

static void check_protocols(Inspect *inspect) {
  g_autofree char *protocols = protocols_of(inspect);
  if (*protocols == '\0')
    find(inspect, MAIL_INSPECT_WARNING, "protocols", "See: doveconf protocols",
         "not set here, so the default holds");
  else if (!has_word(protocols, "lmtp"))
    find(inspect, MAIL_INSPECT_WARNING, "protocols",
         "Switch lmtp on if Postfix shall deliver as gatepost postfix config says", "%s; no lmtp", protocols);
  else
    find(inspect, MAIL_INSPECT_GOOD, "protocols", NULL, "%s", protocols);
}

/* A mailbox keeps its home when it is renamed; what lies by address does not follow. */
static void check_place(Inspect *inspect) {
  const char *place = value(inspect, inspect->new_syntax ? "mail_path" : "mail_location");
  const char *key = inspect->new_syntax ? "mail_path" : "mail_location";
  if (*place == '\0')
    find(inspect, MAIL_INSPECT_WARNING, key, "Set it, for instance to maildir:~/Maildir",
         "not set: Dovecot guesses where mail lies, and a new mailbox gives it nothing to guess from");
  else if (strstr(place, "~/") != NULL || strstr(place, "%h") != NULL || strstr(place, "%{home}") != NULL)
    find(inspect, MAIL_INSPECT_GOOD, key, NULL, "%s, below each home", place);
  else
    find(inspect, MAIL_INSPECT_WARNING, key, "Let it begin with the home: maildir:~/Maildir",
         "%s, by name and not by home: after a rename a person would find an empty mailbox", place);
}

static const char *driver_of(const Inspect *inspect, const DoveconfBlock *block) {
  const char *driver = mail_doveconf_value(block, "driver");
  if (driver == NULL)
    driver = mail_doveconf_value(block, inspect->new_syntax ? "passdb_driver" : "driver");
  return driver != NULL ? driver : *block->name != '\0' ? block->name : "default";
}

static gboolean is_ours(const DoveconfBlock *block) {
  const char *args = mail_doveconf_value(block, "args");
  g_autofree char *file = args != NULL ? g_path_get_basename(args) : NULL;
  if ((file != NULL && g_str_has_prefix(file, "gatepost")) || strstr(block->name, "gatepost") != NULL)
    return TRUE;
  for (guint i = 0; i < block->settings->len; i++) {
    const DoveconfSetting *setting = block->settings->pdata[i];
    if (strstr(setting->value, "gatepost.dovecot_") != NULL)
      return TRUE;
  }
  return FALSE;
}

static void check_passdb(Inspect *inspect, const DoveconfBlock *block, guint number) {
  static const char *const flow[] = {"result_success", "result_failure", "result_internalfail"};
  const char *driver = driver_of(inspect, block), *args = mail_doveconf_value(block, "args");
  g_autofree char *what = g_strdup_printf("passdb %u", number);
  if (is(driver, "oauth2") && !inspect->new_syntax)
    find(inspect, MAIL_INSPECT_BROKEN, what, "Take it out: gatepost answers XOAUTH2 through its own passdb",
         "oauth2: beside a pgsql one Dovecot 2.3's auth process panics at its start");
  else if (is(driver, "static"))
    find(inspect, MAIL_INSPECT_BROKEN, what, "Take it out, or put it into a protocol of its own",
         "static: it lets everybody in, whatever the secret");
  else if (is_ours(block))
    find(inspect, number == 1 ? MAIL_INSPECT_GOOD : MAIL_INSPECT_BROKEN, what,
         number == 1 ? NULL : "Name gatepost's file so that it comes first: conf.d/05-gatepost.conf",
         "gatepost's, asked %s", number == 1 ? "first" : "after another: its refusals would come too late");
  else
    find(inspect, MAIL_INSPECT_GOOD, what, NULL, "%s%s%s; goes on working after gatepost's", driver,
         args != NULL ? " " : "", args != NULL ? args : "");
  for (gsize i = 0; !is_ours(block) && i < G_N_ELEMENTS(flow); i++) {
    const char *set = mail_doveconf_value(block, flow[i]);
    if (set != NULL && g_str_has_prefix(set, "continue"))
      find(inspect, MAIL_INSPECT_WARNING, what, "Make sure that a later passdb does not undo its answer",
           "%s = %s: what it decides is not final", flow[i], set);
  }
  if (g_strcmp0(mail_doveconf_value(block, "master"), "yes") == 0)
    find(inspect, MAIL_INSPECT_WARNING, what,
         "Keep its users few: gatepost's rules see the person, not the master",
         "master users: they open others' mailboxes past every token");
}

static void check_userdb(Inspect *inspect, const DoveconfBlock *block, guint number) {
  const char *driver = driver_of(inspect, block), *args = mail_doveconf_value(block, "args");
  g_autofree char *what = g_strdup_printf("userdb %u", number);
  if (is(driver, "static"))
    find(inspect, MAIL_INSPECT_BROKEN, what,
         "Replace it by one that knows who is there, or make gatepost's home pattern the same and adopt "
         "everybody",
         "static%s%s: it answers for every name, also for people of gatepost, whose mail would be delivered "
         "there",
         args != NULL ? " " : "", args != NULL ? args : "");
  else if (is(driver, "passwd"))
    find(inspect, MAIL_INSPECT_WARNING, what,
         "Use whole addresses as logins before mode idp: auth_username_format = %Lu",
         "passwd: system users have names without a domain, which gatepost cannot tell apart between "
         "organisations");
  else
    find(inspect, MAIL_INSPECT_GOOD, what, NULL, "%s%s%s%s", driver, args != NULL ? " " : "",
         args != NULL ? args : "",
         is_ours(block) || is(driver, "prefetch") ? "" : "; who is there stays there");
}

static void check_databases(Inspect *inspect) {
  guint passdbs = 0, userdbs = 0;
  for (guint i = 0; i < inspect->root->blocks->len; i++) {
    const DoveconfBlock *block = inspect->root->blocks->pdata[i];
    if (is(block->kind, "passdb"))
      check_passdb(inspect, block, ++passdbs);
    else if (is(block->kind, "userdb"))
      check_userdb(inspect, block, ++userdbs);
  }
  if (passdbs == 0)
    find(inspect, MAIL_INSPECT_WARNING, "passdb", "gatepost dovecot config --mode only",
         "none: nobody signs in by password today");
}

static void check_cache(Inspect *inspect) {
  const char *size = value(inspect, "auth_cache_size");
  if (*size == '\0' || is(size, "0") || is(size, "0 B") || is(size, "0B"))
    find(inspect, MAIL_INSPECT_GOOD, "auth_cache_size", NULL, "no cache: each sign-in reads the present row");
  else
    find(inspect, MAIL_INSPECT_BROKEN, "auth_cache_size", "Set auth_cache_size = 0",
         "%s: whoever leaves would still get in from the cache, and 2.3.19 can die of an expired entry",
         size);
}

static void check_names(Inspect *inspect) {
  const char *format = value(inspect, "auth_username_format");
  gboolean local =
      (strstr(format, "%n") != NULL || strstr(format, "%Ln") != NULL || strstr(format, "username") != NULL) &&
      strstr(format, "%d") == NULL && strstr(format, "%Ld") == NULL && strstr(format, "domain") == NULL;
  if (local)
    find(inspect, MAIL_INSPECT_BROKEN, "auth_username_format", "Keep the domain: auth_username_format = %Lu",
         "%s takes the domain away, and gatepost knows people by whole addresses", format);
  else
    find(inspect, MAIL_INSPECT_GOOD, "auth_username_format", NULL, "%s",
         *format != '\0' ? format : "the default, which keeps the domain");
}

static void check_policy(Inspect *inspect) {
  const char *url = value(inspect, "auth_policy_server_url");
  if (*url == '\0')
    find(inspect, MAIL_INSPECT_GOOD, "auth_policy_server_url", NULL, "not set; gatepost's snippet sets it");
  else if (strstr(url, "/mail/policy") != NULL)
    find(inspect, MAIL_INSPECT_GOOD, "auth_policy_server_url", NULL, "%s, gatepost's", url);
  else
    find(inspect, MAIL_INSPECT_BROKEN, "auth_policy_server_url",
         "Dovecot has room for one: decide which, or leave that part of gatepost's snippet out",
         "%s: another policy server is asked already", url);
}

static void check_mechanisms(Inspect *inspect) {
  static const char *const hashed[] = {"cram-md5",      "digest-md5", "scram-sha-1",
                                       "scram-sha-256", "apop",       "ntlm"};
  const char *mechanisms = value(inspect, "auth_mechanisms");
  for (gsize i = 0; i < G_N_ELEMENTS(hashed); i++)
    if (has_word(mechanisms, hashed[i]))
      find(inspect, MAIL_INSPECT_WARNING, "auth_mechanisms", "Take it out once everybody has a token",
           "%s never sends the secret, so programs that choose it cannot use a token", hashed[i]);
  if (*mechanisms != '\0' && !has_word(mechanisms, "plain"))
    find(inspect, MAIL_INSPECT_BROKEN, "auth_mechanisms", "Add plain: auth_mechanisms = plain login",
         "%s: without plain no token can be shown", mechanisms);
  else
    find(inspect, MAIL_INSPECT_GOOD, "auth_mechanisms", NULL, "%s",
         *mechanisms != '\0' ? mechanisms : "plain");
}

/* Secrets in clear, wherever they would appear. */
static void check_secrets(Inspect *inspect, const DoveconfBlock *block) {
  for (guint i = 0; i < block->settings->len; i++) {
    const DoveconfSetting *setting = block->settings->pdata[i];
    if (strstr(setting->value, "%w") != NULL)
      find(inspect, MAIL_INSPECT_BROKEN, setting->key, "Hash it in Dovecot instead: %{sha256:password}",
           "%%w puts the password itself into queries, and so into logs");
  }
  for (guint i = 0; i < block->blocks->len; i++)
    check_secrets(inspect, block->blocks->pdata[i]);
}

static void check_logs(Inspect *inspect) {
  const char *verbose = value(inspect, "auth_verbose_passwords"), *path = value(inspect, "info_log_path");
  if (is(value(inspect, "auth_debug_passwords"), "yes") || is(verbose, "plain") || is(verbose, "yes"))
    find(inspect, MAIL_INSPECT_BROKEN, "auth_debug_passwords", "Set it, and auth_verbose_passwords, to no",
         "passwords, and so tokens, are written into Dovecot's log");
  if (*path == '\0')
    path = value(inspect, "log_path");
  if (*path == '\0' || is(path, "syslog"))
    find(inspect, MAIL_INSPECT_WARNING, "log_path",
         "Give Dovecot a file of its own for the records of mailbox access: info_log_path = "
         "/var/log/dovecot-info.log",
         "syslog: gatepost mail-events run reads a file");
  else
    find(inspect, MAIL_INSPECT_GOOD, "log_path", "gatepost mail-events run FILE", "%s", path);
}

static void check_wire(Inspect *inspect) {
  gboolean clear =
      is(value(inspect, "disable_plaintext_auth"), "no") || is(value(inspect, "auth_allow_cleartext"), "yes");
  if (clear || is(value(inspect, "ssl"), "no"))
    find(inspect, MAIL_INSPECT_WARNING, clear ? "disable_plaintext_auth" : "ssl",
         "ssl = required, with a certificate; a front that ends TLS on the same machine is fine",
         "tokens may cross the network in clear");
  else
    find(inspect, MAIL_INSPECT_GOOD, "ssl", NULL, "secrets are asked for over TLS only");
}

static void check_ids(Inspect *inspect) {
  gint64 first = g_ascii_strtoll(value(inspect, "first_valid_uid"), NULL, 10);
  gint64 last = g_ascii_strtoll(value(inspect, "last_valid_uid"), NULL, 10);
  if (first > OUR_UID || (last > 0 && last < OUR_UID))
    find(inspect, MAIL_INSPECT_WARNING, "first_valid_uid",
         "Name the store with an owner in that range: gatepost backend add --uid",
         "Dovecot takes no mail of uid %d, which is the default of a mail store", OUR_UID);
  if (!has_word(value(inspect, "mail_plugins"), "quota") && !inspect->new_syntax)
    find(inspect, MAIL_INSPECT_WARNING, "mail_plugins",
         "mail_plugins = $mail_plugins quota, and imap_quota for imap",
         "the quota plugin is off: quotas that gatepost sets are not kept");
}

static void check_doveadm(Inspect *inspect) {
  const DoveconfBlock *service = mail_doveconf_block(inspect->root, "service", "doveadm");
  const DoveconfBlock *http = mail_doveconf_block(service, "inet_listener", "http");
  const char *port = mail_doveconf_value(http, "port");
  if (http == NULL)
    find(inspect, MAIL_INSPECT_GOOD, "doveadm", NULL,
         "no HTTP listener yet; gatepost's snippet opens one on 127.0.0.1");
  else
    find(inspect, MAIL_INSPECT_GOOD, "doveadm",
         "gatepost backend add dovecot --kind dovecot --url http://127.0.0.1:PORT/doveadm/v1 --secret-file "
         "FILE",
         "its HTTP API listens on port %s", port != NULL ? port : "?");
}

json_t *mail_inspect(const Doveconf *doveconf, MailInspectState *worst) {
  Inspect inspect = {.root = doveconf->root, .doveconf = doveconf, .found = json_array()};
  static void (*const checks[])(Inspect *) = {check_version, check_protocols, check_place,  check_databases,
                                              check_cache,   check_names,     check_policy, check_mechanisms,
                                              check_logs,    check_wire,      check_ids,    check_doveadm};
  for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
    checks[i](&inspect);
  check_secrets(&inspect, doveconf->root);
  *worst = inspect.worst;
  return inspect.found;
}
