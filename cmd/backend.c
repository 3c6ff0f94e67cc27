#include "cmd/backend.h"

#include <string.h>

#include "cmd/doors.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "mail/admin.h"
#include "mail/driver.h"

#define NAME_MAX_BYTES 32

static const OutputColumn columns[] = {
    {"name", "Name"},  {"kind", "Kind"}, {"url", "URL"}, {"secret_file", "Secret"},
    {"home", "Homes"}, {"uid", "Uid"},   {"gid", "Gid"}, {NULL}};

static gboolean check(const MailBackendOptions *options, GError **error) {
  gsize n = strlen(options->name);
  if (n == 0 || n > NAME_MAX_BYTES || *options->name == '-' ||
      strspn(options->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n) {
    g_autofree char *quoted = text_quote(options->name);
    app_error_set(error, APP_USAGE, 0,
                  "\"%s\" cannot be a mail store's name; it takes 1 to %d of a-z, 0-9 and -", quoted,
                  NAME_MAX_BYTES);
    return FALSE;
  }
  if (options->kind == NULL || mail_driver_find(options->kind) == NULL) {
    app_error_set(error, APP_USAGE, 0, "--kind is dovecot or webhook");
    return FALSE;
  }
  return TRUE;
}

/* All the nodes' URLs as the store keeps them, separated by a blank; NULL with an error. */
static char *join_urls(const VerbCall *call, const char *kind, GError **error) {
  const char *const *urls = verb_values(call, "url");
  guint n = g_strv_length((char **)urls);
  for (guint i = 0; i < n; i++)
    if (!g_uri_is_valid(urls[i], G_URI_FLAGS_NONE, NULL))
      n = 0;
  if (n == 0)
    app_error_set(error, APP_USAGE, 0, "--url is where the store answers: http://127.0.0.1:8080/doveadm/v1");
  else if (n > 1 && strcmp(kind, "dovecot") != 0)
    app_error_set(error, APP_USAGE, 0, "only a store of kind dovecot has several nodes");
  else if (n > LIMIT_DRIVER_NODES)
    app_error_set(error, APP_USAGE, 0, "a store has at most %d nodes", LIMIT_DRIVER_NODES);
  else
    return g_strjoinv(" ", (char **)urls);
  return NULL;
}

int verb_backend_add(App *app, const VerbCall *call, GError **error) {
  MailBackendOptions options = {.name = verb_argument(call, 0),
                                .kind = verb_value(call, "kind"),
                                .secret_file = verb_value(call, "secret-file"),
                                .home = verb_value(call, "home"),
                                .uid = -1,
                                .gid = -1};
  if (!verb_integer(call, "uid", 1, G_MAXINT32, &options.uid, error) ||
      !verb_integer(call, "gid", 1, G_MAXINT32, &options.gid, error) || !check(&options, error))
    return APP_USAGE;
  g_autofree char *urls = join_urls(call, options.kind, error);
  if (urls == NULL)
    return APP_USAGE;
  options.url = urls;
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *made = mail_admin_backend_add(&scope, &options, error);
  if (made == NULL)
    return APP_FAILED;
  doors_record(app_output(app), columns, made);
  return APP_OK;
}

int verb_backend_list(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *list = mail_admin_backends(&scope, error);
  if (list == NULL)
    return APP_FAILED;
  doors_table(app_output(app), columns, list, "backends");
  return APP_OK;
}
