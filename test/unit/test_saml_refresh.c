#include "saml/refresh.h"

#include <string.h>

/* Keys are letters: capitals in the record are trusted, small ones pending, with '-' removed by metadata, with '!' removed by hand. */
typedef struct {
  const char *name, *known, *copy, *sso, *slo_redirect, *slo_post;
  gboolean held, accepted;
  const char *steps; /* +k add, -k remove, S, s: sign-in and logout address; a '?' after what waits */
} Case;

#define SSO "https://idp.example/sso"
#define SLO "https://idp.example/slo"

static const Case cases[] = {
    {"same", "A", "a", SSO, SLO, NULL, FALSE, FALSE, ""},
    {"new-key-waits", "A", "ab", SSO, SLO, NULL, FALSE, FALSE, "+b?"},
    {"new-key-signed", "A", "ab", SSO, SLO, NULL, TRUE, FALSE, "+b"},
    {"new-key-accepted", "A", "ab", SSO, SLO, NULL, FALSE, TRUE, "+b"},
    {"pending-stays", "Ab", "ab", SSO, SLO, NULL, FALSE, FALSE, ""},
    {"pending-signed", "Ab", "ab", SSO, SLO, NULL, TRUE, FALSE, "+b"},
    {"key-gone-waits", "AB", "a", SSO, SLO, NULL, FALSE, FALSE, "-b?"},
    {"key-gone-signed", "AB", "a", SSO, SLO, NULL, TRUE, FALSE, "-b"},
    {"roll-over", "A", "b", SSO, SLO, NULL, TRUE, FALSE, "+b-a"},
    {"removed-comes-back", "AB-", "ab", SSO, SLO, NULL, TRUE, FALSE, "+b"},
    {"removed-by-hand-stays", "AB!", "ab", SSO, SLO, NULL, TRUE, TRUE, ""},
    {"address-waits", "A", "a", "https://evil.example/sso", SLO, NULL, FALSE, FALSE, "S?"},
    {"address-signed", "A", "a", SSO "2", SLO, NULL, TRUE, FALSE, "S"},
    {"logout-gone", "A", "a", SSO, NULL, NULL, TRUE, FALSE, "s"},
    {"logout-by-post", "A", "a", SSO, NULL, SLO, TRUE, FALSE, "s"},
    {"logout-both", "A", "a", SSO, SLO, SLO, TRUE, FALSE, ""},
    {"no-key", "A", "", SSO, SLO, NULL, TRUE, TRUE, "refused"},
    {"no-address", "A", "a", NULL, SLO, NULL, TRUE, TRUE, "refused"},
};

static GBytes *key_of(char letter) {
  char small = g_ascii_tolower(letter);
  return g_bytes_new(&small, 1);
}

static void clear_known(gpointer data) {
  g_bytes_unref(((SamlKnownKey *)data)->der);
}

static GArray *known_keys(const char *text) {
  GArray *keys = g_array_new(FALSE, TRUE, sizeof(SamlKnownKey));
  g_array_set_clear_func(keys, clear_known);
  for (; *text != '\0'; text++) {
    SamlKnownKey key = {key_of(*text), g_ascii_isupper(*text) ? SAML_KEY_TRUSTED : SAML_KEY_PENDING, FALSE};
    if (text[1] == '-' || text[1] == '!') {
      key.state = SAML_KEY_REMOVED;
      key.by_hand = *++text == '!';
    }
    g_array_append_val(keys, key);
  }
  return keys;
}

static void describe(const SamlRefreshPlan *plan, GString *text) {
  static const char marks[] = "+-Ss";
  for (guint i = 0; i < plan->steps->len; i++) {
    const SamlRefreshStep *step = &g_array_index(plan->steps, SamlRefreshStep, i);
    g_string_append_c(text, marks[step->kind]);
    if (step->der != NULL)
      g_string_append_len(text, g_bytes_get_data(step->der, NULL), 1);
    if (step->waits)
      g_string_append_c(text, '?');
  }
}

static void test_plan(gconstpointer data) {
  const Case *c = data;
  g_autoptr(GArray) keys = known_keys(c->known);
  SamlKnownIdp known = {"https://idp.example", SSO, SLO, FALSE, FALSE, keys};
  g_auto(SamlIdpMetadata) copy = {.entity_id = g_strdup("https://idp.example"),
                                  .sso_redirect = g_strdup(c->sso),
                                  .slo_redirect = g_strdup(c->slo_redirect),
                                  .slo_post = g_strdup(c->slo_post),
                                  .signing = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
                                  .signature_held = c->held};
  for (const char *letter = c->copy; *letter != '\0'; letter++)
    g_ptr_array_add(copy.signing, key_of(*letter));
  g_auto(SamlRefreshPlan) plan = {0};
  g_autoptr(GString) text = g_string_new(NULL);
  saml_refresh_plan(&known, &copy, c->accepted, &plan);
  if (plan.refuse != NULL)
    g_string_assign(text, "refused");
  describe(&plan, text);
  g_assert_cmpstr(text->str, ==, c->steps);
  g_assert_cmpint(saml_refresh_waits(&plan), ==, strchr(c->steps, '?') != NULL);
}

static void test_another_entity(void) {
  g_autoptr(GArray) keys = known_keys("A");
  SamlKnownIdp known = {"https://idp.example", SSO, SLO, FALSE, FALSE, keys};
  g_auto(SamlIdpMetadata) copy = {.entity_id = g_strdup("https://idp.example/"),
                                  .sso_redirect = g_strdup(SSO),
                                  .signing = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
                                  .signature_held = TRUE};
  g_ptr_array_add(copy.signing, key_of('a'));
  g_auto(SamlRefreshPlan) plan = {0};
  saml_refresh_plan(&known, &copy, TRUE, &plan);
  g_assert_nonnull(plan.refuse);
  g_assert_cmpuint(plan.steps->len, ==, 0);
}

static void test_after(void) {
  SamlIdpMetadata copy = {.cache_seconds = 0};
  g_assert_cmpint(saml_refresh_after(&copy, 0), ==, 86400);
  copy.cache_seconds = 7200;
  g_assert_cmpint(saml_refresh_after(&copy, 0), ==, 7200);
  copy.cache_seconds = 10;
  g_assert_cmpint(saml_refresh_after(&copy, 0), ==, 3600);
  copy.cache_seconds = 0;
  copy.valid_until_us = G_GINT64_CONSTANT(20000) * G_USEC_PER_SEC;
  g_assert_cmpint(saml_refresh_after(&copy, 0), ==, 10000);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/saml_refresh/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_plan);
  }
  g_test_add_func("/saml_refresh/another-entity", test_another_entity);
  g_test_add_func("/saml_refresh/after", test_after);
  return g_test_run();
}
