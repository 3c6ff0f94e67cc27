/* Logout messages that a browser brought, by redirect or POST (C90–C94): always signed, read from what was signed. */
#pragma once

#include "saml/verifier.h"
#include "saml/verifier/verify.h"

typedef struct {
  const char *field; /* POST: "SAMLRequest" or "SAMLResponse"; NULL: redirect */
  const char *text;  /* the field's base64, or the raw query */
  gsize n;
  gint64 now_us;
} SamlLogoutIn;

/* report: initialised by the caller. *message, empty before, is filled when all holds. Whether a response answers a request of ours, and
 * whose session a request means, is the server's to know. */
gboolean saml_logout_read(const SamlTrust *trust, const SamlConnection *connection, const SamlLogoutIn *in,
                          SamlLogoutMessage *message, SamlReport *report);
