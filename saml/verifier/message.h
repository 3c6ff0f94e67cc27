/* What we say to an identity provider: AuthnRequest, LogoutRequest, LogoutResponse, each signed and made ready for the browser to carry. */
#pragma once

#include "saml/verifier.h"
#include "saml/verifier/verify.h"

/* relay_state: NULL or our opaque handle; for POST it is the page's to put beside the form. FALSE: we cannot sign, or there is no address to
 * send it to. */
gboolean saml_message_ask(const SamlTrust *trust, const SamlConnection *connection, const SamlAsk *ask,
                          const char *relay_state, SamlSend *send, SamlReport *report);
gboolean saml_message_logout(const SamlTrust *trust, const SamlConnection *connection,
                             const SamlLogoutAsk *ask, const char *relay_state, SamlSend *send,
                             SamlReport *report);
