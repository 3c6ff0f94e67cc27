#include "saml/verifier/verify.h"

#include <string.h>

#include "saml/verifier/libraries.h"
#include "saml/verifier/signature.h"
#include "test/unit/saml_samples.h"

/* Certificates of nobody: RSA of 1,024 bits, and a good one of another identity provider. */
static const char weak_certificate[] =
    "MIIBpTCCAQ6gAwIBAgIULUKQMRB+JtHxO3y3mGnnqhXxW5IwDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAeFw0yNjEx"
    "MjMyMDI0MDNaFw0zNjExMjEyMDI0MDNaMA8xDTALBgNVBAMMBHdlYWswgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAN9kTdMX"
    "x1TgqAPKp6TVMFS7tgE7tBddDOXu/Snj8y0nfBZM9BurJBCoI8qvvwD+sSAhK85kHG44RT4wDWrszzjRQb38+nlSPW2jeuaDkDIl"
    "d4Wf5nj2VSUFS+7PY3LWwox/T6gNlmFZTG+nlvrZbm3oc2FhF9FoUv3QRb8UOAzxAgMBAAEwDQYJKoZIhvcNAQELBQADgYEAdfL9"
    "Phb6GWl8T9SP2PFty/ZjJq/7uWBjGIyvuN3byfuZZOncxzjbCKac1kZj7lhuNM2CS9yXTv1oBLxccKfwBquK6ayCXMSk6V0NTITv"
    "AFRjXISXDpOA2pBj2JJ0bDvHp1p0ja91tlSop1kpqlcm4wHtGUzaIrSEFch1uzyQKoQ=";
static const char other_certificate[] =
    "MIICrDCCAZSgAwIBAgIUa3AosTOVhjV77l69m9/r3uPyqYEwDQYJKoZIhvcNAQELBQAwEDEOMAwGA1UEAwwFb3RoZXIwHhcNMjYx"
    "MTIzMjAyNDA0WhcNMzYxMTIxMjAyNDA0WjAQMQ4wDAYDVQQDDAVvdGhlcjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEB"
    "AIcHJrBKgVVFuGAY/UR5FdJs20nDXjybvzg+GFi73bN1zOVfmOWhhUliWXkBFPLoRKzN9oJaOb41Z5v0oU6D0/eZS40YNJNM76s8"
    "+i0iSdU6+dm6KhvQZP3SrAqWFxmDQUs+9A2n4kkY9byRqpAD/uR2UaJtwWjvr69O8lGb6rqk2Q3SeKfnt5K67QuPSMWpMX6LHpgV"
    "9b0jZ1DMphDiAQW+AWGnEvOJmoMW3Gn4hCCMaVg3eA/I8QmqWRf9XWs08k9J4jZCuuhVpscenXTdMrBqZMqUqTLUn6sMJf6AFH0q"
    "xGfhPFyv/d1aY8yrpoMv+j0/uM8QotYrjMK26QQnYY8CAwEAATANBgkqhkiG9w0BAQsFAAOCAQEAEA70LIZjr57m/ssekUOaYPLW"
    "50yiKO9c75ZpeK8lwcZ64ftrMYvyfan2lgQAFWnKhpDn73MKKRYbHSsYHyZjHIf16YsdLVhvMBC09I5r3dvH70bEB02YdrM65glP"
    "XDwsMdNxj1nVY32JOPW2wVGQXSBMrp+Q46BwTwBMZewRq/yCb8gzzN/RfLA9wVEq7T2wZ8jt9wRvJqpg05cE/N5k+tahylR4fwag"
    "Ji5l9jfQpXPhH5+Aoztojc+3XPtuqpMK3R17h65XZsWiXVNui4Kf/BhPZ/kyroX0qBnh3Z9801pYdkZZN1hw3uaMInRwm/OF5+0U"
    "ro2O571gUZKBXkc56g==";

/* A sample with one text changed wherever it stands (NULL: not changed), under a connection with one thing changed. */
typedef struct {
  const char *sample, *from, *to;
  void (*change)(SamlConnection *connection);
  SamlFailure failure;
  SamlCheck check; /* that failed */
} VerifyCase;

