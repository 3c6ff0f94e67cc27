#include "cmd/dovecot.h"

#include <string.h>

#include "cmd/dovecot_text.h"
#include "cmd/snippet.h"
#include "lib/text.h"

typedef struct {
  const char *mode, *part; /* part NULL: all */
  guint modes;
  const DovecotPart *parts;
} Wish;

static const struct {
  const char *name;
  guint mode;
  const char *undo;
} modes[] = {
    {"observe", DOVECOT_OBSERVE, "conf.d/95-gatepost.conf"},
    {"both", DOVECOT_BOTH, "conf.d/05-gatepost.conf conf.d/95-gatepost.conf gatepost-sql.conf.ext"},
    {"only", DOVECOT_ONLY, "conf.d/05-gatepost.conf conf.d/95-gatepost.conf gatepost-sql.conf.ext"},
};

static gboolean one_of(const char *option, const char *value, const char *first, const char *second,
                       const char *third, GError **error) {
  if (g_strcmp0(value, first) == 0 || g_strcmp0(value, second) == 0 || g_strcmp0(value, third) == 0)
    return TRUE;
  g_autofree char *quoted = text_quote(value);
  app_error_set(error, APP_USAGE, 0, "--%s takes %s, %s%s%s; \"%s\" is none of them", option, first, second,
                third ? " or " : "", third ? third : "", quoted);
  return FALSE;
}

static gboolean read_wish(const VerbCall *call, Wish *wish, GError **error) {
  wish->mode = verb_given(call, "mode") ? verb_value(call, "mode") : "observe";
  wish->part = verb_value(call, "part");
  const char *version = verb_given(call, "for") ? verb_value(call, "for") : "2.3";
  if (!one_of("mode", wish->mode, "observe", "both", "only", error) ||
      !one_of("for", version, "2.3", "2.4", NULL, error))
    return FALSE;
  if (wish->part != NULL && !one_of("part", wish->part, "first", "main", "sql", error))
    return FALSE;
  wish->parts = strcmp(version, "2.4") == 0 ? dovecot_text_24 : dovecot_text_23;
  for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
    if (strcmp(modes[i].name, wish->mode) == 0)
      wish->modes = modes[i].mode;
  return TRUE;
}

/* Parts of one file follow each other; a line says where the next file begins. */
static char *join_parts(const Wish *wish, SnippetValue *values, const char **file) {
  GString *out = g_string_new(NULL);
  const char *last = NULL;
  for (const DovecotPart *part = wish->parts; part->part != NULL; part++) {
    if (!(part->modes & wish->modes) || (wish->part != NULL && strcmp(wish->part, part->part) != 0))
      continue;
    if (g_strcmp0(last, part->file) != 0)
      g_string_append_printf(out, "%s# ---- %s\n", out->len > 0 ? "\n" : "", part->file);
    last = *file = part->file;
    g_autofree char *text = snippet_fill(part->text, values);
    g_string_append(out, text);
  }
  return g_string_free(out, FALSE);
}

/* The admin listener, which the policy client needs as a URL. */
static char *policy_url(const Settings *settings, const VerbCall *call, GError **error) {
  const char *listen = settings_string(settings, "listen_admin");
  if (verb_given(call, "policy-url"))
    return g_strdup(verb_value(call, "policy-url"));
  if (!g_str_has_prefix(listen, "unix:"))
    return g_strdup_printf("http://%s/mail/policy", listen);
  app_error_set(error, APP_REFUSED, 5312,
                "listen_admin is a Unix socket, which Dovecot's policy client cannot reach; "
                "say where it can: --policy-url http://HOST:PORT/mail/policy");
  return NULL;
}

static void say_next(App *app, const Wish *wish) {
  Output *output = app_output(app);
  output_say(output, "Install  put each part into its file, then: doveconf -n >/dev/null && doveadm reload "
                     "&& postfix reload");
  for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
    if (modes[i].mode == wish->modes)
      output_say(output, "Undo     cd /etc/dovecot && rm -f %s && doveadm reload && postfix reload",
                 modes[i].undo);
  output_say(output, "Prove    gatepost dovecot verify --login ADDRESS");
}

int verb_dovecot_config(App *app, const VerbCall *call, GError **error) {
  Wish wish;
  g_auto(SnippetDatabase) database = {NULL};
  if (!read_wish(call, &wish, error))
    return APP_USAGE;
  if (!snippet_database(app, &database, error))
    return (int)app_error_exit(*error);
  const Settings *settings = app_settings(app, error);
  g_autofree char *policy = policy_url(settings, call, error);
  gint64 port = 0;
  if (policy == NULL || !verb_integer(call, "doveadm-port", 1, 65535, &port, error))
    return (int)app_error_exit(*error);
  g_autofree char *port_text = g_strdup_printf("%d", port > 0 ? (int)port : 8080);
  const char *file = "";
  SnippetValue values[] = {{"host", database.host},
                           {"port", database.port},
                           {"name", database.name},
                           {"policy", policy},
                           {"keys", settings_string(settings, "keys_dir")},
                           {"doveadm_host", "127.0.0.1"},
                           {"doveadm_port", port_text},
                           {"after", wish.modes == DOVECOT_ONLY ? "  result_failure = return-fail\n" : ""},
                           {NULL}};
  g_autofree char *text = join_parts(&wish, values, &file);
  if (*text == '\0') {
    app_error_set(error, APP_USAGE, 0, "there is no part \"%s\" for this version and mode", wish.part);
    return APP_USAGE;
  }
  output_text(app_output(app), text);
  say_next(app, &wish);
  return APP_OK;
}
