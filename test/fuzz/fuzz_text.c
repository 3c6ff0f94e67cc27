#include <stdint.h>
#include <string.h>

#include "lib/limits.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const char *text) {
  g_autofree char *key = text_key(text);
  g_assert_cmpint(key != NULL, ==, text_is_utf8(text, strlen(text)));
  if (key == NULL)
    return;
  g_autofree char *again = text_key(key);
  g_assert_cmpstr(again, ==, key);
}

static void check_quote(const char *text) {
  g_autofree char *quoted = text_quote(text);
  g_assert_cmpuint(strlen(quoted), <=, LIMIT_QUOTED_BYTES);
  g_assert_true(text_is_plain(quoted));
  if (strlen(text) <= LIMIT_QUOTED_BYTES && text_is_plain(text))
    g_assert_cmpstr(quoted, ==, text);
}

/* Keys are stable, and what is shown is plain and short. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"public_url", "listen", "database", NULL};
  g_autofree char *text = g_strndup((const char *)data, size);
  check_key(text);
  check_quote(text);
  text_nearest(text, names);
  return 0;
}
