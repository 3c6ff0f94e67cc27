/* The schemas of a body (RFC 7643 §3): known, foreign, missing. For scim/resource.c alone. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "scim/dialect.h"
#include "scim/schema.h"

/* Checks them; what is stored is made anew from the attributes that are there. `schemas` may be NULL. */
gboolean scim_schemas_check(const ScimType *type, const json_t *schemas, ScimDialect *dialect, GError **error);
