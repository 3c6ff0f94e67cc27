#include "lib/crypto_weak.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define LEAST_BITS 2048      /* SDP-MD06 */
#define LEAST_EXPONENT 65537 /* NIST SP 800-56B §6.2 */

typedef BIGNUM Number;
typedef X509 Certificate;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Number, BN_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Certificate, X509_free)

/* Those below 160 modulo which 65537 has few powers. */
static const guint8 telling_primes[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                        79, 97, 103, 107, 109, 127, 151, 157};

static guint residue(const guint8 *modulus, gsize n, guint prime) {
  guint rest = 0;
  for (gsize i = 0; i < n; i++)
    rest = (rest * 256 + modulus[i]) % prime;
  return rest;
}

static gboolean is_power(guint number, guint prime) {
  guint power = 1;
  do {
    if (power == number)
      return TRUE;
    power = power * (LEAST_EXPONENT % prime) % prime;
  } while (power != 1);
  return FALSE;
}

gboolean crypto_modulus_is_guessable(const guint8 *modulus, gsize n) {
  for (gsize i = 0; i < G_N_ELEMENTS(telling_primes); i++)
    if (!is_power(residue(modulus, n, telling_primes[i]), telling_primes[i]))
      return FALSE;
  return TRUE;
}

static Number *number_of(const EVP_PKEY *key, const char *name) {
  Number *number = NULL;
  return EVP_PKEY_get_bn_param(key, name, &number) == 1 ? number : NULL;
}

static gboolean is_guessable(const Number *modulus) {
  g_autofree guint8 *bytes = g_malloc((gsize)BN_num_bytes(modulus));
  int n = BN_bn2bin(modulus, bytes);
  return crypto_modulus_is_guessable(bytes, (gsize)n);
}

static gboolean is_usual(const Number *exponent) {
  return BN_is_odd(exponent) && (BN_num_bits(exponent) > 32 || BN_get_word(exponent) >= LEAST_EXPONENT);
}

const char *crypto_certificate_weakness(GBytes *der) {
  gsize n;
  const guint8 *bytes = g_bytes_get_data(der, &n);
  g_autoptr(Certificate) certificate = n <= G_MAXINT ? d2i_X509(NULL, &bytes, (long)n) : NULL;
  const EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
  if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
    return "is not for RSA";
  g_autoptr(Number) modulus = number_of(key, OSSL_PKEY_PARAM_RSA_N);
  g_autoptr(Number) exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
  if (modulus == NULL || exponent == NULL || BN_num_bits(modulus) < LEAST_BITS)
    return "has a key shorter than 2048 bits";
  if (!is_usual(exponent))
    return "has a key whose exponent is even or below 65537";
  if (is_guessable(modulus))
    return "has a key that can be guessed from its public half (CVE-2017-15361)";
  return NULL;
}
