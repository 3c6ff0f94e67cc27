/* The HTTP face of SCIM: the rows for the table of routes, and the two policies (with a token; discovery without). */
#pragma once

#include "lib/http_server.h"
#include "scim/service.h"

/* Rows for /scim/v2 and /o/{org}/scim/v2, ending with name NULL. Their `app` is a ScimService. */
const HttpRoute *scim_routes(void);
/* For paths under /scim that no route has: SCIM errors as bodies. */
const HttpPolicy *scim_policy_fallback(void);
