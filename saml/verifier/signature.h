/* xmlsec, constrained: one Signature, a direct child of what it signs, pinned keys, our algorithms; and the exact octets it hashed, parsed
 * anew through the gate: what was signed is what is read (C39–C51). Also the signatures that we make. */
#pragma once

#include "saml/verifier/structure.h"

typedef struct SamlKeys SamlKeys; /* pinned public keys, checked for strength (C45, lib/crypto_weak.h); one thread */

/* certificates: GBytes (DER). Weak or unreadable ones are left out; NULL with SAML_NO_KEY or SAML_SIG_KEY_WEAK when none is left. */
SamlKeys *saml_keys_new(const GPtrArray *certificates, SamlFailure *failure);
void saml_keys_free(SamlKeys *keys);

/* Verifies the Signature child of element. NULL with *failure; else the octets as a document of their own. *key: which one it was. */
xmlDoc *saml_signature_verify(xmlNode *element, const SamlKeys *keys, guint *key, SamlFailure *failure);
/* The detached signature of a redirect query over the raw bytes that were signed (C09, C10). */
gboolean saml_signature_verify_bytes(const char *bytes, gsize n, const char *algorithm,
                                     const guint8 *signature, gsize signature_n, const SamlKeys *keys,
                                     SamlFailure *failure);

/* Our key, to sign with RSA-SHA256; one thread. */
typedef struct SamlSigner SamlSigner;

/* From PKCS#8 DER, which stays the caller's to wipe; certificate (DER) goes into KeyInfo. NULL when it is no RSA key. */
SamlSigner *saml_signer_new(const guint8 *pkcs8, gsize n, GBytes *certificate);
void saml_signer_free(SamlSigner *signer);
/* Puts an enveloped signature of element, which has an ID, behind its child `after` (NULL: as the first). */
gboolean saml_signature_add(xmlNode *element, xmlNode *after, const SamlSigner *signer);
/* The detached signature of a redirect query; base64, g_free. NULL when the key fails. */
char *saml_signature_bytes(const char *bytes, gsize n, const SamlSigner *signer);

#define SAML_ALGORITHM_RSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlKeys, saml_keys_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlSigner, saml_signer_free)
