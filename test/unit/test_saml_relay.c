#include "saml/relay.h"

#include "lib/limits.h"

static const char *const good[] = {
    "/portal", "/portal/", "/portal?a=b&c=d%20", "/portal/tokens/7", "/x%C3%A4", "/", "/samlish", "/a:b@c",
};

/* A120. */
static const char *const bad[] = {
    NULL,
    "",
    "portal",
    "//evil.example",
    "///evil.example",
    "http:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/a//evil.example",
    "javascript:alert(1)",
    "/portal\r\nX: y",
    "/%0d%0aX:%20y",
    "/portal\tx",
    "/ x",
    "https://sp@evil.example",
    "/%zz",
    "/%4",
    "/%00",
    "/\xc3\xa4",
    "/a#b",
    "/\"x",
    "/<x>",
    "/a/../../saml",
    "/./x",
    "/saml",
    "/saml/acme/slo",
    "/SAML/acme/slo",
    "/scim/v2/Users",
    "data:text/html,x",
    "//",
};

static void test_targets(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
    g_test_message("%s", good[i]);
    g_assert_true(saml_relay_target(good[i]));
  }
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_test_message("%s", bad[i]);
    g_assert_false(saml_relay_target(bad[i]));
  }
}

static void test_length(void) {
  g_autofree char *most = g_strnfill(LIMIT_SAML_TARGET_BYTES, '/');
  for (gsize i = 1; i < LIMIT_SAML_TARGET_BYTES; i++)
    most[i] = 'a';
  g_assert_true(saml_relay_target(most));
  g_autofree char *more = g_strconcat(most, "a", NULL);
  g_assert_false(saml_relay_target(more));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/relay/targets", test_targets);
  g_test_add_func("/saml/relay/length", test_length);
  return g_test_run();
}
