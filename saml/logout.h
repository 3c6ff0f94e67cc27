/* Single logout: /saml/{connection}/slo takes the identity provider's messages, by redirect or post; and the portal's sign-out tells it. */
#pragma once

#include "saml/service.h"
#include "saml/session.h"

HttpReply *saml_logout_redirect(HttpRequest *request, gpointer service);
HttpReply *saml_logout_post(HttpRequest *request, gpointer service);
/* After the session was ended here (C95): on to the identity provider, or the page that says goodbye where it cannot be told. */
HttpReply *saml_logout_tell(SamlService *service, HttpRequest *request, const SamlSession *session);
