/* Keys as xmlsec has them: for saml/verifier/signature*.c and decrypt.c alone. */
#pragma once

#include <glib.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/keys.h>

typedef struct {
  xmlSecKeyPtr key;
  guint index; /* in the list of pinned certificates */
} SamlPinnedKey;

struct SamlKeys {
  GArray *keys; /* SamlPinnedKey */
};

struct SamlSigner {
  xmlSecKeyPtr key;
  char *certificate; /* base64 */
};

/* An RSA private key from PKCS#8 DER; NULL. */
xmlSecKeyPtr saml_private_key(const guint8 *pkcs8, gsize n);
