/* Who may: with a token of an identity provider, or, for what every client may know, anybody. */
#pragma once

#include "lib/http_server.h"

/* Its handlers find the request's ScimCall in http_request_data. */
extern const HttpPolicy scim_policy_token;
extern const HttpPolicy scim_policy_discovery;
