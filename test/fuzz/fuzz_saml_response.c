#include <stdint.h>
#include <string.h>

#include "saml/verifier/libraries.h"
#include "test/unit/saml_samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
  SamlConnection *connection;
  SamlTrust *trust;
} World;

/* Made once: a trust costs more than a thousand messages. */
static const World *world(void) {
  static gsize made = 0;
  if (g_once_init_enter(&made)) {
    g_assert_true(saml_libraries_start());
    World *one = g_new0(World, 1);
    one->connection = sample_connection();
    one->connection->allow_cbc = TRUE;
    one->trust = sample_trust(one->connection);
    g_once_init_leave(&made, (gsize)one);
  }
  return (const World *)made;
}

/* The XML of a response, as if posted. Nobody but the identity provider can sign, and all it ever signed names one person. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *base64 = g_base64_encode(data, size);
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  saml_report_init(&report);
  gboolean held = saml_verify_response(world()->trust, world()->connection, base64, strlen(base64),
                                       SAMPLE_NOW_US, &login, &report);
  g_assert_cmpint(held, ==, report.failure == SAML_OK);
  if (held)
    g_assert_cmpstr(login.name_id.value, ==, SAMPLE_PERSON);
  else
    g_assert_null(login.assertion_id);
  return 0;
}
