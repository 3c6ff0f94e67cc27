/* One job of a verifier process: from the bytes of the server's question to those of the answer. Keeps what is made once for a
 * connection's version, for the connections that were used last. One thread. */
#pragma once

#include "saml/form.h"

typedef struct SamlDesk SamlDesk;

/* seal_key: CRYPTO_SEAL_KEY_BYTES, copied. */
SamlDesk *saml_desk_new(const guint8 *seal_key);
void saml_desk_free(SamlDesk *desk); /* accepts NULL */
/* NULL: the question is not one of the server's. */
GByteArray *saml_desk_answer(SamlDesk *desk, const void *question, gsize n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlDesk, saml_desk_free)