static void pin(SamlConnection *connection, const char *certificate) {
  SamlPinned pinned = {sample_bytes(certificate)};
  g_array_prepend_val(connection->pinned, pinned);
}

static void other_key(SamlConnection *connection) {
  g_array_set_size(connection->pinned, 0);
  pin(connection, other_certificate);
}

static void two_keys(SamlConnection *connection) {
  pin(connection, other_certificate);
}

static void weak_and_good(SamlConnection *connection) {
  pin(connection, weak_certificate);
}

static void want_response(SamlConnection *connection) {
  connection->signed_what = SAML_SIGNED_RESPONSE;
}

static void want_assertion(SamlConnection *connection) {
  connection->signed_what = SAML_SIGNED_ASSERTION;
}

static void want_both(SamlConnection *connection) {
  connection->signed_what = SAML_SIGNED_BOTH;
}

static void no_decryption(SamlConnection *connection) {
  g_array_set_size(connection->decryption, 0);
}

static void allow_cbc(SamlConnection *connection) {
  connection->allow_cbc = TRUE;
}

/* Ours was sealed under another connection's name. */
static void other_slug(SamlConnection *connection) {
  g_free(connection->slug);
  connection->slug = g_strdup("other");
}

#define RSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define ENVELOPED SAML_NS_DSIG "enveloped-signature"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define OAEP_DIGEST(algorithm) "<ds:DigestMethod Algorithm=\"" algorithm "\"/>"
#define OF_ASSERTION SAML_CHECK_SIGNATURE_ASSERTION
#define OF_RESPONSE SAML_CHECK_SIGNATURE_RESPONSE

