#include "lib/token.h"

#include <string.h>

/* Made once with another implementation of base 62 and CRC-32 (zlib's). */
#define KNOWN "gps_ULrwNTJa3CHVaAVmO8lHlO4Afd3drtx651MXvhT4GuD0ZJ9S8"

static void test_new(void) {
  static const char *const prefixes[] = {TOKEN_PREFIX_SCIM, TOKEN_PREFIX_ADMIN};
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (int i = 0; i < 1000; i++) {
    char text[TOKEN_TEXT_BYTES];
    const char *prefix = prefixes[i % 2];
    g_assert_true(token_new(prefix, text) == text);
    g_assert_cmpuint(strlen(text), ==, TOKEN_TEXT_BYTES - 1);
    g_assert_true(token_valid(prefix, text));
    g_assert_false(token_valid(prefixes[(i + 1) % 2], text));
    g_assert_cmpstr(token_hint(text), ==, text + TOKEN_TEXT_BYTES - 5);
    g_assert_true(g_hash_table_add(seen, g_strdup(text)));
  }
}

/* Each single changed character is found. */
static void test_every_typing_error(void) {
  char text[TOKEN_TEXT_BYTES];
  token_new(TOKEN_PREFIX_SCIM, text);
  for (gsize i = 0; i < TOKEN_TEXT_BYTES - 1; i++) {
    char right = text[i];
    text[i] = right == 'x' ? 'y' : 'x';
    g_assert_false(token_valid(TOKEN_PREFIX_SCIM, text));
    text[i] = right;
  }
  g_assert_true(token_valid(TOKEN_PREFIX_SCIM, text));
}

typedef struct {
  const char *text;
  gboolean valid;
} ValidCase;

static const ValidCase valid_cases[] = {
    {KNOWN, TRUE},
    {KNOWN "0", FALSE},
    {"", FALSE},
    {"gps_", FALSE},
    {"gpa_0000000000000000000000000000000000000000000000000", FALSE},
    {"gps_000000000000000000000000000000000000000000000000-", FALSE},
    {"gps_00000000000000000000000000000000000000000000000 0", FALSE},
    {"gps_0000000000000000000000000000000000000000000000000", FALSE},
};

static void test_valid(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(valid_cases); i++) {
    g_test_message("%s", valid_cases[i].text);
    g_assert_cmpint(token_valid(TOKEN_PREFIX_SCIM, valid_cases[i].text), ==, valid_cases[i].valid);
  }
}

static void test_hash(void) {
  guint8 digest[CRYPTO_SHA256_BYTES];
  token_hash("abc", digest);
  g_autofree char *hex = crypto_hex(digest, sizeof digest);
  g_assert_cmpstr(hex, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  g_assert_cmpstr(token_hint("abc"), ==, "");
}

typedef struct {
  const char *value;
  const char *secret; /* NULL: none */
  TokenForm form;
} HeaderCase;

static const HeaderCase header_cases[] = {
    {"Bearer gps_a", "gps_a", TOKEN_BEARER_PLAIN},
    {"bearer gps_a", "gps_a", TOKEN_BEARER_PLAIN},
    {"BEARER  gps_a ", "gps_a", TOKEN_BEARER_PLAIN},
    {" Bearer gps_a", "gps_a", TOKEN_BEARER_PLAIN},
    {"Bearer other", "other", TOKEN_BEARER_PLAIN},
    {"Bearer Bearer gps_a", "gps_a", TOKEN_BEARER_DOUBLED},
    {"Bearer bearer gps_a", "gps_a", TOKEN_BEARER_DOUBLED},
    {"Bearer Bearer Bearer gps_a", "gps_a", TOKEN_BEARER_DOUBLED},
    {"gps_a", "gps_a", TOKEN_BEARER_BARE},
    {" gps_a ", "gps_a", TOKEN_BEARER_BARE},
    {"other", "other", TOKEN_BEARER_BARE},
    {"Bearer gps_a bc d", "gps_abcd", TOKEN_BEARER_BROKEN},
    {"Bearer gps_a\tb", "gps_ab", TOKEN_BEARER_BROKEN},
    {"Bearer gps_a\r\n", "gps_a", TOKEN_BEARER_BROKEN},
    {"Bearer\tgps_a", "gps_a", TOKEN_BEARER_BROKEN},
    {"gps_a b", "gps_ab", TOKEN_BEARER_BROKEN},
    {"gpa_a b", "gpa_ab", TOKEN_BEARER_BROKEN},
    {"Basic dXNlcjpwYXNz", NULL, 0},
    {"Digest username=\"x\", realm=\"y\"", NULL, 0},
    {"Negotiate gps_a", NULL, 0},
    {"", NULL, 0},
    {"   ", NULL, 0},
    {"Bearer", NULL, 0},
    {"Bearer ", NULL, 0},
    {"Bearer Bearer", NULL, 0},
};

static void test_header(gconstpointer data) {
  const HeaderCase *c = data;
  TokenForm form = TOKEN_BEARER_PLAIN;
  char *secret = token_from_header(c->value, &form);
  g_assert_cmpstr(secret, ==, c->secret);
  if (secret != NULL)
    g_assert_cmpint(form, ==, c->form);
  crypto_free_secret(secret);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/token/new", test_new);
  g_test_add_func("/token/typing-error", test_every_typing_error);
  g_test_add_func("/token/valid", test_valid);
  g_test_add_func("/token/hash", test_hash);
  for (gsize i = 0; i < G_N_ELEMENTS(header_cases); i++) {
    g_autofree char *path = g_strdup_printf("/token/header/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &header_cases[i], test_header);
  }
  return g_test_run();
}
