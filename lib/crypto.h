/* The home of OpenSSL: random bytes, SHA-256, comparison in constant time, wiping; and the encodings made of them.
 * All functions are thread-safe and cannot fail (a broken random source aborts the program). */
#pragma once

#include <glib.h>

#define CRYPTO_SHA256_BYTES 32
#define CRYPTO_UUID_TEXT_BYTES 37

void crypto_random(void *bytes, gsize n);
void crypto_sha256(const void *bytes, gsize n, guint8 digest[CRYPTO_SHA256_BYTES]);
/* RFC 2104. */
void crypto_hmac_sha256(const void *key, gsize key_n, const void *bytes, gsize n,
                        guint8 digest[CRYPTO_SHA256_BYTES]);
/* TRUE when equal; the time taken does not depend on where they differ. */
gboolean crypto_equal(const void *a, const void *b, gsize n);
void crypto_wipe(void *bytes, gsize n);
/* Wipes, then frees, a NUL-terminated secret; accepts NULL. */
void crypto_free_secret(char *secret);
/* A random RFC 9562 version 4 UUID, lower case, into `text`; returns it. */
char *crypto_uuid(char text[CRYPTO_UUID_TEXT_BYTES]);
/* TRUE when text is a UUID in its 36-character form, any case, nothing after it. */
gboolean crypto_uuid_valid(const char *text);
/* Lower-case hex of n bytes; free with g_free. */
char *crypto_hex(const void *bytes, gsize n);

