#include "cmd/user.h"

#include "cmd/admin.h"
#include "cmd/directory_view.h"
#include "cmd/mailbox_view.h"
#include "lib/limits.h"
#include "mail/admin.h"
#include "scim/directory.h"

int verb_user_list(App *app, const VerbCall *call, GError **error) {
  gint64 limit = LIMIT_PAGE_DEFAULT;
  if (!verb_integer(call, "limit", 1, G_MAXINT32, &limit, error))
    return APP_USAGE;
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  json_t *page = scim_directory_users(scope.pool, scope.deadline, scope.org_id, verb_value(call, "filter"),
                                      limit, error);
  if (page == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"userName", "User name"},     {"displayName", "Name"},
                                         {"active", "Active"},          {"source", "Source"},
                                         {"externalId", "External id"}, {NULL}};
  directory_view_page(app_output(app), columns, page, "users");
  return APP_OK;
}

/* With the stopwatch of its doors: as it is for JSON, else a line each. */
static gboolean add_mailbox(const AdminScope *admin, json_t *person, gboolean as_json, GError **error) {
  const char *id = json_string_value(json_object_get(person, "id"));
  MailScope scope = {.pool = admin->pool, .deadline = admin->deadline, .org_id = admin->org_id};
  json_t *mailbox = mail_admin_mailbox_of(&scope, id, error);
  if (mailbox == NULL)
    return FALSE;
  json_t *lines = as_json ? NULL : mailbox_view_lines(mailbox);
  if (lines != NULL)
    json_object_set_new(person, "mailbox", lines);
  else
    json_object_set(person, "mailbox", mailbox);
  json_decref(mailbox);
  return TRUE;
}

int verb_user_show(App *app, const VerbCall *call, GError **error) {
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  GError *failure = NULL;
  json_t *person =
      scim_directory_user(scope.pool, scope.deadline, scope.org_id, verb_argument(call, 0), &failure);
  if (person == NULL) {
    directory_view_missing(failure, GP_NO_USER, error);
    return APP_FAILED;
  }
  if (!add_mailbox(&scope, person, output_is_json(app_output(app)), error)) {
    json_decref(person);
    return APP_FAILED;
  }
  static const OutputColumn columns[] = {{"userName", "User name"},
                                         {"displayName", "Name"},
                                         {"active", "Active"},
                                         {"id", "Id"},
                                         {"externalId", "External id"},
                                         {"source", "Source"},
                                         {"emails", "E-mail"},
                                         {"groups", "Groups"},
                                         {"mailbox", "Mailbox"},
                                         {"pending", "Waits for"},
                                         {"created", "Created"},
                                         {"modified", "Changed"},
                                         {"extra", "Kept aside"},
                                         {"audit", "Lately"},
                                         {NULL}};
  directory_view_record(app_output(app), columns, person);
  return APP_OK;
}
