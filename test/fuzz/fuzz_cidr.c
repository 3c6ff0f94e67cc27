#include <stdint.h>
#include <string.h>

#include "lib/cidr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is printed, reads back as the same network, and contains its own first address. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  const char *why = NULL;
  char printed[CIDR_TEXT_BYTES];
  Cidr cidr, again;
  if (!cidr_parse(text, &cidr, &why)) {
    g_assert_nonnull(why);
    return 0;
  }
  cidr_format(&cidr, printed);
  g_assert_true(cidr_parse(printed, &again, &why));
  g_assert_true(memcmp(&cidr.address, &again.address, sizeof cidr.address) == 0);
  g_assert_cmpuint(cidr.bits, ==, again.bits);
  g_assert_true(cidr_contains(&cidr, &cidr.address));
  return 0;
}
