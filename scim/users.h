/* The use cases of people: what POST, GET, PUT, PATCH and DELETE mean, each one transaction. */
#pragma once

#include <jansson.h>

#include "scim/service.h"

/* 201. A name that is taken is UNIQUENESS, unless this very request made it and was never answered. */
gboolean scim_users_create(ScimService *service, ScimCall *call, json_t *body, ScimAnswer *answer,
                           GError **error);
/* 200, or 304 by If-None-Match. */
gboolean scim_users_get(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                        GError **error);
/* 200, always with the person: what changes nothing leaves version and lastModified alone. PUT never creates. */
gboolean scim_users_replace(ScimService *service, ScimCall *call, const char *id, json_t *body,
                            ScimAnswer *answer, GError **error);
gboolean scim_users_patch(ScimService *service, ScimCall *call, const char *id, json_t *body,
                          ScimAnswer *answer, GError **error);
/* 204. With a suspend-only token the person stays, inactive. */
gboolean scim_users_delete(ScimService *service, ScimCall *call, const char *id, ScimAnswer *answer,
                           GError **error);
