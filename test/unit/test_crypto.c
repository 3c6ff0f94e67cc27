#include "lib/crypto.h"

#include <string.h>

typedef struct {
  const char *text, *hex;
} ShaCase;

/* FIPS 180-4 examples. */
static const ShaCase sha_cases[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

/* RFC 4231 §4.3. */
static void test_hmac(void) {
  guint8 digest[CRYPTO_SHA256_BYTES];
  crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
  g_autofree char *hex = crypto_hex(digest, sizeof digest);
  g_assert_cmpstr(hex, ==, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_sha256(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(sha_cases); i++) {
    guint8 digest[CRYPTO_SHA256_BYTES];
    crypto_sha256(sha_cases[i].text, strlen(sha_cases[i].text), digest);
    g_autofree char *hex = crypto_hex(digest, sizeof digest);
    g_assert_cmpstr(hex, ==, sha_cases[i].hex);
  }
}

static void test_hex(void) {
  static const guint8 bytes[] = {0x00, 0x0f, 0xf0, 0xff};
  g_autofree char *hex = crypto_hex(bytes, sizeof bytes);
  g_autofree char *none = crypto_hex(bytes, 0);
  g_assert_cmpstr(hex, ==, "000ff0ff");
  g_assert_cmpstr(none, ==, "");
}

static void test_equal(void) {
  g_assert_true(crypto_equal("abcd", "abce", 3));
  g_assert_false(crypto_equal("abcd", "abce", 4));
  g_assert_false(crypto_equal("abcd", "Abcd", 4));
  g_assert_true(crypto_equal("a", "b", 0));
}

static void test_wipe(void) {
  char secret[] = "secret";
  crypto_wipe(secret, 3);
  g_assert_true(memcmp(secret, "\0\0\0ret", sizeof secret) == 0);
  crypto_wipe(NULL, 0);
  crypto_free_secret(NULL);
  crypto_free_secret(g_strdup("secret"));
}

static void test_random(void) {
  guint8 a[32] = {0}, b[32] = {0};
  crypto_random(a, sizeof a);
  crypto_random(b, sizeof b);
  g_assert_false(crypto_equal(a, b, sizeof a));
}

static void test_uuid(void) {
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (int i = 0; i < 1000; i++) {
    char text[CRYPTO_UUID_TEXT_BYTES];
    g_assert_true(crypto_uuid(text) == text);
    g_assert_true(crypto_uuid_valid(text));
    g_assert_cmpint(text[14], ==, '4');
    g_assert_nonnull(strchr("89ab", text[19]));
    g_assert_true(g_hash_table_add(seen, g_strdup(text)));
  }
}

typedef struct {
  const char *text;
  gboolean valid;
} UuidCase;

static const UuidCase uuid_cases[] = {
    {"2819c223-7f76-453a-919d-413861904646", TRUE},
    {"2819C223-7F76-453A-919D-413861904646", TRUE},
    {"00000000-0000-0000-0000-000000000000", TRUE},
    {"", FALSE},
    {"2819c223", FALSE},
    {"2819c223-7f76-453a-919d-41386190464", FALSE},
    {"2819c223-7f76-453a-919d-4138619046460", FALSE},
    {"2819c223-7f76-453a-919d-413861904646 ", FALSE},
    {"2819c223-7f76-453a-919d+413861904646", FALSE},
    {"2819c223-7f76-453a-919d-41386190464g", FALSE},
    {"2819c22307f76-453a-919d-413861904646", FALSE},
    {"{819c223-7f76-453a-919d-41386190464}", FALSE},
};

static void test_uuid_valid(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(uuid_cases); i++) {
    g_test_message("%s", uuid_cases[i].text);
    g_assert_cmpint(crypto_uuid_valid(uuid_cases[i].text), ==, uuid_cases[i].valid);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/crypto/sha256", test_sha256);
  g_test_add_func("/crypto/hmac", test_hmac);
  g_test_add_func("/crypto/hex", test_hex);
  g_test_add_func("/crypto/equal", test_equal);
  g_test_add_func("/crypto/wipe", test_wipe);
  g_test_add_func("/crypto/random", test_random);
  g_test_add_func("/crypto/uuid", test_uuid);
  g_test_add_func("/crypto/uuid-valid", test_uuid_valid);
  return g_test_run();
}
