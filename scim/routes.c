#include "scim/routes.h"

#include "scim/policy.h"
#include "scim/routes_discovery.h"
#include "scim/routes_resource.h"

/* Each path stands twice: the organisation comes from the token, and /o/{org} must agree with it. The last column: writes of
 * one group run one at a time, so that a hot group makes a line here and not in row locks. */
#define ROW(label, verb, path, who, what, line)                                                        \
  {.name = label,                                                                                      \
   .method = verb,                                                                                     \
   .pattern = "/scim/v2" path,                                                                         \
   .policy = who,                                                                                      \
   .handler = what,                                                                                    \
   .one_by_one = line},                                                                                \
  {                                                                                                    \
    .name = label, .method = verb, .pattern = "/o/{org}/scim/v2" path, .policy = who, .handler = what, \
    .one_by_one = line                                                                                 \
  }

#define TOKEN &scim_policy_token
#define OPEN &scim_policy_discovery

static const HttpRoute routes[] = {
    ROW("scim_user_list", "GET", "/Users", TOKEN, scim_route_user_list, FALSE),
    ROW("scim_user_create", "POST", "/Users", TOKEN, scim_route_user_create, FALSE),
    ROW("scim_user_get", "GET", "/Users/{id}", TOKEN, scim_route_user_get, FALSE),
    ROW("scim_user_replace", "PUT", "/Users/{id}", TOKEN, scim_route_user_replace, FALSE),
    ROW("scim_user_patch", "PATCH", "/Users/{id}", TOKEN, scim_route_user_patch, FALSE),
    ROW("scim_user_delete", "DELETE", "/Users/{id}", TOKEN, scim_route_user_delete, FALSE),
    ROW("scim_group_list", "GET", "/Groups", TOKEN, scim_route_group_list, FALSE),
    ROW("scim_group_create", "POST", "/Groups", TOKEN, scim_route_group_create, FALSE),
    ROW("scim_group_get", "GET", "/Groups/{id}", TOKEN, scim_route_group_get, FALSE),
    ROW("scim_group_replace", "PUT", "/Groups/{id}", TOKEN, scim_route_group_replace, TRUE),
    ROW("scim_group_patch", "PATCH", "/Groups/{id}", TOKEN, scim_route_group_patch, TRUE),
    ROW("scim_group_delete", "DELETE", "/Groups/{id}", TOKEN, scim_route_group_delete, TRUE),
    ROW("scim_config_get", "GET", "/ServiceProviderConfig", OPEN, scim_route_config, FALSE),
    ROW("scim_types_list", "GET", "/ResourceTypes", OPEN, scim_route_types, FALSE),
    ROW("scim_types_get", "GET", "/ResourceTypes/{id}", OPEN, scim_route_type, FALSE),
    ROW("scim_schemas_list", "GET", "/Schemas", OPEN, scim_route_schemas, FALSE),
    ROW("scim_schemas_get", "GET", "/Schemas/{id}", OPEN, scim_route_schema, FALSE),
    ROW("scim_me_get", "GET", "/Me", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_me_post", "POST", "/Me", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_me_put", "PUT", "/Me", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_me_patch", "PATCH", "/Me", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_me_delete", "DELETE", "/Me", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_bulk_post", "POST", "/Bulk", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_search_root", "POST", "/.search", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_search_user", "POST", "/Users/.search", TOKEN, scim_route_not_offered, FALSE),
    ROW("scim_search_group", "POST", "/Groups/.search", TOKEN, scim_route_not_offered, FALSE),
    {.name = NULL},
};

const HttpRoute *scim_routes(void) {
  return routes;
}
