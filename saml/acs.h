/* The assertion consumer service: POST /saml/{connection}/acs takes the identity provider's answer; GET /saml/{connection}/done, on our own
 * origin, hands the browser its session (C85). */
#pragma once

#include "saml/service.h"

HttpReply *saml_acs(HttpRequest *request, gpointer service);
HttpReply *saml_acs_done(HttpRequest *request, gpointer service);
