#include "cmd/mailbox.h"

#include <string.h>

#include "cmd/doors.h"
#include "cmd/mailbox_view.h"
#include "cmd/quota.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "mail/admin.h"

#define FILE_BYTES (4u << 20) /* a list of 100,000 addresses */

static const OutputColumn columns[] = {
    {"address", "Address"}, {"person", "Person"}, {"state", "State"},   {"group", "Group"},
    {"quota", "Quota"},     {"origin", "Origin"}, {"backend", "Store"}, {NULL}};

int verb_mailbox_list(App *app, const VerbCall *call, GError **error) {
  gint64 limit = LIMIT_PAGE_DEFAULT;
  MailScope scope;
  if (!verb_integer(call, "limit", 1, G_MAXINT32, &limit, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *list = mail_admin_mailboxes(&scope, verb_value(call, "after"), limit, error);
  if (list == NULL)
    return APP_FAILED;
  doors_table(app_output(app), columns, list, "mailboxes");
  return APP_OK;
}

int verb_mailbox_show(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *mailbox = mail_admin_mailbox(&scope, verb_argument(call, 0), error);
  if (mailbox == NULL)
    return APP_FAILED;
  mailbox_view_record(app_output(app), mailbox);
  return APP_OK;
}

/* Takes mailbox. */
static int show_changed(App *app, json_t *mailbox, gboolean plan) {
  if (mailbox == NULL)
    return APP_FAILED;
  mailbox_view_record(app_output(app), mailbox);
  if (plan)
    output_say(app_output(app), "Nothing was changed.");
  return APP_OK;
}

int verb_mailbox_set(App *app, const VerbCall *call, GError **error) {
  const char *quota = verb_value(call, "quota");
  gint64 bytes = -1;
  if (quota == NULL) {
    app_error_set(error, APP_USAGE, 0, "say what to set: --quota 5G, --quota none, or --quota template");
    return APP_USAGE;
  }
  if (strcmp(quota, "template") != 0 && !quota_parse("quota", quota, &bytes, error))
    return APP_USAGE;
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  gboolean plan = verb_given(call, "plan");
  return show_changed(app, mail_admin_mailbox_quota(&scope, verb_argument(call, 0), bytes, plan, error),
                      plan);
}

int verb_mailbox_pair(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  gboolean plan = verb_given(call, "plan");
  return show_changed(
      app, mail_admin_pair(&scope, verb_argument(call, 0), verb_argument(call, 1), plan, error), plan);
}

/* ---- adopt */

static char **read_addresses(const char *path, GError **error) {
  g_autofree char *text = NULL;
  g_autoptr(GError) failure = NULL;
  gsize n = 0;
  if (!g_file_get_contents(path, &text, &n, &failure) || n > FILE_BYTES || !text_is_utf8(text, n)) {
    app_error_set(error, APP_FAILED, GP_MAIL_MAILBOX, "%s cannot be read as a list of addresses: %s", path,
                  failure != NULL ? failure->message : "too large, or not UTF-8");
    return NULL;
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (guint i = 0; lines[i] != NULL; i++) {
    g_strstrip(lines[i]);
    if (*lines[i] != '\0' && *lines[i] != '#')
      g_strv_builder_add(builder, lines[i]);
  }
  return g_strv_builder_end(builder);
}

int verb_mailbox_adopt(App *app, const VerbCall *call, GError **error) {
  const char *path = verb_argument(call, 0);
  if ((path == NULL) != verb_given(call, "all")) {
    app_error_set(error, APP_USAGE, 0,
                  "name a FILE with one address a line, or --all for those seen in the mail store");
    return APP_USAGE;
  }
  g_auto(GStrv) addresses = path != NULL ? read_addresses(path, error) : NULL;
  MailScope scope;
  if ((path != NULL && addresses == NULL) || !doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  gboolean plan = verb_given(call, "plan");
  json_t *report =
      mail_admin_adopt(&scope, (const char *const *)addresses, verb_value(call, "backend"), plan, error);
  if (report == NULL)
    return APP_FAILED;
  const json_t *counts = json_object_get(report, "counts");
  output_say(app_output(app), "exact %d, alias %d, unsure %d, no person %d%s",
             (int)json_integer_value(json_object_get(counts, "exact")),
             (int)json_integer_value(json_object_get(counts, "alias")),
             (int)json_integer_value(json_object_get(counts, "unsure")),
             (int)json_integer_value(json_object_get(counts, "none")), plan ? "; nothing was changed" : "");
  static const OutputColumn adopt_columns[] = {
      {"address", "Address"}, {"match", "Match"}, {"person", "Person"}, {"why", "Why"}, {NULL}};
  output_records(app_output(app), adopt_columns, report, "mailboxes");
  return APP_OK;
}
