#include <stdint.h>
#include <string.h>

#include "mail/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What reads well reads the same again, in either spelling, and is no longer than what was typed but for dashes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *typed = g_strndup((const char *)data, size);
  char text[MAIL_TOKEN_TEXT_BYTES], again[MAIL_TOKEN_TEXT_BYTES], hint[MAIL_TOKEN_HINT_BYTES];
  if (mail_token_parse(typed, text) != MAIL_TOKEN_WELL)
    return 0;
  g_assert_cmpuint(strlen(text), ==, sizeof text - 1);
  g_assert_cmpuint(strlen(typed), >=, MAIL_TOKEN_CHARS);
  g_assert_cmpint(mail_token_parse(text, again), ==, MAIL_TOKEN_WELL);
  g_assert_cmpstr(text, ==, again);
  guint8 plain[CRYPTO_SHA256_BYTES], grouped[CRYPTO_SHA256_BYTES];
  mail_token_hashes(text, plain, grouped);
  g_assert_cmpuint(strlen(mail_token_hint(text, hint)), ==, sizeof hint - 1);
  return 0;
}
