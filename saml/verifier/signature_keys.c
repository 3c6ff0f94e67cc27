#include "saml/verifier/signature_keys.h"

#include <xmlsec/crypto.h>
#include <xmlsec/keysdata.h>

#include "lib/crypto_weak.h"
#include "saml/verifier/signature.h"

static void clear_key(void *data) {
  SamlPinnedKey *pinned = data;
  xmlSecKeyDestroy(pinned->key);
}

void saml_keys_free(SamlKeys *keys) {
  if (keys == NULL)
    return;
  g_array_unref(keys->keys);
  g_free(keys);
}

static xmlSecKeyPtr load(const void *bytes, gsize n, xmlSecKeyDataFormat format) {
  if (n == 0 || n > G_MAXUINT)
    return NULL;
  xmlSecKeyPtr key = xmlSecCryptoAppKeyLoadMemory(bytes, (xmlSecSize)n, format, NULL, NULL, NULL);
  if (key != NULL && xmlSecKeyDataCheckId(xmlSecKeyGetValue(key), xmlSecKeyDataRsaId))
    return key;
  if (key != NULL)
    xmlSecKeyDestroy(key);
  return NULL;
}

/* SAML_NO_KEY: it is no RSA certificate. */
static xmlSecKeyPtr load_pinned(GBytes *der, SamlFailure *failure) {
  gsize n;
  const void *bytes = g_bytes_get_data(der, &n);
  xmlSecKeyPtr key = load(bytes, n, xmlSecKeyDataFormatCertDer);
  if (key == NULL) {
    *failure = SAML_NO_KEY;
    return NULL;
  }
  if (crypto_certificate_weakness(der) == NULL)
    return key;
  xmlSecKeyDestroy(key);
  *failure = SAML_SIG_KEY_WEAK;
  return NULL;
}

SamlKeys *saml_keys_new(const GPtrArray *certificates, SamlFailure *failure) {
  g_autoptr(SamlKeys) keys = g_new0(SamlKeys, 1);
  keys->keys = g_array_new(FALSE, FALSE, sizeof(SamlPinnedKey));
  g_array_set_clear_func(keys->keys, clear_key);
  *failure = SAML_NO_KEY;
  for (guint i = 0; i < certificates->len; i++) {
    SamlFailure why;
    SamlPinnedKey pinned = {load_pinned(certificates->pdata[i], &why), i};
    if (pinned.key != NULL)
      g_array_append_val(keys->keys, pinned);
    else if (why == SAML_SIG_KEY_WEAK)
      *failure = why;
  }
  if (keys->keys->len == 0)
    return NULL;
  *failure = SAML_OK;
  return g_steal_pointer(&keys);
}

xmlSecKeyPtr saml_private_key(const guint8 *pkcs8, gsize n) {
  /* xmlsec's own name for PKCS#8 means an encrypted one. */
  xmlSecKeyPtr key = load(pkcs8, n, xmlSecKeyDataFormatDer);
  if (key == NULL || (xmlSecKeyDataGetType(xmlSecKeyGetValue(key)) & xmlSecKeyDataTypePrivate) != 0)
    return key;
  xmlSecKeyDestroy(key);
  return NULL;
}

SamlSigner *saml_signer_new(const guint8 *pkcs8, gsize n, GBytes *certificate) {
  xmlSecKeyPtr key = saml_private_key(pkcs8, n);
  if (key == NULL)
    return NULL;
  SamlSigner *signer = g_new0(SamlSigner, 1);
  signer->key = key;
  gsize certificate_n;
  const guchar *bytes = g_bytes_get_data(certificate, &certificate_n);
  signer->certificate = g_base64_encode(bytes, certificate_n);
  return signer;
}

void saml_signer_free(SamlSigner *signer) {
  if (signer == NULL)
    return;
  xmlSecKeyDestroy(signer->key);
  g_free(signer->certificate);
  g_free(signer);
}
