#include <stdint.h>
#include <string.h>

#include "saml/verifier/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was signed, read again, says the same: there are no two ways to read it. */
static void check_again(const SamlQuery *query) {
  SamlFailure failure;
  g_auto(SamlQuery) again = {0};
  g_autofree char *text = g_strconcat(query->signed_octets, "&Signature=QUJD", NULL);
  g_assert_true(saml_query_parse(text, strlen(text), &again, &failure));
  g_assert_cmpstr(again.signed_octets, ==, query->signed_octets);
  g_assert_cmpstr(again.message, ==, query->message);
  g_assert_cmpstr(again.relay_state, ==, query->relay_state);
  g_assert_cmpstr(again.algorithm, ==, query->algorithm);
  g_assert_cmpint(again.request, ==, query->request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SamlFailure failure = SAML_FAILURES;
  g_auto(SamlQuery) query = {0};
  if (!saml_query_parse((const char *)data, size, &query, &failure)) {
    g_assert_cmpint(failure, !=, SAML_OK);
    return 0;
  }
  g_assert_cmpuint(strlen(query.message), >, 0);
  g_assert_cmpuint(strlen(query.signature), >, 0);
  check_again(&query);
  return 0;
}
