#include "mail/backend.h"

#include "lib/crypto.h"
#include "mail/secret.h"

MailBackend *mail_backend_open(const char *kind, const char *url, const char *secret_file, GError **error) {
  const MailDriverKind *found = mail_driver_find(kind);
  if (found == NULL) {
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "there is no driver \"%s\"", kind);
    return NULL;
  }
  char *secret = secret_file != NULL ? mail_secret_read(secret_file, error) : NULL;
  if (secret == NULL && secret_file != NULL)
    return NULL;
  MailDriver *driver = found->open(url, secret, error);
  crypto_free_secret(secret);
  if (driver == NULL)
    return NULL;
  MailBackend *backend = g_new0(MailBackend, 1);
  *backend = (MailBackend){found, driver};
  return backend;
}

void mail_backend_close(MailBackend *backend) {
  if (backend == NULL)
    return;
  backend->kind->close(backend->driver);
  g_free(backend);
}
