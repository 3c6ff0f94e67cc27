/* The ways to the identity provider: a person signs in (/saml/{connection}/start), an admin tries it (/test). */
#pragma once

#include "saml/service.h"

HttpReply *saml_start(HttpRequest *request, gpointer service);
HttpReply *saml_start_trial(HttpRequest *request, gpointer service);
/* Our metadata for the identity provider's admin, signed. */
HttpReply *saml_start_metadata(HttpRequest *request, gpointer service);
