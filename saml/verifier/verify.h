/* One message from bytes to meaning, in the order of the two locks: gate, structure, signature, signed octets, checks, lasso. Runs in the
 * verifier process (fuzzers and units call it in theirs). */
#pragma once

#include "saml/connection.h"
#include "saml/login.h"
#include "saml/report.h"

/* What is made once for a connection's version: keys, lasso's server, unsealed decryption keys. Kept in a small cache by the process. */
typedef struct SamlTrust SamlTrust;

/* seal_key: CRYPTO_SEAL_KEY_BYTES. NULL with the report's failure. */
SamlTrust *saml_trust_new(const SamlConnection *connection, const guint8 *seal_key, SamlReport *report);
void saml_trust_free(SamlTrust *trust);

/* report: initialised by the caller. *login, empty before, is filled when all holds. */
gboolean saml_verify_response(const SamlTrust *trust, const SamlConnection *connection, const char *base64,
                              gsize n, gint64 now_us, SamlLogin *login, SamlReport *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlTrust, saml_trust_free)
