#include "saml/subject.h"

#include <string.h>

#include "saml/trace.h"

#define OURS "https://sp.example/md"
#define PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
#define TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

typedef struct {
  const char *value, *format;
  SamlFailure failure;
} Case;

static const Case cases[] = {
    {"ada@example.org", NULL, SAML_OK},
    {"7f3a-1", PERSISTENT, SAML_OK},
    {"Bj\xc3\xb6rn", PERSISTENT, SAML_OK},
    {"<b>&amp;", PERSISTENT, SAML_OK}, /* A99: markup as text stays text */
    {"_b7", TRANSIENT, SAML_SUBJECT_UNUSABLE},
    {"", PERSISTENT, SAML_SUBJECT_UNUSABLE},
    {" ada", PERSISTENT, SAML_SUBJECT_UNUSABLE},
    {"ada ", PERSISTENT, SAML_SUBJECT_UNUSABLE},
    {"a\nb", PERSISTENT, SAML_SUBJECT_UNUSABLE},
    {"Bjo\xcc\x88rn", PERSISTENT, SAML_SUBJECT_UNUSABLE},  /* NFD */
    {"a\xe2\x80\xae" "b", PERSISTENT, SAML_SUBJECT_UNUSABLE}, /* bidi */
    {"a\xe2\x80\x8b", PERSISTENT, SAML_SUBJECT_UNUSABLE},  /* zero width */
    {NULL, PERSISTENT, SAML_SUBJECT_MISSING},
};

static void test_name_ids(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    SamlReport report;
    SamlLogin login = {.name_id = {.value = (char *)cases[i].value, .format = (char *)cases[i].format}};
    saml_report_init(&report);
    g_test_message("%s", cases[i].value);
    const char *value = saml_subject_take(&login, "NameID", OURS, &report);
    g_assert_cmpstr(value, ==, cases[i].failure == SAML_OK ? cases[i].value : NULL);
    g_assert_cmpint(report.failure, ==, cases[i].failure);
    g_assert_cmpint(report.state[SAML_CHECK_MAPPING], ==,
                    cases[i].failure == SAML_OK ? SAML_CHECK_PASSED : SAML_CHECK_FAILED);
  }
}

static void test_length(void) {
  g_autofree char *long_one = g_strnfill(257, 'a');
  SamlLogin login = {.name_id = {.value = long_one}};
  SamlReport report;
  saml_report_init(&report);
  g_assert_null(saml_subject_take(&login, "NameID", OURS, &report));
  long_one[256] = '\0';
  saml_report_init(&report);
  g_assert_nonnull(saml_subject_take(&login, "NameID", OURS, &report));
}

static void test_qualifiers(void) {
  SamlLogin login = {.name_id = {.value = (char *)"1", .sp_name_qualifier = (char *)OURS}};
  SamlReport report;
  saml_report_init(&report);
  g_assert_nonnull(saml_subject_take(&login, "NameID", OURS, &report));
  login.name_id.sp_name_qualifier = (char *)"https://other.example/md";
  g_assert_null(saml_subject_take(&login, "NameID", OURS, &report));
  g_assert_cmpint(report.failure, ==, SAML_SUBJECT_UNUSABLE);
}

static void add(SamlLogin *login, const char *name, const char *values, gboolean complex) {
  SamlAttribute attribute = {
      .name = g_strdup(name), .values = g_strsplit(values, ",", -1), .complex = complex};
  g_array_append_val(login->attributes, attribute);
}

static void test_attributes(void) {
  g_auto(SamlLogin) login = {.attributes = saml_attributes_new()};
  add(&login, "oid", "1", FALSE);
  add(&login, "two", "1,2", FALSE);
  add(&login, "twice", "1", FALSE);
  add(&login, "twice", "1", FALSE);
  add(&login, "markup", "1", TRUE);
  add(&login, "none", "", FALSE);
  static const struct {
    const char *name;
    SamlFailure failure;
  } rows[] = {{"oid", SAML_OK},
              {"OID", SAML_SUBJECT_MISSING},
              {"gone", SAML_SUBJECT_MISSING},
              {"two", SAML_ATTRIBUTE_INVALID},
              {"twice", SAML_ATTRIBUTE_INVALID},
              {"markup", SAML_ATTRIBUTE_INVALID},
              {"none", SAML_ATTRIBUTE_INVALID}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    SamlReport report;
    saml_report_init(&report);
    g_test_message("%s", rows[i].name);
    g_assert_cmpstr(saml_subject_take(&login, rows[i].name, OURS, &report), ==,
                    rows[i].failure == SAML_OK ? "1" : NULL);
    g_assert_cmpint(report.failure, ==, rows[i].failure);
  }
}

static void test_domains(void) {
  static const struct {
    const char *value, *domain;
    gboolean bad;
  } rows[] = {{"ada", NULL, FALSE},
              {"ada@Example.ORG", "example.org", FALSE},
              {"a@b@example.org", "example.org", FALSE},
              {"ada@", NULL, TRUE},
              {"ada@host", NULL, TRUE},
              {"@", NULL, TRUE}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    gboolean bad;
    g_autofree char *domain = saml_subject_domain(rows[i].value, &bad);
    g_assert_cmpstr(domain, ==, rows[i].domain);
    g_assert_cmpint(bad, ==, rows[i].bad);
  }
}

static void test_trace_names(void) {
  for (int i = 0; i < 200; i++) {
    SamlTraceNames names;
    saml_trace_names(&names);
    for (gsize at = 0; at < SAML_TRACE_NAMES; at++) {
      g_autofree char *name = NULL;
      g_assert_true(saml_trace_name_parse(names.names[at], &name));
      g_assert_cmpstr(name, ==, names.names[at]);
    }
    g_assert_cmpstr(names.names[0], !=, names.names[1]);
  }
  g_autofree char *name = NULL;
  g_assert_true(saml_trace_name_parse(" Brave Otter 42 ", &name));
  g_assert_cmpstr(name, ==, "brave-otter-42");
  static const char *const bad[] = {"",
                                    "brave",
                                    "brave-otter",
                                    "brave-otter-4",
                                    "brave-otter-42-1",
                                    "brave-otter-x",
                                    "br4ve-otter-42",
                                    "brave--42"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *none = NULL;
    g_assert_false(saml_trace_name_parse(bad[i], &none));
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/subject/name-ids", test_name_ids);
  g_test_add_func("/saml/subject/length", test_length);
  g_test_add_func("/saml/subject/qualifiers", test_qualifiers);
  g_test_add_func("/saml/subject/attributes", test_attributes);
  g_test_add_func("/saml/subject/domains", test_domains);
  g_test_add_func("/saml/trace/names", test_trace_names);
  return g_test_run();
}
