#include "mail/secret.h"

#include "lib/crypto.h"
#include "mail/driver.h"

#define SECRET_BYTES 4096

char *mail_secret_read(const char *path, GError **error) {
  char *secret = NULL;
  gsize n = 0;
  g_autoptr(GError) failure = NULL;
  if (!g_file_get_contents(path, &secret, &n, &failure)) {
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "the secret file cannot be read: %s",
                failure->message);
    return NULL;
  }
  if (n <= SECRET_BYTES)
    return g_strchomp(secret);
  crypto_free_secret(secret);
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "the secret file is over %d bytes",
              SECRET_BYTES);
  return NULL;
}
