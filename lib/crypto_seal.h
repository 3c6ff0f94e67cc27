/* Small secrets at rest (private keys in PostgreSQL): AES-256-GCM under a key that lives in a file. What is sealed is bound to a name
 * (associated data), so that it opens nowhere else. */
#pragma once

#include <glib.h>

#define CRYPTO_SEAL_KEY_BYTES 32

/* Reads 32 bytes as 64 hex digits from a file that only its owner may read. FALSE with a G_FILE_ERROR that says what to do. */
gboolean crypto_seal_key_read(const char *path, guint8 key[CRYPTO_SEAL_KEY_BYTES], GError **error);
/* Makes the file (mode 0600, fsync) unless it is there. */
gboolean crypto_seal_key_make(const char *path, GError **error);
GBytes *crypto_seal(const guint8 key[CRYPTO_SEAL_KEY_BYTES], const char *name, const void *bytes, gsize n);
/* NULL when it is not ours, cut, changed, or of another name. The caller wipes. */
guint8 *crypto_unseal(const guint8 key[CRYPTO_SEAL_KEY_BYTES], const char *name, GBytes *sealed, gsize *n);
