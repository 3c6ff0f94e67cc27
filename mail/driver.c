#include "mail/driver.h"

#include <string.h>

#include "mail/dovecot.h"
#include "mail/webhook.h"

G_DEFINE_QUARK(mail - driver - error - quark, mail_driver_error)

void mail_listed_free(MailListed *listed) {
  if (listed == NULL)
    return;
  g_free(listed->login);
  g_free(listed->home);
  g_free(listed->mail);
  g_free(listed);
}

const MailDriverKind *mail_driver_find(const char *kind) {
  static const MailDriverKind *const kinds[] = {&mail_dovecot, &mail_webhook};
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i]->kind, kind) == 0)
      return kinds[i];
  return NULL;
}
