/* The use cases of groups: what POST, GET, PUT, PATCH and DELETE mean, each one transaction. */
#pragma once

#include <jansson.h>

#include "scim/service.h"

/* 201. A name that is taken is UNIQUENESS, unless this very request made it and was never answered. */
gboolean scim_groups_create(ScimService *service, ScimCall *call, json_t *body, ScimAnswer *answer,
                            GError **error);
/* 200, or 304 by If-None-Match. */
gboolean scim_groups_get(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                         GError **error);
/* PUT is 200 with the group; PATCH 204, or 200 where attributes were asked for (RFC 7644 §3.5.2). What changes nothing leaves version
 * and lastModified alone. Members are deltas: no group is loaded to change one. */
gboolean scim_groups_replace(ScimService *service, ScimCall *call, const char *id, json_t *body,
                             ScimAnswer *answer, GError **error);
gboolean scim_groups_patch(ScimService *service, ScimCall *call, const char *id, json_t *body,
                           ScimAnswer *answer, GError **error);
/* 204. */
gboolean scim_groups_delete(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                            GError **error);
