#include "lib/crypto_weak.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/crypto_x509.h"

#define MODULUS_BYTES 256

/* As the faulty generator's are modulo every prime: a power of 65537. Big-endian. */
static void make_power(guint8 modulus[MODULUS_BYTES], int times) {
  memset(modulus, 0, MODULUS_BYTES);
  modulus[MODULUS_BYTES - 1] = 1;
  for (int i = 0; i < times; i++) {
    guint64 carry = 0;
    for (int at = MODULUS_BYTES - 1; at >= 0; at--) {
      carry += (guint64)modulus[at] * 65537;
      modulus[at] = (guint8)(carry & 0xff);
      carry >>= 8;
    }
    g_assert_cmpuint(carry, ==, 0);
  }
}

static void test_guessable(void) {
  guint8 modulus[MODULUS_BYTES];
  for (int times = 100; times < 127; times++) {
    make_power(modulus, times);
    g_assert_true(crypto_modulus_is_guessable(modulus, sizeof modulus));
    modulus[MODULUS_BYTES - 1] ^= 2;
    g_assert_false(crypto_modulus_is_guessable(modulus, sizeof modulus));
  }
  for (int i = 0; i < 1000; i++) {
    crypto_random(modulus, sizeof modulus);
    g_assert_false(crypto_modulus_is_guessable(modulus, sizeof modulus));
  }
}

/* A certificate of ours with other numbers in its key; nobody looks at its signature. */
typedef struct {
  const char *name;
  guint8 from[7], to[7];
  gsize n;
  const char *weakness; /* NULL: none */
} KeyCase;

static const KeyCase key_cases[] = {
    {"as-it-is", {0x02, 0x03, 0x01, 0x00, 0x01}, {0x02, 0x03, 0x01, 0x00, 0x01}, 5, NULL},
    {"larger", {0x02, 0x03, 0x01, 0x00, 0x01}, {0x02, 0x03, 0x01, 0x00, 0x03}, 5, NULL},
    {"even", {0x02, 0x03, 0x01, 0x00, 0x01}, {0x02, 0x03, 0x01, 0x00, 0x02}, 5, "exponent"},
    {"below", {0x02, 0x03, 0x01, 0x00, 0x01}, {0x02, 0x03, 0x00, 0xff, 0xff}, 5, "exponent"},
};

static void test_key(gconstpointer data) {
  const KeyCase *c = data;
  gsize n = 0, der_n;
  g_autoptr(GBytes) made = NULL;
  guint8 *secret = crypto_key_pair_new("gatepost acme-okta", 30, &n, &made);
  crypto_wipe(secret, n);
  g_free(secret);
  g_autofree guint8 *der = g_memdup2(g_bytes_get_data(made, NULL), g_bytes_get_size(made));
  der_n = g_bytes_get_size(made);
  guint found = 0;
  for (gsize at = 0; at + c->n <= der_n; at++) {
    if (memcmp(der + at, c->from, c->n) == 0) {
      memcpy(der + at, c->to, c->n);
      found++;
    }
  }
  g_assert_cmpuint(found, ==, 1);
  g_autoptr(GBytes) changed = g_bytes_new(der, der_n);
  const char *weakness = crypto_certificate_weakness(changed);
  if (c->weakness == NULL)
    g_assert_cmpstr(weakness, ==, NULL);
  else
    g_assert_nonnull(strstr(weakness != NULL ? weakness : "", c->weakness));
}

static void test_no_certificate(void) {
  g_autoptr(GBytes) garbage = g_bytes_new_static("garbage", 7), empty = g_bytes_new_static("", 0);
  g_assert_nonnull(crypto_certificate_weakness(garbage));
  g_assert_nonnull(crypto_certificate_weakness(empty));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/crypto-weak/guessable", test_guessable);
  g_test_add_func("/crypto-weak/no-certificate", test_no_certificate);
  for (gsize i = 0; i < G_N_ELEMENTS(key_cases); i++) {
    g_autofree char *path = g_strconcat("/crypto-weak/", key_cases[i].name, NULL);
    g_test_add_data_func(path, &key_cases[i], test_key);
  }
  return g_test_run();
}
