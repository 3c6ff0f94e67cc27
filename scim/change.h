/* What an audit record says of a change of a resource: the names of what changed, old and new values for the few
 * attributes that decide who somebody is, and the leniencies that were needed. Pure. */
#pragma once

#include "scim/dialect.h"
#include "scim/schema.h"

/* {"changed":["title", …], "values":{"active":{"old":true,"new":false}}, "leniencies":[…]}. before NULL: a create, after NULL: a
 * delete. A new reference. */
json_t *scim_change_detail(const json_t *before, const json_t *after, const ScimDialect *dialect);
