#include "lib/crypto.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#define UUID_BYTES 16

G_STATIC_ASSERT(CRYPTO_SHA256_BYTES == SHA256_DIGEST_LENGTH);

void crypto_random(void *bytes, gsize n) {
  /* Without a random source every token would be guessable: there is nothing to go on with. */
  if (n > G_MAXINT || RAND_bytes(bytes, (int)n) != 1)
    g_error("the random source failed");
}

void crypto_sha256(const void *bytes, gsize n, guint8 digest[CRYPTO_SHA256_BYTES]) {
  SHA256(bytes, n, digest);
}

void crypto_hmac_sha256(const void *key, gsize key_n, const void *bytes, gsize n,
                        guint8 digest[CRYPTO_SHA256_BYTES]) {
  unsigned written = CRYPTO_SHA256_BYTES;
  if (key_n > G_MAXINT || HMAC(EVP_sha256(), key, (int)key_n, bytes, n, digest, &written) == NULL)
    g_error("HMAC failed");
}

gboolean crypto_equal(const void *a, const void *b, gsize n) {
  return CRYPTO_memcmp(a, b, n) == 0;
}

void crypto_wipe(void *bytes, gsize n) {
  if (n > 0)
    OPENSSL_cleanse(bytes, n);
}

void crypto_free_secret(char *secret) {
  if (secret == NULL)
    return;
  crypto_wipe(secret, strlen(secret));
  g_free(secret);
}

/* Writes 2n digits and the NUL. */
static void write_hex(const guint8 *bytes, gsize n, char *text) {
  static const char digits[] = "0123456789abcdef";
  for (gsize i = 0; i < n; i++) {
    *text++ = digits[bytes[i] >> 4];
    *text++ = digits[bytes[i] & 15];
  }
  *text = '\0';
}

/* Where the hyphens of the 36-character form stand. */
static gboolean is_hyphen_place(gsize i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

char *crypto_uuid(char text[CRYPTO_UUID_TEXT_BYTES]) {
  guint8 bytes[UUID_BYTES];
  char hex[2 * UUID_BYTES + 1];
  crypto_random(bytes, sizeof bytes);
  bytes[6] = (guint8)((bytes[6] & 0x0f) | 0x40); /* RFC 9562 §5.4: version 4 */
  bytes[8] = (guint8)((bytes[8] & 0x3f) | 0x80); /* RFC 9562 §4.1: variant 10 */
  write_hex(bytes, sizeof bytes, hex);
  const char *from = hex;
  for (gsize i = 0; i < CRYPTO_UUID_TEXT_BYTES - 1; i++)
    text[i] = is_hyphen_place(i) ? '-' : *from++;
  text[CRYPTO_UUID_TEXT_BYTES - 1] = '\0';
  return text;
}

gboolean crypto_uuid_valid(const char *text) {
  for (gsize i = 0; i < CRYPTO_UUID_TEXT_BYTES - 1; i++) {
    gboolean good = is_hyphen_place(i) ? text[i] == '-' : g_ascii_isxdigit(text[i]);
    if (!good)
      return FALSE;
  }
  return text[CRYPTO_UUID_TEXT_BYTES - 1] == '\0';
}

char *crypto_hex(const void *bytes, gsize n) {
  char *text = g_malloc(2 * n + 1);
  write_hex(bytes, n, text);
  return text;
}
