#include "saml/report.h"

#include <string.h>

#include "lib/text.h"

static void test_steps(void) {
  SamlReport report;
  saml_report_init(&report);
  g_assert_cmpint(report.failure, ==, SAML_OK);
  g_assert_cmpint(report.skew_us, ==, G_MAXINT64);
  saml_report_pass(&report, SAML_CHECK_FORM);
  saml_report_skip(&report, SAML_CHECK_DECRYPTION);
  g_assert_false(
      saml_report_fail(&report, SAML_CHECK_AUDIENCE, SAML_AUDIENCE, "https://other.example", NULL));
  g_assert_cmpint(report.state[SAML_CHECK_FORM], ==, SAML_CHECK_PASSED);
  g_assert_cmpint(report.state[SAML_CHECK_DECRYPTION], ==, SAML_CHECK_NOT_NEEDED);
  g_assert_cmpint(report.state[SAML_CHECK_AUDIENCE], ==, SAML_CHECK_FAILED);
  g_assert_cmpint(report.state[SAML_CHECK_PERSON], ==, SAML_CHECK_NOT_REACHED);
  g_assert_cmpint(report.failure, ==, SAML_AUDIENCE);
  g_assert_cmpstr(report.saw, ==, "https://other.example");
  g_assert_cmpstr(report.wanted, ==, "");
}

/* What a stranger wrote is shown without controls, whole characters, within its room. */
static void test_clean(void) {
  SamlReport report;
  saml_report_init(&report);
  g_autofree char *plain = g_strnfill(1000, 'a');
  g_autoptr(GString) umlauts = g_string_new("x");
  for (guint i = 0; i < 1000; i++)
    g_string_append(umlauts, "\303\274");
  saml_report_fail(&report, SAML_CHECK_XML, SAML_BAD_XML, plain, umlauts->str);
  g_assert_cmpuint(strlen(report.saw), <, SAML_REPORT_TEXT_BYTES);
  g_assert_true(g_str_has_prefix(report.saw, "aaa"));
  g_assert_true(text_is_plain(report.wanted));
  g_assert_cmpuint(strlen(report.wanted), >, SAML_REPORT_TEXT_BYTES - 8);
  saml_report_fail(&report, SAML_CHECK_XML, SAML_BAD_XML, "a\033[31m\nb\377", "");
  g_assert_true(text_is_plain(report.saw));
}

static void test_complete(void) {
  for (guint i = 0; i < SAML_CHECKS; i++) {
    g_assert_cmpuint(strlen(saml_check_name((SamlCheck)i)), >, 2);
    g_assert_cmpuint(strlen(saml_check_text((SamlCheck)i)), >, 10);
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr(saml_check_name((SamlCheck)i), !=, saml_check_name((SamlCheck)j));
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/report/steps", test_steps);
  g_test_add_func("/saml/report/clean", test_clean);
  g_test_add_func("/saml/report/complete", test_complete);
  return g_test_run();
}
