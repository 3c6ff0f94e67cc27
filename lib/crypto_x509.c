#include "lib/crypto_x509.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "lib/crypto.h"
#include "lib/text.h"

#define KEY_BITS 3072
#define NAME_BYTES 256
#define COMMON_NAME_CHARACTERS 64 /* RFC 5280, ub-common-name */
#define SERIAL_BYTES 16
#define DAY_SECONDS 86400L
#define PEM_COLUMNS 64
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"

typedef BIO Memory;
typedef X509 Certificate;
typedef EVP_PKEY Key;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Certificate, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Key, EVP_PKEY_free)

void crypto_certificate_clear(CryptoCertificate *certificate) {
  g_clear_pointer(&certificate->fingerprint, g_free);
  g_clear_pointer(&certificate->subject, g_free);
  g_clear_pointer(&certificate->issuer, g_free);
}

static Certificate *decode(GBytes *der) {
  gsize n = 0;
  const guint8 *bytes = g_bytes_get_data(der, &n);
  const guint8 *end = bytes;
  if (n == 0 || n > G_MAXINT)
    return NULL;
  g_autoptr(Certificate) certificate = d2i_X509(NULL, &end, (long)n);
  return certificate != NULL && end == bytes + n ? g_steal_pointer(&certificate) : NULL;
}

static char *name_text(const X509_NAME *name) {
  g_autoptr(Memory) memory = BIO_new(BIO_s_mem());
  char *bytes = NULL;
  long n = X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0
               ? 0
               : BIO_get_mem_data(memory, &bytes);
  g_autofree char *text = g_strndup(n > 0 ? bytes : "", (gsize)MAX(n, 0));
  return text_clean(text, NAME_BYTES);
}

static gboolean read_time(const ASN1_TIME *time, gint64 *us) {
  struct tm broken;
  if (ASN1_TIME_to_tm(time, &broken) != 1)
    return FALSE;
  *us = (gint64)timegm(&broken) * G_USEC_PER_SEC;
  return TRUE;
}

static char *fingerprint_of(GBytes *der) {
  guint8 digest[CRYPTO_SHA256_BYTES];
  crypto_sha256(g_bytes_get_data(der, NULL), g_bytes_get_size(der), digest);
  GString *text = g_string_new(NULL);
  for (gsize i = 0; i < sizeof digest; i++)
    g_string_append_printf(text, "%s%02x", i == 0 ? "" : ":", digest[i]);
  return g_string_free(text, FALSE);
}

static void read_key(const Certificate *from, CryptoCertificate *certificate) {
  const EVP_PKEY *key = X509_get0_pubkey(from);
  certificate->key = "other";
  certificate->bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
  if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
    certificate->key = "rsa";
  if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
    certificate->key = "ec";
}

gboolean crypto_certificate_read(GBytes *der, CryptoCertificate *certificate) {
  g_autoptr(Certificate) from = decode(der);
  CryptoCertificate read = {0};
  if (from == NULL || !read_time(X509_get0_notBefore(from), &read.not_before_us) ||
      !read_time(X509_get0_notAfter(from), &read.not_after_us))
    return FALSE;
  read_key(from, &read);
  read.fingerprint = fingerprint_of(der);
  read.subject = name_text(X509_get_subject_name(from));
  read.issuer = name_text(X509_get_issuer_name(from));
  *certificate = read;
  return TRUE;
}

/* What stands between the marks, or all of a text that has none. FALSE with *why. */
static gboolean find_body(const char *text, gsize n, const char **body, gsize *body_n, const char **why) {
  const char *begin = g_strstr_len(text, (gssize)n, PEM_BEGIN);
  *body = text;
  *body_n = n;
  if (begin == NULL && g_strstr_len(text, (gssize)n, "PRIVATE KEY-----") != NULL) {
    *why = "is a private key, not a certificate; whoever has seen it may use it";
    return FALSE;
  }
  if (begin == NULL)
    return TRUE;
  *body = begin + strlen(PEM_BEGIN);
  const char *end = g_strstr_len(*body, (gssize)(n - (gsize)(*body - text)), PEM_END);
  if (end == NULL) {
    *why = "is cut short: its END line is missing";
    return FALSE;
  }
  *body_n = (gsize)(end - *body);
  const char *after = end + strlen(PEM_END);
  if (g_strstr_len(after, (gssize)(n - (gsize)(after - text)), PEM_BEGIN) != NULL) {
    *why = "holds more than one certificate; give the identity provider's own alone";
    return FALSE;
  }
  return TRUE;
}

