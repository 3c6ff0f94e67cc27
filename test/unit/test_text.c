#include "lib/text.h"

#include <string.h>

#include "lib/limits.h"

typedef struct {
  const char *text, *key;
} KeyCase;

static const KeyCase key_cases[] = {
    {"", ""},
    {"Barbara.Jensen@Example.COM", "barbara.jensen@example.com"},
    {"M\xC3\x9CLLER", "m\xC3\xBCller"},
    {"Mu\xCC\x88ller", "m\xC3\xBCller"}, /* NFD */
    {"STRASSE", "strasse"},
    {"Stra\xC3\x9F"
     "e",
     "strasse"}, /* sharp s */
    {"a\xE2\x80\x8B"
     "b",
     "ab"}, /* zero-width space */
    {"a\xC2\xAD"
     "b",
     "ab"},                             /* soft hyphen */
    {"\xEF\xBC\xA1\xEF\xBC\xA2", "ab"}, /* full-width letters */
    {"\xEF\xAC\x81x", "fix"},           /* ligature */
    {"I", "i"},
    {"\xC4\xB1", "\xC4\xB1"},                 /* dotless i stays apart */
    {"\xC4\xB0", "i\xCC\x87"},                /* capital I with dot */
    {"\xCE\xA3\xCF\x82", "\xCF\x83\xCF\x83"}, /* both sigmas */
    {"\xE2\x80\x8B", ""},
    {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
    {"a\xFF", NULL},
    {"\xC0\x80", NULL},
    {"\xED\xA0\x80", NULL},
};

static void test_key(gconstpointer data) {
  const KeyCase *c = data;
  g_autofree char *key = text_key(c->text);
  g_assert_cmpstr(key, ==, c->key);
  g_autofree char *again = key != NULL ? text_key(key) : NULL;
  g_assert_cmpstr(again, ==, c->key);
}

/* Of every character there is: a key that is keyed again must not change, or an update would collide with itself. */
static void test_key_is_stable(void) {
  for (gunichar c = 1; c <= 0x10FFFF; c++) {
    char text[8] = {0};
    if (!g_unichar_validate(c))
      continue;
    g_unichar_to_utf8(c, text);
    g_autofree char *key = text_key(text);
    g_autofree char *again = text_key(key);
    if (strcmp(key, again) != 0)
      g_error("U+%04X has the key %s, and that one %s", c, key, again);
  }
}

typedef struct {
  const char *text;
  gsize max;
  const char *clean;
} CleanCase;

static const CleanCase clean_cases[] = {
    {"", 10, ""},
    {"plain text", 10, "plain text"},
    {"plain text", 9, "plain …"},
    {"plain text", 3, "…"},
    {"plain text", 2, ""},
    {"a\nb\tc\x7f"
     "d\x1b[31m",
     80, "a?b?c?d?[31m"},
    {"\xC2\x9B"
     "31m",
     80, "?31m"}, /* C1 control */
    {"\xE2\x80\xAE"
     "gpj.exe\xE2\x81\xA6",
     80, "?gpj.exe?"}, /* bidi marks */
    {"a\xE2\x80\x8B"
     "b",
     80, "a?b"},
    {"a\xE2\x80\xA8"
     "b",
     80, "a?b"}, /* line separator */
    {"a\xFF\xC3", 80, "a??"},
    {"\xED\xA0\x80", 80, "???"},
    {"äöü", 6, "äöü"},
    {"äöü", 5, "ä…"},
    {"äöüß", 7, "äö…"},
    {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 8, "\xF0\x9F\x98\x80\xF0\x9F\x98\x80"},
    {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 7, "\xF0\x9F\x98\x80…"},
};

static void test_clean(gconstpointer data) {
  const CleanCase *c = data;
  g_autofree char *clean = text_clean(c->text, c->max);
  g_assert_cmpstr(clean, ==, c->clean);
}

static void test_quote(void) {
  g_autofree char *exact = g_strnfill(LIMIT_QUOTED_BYTES, 'x');
  g_autofree char *more = g_strnfill(LIMIT_QUOTED_BYTES + 1, 'x');
  g_autofree char *quoted = text_quote(exact);
  g_autofree char *clipped = text_quote(more);
  g_assert_cmpstr(quoted, ==, exact);
  g_assert_cmpuint(strlen(clipped), ==, LIMIT_QUOTED_BYTES);
  g_assert_true(g_str_has_suffix(clipped, "x…"));
}

typedef struct {
  const char *word, *nearest;
} NearestCase;

static const char *const candidates[] = {"public_url", "listen", "listen_admin", "database", "log_level",
                                         "x",          NULL};

static const NearestCase nearest_cases[] = {
    {"public_ulr", "public_url"},
    {"Public-URL", "public_url"},
    {"publicurl", "public_url"},
    {"lisen", "listen"},
    {"listen", "listen"},
    {"listenadmin", "listen_admin"},
    {"databse", "database"},
    {"loglevel", "log_level"},
    {"zebra", NULL},
    {"", NULL},
    {"y", NULL},
    {"keys_dir", NULL},
    {"public_url_public_url_public_url_public_url_public_url_public_url_public_url", NULL},
};

static void test_nearest(gconstpointer data) {
  const NearestCase *c = data;
  g_assert_cmpstr(text_nearest(c->word, candidates), ==, c->nearest);
}

typedef struct {
  double value;
  const char *text;
} RealCase;

static const RealCase real_cases[] = {
    {0, "0"},
    {0.1, "0.1"},
    {-2.5, "-2.5"},
    {1.0 / 3, "0.3333333333333333"},
    {9007199254740993.0, "9007199254740992"},
    {1e300, "1e+300"},
};

static void test_real(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(real_cases); i++) {
    char text[TEXT_REAL_BYTES];
    g_assert_cmpstr(text_real(real_cases[i].value, text), ==, real_cases[i].text);
  }
}

static void test_is_plain(void) {
  g_assert_true(text_is_plain(""));
  g_assert_true(text_is_plain("a b \xC3\xA4 \xF0\x9F\x98\x80"));
  g_assert_false(text_is_plain("a\tb"));
  g_assert_false(text_is_plain("a\xE2\x80\x8B"));
  g_assert_false(text_is_plain("\xEE\x80\x80")); /* private use */
  g_assert_false(text_is_plain("\xFF"));
}

static void test_is_utf8(void) {
  g_assert_true(text_is_utf8("", 0));
  g_assert_true(text_is_utf8("\xC3\xA4x", 3));
  g_assert_false(text_is_utf8("\xC3\xA4x", 1));
  g_assert_false(text_is_utf8("a\0b", 3));
  g_assert_false(text_is_utf8("\xF4\x90\x80\x80", 4));
}

static void add_cases(const char *name, gconstpointer first, gsize size, gsize n, GTestDataFunc func) {
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf("/text/%s/%02" G_GSIZE_FORMAT, name, i);
    g_test_add_data_func(path, (const char *)first + i * size, func);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_cases("key", key_cases, sizeof *key_cases, G_N_ELEMENTS(key_cases), test_key);
  add_cases("clean", clean_cases, sizeof *clean_cases, G_N_ELEMENTS(clean_cases), test_clean);
  add_cases("nearest", nearest_cases, sizeof *nearest_cases, G_N_ELEMENTS(nearest_cases), test_nearest);
  g_test_add_func("/text/key-is-stable", test_key_is_stable);
  g_test_add_func("/text/quote", test_quote);
  g_test_add_func("/text/real", test_real);
  g_test_add_func("/text/is-plain", test_is_plain);
  g_test_add_func("/text/is-utf8", test_is_utf8);
  return g_test_run();
}
