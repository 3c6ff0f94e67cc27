#include <stdint.h>
#include <string.h>

#include "saml/verifier/libraries.h"
#include "saml/verifier/metadata_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void start(void) {
  static gsize started = 0;
  if (g_once_init_enter(&started)) {
    g_assert_true(saml_libraries_start());
    g_once_init_leave(&started, 1);
  }
}

static void check_url(const char *url, gboolean local) {
  if (url != NULL)
    g_assert_true(g_ascii_strncasecmp(url, "https://", 8) == 0 ||
                  (local && g_ascii_strncasecmp(url, "http://", 7) == 0));
}

/* What is accepted names somebody, has a key, and sends people nowhere but to https. */
static void check_metadata(const SamlIdpMetadata *metadata, gboolean local) {
  g_assert_nonnull(g_strstr_len(metadata->entity_id, -1, ":"));
  g_assert_cmpuint(metadata->signing->len, >, 0);
  g_assert_true(metadata->sso_redirect != NULL || metadata->sso_post != NULL);
  g_assert_nonnull(metadata->warnings);
  g_assert_false(metadata->signature_held);
  check_url(metadata->sso_redirect, local);
  check_url(metadata->sso_post, local);
  check_url(metadata->slo_redirect, local);
  check_url(metadata->slo_post, local);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  start();
  for (guint i = 0; i < 2; i++) {
    const SamlMetadataWish wish = {.entity_id = i == 0 ? NULL : "https://idp.example.org/saml",
                                   .local = i == 1};
    g_auto(SamlIdpMetadata) metadata = {0};
    SamlReport report;
    saml_report_init(&report);
    gboolean good = saml_metadata_read((const char *)data, size, &wish, G_GINT64_CONSTANT(1795000000000000),
                                       &metadata, &report);
    g_assert_cmpint(good, ==, report.failure == SAML_OK);
    if (good)
      check_metadata(&metadata, wish.local);
  }
  return 0;
}
