#include <stdint.h>
#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const GError *error) {
  g_assert_nonnull(error);
  g_assert_true(error->domain == JSONTEXT_ERROR);
  g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

/* What is read must be printed, and read again to the same value and the same canonical text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = jsontext_load((const char *)data, size, &error);
  if (value == NULL) {
    check_error(error);
    return 0;
  }
  g_autofree char *text = jsontext_dump(value);
  g_autofree char *canonical = jsontext_canonical(value);
  g_autoptr(json_t) again = jsontext_load(text, strlen(text), &error);
  g_assert_no_error(error);
  g_assert_true(json_equal(value, again));
  g_autofree char *canonical_again = jsontext_canonical(again);
  g_assert_cmpstr(canonical, ==, canonical_again);
  jsontext_get(value, "USERNAME", NULL);
  return 0;
}
