#include "lib/crypto_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crypto.h"

#define FORMAT 1 /* the first byte; then nonce, ciphertext, tag */
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define HEADER_BYTES (1 + NONCE_BYTES)
#define KEY_DIGITS (2 * CRYPTO_SEAL_KEY_BYTES)

typedef EVP_CIPHER_CTX Cipher;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cipher, EVP_CIPHER_CTX_free)

/* Decrypting too: GCM checks the tag at the end, by whoever finishes. */
static Cipher *cipher_new(const guint8 *key, const char *name, const guint8 *nonce, gboolean encrypt) {
  g_autoptr(Cipher) cipher = EVP_CIPHER_CTX_new();
  int n = 0;
  gboolean good = cipher != NULL &&
                  EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1 &&
                  EVP_CipherUpdate(cipher, NULL, &n, (const guint8 *)name, (int)strlen(name)) == 1;
  return good ? g_steal_pointer(&cipher) : NULL;
}

GBytes *crypto_seal(const guint8 key[CRYPTO_SEAL_KEY_BYTES], const char *name, const void *bytes, gsize n) {
  g_assert(n < G_MAXINT - HEADER_BYTES - TAG_BYTES);
  guint8 *sealed = g_malloc(HEADER_BYTES + n + TAG_BYTES);
  sealed[0] = FORMAT;
  crypto_random(sealed + 1, NONCE_BYTES);
  g_autoptr(Cipher) cipher = cipher_new(key, name, sealed + 1, TRUE);
  guint8 *text = sealed + HEADER_BYTES;
  int written = 0, rest = 0;
  if (cipher == NULL || EVP_CipherUpdate(cipher, text, &written, bytes, (int)n) != 1 ||
      EVP_CipherFinal_ex(cipher, text + written, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + n) != 1)
    g_error("AES-256-GCM failed");
  return g_bytes_new_take(sealed, HEADER_BYTES + n + TAG_BYTES);
}

guint8 *crypto_unseal(const guint8 key[CRYPTO_SEAL_KEY_BYTES], const char *name, GBytes *sealed, gsize *n) {
  gsize all = 0;
  const guint8 *bytes = g_bytes_get_data(sealed, &all);
  if (all < HEADER_BYTES + TAG_BYTES || all > G_MAXINT || bytes[0] != FORMAT)
    return NULL;
  gsize length = all - HEADER_BYTES - TAG_BYTES;
  guint8 tag[TAG_BYTES];
  memcpy(tag, bytes + all - TAG_BYTES, TAG_BYTES);
  g_autoptr(Cipher) cipher = cipher_new(key, name, bytes + 1, FALSE);
  guint8 *plain = g_malloc(length + 1);
  int written = 0, rest = 0;
  if (cipher == NULL || EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1 ||
      EVP_CipherUpdate(cipher, plain, &written, bytes + HEADER_BYTES, (int)length) != 1 ||
      EVP_CipherFinal_ex(cipher, plain + written, &rest) != 1) {
    crypto_wipe(plain, length);
    g_free(plain);
    return NULL;
  }
  plain[length] = '\0';
  *n = length;
  return plain;
}

static gboolean refuse(GError **error, gint code, const char *path, const char *what) {
  g_set_error(error, G_FILE_ERROR, code, "the key file %s %s", path, what);
  return FALSE;
}

static gboolean refuse_errno(GError **error, const char *path, const char *did) {
  int code = errno;
  g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "the key file %s cannot be %s: %s",
              path, did, g_strerror(code));
  return FALSE;
}

static gboolean check_owner(int fd, const char *path, GError **error) {
  struct stat found;
  if (fstat(fd, &found) != 0)
    return refuse_errno(error, path, "read");
  if (!S_ISREG(found.st_mode))
    return refuse(error, G_FILE_ERROR_INVAL, path, "is no ordinary file");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse(
        error, G_FILE_ERROR_PERM, path,
        "may be read by others than its owner: chmod 600 it, and make new keys if it was so for long");
  return TRUE;
}

static gboolean decode_key(const char *text, gsize n, guint8 key[CRYPTO_SEAL_KEY_BYTES]) {
  gboolean good = n == KEY_DIGITS || (n == KEY_DIGITS + 1 && text[KEY_DIGITS] == '\n');
  for (gsize i = 0; good && i < KEY_DIGITS; i++)
    good = g_ascii_isxdigit(text[i]);
  for (gsize i = 0; good && i < CRYPTO_SEAL_KEY_BYTES; i++)
    key[i] = (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 | g_ascii_xdigit_value(text[2 * i + 1]));
  return good;
}

gboolean crypto_seal_key_read(const char *path, guint8 key[CRYPTO_SEAL_KEY_BYTES], GError **error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return refuse_errno(error, path, "read");
  char text[KEY_DIGITS + 2];
  gboolean good = check_owner(fd, path, error);
  gssize n = good ? read(fd, text, sizeof text) : 0;
  if (good && (n < 0 || !decode_key(text, (gsize)n, key)))
    good = refuse(error, G_FILE_ERROR_INVAL, path,
                  "does not hold 64 hex digits: put the right one back from your backup");
  close(fd);
  crypto_wipe(text, sizeof text);
  return good;
}

static gboolean write_key(int fd) {
  guint8 key[CRYPTO_SEAL_KEY_BYTES];
  crypto_random(key, sizeof key);
  char *hex = crypto_hex(key, sizeof key);
  gboolean good = write(fd, hex, KEY_DIGITS) == KEY_DIGITS && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
  crypto_wipe(key, sizeof key);
  crypto_free_secret(hex);
  return good;
}

static gboolean sync_folder(const char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean good = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0)
    close(fd);
  return good;
}

/* Under another name first: a file that has its name is whole, and one that is there is never replaced. */
gboolean crypto_seal_key_make(const char *path, GError **error) {
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_autofree char *draft = g_strconcat(path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full(draft, O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0)
    return refuse_errno(error, path, "made");
  gboolean good = write_key(fd);
  close(fd);
  good = good && (link(draft, path) == 0 || errno == EEXIST) && sync_folder(path);
  if (!good)
    refuse_errno(error, path, "made");
  unlink(draft);
  return good;
}