static const VerifyCase verify_cases[] = {
    {"assertion", NULL, NULL, NULL, SAML_OK, 0},
    {"response", NULL, NULL, NULL, SAML_OK, 0},
    {"both", NULL, NULL, NULL, SAML_OK, 0},
    {"prefix-list", NULL, NULL, NULL, SAML_OK, 0},
    {"sha512", NULL, NULL, NULL, SAML_OK, 0},
    {"encrypted-assertion", NULL, NULL, NULL, SAML_OK, 0},
    {"encrypted-response", NULL, NULL, NULL, SAML_OK, 0},
    {"encrypted-both", NULL, NULL, NULL, SAML_OK, 0},
    {"two-confirmations", NULL, NULL, NULL, SAML_OK, 0},
    {"two-confirmations-response", NULL, NULL, NULL, SAML_OK, 0},
    {"encrypted-two-confirmations", NULL, NULL, NULL, SAML_OK, 0},
    /* which signature */
    {"assertion", NULL, NULL, want_response, SAML_SIG_MISSING, OF_RESPONSE},
    {"assertion", NULL, NULL, want_both, SAML_SIG_MISSING, OF_RESPONSE},
    {"assertion", NULL, NULL, want_assertion, SAML_OK, 0},
    {"response", NULL, NULL, want_assertion, SAML_SIG_MISSING, OF_ASSERTION},
    {"response", NULL, NULL, want_both, SAML_SIG_MISSING, OF_ASSERTION},
    {"response", NULL, NULL, want_response, SAML_OK, 0},
    {"both", NULL, NULL, want_both, SAML_OK, 0},
    {"encrypted-response", NULL, NULL, want_assertion, SAML_SIG_MISSING, OF_ASSERTION},
    {"encrypted-both", NULL, NULL, want_both, SAML_OK, 0},
    /* whose key */
    {"assertion", NULL, NULL, other_key, SAML_SIG_INVALID, OF_ASSERTION},
    {"response", NULL, NULL, other_key, SAML_SIG_INVALID, OF_RESPONSE},
    {"both", NULL, NULL, two_keys, SAML_OK, 0},
    {"both", NULL, NULL, weak_and_good, SAML_OK, 0},
    /* what was signed */
    {"assertion", "ada@", "eve@", NULL, SAML_SIG_INVALID, OF_ASSERTION},
    {"response", "ada@", "eve@", NULL, SAML_SIG_INVALID, OF_RESPONSE},
    {"response", "<samlp:Status>", " <samlp:Status>", NULL, SAML_SIG_INVALID, OF_RESPONSE},
    {"assertion", "<samlp:Status>", " <samlp:Status>", NULL, SAML_OK, 0},
    {"assertion", "<ds:SignatureValue>", "<ds:SignatureValue>AAAA", NULL, SAML_SIG_INVALID, OF_ASSERTION},
    {"assertion", "<ds:DigestValue>", "<ds:DigestValue>AAAA", NULL, SAML_SIG_INVALID, OF_ASSERTION},
    /* how */
    {"assertion", RSA_SHA256, SAML_NS_DSIG "rsa-sha1", NULL, SAML_SIG_ALG, OF_ASSERTION},
    {"assertion", RSA_SHA256, SAML_NS_DSIG "hmac-sha1", NULL, SAML_SIG_ALG, OF_ASSERTION},
    {"assertion", "xmlenc#sha256", "xmldsig-more#sha224", NULL, SAML_SIG_ALG, OF_ASSERTION},
    {"assertion", "#_", "", NULL, SAML_SIG_PROFILE, OF_ASSERTION},
    {"assertion", ENVELOPED, EXCLUSIVE, NULL, SAML_SIG_PROFILE, OF_ASSERTION},
    {"assertion", EXCLUSIVE, EXCLUSIVE "WithComments", NULL, SAML_SIG_PROFILE, OF_ASSERTION},
    /* for whom, and when it was said */
    {"assertion", " InResponseTo=\"_q\"", "", NULL, SAML_SIG_INVALID, OF_ASSERTION},
    {"assertion", "status:Success", "status:Responder", NULL, SAML_BAD_STATUS, SAML_CHECK_STATUS},
    {"assertion", "/acs\"", "/acs/\"", NULL, SAML_DESTINATION, SAML_CHECK_DESTINATION},
    /* encryption */
    {"encrypted-both", NULL, NULL, no_decryption, SAML_ENC_FAILED, SAML_CHECK_DECRYPTION},
    {"encrypted-both", NULL, NULL, other_slug, SAML_ENC_FAILED, SAML_CHECK_DECRYPTION},
    {"encrypted-both", NULL, NULL, other_key, SAML_SIG_INVALID, OF_RESPONSE},
    {"encrypted-assertion", "rsa-oaep-mgf1p", "rsa-1_5", NULL, SAML_ENC_ALG, SAML_CHECK_STRUCTURE},
    {"encrypted-assertion", OAEP_DIGEST(SAML_NS_DSIG "sha1"), "", NULL, SAML_OK, 0},
    {"encrypted-assertion", OAEP_DIGEST(SAML_NS_DSIG "sha1"), OAEP_DIGEST(SAML_NS_XENC "sha256"), NULL,
     SAML_ENC_ALG, SAML_CHECK_STRUCTURE},
    {"encrypted-assertion", OAEP_DIGEST(SAML_NS_DSIG "sha1"), OAEP_DIGEST(SAML_NS_XENC "sha512"), NULL,
     SAML_ENC_ALG, SAML_CHECK_STRUCTURE},
    {"encrypted-assertion", "2001/04/xmlenc#rsa-oaep-mgf1p", "2009/xmlenc11#rsa-oaep", NULL, SAML_ENC_ALG,
     SAML_CHECK_STRUCTURE},
    {"encrypted-cbc", NULL, NULL, allow_cbc, SAML_OK, 0},
    {"encrypted-cbc", NULL, NULL, NULL, SAML_ENC_ALG, SAML_CHECK_STRUCTURE},
    {"encrypted-cbc-assertion", NULL, NULL, allow_cbc, SAML_ENC_ALG, SAML_CHECK_DECRYPTION},
    {"encrypted-cbc-assertion", NULL, NULL, NULL, SAML_ENC_ALG, SAML_CHECK_STRUCTURE},
    {"encrypted-assertion", "2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#aes256-cbc", NULL, SAML_ENC_ALG,
     SAML_CHECK_STRUCTURE},
    {"encrypted-assertion", "2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#aes256-cbc", allow_cbc, SAML_ENC_ALG,
     SAML_CHECK_DECRYPTION},
    {"encrypted-assertion", "aes256-gcm", "aes128-gcm", NULL, SAML_ENC_FAILED, SAML_CHECK_DECRYPTION},
    {"encrypted-assertion", "<xenc:CipherValue>", "<xenc:CipherValue>AAAA", NULL, SAML_ENC_FAILED,
     SAML_CHECK_DECRYPTION},
};

