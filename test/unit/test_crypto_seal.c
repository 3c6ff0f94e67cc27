#include "lib/crypto_seal.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/crypto.h"

static const guint8 key_a[CRYPTO_SEAL_KEY_BYTES] = {1}, key_b[CRYPTO_SEAL_KEY_BYTES] = {2};

static void test_round(void) {
  static const gsize sizes[] = {0, 1, 15, 16, 17, 4096};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_autofree guint8 *secret = g_malloc0(sizes[i] + 1);
    crypto_random(secret, sizes[i]);
    g_autoptr(GBytes) sealed = crypto_seal(key_a, "acme", secret, sizes[i]);
    gsize n = 0;
    g_autofree guint8 *opened = crypto_unseal(key_a, "acme", sealed, &n);
    g_assert_cmpuint(n, ==, sizes[i]);
    g_assert_true(memcmp(opened, secret, n) == 0);
    g_assert_null(crypto_unseal(key_b, "acme", sealed, &n));
    g_assert_null(crypto_unseal(key_a, "acm", sealed, &n));
    g_assert_null(crypto_unseal(key_a, "", sealed, &n));
  }
}

static void test_never_twice_the_same(void) {
  g_autoptr(GBytes) first = crypto_seal(key_a, "acme", "secret", 6);
  g_autoptr(GBytes) second = crypto_seal(key_a, "acme", "secret", 6);
  g_assert_false(g_bytes_equal(first, second));
}

/* Each bit and each length counts. */
static void test_changed(void) {
  g_autoptr(GBytes) sealed = crypto_seal(key_a, "acme", "secret", 6);
  gsize all = g_bytes_get_size(sealed), n = 0;
  for (gsize i = 0; i < all; i++) {
    g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(sealed, NULL), all);
    copy[i] ^= 1;
    g_autoptr(GBytes) changed = g_bytes_new(copy, all);
    g_autoptr(GBytes) cut = g_bytes_new(g_bytes_get_data(sealed, NULL), i);
    g_assert_null(crypto_unseal(key_a, "acme", changed, &n));
    g_assert_null(crypto_unseal(key_a, "acme", cut, &n));
  }
}

typedef struct {
  char *folder, *path;
} Place;

static void place_make(Place *place) {
  place->folder = g_dir_make_tmp("seal-XXXXXX", NULL);
  place->path = g_build_filename(place->folder, "key", NULL);
}

static void place_clear(Place *place) {
  g_unlink(place->path);
  g_assert_cmpint(g_rmdir(place->folder), ==, 0); /* no draft is left behind */
  g_free(place->folder);
  g_free(place->path);
}

static void test_key_file(void) {
  Place place;
  place_make(&place);
  g_autoptr(GError) error = NULL;
  guint8 first[CRYPTO_SEAL_KEY_BYTES], second[CRYPTO_SEAL_KEY_BYTES];
  g_assert_true(crypto_seal_key_make(place.path, &error));
  struct stat found;
  g_assert_cmpint(stat(place.path, &found), ==, 0);
  g_assert_cmpint(found.st_mode & 0777, ==, 0600);
  g_assert_true(crypto_seal_key_read(place.path, first, &error));
  g_assert_true(crypto_seal_key_make(place.path, &error)); /* leaves it as it is */
  g_assert_true(crypto_seal_key_read(place.path, second, &error));
  g_assert_true(memcmp(first, second, sizeof first) == 0);
  g_assert_cmpint(g_chmod(place.path, 0640), ==, 0);
  g_assert_false(crypto_seal_key_read(place.path, second, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM);
  place_clear(&place);
}

#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void test_key_texts(void) {
  static const struct {
    const char *text;
    gboolean good;
  } cases[] = {
      {HEX, TRUE},         {HEX "\n", TRUE}, {"", FALSE},       {HEX "\n\n", FALSE}, {HEX "0", FALSE},
      {HEX "\r\n", FALSE}, {" " HEX, FALSE}, {"0x" HEX, FALSE}, {"zz112233", FALSE},
  };
  Place place;
  place_make(&place);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    guint8 key[CRYPTO_SEAL_KEY_BYTES] = {0};
    g_unlink(place.path);
    g_assert_true(
        g_file_set_contents_full(place.path, cases[i].text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_cmpint(crypto_seal_key_read(place.path, key, &error), ==, cases[i].good);
    g_assert_cmpint(error == NULL, ==, cases[i].good);
    if (cases[i].good)
      g_assert_cmpuint(key[31], ==, 0xff);
  }
  place_clear(&place);
}

static void test_key_places(void) {
  guint8 key[CRYPTO_SEAL_KEY_BYTES];
  g_autoptr(GError) error = NULL;
  g_assert_false(crypto_seal_key_read("/nonexistent/key", key, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error(&error);
  g_assert_false(crypto_seal_key_read("/dev/null", key, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  g_assert_false(crypto_seal_key_make("/nonexistent/key", &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/crypto_seal/round", test_round);
  g_test_add_func("/crypto_seal/never_twice_the_same", test_never_twice_the_same);
  g_test_add_func("/crypto_seal/changed", test_changed);
  g_test_add_func("/crypto_seal/key_file", test_key_file);
  g_test_add_func("/crypto_seal/key_texts", test_key_texts);
  g_test_add_func("/crypto_seal/key_places", test_key_places);
  return g_test_run();
}
