#include <stdint.h>
#include <string.h>

#include "lib/text.h"
#include "mail/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An access names a login and an action, and can be written as JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_auto(MailEvent) event = {0};
  if (mail_event_parse((const char *)data, size, &event) != MAIL_EVENT_ACCESS)
    return 0;
  g_autofree char *text = jsontext_dump(event.detail);
  g_assert_true(text_is_utf8(event.login, strlen(event.login)));
  g_assert_nonnull(event.action);
  g_assert_nonnull(text);
  return 0;
}
