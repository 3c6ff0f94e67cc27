#include "saml/login.h"

/* C92: logout finds a session only by all four parts. */
static void test_name_id_equal(void) {
  static const struct {
    SamlNameId a, b;
    gboolean equal;
  } cases[] = {
      {{"alice", NULL, NULL, NULL}, {"alice", NULL, NULL, NULL}, TRUE},
      {{"alice", "f", "q", "s"}, {"alice", "f", "q", "s"}, TRUE},
      {{"alice", NULL, NULL, NULL}, {"Alice", NULL, NULL, NULL}, FALSE},
      {{"alice", NULL, NULL, NULL}, {"alice ", NULL, NULL, NULL}, FALSE},
      {{"alice", "f", "q", "s"}, {"alice", "F", "q", "s"}, FALSE},
      {{"alice", "f", "q", "s"}, {"alice", "f", NULL, "s"}, FALSE},
      {{"alice", "f", "q", "s"}, {"alice", "f", "q", ""}, FALSE},
      {{"alice", NULL, NULL, NULL}, {"alice", "", NULL, NULL}, FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_assert_cmpint(saml_name_id_equal(&cases[i].a, &cases[i].b), ==, cases[i].equal);
    g_assert_cmpint(saml_name_id_equal(&cases[i].b, &cases[i].a), ==, cases[i].equal);
  }
}

static void add(SamlLogin *login, const char *name, const char *value) {
  SamlAttribute attribute = {.name = g_strdup(name), .values = g_strsplit(value, ",", -1)};
  g_array_append_val(login->attributes, attribute);
}

static void test_attribute(void) {
  g_auto(SamlLogin) login = {.attributes = saml_attributes_new()};
  gboolean again = TRUE;
  g_assert_null(saml_login_attribute(&login, "mail", &again));
  g_assert_false(again);
  add(&login, "mail", "a@example.org");
  add(&login, "groups", "staff,mail");
  add(&login, "mail", "b@example.org");
  const SamlAttribute *groups = saml_login_attribute(&login, "groups", &again);
  g_assert_false(again);
  g_assert_cmpstr(groups->values[1], ==, "mail");
  const SamlAttribute *mail = saml_login_attribute(&login, "mail", &again);
  g_assert_true(again);
  g_assert_cmpstr(mail->values[0], ==, "a@example.org");
  g_assert_null(saml_login_attribute(&login, "Mail", &again));
}

static void test_clear_twice(void) {
  SamlLogin login = {.response_id = g_strdup("_r"), .attributes = saml_attributes_new()};
  add(&login, "mail", "a");
  saml_login_clear(&login);
  g_assert_null(login.response_id);
  g_assert_null(login.attributes);
  saml_login_clear(&login);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/login/name_id_equal", test_name_id_equal);
  g_test_add_func("/saml/login/attribute", test_attribute);
  g_test_add_func("/saml/login/clear_twice", test_clear_twice);
  return g_test_run();
}
