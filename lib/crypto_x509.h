/* Key pairs and certificates: making our own, and looking at other people's. RSA of 3072 bits; certificates are self-signed envelopes for
 * keys. */
#pragma once

#include <glib.h>

typedef struct {
  char *fingerprint; /* SHA-256 of the DER, lower-case hex in pairs with colons */
  char *subject, *issuer;
  gint64 not_before_us, not_after_us;
  const char *key; /* "rsa", "ec", "other" */
  int bits;
} CryptoCertificate;

void crypto_certificate_clear(CryptoCertificate *certificate);
/* FALSE when DER is no certificate, or not only one. */
gboolean crypto_certificate_read(GBytes *der, CryptoCertificate *certificate);
/* PEM or bare base64, as people paste it, or DER; NULL with the words why. */
GBytes *crypto_certificate_parse(const char *text, gsize n, const char **why);
/* PKCS#8 DER (wipe and free) and the certificate's DER. */
guint8 *crypto_key_pair_new(const char *common_name, int days, gsize *private_n, GBytes **certificate);
char *crypto_certificate_pem(GBytes *der); /* g_free */

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CryptoCertificate, crypto_certificate_clear)
