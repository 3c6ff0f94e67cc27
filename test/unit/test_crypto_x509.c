#include "lib/crypto_x509.h"

#include <string.h>

#include "lib/crypto.h"

#define DAY_US (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

typedef struct {
  GBytes *certificate;
  char *pem, *bare;
} Made;

static void made_set_up(Made *made, gconstpointer data G_GNUC_UNUSED) {
  gsize n = 0;
  guint8 *secret = crypto_key_pair_new("gatepost acme-okta", 30, &n, &made->certificate);
  g_assert_cmpuint(n, >, 1000);
  crypto_wipe(secret, n);
  g_free(secret);
  made->pem = crypto_certificate_pem(made->certificate);
  made->bare =
      g_base64_encode(g_bytes_get_data(made->certificate, NULL), g_bytes_get_size(made->certificate));
}

static void made_tear_down(Made *made, gconstpointer data G_GNUC_UNUSED) {
  g_bytes_unref(made->certificate);
  g_free(made->pem);
  g_free(made->bare);
}

static void test_read(Made *made, gconstpointer data G_GNUC_UNUSED) {
  g_auto(CryptoCertificate) read = {0};
  g_assert_true(crypto_certificate_read(made->certificate, &read));
  g_assert_cmpstr(read.subject, ==, "CN=gatepost acme-okta");
  g_assert_cmpstr(read.issuer, ==, read.subject);
  g_assert_cmpstr(read.key, ==, "rsa");
  g_assert_cmpint(read.bits, ==, 3072);
  g_assert_cmpuint(strlen(read.fingerprint), ==, 32 * 3 - 1);
  g_assert_cmpint(read.not_after_us - read.not_before_us, ==, 30 * DAY_US);
  g_assert_cmpint(ABS(read.not_before_us - g_get_real_time()), <, DAY_US);
}

static void parses(const char *text, gsize n, GBytes *wanted) {
  const char *why = NULL;
  g_autoptr(GBytes) der = crypto_certificate_parse(text, n, &why);
  g_assert_nonnull(der);
  g_assert_true(g_bytes_equal(der, wanted));
}

static void test_parse(Made *made, gconstpointer data G_GNUC_UNUSED) {
  gsize n = 0;
  const char *der = g_bytes_get_data(made->certificate, &n);
  parses(der, n, made->certificate);
  parses(made->pem, strlen(made->pem), made->certificate);
  parses(made->bare, strlen(made->bare), made->certificate);
  g_autofree char *talk = g_strconcat("Here it is:\r\n\r\n", made->pem, "\r\nRegards\r\n", NULL);
  parses(talk, strlen(talk), made->certificate);
  g_autofree char *wrapped = g_strconcat("  ", made->bare, " \n", NULL);
  parses(wrapped, strlen(wrapped), made->certificate);
}

static void refuses(const char *text, gsize n, const char *words) {
  const char *why = NULL;
  g_assert_null(crypto_certificate_parse(text, n, &why));
  g_assert_nonnull(why);
  g_assert_nonnull(strstr(why, words));
}

static void test_refuse(Made *made, gconstpointer data G_GNUC_UNUSED) {
  gsize n = 0;
  const char *der = g_bytes_get_data(made->certificate, &n);
  refuses("", 0, "is no X.509 certificate");
  refuses("hello", 5, "is no X.509 certificate");
  refuses("AAAA", 4, "is no X.509 certificate");
  refuses(der, n - 1, "is no X.509 certificate");
  g_autofree char *more = g_strndup("", n + 1);
  memcpy(more, der, n);
  refuses(more, n + 1, "is no X.509 certificate");
  refuses(made->pem, strlen(made->pem) - 20, "END line");
  g_autofree char *two = g_strconcat(made->pem, made->pem, NULL);
  refuses(two, strlen(two), "more than one");
  static const char secret[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  refuses(secret, strlen(secret), "private key");
}

static void test_long_name(void) {
  g_autofree char *name = g_strnfill(200, 'n');
  g_autoptr(GBytes) certificate = NULL;
  gsize n = 0;
  g_autofree guint8 *secret = crypto_key_pair_new(name, 1, &n, &certificate);
  g_assert_nonnull(secret);
  g_auto(CryptoCertificate) read = {0};
  g_assert_true(crypto_certificate_read(certificate, &read));
  g_assert_cmpuint(strlen(read.subject), ==, strlen("CN=") + 64);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add("/crypto_x509/read", Made, NULL, made_set_up, test_read, made_tear_down);
  g_test_add("/crypto_x509/parse", Made, NULL, made_set_up, test_parse, made_tear_down);
  g_test_add("/crypto_x509/refuse", Made, NULL, made_set_up, test_refuse, made_tear_down);
  g_test_add_func("/crypto_x509/long_name", test_long_name);
  return g_test_run();
}
