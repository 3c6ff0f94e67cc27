#include "saml/verifier/trust.h"

#include "lib/crypto.h"
#include "lib/crypto_seal.h"

static SamlKeys *pinned_keys(const SamlConnection *connection, SamlFailure *failure) {
  g_autoptr(GPtrArray) certificates = g_ptr_array_new();
  for (guint i = 0; i < connection->pinned->len; i++)
    g_ptr_array_add(certificates, g_array_index(connection->pinned, SamlPinned, i).der);
  return saml_keys_new(certificates, failure);
}

/* A private key in the clear, for as long as it is copied into xmlsec's own. */
typedef struct {
  guint8 *bytes;
  gsize n;
} Clear;

static void clear_wipe(Clear *clear) {
  if (clear->bytes != NULL)
    crypto_wipe(clear->bytes, clear->n);
  g_free(clear->bytes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Clear, clear_wipe)

static Clear unseal(const SamlConnection *connection, const SamlOwnKey *own, const guint8 *seal_key) {
  Clear clear = {0};
  clear.bytes = crypto_unseal(seal_key, connection->slug, own->sealed, &clear.n);
  return clear;
}

/* A key that another key file sealed stays shut: what needs it fails, the rest goes on. */
static SamlOpener *open_decryption(const SamlConnection *connection, const guint8 *seal_key) {
  SamlOpener *opener = saml_opener_new();
  for (guint i = 0; i < connection->decryption->len; i++) {
    g_auto(Clear) clear = unseal(connection, &g_array_index(connection->decryption, SamlOwnKey, i), seal_key);
    if (clear.bytes != NULL)
      saml_opener_add(opener, clear.bytes, clear.n);
  }
  return opener;
}

static SamlSigner *open_signing(const SamlConnection *connection, const guint8 *seal_key) {
  if (connection->signing->len == 0)
    return NULL;
  const SamlOwnKey *own = &g_array_index(connection->signing, SamlOwnKey, 0);
  g_auto(Clear) clear = unseal(connection, own, seal_key);
  return clear.bytes != NULL ? saml_signer_new(clear.bytes, clear.n, own->der) : NULL;
}

SamlTrust *saml_trust_new(const SamlConnection *connection, const guint8 *seal_key, SamlReport *report) {
  g_autoptr(SamlTrust) trust = g_new0(SamlTrust, 1);
  SamlFailure failure;
  trust->keys = pinned_keys(connection, &failure);
  trust->second = trust->keys != NULL ? saml_second_new(connection) : NULL;
  if (trust->second == NULL) {
    saml_report_fail(report, SAML_CHECK_FORM, trust->keys != NULL ? SAML_NO_KEY : failure, NULL, NULL);
    return NULL;
  }
  trust->opener = open_decryption(connection, seal_key);
  trust->signer = open_signing(connection, seal_key);
  return g_steal_pointer(&trust);
}

void saml_trust_free(SamlTrust *trust) {
  if (trust == NULL)
    return;
  saml_keys_free(trust->keys);
  saml_second_free(trust->second);
  saml_opener_free(trust->opener);
  saml_signer_free(trust->signer);
  g_free(trust);
}
