#include <stdint.h>
#include <string.h>

#include "mail/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule that is read is read again as itself; days and times stay in their bounds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  int minutes = 0;
  if (mail_rule_time(text, &minutes))
    g_assert_true(minutes >= 0 && minutes < 24 * 60);
  g_autoptr(json_t) days = mail_rule_days(text);
  if (days != NULL)
    g_assert_true(json_array_size(days) >= 1 && json_array_size(days) <= 7);
  g_autoptr(json_t) rule = mail_rule_read((const char *)data, size, NULL);
  if (rule == NULL)
    return 0;
  g_autofree char *dumped = jsontext_dump(rule);
  g_autoptr(json_t) again = mail_rule_read(dumped, strlen(dumped), NULL);
  g_assert_true(again != NULL && json_equal(rule, again));
  return 0;
}
