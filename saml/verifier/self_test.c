#include "saml/verifier/self_test.h"

#include <lasso/debug.h>
#include <string.h>

#include "lib/crypto_seal.h"
#include "saml/verifier/verify.h"

/* A Response and an Assertion in it, both signed, and the certificate: made once, at the moment below; the private key was not kept. */
#define MOMENT_US (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC)
#define BASE "https://gatepost.example.org/saml/self-test"
#define IDP "https://idp.example.org/self-test"
#define PERSON "ada@example.org"

static const char certificate[] =
    "MIICtDCCAZygAwIBAgIUDlCoBMcAQyymSkVoJ41hby1RVAUwDQYJKoZIhvcNAQELBQAwFDESMBAGA1UEAwwJc2VsZi10ZXN0MB4X"
    "DTI2MTEyMzE5MzgxOFoXDTM2MTEyMTE5MzgxOFowFDESMBAGA1UEAwwJc2VsZi10ZXN0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"
    "MIIBCgKCAQEAmB0nVd00GUph0g0jbZp2hv0yMW2zlj+2bR+gy9mymYyZLlqEt6t/gvZxV9wI0NR7bvdezfwY1BHiXbvwKRpCbR9Z"
    "xsozy0WYZUuY5pnbzUYJuGKRgtLovUnmck4xYPcovLwtpZWhf6wiZWB2aYfq+hgkVicxntWRKPW8J+GnZvYeg5lPU5wxGbHWQAVv"
    "ivKSteKSWg6xJYMY4QGoC09M1FJ4RMirWlPqTHSHX105aTOmY2h8/dLlHx7shI+pr5uELXWCSv91NudCYFbKlGBNrVcV5imdKy05"
    "9rEdBv9lirD3h8c2wNo3sp8/wOPkyazQGjZtOQFgiyIcR0S8NofVpwIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQA2QcQhOQJ+pwGo"
    "zRDaQq8F8kkj+XgvDPLplVh0OGKUQud2V6xn5xlkBg1RbYHLHxysdYTqTzTfyTtxAPjJ7xIJBDrI8x8aUiB8B0JcJsquuv6IC5Vc"
    "V3yr6EZi8ZEjU/RIBjcO0PTRwIXWw9qsZnQskbU3lHvNfl0zOPEa1VED/tq8aHac2nEOTt1QjGH0iFmoI9YgpTYOT/B0LnZlnkis"
    "g/maYgRo6TWfakBXVUOUO5J4OXyZ7h7Ai47sXoMiTP+yzWKSihBWMta4SOOOqzI6DwM8RU3FvUL/hJXpgeFepmPkAXUcheRj6YW5"
    "5m010SVKQm1lc/SBOuB8bYCpgg2u";

static const char message[] =
    "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SA"
    "ML:2.0:assertion\" ID=\"_11111111111111111111111111111111\" Version=\"2.0\" "
    "IssueInstant=\"2026-01-01T00:0"
    "0:00.000Z\" Destination=\"https://gatepost.example.org/saml/self-test/acs\" InResponseTo=\"_444444444444"
    "44444444444444444444\"><saml:Issuer>https://idp.example.org/self-test</saml:Issuer><ds:Signature xmln"
    "s:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http:"
    "//www.w3.org/2001/10/xml-exc-c14n#\"/><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsi"
    "g-more#rsa-sha256\"/><ds:Reference URI=\"#_11111111111111111111111111111111\"><ds:Transforms><ds:Transf"
    "orm Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform Algorithm=\"http"
    "://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/"
    "2001/04/xmlenc#sha256\"/><ds:DigestValue>LbHi/6MTPs3ySl2mW1NqPoMXx2IbKQa90JPTBSvd3N4=</ds:DigestValue"
    "></ds:Reference></ds:SignedInfo><ds:SignatureValue>bO7aIIMoeLrtmzTTtO2iKki7+gI+WXDytTXpkZTyp+T17u0Tl"
    "hfAMhZCJon8rrP95CaoG4jDRP+8SrIay5gVVwOaDpHMT0q8MRaghY0gGWr13SYJH+nMAFulD2zXEWHbiEn6xNJA9M0ipH61CqTnj"
    "pAaiCoUi2wmxEPfh66MJwuqpyDpaATdXqJhlHjiv4NIIVw/lvWESZa7qBjXZQMYa/2xNaCH01lh2TGRQJXj3Qi5foJgYYksWtDKT"
    "0wXfkIAdo8r7uN8QcYlq1IQOPBItAkWDKrAB7z/zIOBmF/NylwM0qQuxxu0IyobMRa0ZPwdyoTuH4VtyMQJeqnqZ3od+w==</ds:"
    "SignatureValue></ds:Signature><samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:sta"
    "tus:Success\"/></samlp:Status><saml:Assertion xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" x"
    "mlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"_22222222222222222222222222222222\" Version=\"2.0\" "
    "Issu"
    "eInstant=\"2026-01-01T00:00:00.000Z\"><saml:Issuer>https://idp.example.org/self-test</saml:Issuer><ds:"
    "Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Al"
    "gorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/><ds:SignatureMethod Algorithm=\"http://www.w3.org/"
    "2001/04/xmldsig-more#rsa-sha256\"/><ds:Reference URI=\"#_22222222222222222222222222222222\"><ds:Transfo"
    "rms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform A"
    "lgorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms><ds:DigestMethod Algorithm=\"http"
    "://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>jjf6y0DNsiCZVuZjvKWeF/CBXgQ89HPX/vRtOf5uDOs=</"
    "ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>Mv1aoSd5o+QNK16zcTAw2ddzLvz5oL9EA5+"
    "Z+BUOjfGnkrOUjIDTxvRdVJPgHRKozXXjmOAl/4nWnqjbVuIdqHckJcjhXgNNtZHVZHzSk8kSKej9ro4PmysI/WEl8FArKosDWx4"
    "G+XzRK5SQp5KZ9jCr5vpJOLOc9E9bEEWDeGzKQpT7Vxzb4IsZQyGzwJjinoJFyA19dKSaIDAJqawYmjYZhKER28CeQo+dtf+gPJ5"
    "3WVV0BqvctG7oJ5FL5xeTMURQtUKoLVS2BJuRxBfBJ/RYqK9yfPf2rwzk2ZDor0v3RJEjdo86E3HP2cHTHt4olGBGZakdjlFDiPS"
    "E486tEQ==</ds:SignatureValue></ds:Signature><saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SA"
    "ML:1.1:nameid-format:emailAddress\">ada@example.org</saml:NameID><saml:SubjectConfirmation Method=\"ur"
    "n:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData NotOnOrAfter=\"2026-01-01T00:05:00"
    ".000Z\" Recipient=\"https://gatepost.example.org/saml/self-test/acs\" InResponseTo=\"_444444444444444444"
    "44444444444444\"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"2025-12-31T23"
    ":59:00.000Z\" NotOnOrAfter=\"2026-01-01T00:05:00.000Z\"><saml:AudienceRestriction><saml:Audience>https:"
    "//gatepost.example.org/saml/self-test/metadata</saml:Audience></saml:AudienceRestriction></saml:Cond"
    "itions><saml:AuthnStatement AuthnInstant=\"2025-12-31T23:59:55.000Z\" SessionIndex=\"_33333333333333333"
    "333333333333333\"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classe"
    "s:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><s"
    "aml:AttributeStatement><saml:Attribute Name=\"mail\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-"
    "format:basic\"><saml:AttributeValue xsi:type=\"xs:string\">ada@example.org</saml:AttributeValue></saml:"
    "Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>";

