/* The use case of a list of people or groups: a page, its total, its text. */
#pragma once

#include "scim/list.h"
#include "scim/service.h"

/* 200 with a ListResponse, also when nothing matches. */
gboolean scim_lists_read(ScimService *service, ScimCall *call, const ScimType *type,
                         const ScimListQuery *query, ScimAnswer *answer, GError **error);
