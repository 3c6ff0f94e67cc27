#include "saml/connection.h"

/* Everything is freed with the last reference, and not before (a sanitizer build sees either error). */
static void test_lifetime(void) {
  SamlConnection *connection = saml_connection_new();
  g_assert_cmpint(connection->skew_seconds, ==, SAML_SKEW_SECONDS);
  connection->slug = g_strdup("acme-okta");
  connection->contexts = g_strsplit("a,b", ",", -1);
  SamlPinned pinned = {g_bytes_new_static("der", 3)};
  g_array_append_val(connection->pinned, pinned);
  SamlOwnKey key = {g_bytes_new_static("der", 3), g_bytes_new_static("sealed", 6)};
  g_array_append_val(connection->decryption, key);
  g_autoptr(SamlConnection) again = saml_connection_ref(connection);
  saml_connection_unref(connection);
  g_assert_cmpstr(again->slug, ==, "acme-okta");
  g_assert_cmpuint(g_bytes_get_size(g_array_index(again->pinned, SamlPinned, 0).der), ==, 3);
  saml_connection_unref(NULL);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/connection/lifetime", test_lifetime);
  return g_test_run();
}
