/* The portal: where people sign in, see where they are signed in, and sign out. Bare: its pages grow with what people may do for
 * themselves. */
#pragma once

#include "lib/http_server.h"

/* Ends with name NULL. Their `app` is a SamlService (saml/service.h). */
const HttpRoute *portal_routes(void);