typedef struct {
  const char *from, *to; /* the first place of it, changed */
  SamlFailure failure;
  const char *why;
} Case;

static const Case cases[] = {
    {"<", "<", SAML_OK, "the self-test's message, which is right, was refused"},
    {PERSON, "eve@example.org", SAML_SIG_INVALID, "a message with another person in it was not refused"},
    {"<", "<!DOCTYPE a><", SAML_DOCTYPE, "a message with a DOCTYPE was not refused"},
};

static SamlConnection *connection_new(void) {
  SamlConnection *connection = saml_connection_new();
  gsize n;
  guint8 *der = g_base64_decode(certificate, &n);
  SamlPinned pinned = {g_bytes_new_take(der, n)};
  connection->slug = g_strdup("self-test");
  connection->name = g_strdup("self-test");
  connection->sp_entity_id = g_strdup(BASE "/metadata");
  connection->acs_url = g_strdup(BASE "/acs");
  connection->slo_url = g_strdup(BASE "/slo");
  connection->idp_entity_id = g_strdup(IDP);
  connection->sso_url = g_strdup(IDP "/sso");
  connection->signed_what = SAML_SIGNED_BOTH;
  g_array_append_val(connection->pinned, pinned);
  return connection;
}

/* The message with one text replaced, as a browser would bring it. Free with g_free. */
static char *changed(const Case *row) {
  const char *at = strstr(message, row->from);
  g_autofree char *text =
      g_strdup_printf("%.*s%s%s", (int)(at - message), message, row->to, at + strlen(row->from));
  return g_base64_encode((const guchar *)text, strlen(text));
}

static gboolean passes(const SamlTrust *trust, const SamlConnection *connection, const Case *row) {
  g_autofree char *base64 = changed(row);
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  saml_report_init(&report);
  gboolean held = saml_verify_response(trust, connection, base64, strlen(base64), MOMENT_US, &login, &report);
  return report.failure == row->failure && held == (row->failure == SAML_OK) &&
         (!held || g_strcmp0(login.name_id.value, PERSON) == 0);
}

gboolean saml_self_test(const char **why) {
  static const guint8 no_key[CRYPTO_SEAL_KEY_BYTES]; /* the connection has none to open */
  g_autoptr(SamlConnection) connection = connection_new();
  SamlReport report;
  saml_report_init(&report);
  g_autoptr(SamlTrust) trust = saml_trust_new(connection, no_key, &report);
  *why = "the self-test's connection was refused";
  if (trust == NULL)
    return FALSE;
  *why = "signatures are switched off in the second implementation";
  if (!lasso_flag_verify_signature)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    *why = cases[i].why;
    if (!passes(trust, connection, &cases[i]))
      return FALSE;
  }
  return TRUE;
}
