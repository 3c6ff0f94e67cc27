#include <stdint.h>
#include <string.h>

#include "lib/address.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a parser makes is its own canonical form, within the limits, and without a byte that a map or a shell reads. */
static void check(const char *text, char *(*parse)(const char *text, const char **why), gsize limit) {
  const char *why = NULL;
  g_autofree char *canonical = parse(text, &why);
  if (canonical == NULL) {
    g_assert_nonnull(why);
    return;
  }
  g_assert_cmpuint(strlen(canonical), <=, limit);
  g_assert_true(text_is_plain(canonical));
  g_assert_null(strpbrk(canonical, "*?\"'\\/%`()<>,;:[] \t\r\n"));
  g_autofree char *again = parse(canonical, &why);
  g_assert_cmpstr(again, ==, canonical);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  check(text, address_domain, DOMAIN_MAX_BYTES);
  check(text, address_parse, ADDRESS_MAX_BYTES);
  return 0;
}
