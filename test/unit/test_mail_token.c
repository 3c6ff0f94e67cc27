#include "mail/token.h"

#include <string.h>

#define SAMPLES 50

static const char alphabet[] = "23456789abcdefghijkmnpqrstuvwxyz";

static void test_shape(void) {
  for (int i = 0; i < SAMPLES; i++) {
    char text[MAIL_TOKEN_TEXT_BYTES], again[MAIL_TOKEN_TEXT_BYTES];
    mail_token_new(text);
    g_assert_cmpuint(strlen(text), ==, sizeof text - 1);
    g_assert_cmpuint(strspn(text, "23456789abcdefghijkmnpqrstuvwxyz-"), ==, strlen(text));
    for (gsize at = 4; at < strlen(text); at += 5)
      g_assert_cmpint(text[at], ==, '-');
    g_assert_cmpint(mail_token_parse(text, again), ==, MAIL_TOKEN_WELL);
    g_assert_cmpstr(again, ==, text);
    mail_token_new(again);
    g_assert_cmpstr(again, !=, text);
  }
}

/* No wrong character at any place stays unnoticed. */
static void test_single_errors(void) {
  for (int i = 0; i < SAMPLES; i++) {
    char text[MAIL_TOKEN_TEXT_BYTES], out[MAIL_TOKEN_TEXT_BYTES];
    mail_token_new(text);
    for (char *at = text; *at != '\0'; at++) {
      char right = *at;
      for (const char *wrong = alphabet; right != '-' && *wrong != '\0'; wrong++) {
        *at = *wrong;
        g_assert_cmpint(mail_token_parse(text, out), ==,
                        *wrong == right ? MAIL_TOKEN_WELL : MAIL_TOKEN_MISTYPED);
      }
      *at = right;
    }
  }
}

static void exchange(char *compact, int a, int b) {
  char keep = compact[a];
  compact[a] = compact[b];
  compact[b] = keep;
}

/* Nor do two exchanged ones, neighbours or not. */
static void test_transpositions(void) {
  for (int i = 0; i < SAMPLES; i++) {
    char text[MAIL_TOKEN_TEXT_BYTES], out[MAIL_TOKEN_TEXT_BYTES];
    mail_token_new(text);
    g_auto(GStrv) groups = g_strsplit(text, "-", -1);
    g_autofree char *compact = g_strjoinv("", groups);
    for (int a = 0; a < MAIL_TOKEN_CHARS; a++)
      for (int b = a + 1; b < MAIL_TOKEN_CHARS; b++) {
        gboolean same = compact[a] == compact[b];
        exchange(compact, a, b);
        g_assert_cmpint(mail_token_parse(compact, out), ==, same ? MAIL_TOKEN_WELL : MAIL_TOKEN_MISTYPED);
        exchange(compact, a, b);
      }
  }
}

typedef struct {
  const char *typed;
  MailTokenReading reading;
} ReadingCase;

#define GOOD "2222-2222-2222-2222-2222-2222-222"

static const ReadingCase reading_cases[] = {
    {GOOD, MAIL_TOKEN_WELL}, /* the zero of the field */
    {"222222222222222222222222222", MAIL_TOKEN_WELL},
    {" 2222 2222 2222\t2222 2222 2222 222\r\n", MAIL_TOKEN_WELL},
    {"2222222222222222-2222--2222-222-", MAIL_TOKEN_WELL},
    {"2222-2222-2222-2222-2222-2222-22", MAIL_TOKEN_MISTYPED},
    {GOOD "2", MAIL_TOKEN_MISTYPED},
    {"2222-2222-2222-2222-2222-2222-2!2", MAIL_TOKEN_MISTYPED},
    {GOOD "!", MAIL_TOKEN_MISTYPED},
    {"o222-2222-2222-2222-2222-2222-222", MAIL_TOKEN_MISTYPED},
    {"0222-2222-2222-2222-2222-2222-222", MAIL_TOKEN_MISTYPED},
    {"1222-2222-2222-2222-2222-2222-222", MAIL_TOKEN_MISTYPED},
    {GOOD "22", MAIL_TOKEN_OTHER},
    {"2222-2222-2222-2222-2222-2222-2", MAIL_TOKEN_OTHER},
    {"", MAIL_TOKEN_OTHER},
    {"correct horse battery", MAIL_TOKEN_OTHER},
    {"\xc3\xa4\xc3\xb6", MAIL_TOKEN_OTHER},
};

static void test_reading(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(reading_cases); i++) {
    char text[MAIL_TOKEN_TEXT_BYTES] = "";
    g_assert_cmpint(mail_token_parse(reading_cases[i].typed, text), ==, reading_cases[i].reading);
    g_assert_cmpstr(text, ==, reading_cases[i].reading == MAIL_TOKEN_WELL ? GOOD : "");
  }
  char text[MAIL_TOKEN_TEXT_BYTES], out[MAIL_TOKEN_TEXT_BYTES];
  g_autofree char *upper = g_ascii_strup(mail_token_new(text), -1);
  g_assert_cmpint(mail_token_parse(upper, out), ==, MAIL_TOKEN_WELL);
  g_assert_cmpstr(out, ==, text);
}

/* What the mail server hashes when the token is typed with dashes, and without. */
static void test_hashes(void) {
  guint8 plain[CRYPTO_SHA256_BYTES], grouped[CRYPTO_SHA256_BYTES], expected[CRYPTO_SHA256_BYTES];
  mail_token_hashes(GOOD, plain, grouped);
  crypto_sha256("222222222222222222222222222", 27, expected);
  g_assert_true(crypto_equal(plain, expected, sizeof expected));
  crypto_sha256(GOOD, strlen(GOOD), expected);
  g_assert_true(crypto_equal(grouped, expected, sizeof expected));
  char hint[MAIL_TOKEN_HINT_BYTES];
  g_assert_cmpstr(mail_token_hint("2222-2222-2222-2222-2222-2223-456", hint), ==, "3456");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mail_token/shape", test_shape);
  g_test_add_func("/mail_token/single-errors", test_single_errors);
  g_test_add_func("/mail_token/transpositions", test_transpositions);
  g_test_add_func("/mail_token/reading", test_reading);
  g_test_add_func("/mail_token/hashes", test_hashes);
  return g_test_run();
}
