/* /ServiceProviderConfig, /ResourceTypes, /Schemas (RFC 7643 §5–7, RFC 7644 §4), made from the tables that the code
 * enforces. Texts are free'd with g_free. */
#pragma once

#include "scim/schema.h"

char *scim_discovery_config(const char *base);
char *scim_discovery_types(const char *base);
/* By name ("User") or endpoint; NULL when there is none. */
char *scim_discovery_type(const char *base, const char *name);
char *scim_discovery_schemas(const char *base);
/* By URN without case; NULL. */
char *scim_discovery_schema(const char *base, const char *urn);
