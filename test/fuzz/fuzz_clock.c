#include <stdint.h>
#include <string.h>

#include "lib/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is printed, and reads back as the same instant. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  char printed[CLOCK_TEXT_BYTES];
  gint64 wall, again;
  if (!clock_parse(text, &wall))
    return 0;
  clock_format(wall, printed);
  /* An offset may carry the first hours of year 1, and the last of 9999, out of the range that has a text. */
  if (strlen(printed) == strlen("2026-11-24T10:14:03.123456Z") && printed[0] != '-' &&
      strncmp(printed, "0000", 4) != 0) {
    g_assert_true(clock_parse(printed, &again));
    g_assert_cmpint(again, ==, wall);
  }
  return 0;
}
