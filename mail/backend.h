/* A mail store opened: its driver with the secret that its row names. Used by one thread at a time. */
#pragma once

#include "mail/driver.h"

typedef struct {
  const MailDriverKind *kind;
  MailDriver *driver;
} MailBackend;

/* As mail_backend has it; secret_file may be NULL. NULL with CONFIG: no such kind, no such secret, or not such a URL. */
MailBackend *mail_backend_open(const char *kind, const char *url, const char *secret_file, GError **error);
void mail_backend_close(MailBackend *backend); /* accepts NULL */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailBackend, mail_backend_close)
