#include "scim/routes_resource.h"

#include "lib/jsontext.h"
#include "scim/call.h"
#include "scim/groups.h"
#include "scim/lists.h"
#include "scim/reply.h"
#include "scim/users.h"

typedef gboolean (*ByBody)(ScimService *service, ScimCall *call, json_t *body, ScimAnswer *answer,
                           GError **error);
typedef gboolean (*ById)(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                         GError **error);
typedef gboolean (*ByIdAndBody)(ScimService *service, ScimCall *call, const char *id, json_t *body,
                                ScimAnswer *answer, GError **error);

/* One request's way: filled by the handler, one of the three says which use case. */
typedef struct {
  const ScimType *type;
  ByBody by_body;
  ById by_id;
  ByIdAndBody by_id_and_body;
} Use;

static gboolean run(const Use *use, ScimService *service, HttpRequest *request, ScimAnswer *answer,
                    GError **error) {
  ScimCall *call = http_request_data(request);
  const char *id = http_request_segment(request, "id");
  if (!scim_call_project(call, request, use->type, error))
    return FALSE;
  if (use->by_id != NULL)
    return use->by_id(service, call, id, answer, error);
  g_autoptr(json_t) body = scim_call_body(call, request, error);
  if (body == NULL)
    return FALSE;
  if (use->by_id_and_body != NULL)
    return use->by_id_and_body(service, call, id, body, answer, error);
  scim_call_set_create(call, request, body);
  return use->by_body(service, call, body, answer, error);
}

static HttpReply *reply(ScimService *service, HttpRequest *request, gboolean done, ScimAnswer *answer,
                        GError *error) {
  ScimCall *call = http_request_data(request);
  return done ? scim_reply_answer(service, request, call, answer)
              : scim_reply_error(service, request, call, error);
}

static HttpReply *handle(const Use *use, HttpRequest *request, gpointer app) {
  g_auto(ScimAnswer) answer = {0};
  GError *error = NULL;
  gboolean done = run(use, app, request, &answer, &error);
  return reply(app, request, done, &answer, error);
}

static gboolean run_list(const ScimType *type, ScimService *service, HttpRequest *request, ScimAnswer *answer,
                         GError **error) {
  ScimCall *call = http_request_data(request);
  ScimListText text = {.filter = http_request_query(request, "filter"),
                       .start_index = http_request_query(request, "startIndex"),
                       .count = http_request_query(request, "count"),
                       .attributes = http_request_query(request, "attributes"),
                       .excluded_attributes = http_request_query(request, "excludedAttributes"),
                       .sort_by = http_request_query(request, "sortBy"),
                       .sort_order = http_request_query(request, "sortOrder")};
  g_auto(ScimListQuery) query = {0};
  return scim_list_parse(type, &text, &call->dialect, &query, error) &&
         scim_lists_read(service, call, type, &query, answer, error);
}

static HttpReply *handle_list(const ScimType *type, HttpRequest *request, gpointer app) {
  g_auto(ScimAnswer) answer = {0};
  GError *error = NULL;
  gboolean done = run_list(type, app, request, &answer, &error);
  return reply(app, request, done, &answer, error);
}

HttpReply *scim_route_user_create(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_user(), .by_body = scim_users_create}, request, app);
}

HttpReply *scim_route_user_list(HttpRequest *request, gpointer app) {
  return handle_list(scim_type_user(), request, app);
}

HttpReply *scim_route_user_get(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_user(), .by_id = scim_users_get}, request, app);
}

HttpReply *scim_route_user_replace(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_user(), .by_id_and_body = scim_users_replace}, request, app);
}

HttpReply *scim_route_user_patch(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_user(), .by_id_and_body = scim_users_patch}, request, app);
}

HttpReply *scim_route_user_delete(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_user(), .by_id = scim_users_delete}, request, app);
}

HttpReply *scim_route_group_create(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_group(), .by_body = scim_groups_create}, request, app);
}

HttpReply *scim_route_group_list(HttpRequest *request, gpointer app) {
  return handle_list(scim_type_group(), request, app);
}

HttpReply *scim_route_group_get(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_group(), .by_id = scim_groups_get}, request, app);
}

HttpReply *scim_route_group_replace(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_group(), .by_id_and_body = scim_groups_replace}, request, app);
}

HttpReply *scim_route_group_patch(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_group(), .by_id_and_body = scim_groups_patch}, request, app);
}

HttpReply *scim_route_group_delete(HttpRequest *request, gpointer app) {
  return handle(&(Use){.type = scim_type_group(), .by_id = scim_groups_delete}, request, app);
}
