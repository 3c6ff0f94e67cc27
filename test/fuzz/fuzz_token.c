#include <stdint.h>
#include <string.h>

#include "lib/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing in a secret is invented: it has no blanks, and written in the plain form it comes back as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *value = g_strndup((const char *)data, size);
  TokenForm form;
  token_valid(TOKEN_PREFIX_SCIM, value);
  token_hint(value);
  char *secret = token_from_header(value, &form);
  if (secret == NULL)
    return 0;
  g_assert_true(*secret != '\0' && strpbrk(secret, " \t\r\n") == NULL);
  g_assert_cmpuint(strlen(secret), <=, strlen(value));
  g_autofree char *plain = g_strconcat("Bearer ", secret, NULL);
  char *again = token_from_header(plain, &form);
  /* A secret that is itself the word is read as a doubled scheme without a secret. */
  if (g_ascii_strcasecmp(secret, "Bearer") != 0) {
    g_assert_cmpstr(again, ==, secret);
    g_assert_cmpint(form, ==, TOKEN_BEARER_PLAIN);
  }
  crypto_free_secret(again);
  crypto_free_secret(secret);
  return 0;
}
