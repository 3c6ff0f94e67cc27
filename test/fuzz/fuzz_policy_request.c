#include <stdint.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/limits.h"
#include "mail/policy.h"
#include "mail/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes as a policy request, a Basic header and a store's answer to look. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_auto(MailPolicyAsk) ask = {0};
  const char *why = NULL, *login = NULL, *secret = NULL;
  char *keep = NULL;
  if (mail_policy_parse((const char *)data, size, &ask, &why))
    g_assert_true(*ask.login != '\0' && *ask.protocol != '\0' && ask.token != NULL &&
                  strlen(ask.client) <= LIMIT_POLICY_MEMBER_BYTES &&
                  strlen(ask.session) <= LIMIT_POLICY_MEMBER_BYTES &&
                  strlen(ask.mech) <= LIMIT_POLICY_MEMBER_BYTES && g_utf8_validate(ask.client, -1, NULL));
  else
    g_assert_nonnull(why);
  g_autofree char *header = g_strndup((const char *)data, size);
  if (mail_policy_basic(header, &keep, &login, &secret))
    g_assert_true(*login != '\0' && strchr(login, ':') == NULL);
  crypto_free_secret(keep);
  MailWebhookLook look;
  if (mail_webhook_parse_look((const char *)data, size, &look, NULL))
    g_assert_true(look.report.messages >= -1);
  return 0;
}
