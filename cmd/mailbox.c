#include "cmd/mailbox.h"

#include <string.h>

#include "cmd/doors.h"
#include "cmd/mailbox_view.h"
#include "cmd/quota.h"
#include "lib/limits.h"
#include "mail/admin.h"

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
  gsize i;
  json_t *mailbox;
  json_array_foreach(list, i, mailbox) if (!output_is_json(app_output(app))) quota_show(mailbox);
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
