/* The connection and the trust that the messages of test/fuzz/corpus/saml_* were made for. */
#pragma once

#include "lib/crypto_seal.h"
#include "saml/verifier/verify.h"
#include "test/unit/saml_sample_keys.h"

#define SAMPLE_NOW_US G_GINT64_CONSTANT(1795514400000000)
#define SAMPLE_SLUG "acme"
#define SAMPLE_PERSON "ada@example.org"

static const guint8 sample_seal_key[CRYPTO_SEAL_KEY_BYTES] = {7};

static inline GBytes *sample_bytes(const char *base64) {
  gsize n;
  guchar *bytes = g_base64_decode(base64, &n);
  return g_bytes_new_take(bytes, n);
}

static inline SamlOwnKey sample_own_key(void) {
  g_autoptr(GBytes) private_key = sample_bytes(sample_own_private);
  gsize n;
  const void *bytes = g_bytes_get_data(private_key, &n);
  return (SamlOwnKey){sample_bytes(sample_own_certificate),
                      crypto_seal(sample_seal_key, SAMPLE_SLUG, bytes, n)};
}

static inline SamlConnection *sample_connection(void) {
  SamlConnection *connection = saml_connection_new();
  connection->slug = g_strdup(SAMPLE_SLUG);
  connection->name = g_strdup("Acme");
  connection->idp_entity_id = g_strdup("https://idp.example.org/saml");
  connection->sso_url = g_strdup("https://idp.example.org/sso");
  connection->idp_slo_url = g_strdup("https://idp.example.org/slo?tenant=1");
  connection->sp_entity_id = g_strdup("https://mail.example.org/saml/acme/metadata");
  connection->acs_url = g_strdup("https://mail.example.org/saml/acme/acs");
  connection->slo_url = g_strdup("https://mail.example.org/saml/acme/slo");
  SamlPinned pinned = {sample_bytes(sample_idp_certificate)};
  g_array_append_val(connection->pinned, pinned);
  SamlOwnKey signing = sample_own_key(), decryption = sample_own_key();
  g_array_append_val(connection->signing, signing);
  g_array_append_val(connection->decryption, decryption);
  return connection;
}

static inline SamlTrust *sample_trust(const SamlConnection *connection) {
  SamlReport report;
  saml_report_init(&report);
  SamlTrust *trust = saml_trust_new(connection, sample_seal_key, &report);
  g_assert_nonnull(trust);
  return trust;
}