static GString *load(const char *sample) {
  g_autofree char *file = g_strconcat(sample, ".xml", NULL);
  g_autofree char *path =
      g_build_filename(g_getenv("GATEPOST_TEST_DATA"), "..", "fuzz", "corpus", "saml_response", file, NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  return g_string_new(text);
}

static void check_login(const SamlLogin *login, const char *sample) {
  g_assert_cmpstr(login->name_id.value, ==, SAMPLE_PERSON);
  g_assert_cmpstr(login->in_response_to, ==, "_q");
  g_assert_cmpint(login->encrypted, ==, g_str_has_prefix(sample, "encrypted"));
  gboolean again;
  const SamlAttribute *name = saml_login_attribute(login, "cn", &again);
  g_assert_false(again || name->complex);
  g_assert_cmpstr(name->values[0], ==, "Ada <&> Lovelace");
  const SamlAttribute *groups = saml_login_attribute(login, "groups", &again);
  g_assert_cmpuint(g_strv_length(groups->values), ==, 3);
  g_assert_cmpstr(groups->values[2], ==, "");
}

static void test_verify(gconstpointer data) {
  const VerifyCase *c = data;
  g_autoptr(SamlConnection) connection = sample_connection();
  if (c->change != NULL)
    c->change(connection);
  g_autoptr(SamlTrust) trust = sample_trust(connection);
  g_autoptr(GString) xml = load(c->sample);
  if (c->from != NULL)
    g_assert_cmpuint(g_string_replace(xml, c->from, c->to, 0), >, 0);
  g_autofree char *base64 = g_base64_encode((const guchar *)xml->str, xml->len);
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  saml_report_init(&report);
  gboolean held =
      saml_verify_response(trust, connection, base64, strlen(base64), SAMPLE_NOW_US, &login, &report);
  g_assert_cmpstr(saml_failure_name(report.failure), ==, saml_failure_name(c->failure));
  g_assert_cmpint(held, ==, c->failure == SAML_OK);
  if (held)
    check_login(&login, c->sample);
  else
    g_assert_cmpint(report.state[c->check], ==, SAML_CHECK_FAILED);
}

/* The index is that of the list, whatever was left out (C45, C46). */
static void test_keys(void) {
  g_autoptr(GPtrArray) certificates = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  SamlFailure failure;
  g_assert_null(saml_keys_new(certificates, &failure));
  g_assert_cmpint(failure, ==, SAML_NO_KEY);
  g_ptr_array_add(certificates, g_bytes_new_static("garbage", 7));
  g_assert_null(saml_keys_new(certificates, &failure));
  g_assert_cmpint(failure, ==, SAML_NO_KEY);
  g_ptr_array_add(certificates, sample_bytes(weak_certificate));
  g_assert_null(saml_keys_new(certificates, &failure));
  g_assert_cmpint(failure, ==, SAML_SIG_KEY_WEAK);
  g_ptr_array_add(certificates, sample_bytes(sample_idp_certificate));
  g_autoptr(SamlKeys) keys = saml_keys_new(certificates, &failure);
  g_assert_nonnull(keys);
  g_autoptr(GString) xml = load("response");
  g_autoptr(xmlDoc) document = saml_gate_parse(xml->str, xml->len, &failure);
  guint key = 99;
  g_autoptr(xmlDoc) octets = saml_signature_verify(xmlDocGetRootElement(document), keys, &key, &failure);
  g_assert_nonnull(octets);
  g_assert_cmpuint(key, ==, 2);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  if (!saml_libraries_start())
    return 1;
  for (gsize i = 0; i < G_N_ELEMENTS(verify_cases); i++) {
    g_autofree char *path =
        g_strdup_printf("/saml-verify/%02" G_GSIZE_FORMAT "-%s", i, verify_cases[i].sample);
    g_test_add_data_func(path, &verify_cases[i], test_verify);
  }
  g_test_add_func("/saml-verify/keys", test_keys);
  return g_test_run();
}