/* Base64 with blanks anywhere, as mail and web forms leave it; NULL when it is none. */
static GBytes *decode_base64(const char *text, gsize n) {
  g_autoptr(GString) digits = g_string_new(NULL);
  gsize padding = 0;
  for (gsize i = 0; i < n; i++) {
    if (g_ascii_isspace(text[i]))
      continue;
    padding += text[i] == '=';
    gboolean digit = g_ascii_isalnum(text[i]) || text[i] == '+' || text[i] == '/';
    if (text[i] != '=' && (!digit || padding > 0))
      return NULL;
    g_string_append_c(digits, text[i]);
  }
  if (digits->len == 0 || digits->len % 4 != 0 || padding > 2)
    return NULL;
  gsize decoded = 0;
  g_base64_decode_inplace(digits->str, &decoded);
  return g_bytes_new(digits->str, decoded);
}

GBytes *crypto_certificate_parse(const char *text, gsize n, const char **why) {
  const char *body;
  gsize body_n;
  *why = "is no X.509 certificate";
  gboolean is_der = n > 0 && (guint8)text[0] == 0x30 && !g_str_is_ascii(text);
  if (!is_der && !find_body(text, n, &body, &body_n, why))
    return NULL;
  g_autoptr(GBytes) der = is_der ? g_bytes_new(text, n) : decode_base64(body, body_n);
  g_auto(CryptoCertificate) read = {0};
  return der != NULL && crypto_certificate_read(der, &read) ? g_steal_pointer(&der) : NULL;
}

char *crypto_certificate_pem(GBytes *der) {
  g_autofree char *digits = g_base64_encode(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
  GString *pem = g_string_new(PEM_BEGIN "\n");
  gsize n = strlen(digits);
  for (gsize at = 0; at < n; at += PEM_COLUMNS) {
    g_string_append_len(pem, digits + at, (gssize)MIN(PEM_COLUMNS, n - at));
    g_string_append_c(pem, '\n');
  }
  g_string_append(pem, PEM_END "\n");
  return g_string_free(pem, FALSE);
}

static gboolean set_serial(Certificate *certificate) {
  guint8 serial[SERIAL_BYTES];
  crypto_random(serial, sizeof serial);
  serial[0] = (guint8)((serial[0] & 0x7f) | 0x40); /* RFC 5280 §4.1.2.2: positive */
  BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
  gboolean good = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
  BN_free(number);
  return good;
}

static gboolean set_name(Certificate *certificate, const char *common_name) {
  g_autofree char *short_name =
      g_utf8_substring(common_name, 0, MIN(g_utf8_strlen(common_name, -1), COMMON_NAME_CHARACTERS));
  X509_NAME *name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const guint8 *)short_name, -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

/* Self-signed: an envelope for the key, which is pinned as it is. */
static Certificate *certify(Key *key, const char *common_name, int days) {
  g_autoptr(Certificate) certificate = X509_new();
  gboolean good = certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
                  set_serial(certificate) && set_name(certificate, common_name) &&
                  X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
                  X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY_SECONDS) != NULL &&
                  X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
  return good ? g_steal_pointer(&certificate) : NULL;
}

static guint8 *private_der(const Key *key, gsize *n) {
  PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
  guint8 *made = NULL;
  int length = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &made);
  guint8 *der = length > 0 ? g_memdup2(made, (gsize)length) : NULL;
  *n = length > 0 ? (gsize)length : 0;
  if (made != NULL)
    OPENSSL_clear_free(made, *n);
  PKCS8_PRIV_KEY_INFO_free(info);
  return der;
}

guint8 *crypto_key_pair_new(const char *common_name, int days, gsize *private_n, GBytes **certificate) {
  g_autoptr(Key) key = EVP_RSA_gen(KEY_BITS);
  g_autoptr(Certificate) made = key == NULL ? NULL : certify(key, common_name, days);
  guint8 *der = made == NULL ? NULL : private_der(key, private_n);
  guint8 *encoded = NULL;
  int n = der == NULL ? -1 : i2d_X509(made, &encoded);
  if (n <= 0)
    g_error("OpenSSL made no key pair");
  *certificate = g_bytes_new(encoded, (gsize)n);
  OPENSSL_free(encoded);
  return der;
}
