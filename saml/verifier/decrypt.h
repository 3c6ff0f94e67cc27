/* Encrypted assertions (C52–C58): the key by RSA-OAEP, the data by AES-GCM, CBC only where the caller knows that the ciphertext is signed.
 * Ours are kept apart from the keys that we sign with (C54). */
#pragma once

#include "saml/verifier/structure.h"

typedef struct SamlOpener SamlOpener; /* our decryption keys; one thread */

SamlOpener *saml_opener_new(void);
/* From PKCS#8 DER, which stays the caller's to wipe. FALSE: it is no RSA key. */
gboolean saml_opener_add(SamlOpener *opener, const guint8 *pkcs8, gsize n);
void saml_opener_free(SamlOpener *opener);

/* What is inside, parsed by the gate and held to the assertion's structure (C55). NULL with *failure, which is one and the same for a wrong
 * key, a wrong tag and wrong padding (C58). */
xmlDoc *saml_decrypt(const xmlNode *encrypted_assertion, const SamlOpener *opener, gboolean allow_cbc,
                     SamlFailure *failure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlOpener, saml_opener_free)
