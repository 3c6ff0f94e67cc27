#include "saml/verifier/query.h"

#include <string.h>

#include "lib/limits.h"

typedef struct {
  const char *query, *signed_octets;
  const char *message, *relay_state, *algorithm, *signature;
} GoodCase;

/* A114: what real senders write. */
static const GoodCase good[] = {
    {"SAMLRequest=fZ%2B%2FQ%3D%3D&RelayState=a+b&SigAlg=http%3A%2F%2Fx%23y&Signature=QUJD",
     "SAMLRequest=fZ%2B%2FQ%3D%3D&RelayState=a+b&SigAlg=http%3A%2F%2Fx%23y", "fZ+/Q==", "a b", "http://x#y",
     "QUJD"},
    /* lower-case digits stay as they are */
    {"SAMLRequest=fZ%2b%2fQ%3d%3d&SigAlg=http%3a%2f%2fx%23y&Signature=QQ%3d%3d",
     "SAMLRequest=fZ%2b%2fQ%3d%3d&SigAlg=http%3a%2f%2fx%23y", "fZ+/Q==", NULL, "http://x#y", "QQ=="},
    /* another order */
    {"Signature=QUJD&SigAlg=x&RelayState=r&SAMLResponse=AAAA", "SAMLResponse=AAAA&RelayState=r&SigAlg=x",
     "AAAA", "r", "x", "QUJD"},
    /* other spellings of one state */
    {"SAMLResponse=AAAA&RelayState=a%20b&SigAlg=x&Signature=QUJD",
     "SAMLResponse=AAAA&RelayState=a%20b&SigAlg=x", "AAAA", "a b", "x", "QUJD"},
    {"SAMLResponse=AAAA&RelayState=&SigAlg=x&Signature=QUJD", "SAMLResponse=AAAA&RelayState=&SigAlg=x",
     "AAAA", "", "x", "QUJD"},
    /* lines inside */
    {"SAMLRequest=AAAA%0D%0AAAAA&SigAlg=x&Signature=QU%0AJD", "SAMLRequest=AAAA%0D%0AAAAA&SigAlg=x",
     "AAAA\r\nAAAA", NULL, "x", "QU\nJD"},
    {"SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE&SAMLRequest="
     "AAAA&SigAlg=x"
     "&Signature=QUJD",
     "SAMLRequest=AAAA&SigAlg=x", "AAAA", NULL, "x", "QUJD"},
    /* a '=' in a value, and names that are not ours */
    {"SAMLRequest=AA==&SigAlg=x&Signature=QQ==&lang=de", "SAMLRequest=AA==&SigAlg=x", "AA==", NULL, "x",
     "QQ=="},
};

static void test_good(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
    g_auto(SamlQuery) query = {0};
    SamlFailure failure = SAML_FAILURES;
    g_assert_true(saml_query_parse(good[i].query, strlen(good[i].query), &query, &failure));
    g_assert_cmpint(failure, ==, SAML_OK);
    g_assert_cmpstr(query.signed_octets, ==, good[i].signed_octets);
    g_assert_cmpint(query.request, ==, g_str_has_prefix(good[i].signed_octets, "SAMLRequest"));
    g_assert_cmpstr(query.message, ==, good[i].message);
    g_assert_cmpstr(query.relay_state, ==, good[i].relay_state);
    g_assert_cmpstr(query.algorithm, ==, good[i].algorithm);
    g_assert_cmpstr(query.signature, ==, good[i].signature);
  }
}

#define REST "&SigAlg=x&Signature=QUJD"
#define GOOD "SAMLRequest=AAAA" REST

