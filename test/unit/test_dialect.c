#include "scim/dialect.h"

static void test_table(void) {
  for (int i = 0; i < SCIM_LENIENT_COUNT; i++) {
    ScimLeniency found = SCIM_LENIENT_COUNT;
    g_assert_nonnull(scim_dialect_name((ScimLeniency)i));
    g_assert_true(g_str_has_suffix(scim_dialect_about((ScimLeniency)i), "."));
    g_assert_true(scim_dialect_find(scim_dialect_name((ScimLeniency)i), &found));
    g_assert_cmpint((int)found, ==, i);
  }
}

static void test_find_unknown(void) {
  ScimLeniency found = SCIM_LENIENT_OP_EXTRAS;
  g_assert_false(scim_dialect_find("no-such", &found));
  g_assert_cmpint(found, ==, SCIM_LENIENT_OP_EXTRAS);
}

static void test_allows(void) {
  ScimDialect strict = {0};
  g_assert_false(scim_dialect_allows(&strict, SCIM_LENIENT_OP_CASE));
  g_assert_cmpuint(strict.used, ==, 0);
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  g_assert_true(scim_dialect_allows(&all, SCIM_LENIENT_CONTENT_TYPE));
  g_assert_true(scim_dialect_allows(&all, SCIM_LENIENT_OP_CASE));
  g_assert_cmpuint(all.used, ==, G_GUINT64_CONSTANT(1) << SCIM_LENIENT_CONTENT_TYPE | 1);
}

static void test_profiles(void) {
  static const char *const names[] = {"okta",   "entra",    "onelogin", "jumpcloud", "ping",
                                      "google", "keycloak", "any",      "strict"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    const ScimProfile *profile = scim_profile_find(names[i]);
    g_assert_nonnull(profile);
    g_assert_nonnull(profile->about);
    g_assert_cmpuint(profile->allowed & ~SCIM_DIALECT_ALL, ==, 0);
  }
  g_assert_cmpuint(scim_profile_find("any")->allowed, ==, SCIM_DIALECT_ALL);
  g_assert_cmpuint(scim_profile_find("strict")->allowed, ==, 0);
  g_assert_null(scim_profile_find("Okta"));
}

/* Read by the letter, this empties groups: every profile but strict protects them. */
static void test_no_profile_empties_groups(void) {
  for (const ScimProfile *profile = scim_profile_all(); profile->name; profile++) {
    ScimDialect dialect = {.allowed = profile->allowed};
    g_assert_cmpint(scim_dialect_allows(&dialect, SCIM_LENIENT_REMOVE_BY_VALUE), ==,
                    !g_str_equal(profile->name, "strict"));
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dialect/table", test_table);
  g_test_add_func("/dialect/find-unknown", test_find_unknown);
  g_test_add_func("/dialect/allows", test_allows);
  g_test_add_func("/dialect/profiles", test_profiles);
  g_test_add_func("/dialect/no-profile-empties-groups", test_no_profile_empties_groups);
  return g_test_run();
}
