#include "cmd/group.h"

#include "cmd/admin.h"
#include "cmd/directory_view.h"
#include "lib/limits.h"
#include "scim/directory.h"

int verb_group_list(App *app, const VerbCall *call, GError **error) {
  gint64 limit = LIMIT_PAGE_DEFAULT;
  if (!verb_integer(call, "limit", 1, G_MAXINT32, &limit, error))
    return APP_USAGE;
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  json_t *page = scim_directory_groups(scope.pool, scope.deadline, scope.org_id, limit, error);
  if (page == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"displayName", "Name"},       {"members", "Members"},
                                         {"pending", "Waiting"},        {"source", "Source"},
                                         {"externalId", "External id"}, {NULL}};
  directory_view_page(app_output(app), columns, page, "groups");
  return APP_OK;
}

int verb_group_show(App *app, const VerbCall *call, GError **error) {
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  GError *failure = NULL;
  json_t *group =
      scim_directory_group(scope.pool, scope.deadline, scope.org_id, verb_argument(call, 0), &failure);
  if (group == NULL) {
    directory_view_missing(failure, GP_NO_GROUP, error);
    return APP_FAILED;
  }
  static const OutputColumn columns[] = {{"displayName", "Name"},
                                         {"id", "Id"},
                                         {"externalId", "External id"},
                                         {"source", "Source"},
                                         {"members", "Members"},
                                         {"pending", "Waiting"},
                                         {"created", "Created"},
                                         {"modified", "Changed"},
                                         {"extra", "Kept aside"},
                                         {"audit", "Lately"},
                                         {NULL}};
  directory_view_record(app_output(app), columns, group);
  return APP_OK;
}