static const struct {
  const char *query;
  SamlFailure failure;
} bad[] = {
    /* A110: disguised names, before and after */
    {GOOD "&%53AMLRequest=BBBB", SAML_BAD_FORM},
    {"%53AMLRequest=BBBB&" GOOD, SAML_BAD_FORM},
    {GOOD "&SAMLReques%74=BBBB", SAML_BAD_FORM},
    {GOOD "&Relay%53tate=r", SAML_BAD_FORM},
    {GOOD "&x%3D=1", SAML_BAD_FORM},
    {GOOD "&+SAMLRequest=BBBB", SAML_BAD_FORM},
    {GOOD "&samlrequest=BBBB", SAML_BAD_FORM},
    {GOOD "&relaystate=r", SAML_BAD_FORM},
    {GOOD "&SIGALG=y", SAML_BAD_FORM},
    {GOOD "&SAMLart=x", SAML_BAD_FORM},
    {GOOD "&SAMLRequest2=x", SAML_BAD_FORM},
    /* A111: twice, both, other separators */
    {GOOD "&SAMLRequest=BBBB", SAML_BAD_FORM},
    {"SAMLRequest=BBBB&" GOOD, SAML_BAD_FORM},
    {GOOD "&SAMLResponse=BBBB", SAML_BAD_FORM},
    {GOOD ";SAMLRequest=BBBB", SAML_BAD_FORM},
    {GOOD "&RelayState=a&RelayState=b", SAML_BAD_FORM},
    {GOOD "&Signature=QUJD", SAML_BAD_FORM},
    {GOOD "&SigAlg=x", SAML_BAD_FORM},
    {GOOD "&SAMLEncoding=urn:example", SAML_BAD_FORM},
    {GOOD "&SAMLEncoding=", SAML_BAD_FORM},
    {GOOD "&", SAML_BAD_FORM},
    {"&" GOOD, SAML_BAD_FORM},
    {GOOD "&x", SAML_BAD_FORM},
    {GOOD "&=x", SAML_BAD_FORM},
    {GOOD "#x", SAML_BAD_FORM},
    {"?" GOOD, SAML_BAD_FORM},
    {GOOD "&x=a b", SAML_BAD_FORM},
    {GOOD "&x=\tb", SAML_BAD_FORM},
    {GOOD "&x=\303\274", SAML_BAD_FORM},
    {"", SAML_BAD_FORM},
    {"SAMLRequest=" REST, SAML_BAD_FORM},
    {"RelayState=r" REST, SAML_BAD_FORM},
    {"SAMLRequest=AA%4" REST, SAML_BAD_FORM},
    {"SAMLRequest=AA%" REST, SAML_BAD_FORM},
    {"SAMLRequest=AA%zz" REST, SAML_BAD_FORM},
    {"SAMLRequest=AA%00" REST, SAML_BAD_FORM},
    {"SAMLRequest=AAAA" REST "%", SAML_BAD_FORM},
    {GOOD "&RelayState=%ff", SAML_RELAY_INVALID},
    /* A113, A115 */
    {"SAMLRequest=AAAA", SAML_SIG_MISSING},
    {"SAMLRequest=AAAA&SigAlg=x", SAML_SIG_MISSING},
    {"SAMLRequest=AAAA&Signature=QUJD", SAML_SIG_MISSING},
    {"SAMLRequest=AAAA&SigAlg=x&Signature=", SAML_SIG_MISSING},
    {"SAMLRequest=AAAA&SigAlg=&Signature=QUJD", SAML_SIG_MISSING},
};

static void refuses(const char *text, gsize n, SamlFailure expected) {
  SamlQuery query = {0};
  SamlFailure failure = SAML_OK;
  g_assert_false(saml_query_parse(text, n, &query, &failure));
  if (failure != expected)
    g_error("%.100s: %s, not %s", text, saml_failure_name(failure), saml_failure_name(expected));
  g_assert_null(query.signed_octets);
}

static void test_bad(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    refuses(bad[i].query, strlen(bad[i].query), bad[i].failure);
}

static void test_bytes(void) {
  refuses(GOOD "\0x=1", sizeof GOOD + 3, SAML_BAD_FORM);
  g_autofree char *filling = g_strnfill(LIMIT_URI_BYTES, 'a');
  g_autofree char *large = g_strconcat(GOOD, "&x=", filling, NULL);
  refuses(large, strlen(large), SAML_TOO_LARGE);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/query/good", test_good);
  g_test_add_func("/saml/query/bad", test_bad);
  g_test_add_func("/saml/query/bytes", test_bytes);
  return g_test_run();
}
