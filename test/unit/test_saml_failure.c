#include "saml/failure.h"

#include <string.h>

#include "lib/explain.h"

/* The names are kept in audit records and searched for: these never change. */
static const struct {
  SamlFailure failure;
  const char *name;
  SamlBlame blame;
} rows[] = {
    {SAML_OK, "ok", SAML_BLAME_NOBODY},
    {SAML_TOO_LARGE, "too_large", SAML_BLAME_IDP},
    {SAML_DOCTYPE, "doctype", SAML_BLAME_IDP},
    {SAML_BAD_STRUCTURE, "bad_structure", SAML_BLAME_IDP},
    {SAML_SIG_INVALID, "sig_invalid", SAML_BLAME_IDP},
    {SAML_EXPIRED, "expired", SAML_BLAME_RETRY},
    {SAML_REPLAY, "replay", SAML_BLAME_RETRY},
    {SAML_USER_DISABLED, "user_disabled", SAML_BLAME_PERSON},
    {SAML_BUSY, "busy", SAML_BLAME_US},
};

static void test_names(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_assert_cmpstr(saml_failure_name(rows[i].failure), ==, rows[i].name);
    g_assert_cmpint(saml_failure_blame(rows[i].failure), ==, rows[i].blame);
  }
  g_assert_cmpint(saml_failure_find("no_such_thing"), ==, SAML_FAILURES);
  g_assert_cmpint(saml_failure_find(""), ==, SAML_FAILURES);
}

/* Each failure has a name of its own, a sentence and somebody who can do something. */
static void test_complete(void) {
  for (guint i = 0; i < SAML_FAILURES; i++) {
    SamlFailure failure = (SamlFailure)i;
    g_assert_nonnull(saml_failure_name(failure));
    g_assert_cmpint(saml_failure_find(saml_failure_name(failure)), ==, failure);
    g_assert_cmpuint(strlen(saml_failure_text(failure)), >, 10);
    g_assert_cmpint(saml_failure_blame(failure) == SAML_BLAME_NOBODY, ==, failure == SAML_OK);
  }
}

/* Whatever a trace names, `gatepost explain` knows. */
static void test_explained(void) {
  for (guint i = SAML_OK + 1; i < SAML_FAILURES; i++)
    g_assert_nonnull(explain_find(saml_failure_code((SamlFailure)i)));
  g_assert_null(explain_find(saml_failure_code(SAML_OK)));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/failure/names", test_names);
  g_test_add_func("/saml/failure/complete", test_complete);
  g_test_add_func("/saml/failure/explained", test_explained);
  return g_test_run();
}
