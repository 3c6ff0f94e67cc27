#include <stdint.h>
#include <string.h>

#include "saml/verifier/libraries.h"
#include "saml/verifier/logout.h"
#include "test/unit/saml_samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
  SamlConnection *connection;
  SamlTrust *trust;
} World;

static const World *world(void) {
  static gsize made = 0;
  if (g_once_init_enter(&made)) {
    g_assert_true(saml_libraries_start());
    World *one = g_new0(World, 1);
    one->connection = sample_connection();
    one->trust = sample_trust(one->connection);
    g_once_init_leave(&made, (gsize)one);
  }
  return (const World *)made;
}

static void read_one(const char *field, const char *text, gsize n) {
  SamlLogoutIn in = {field, text, n, SAMPLE_NOW_US};
  g_auto(SamlLogoutMessage) message = {0};
  SamlReport report;
  saml_report_init(&report);
  if (!saml_logout_read(world()->trust, world()->connection, &in, &message, &report)) {
    g_assert_null(message.id);
    return;
  }
  g_assert_cmpint(report.failure, ==, SAML_OK);
  if (message.request)
    g_assert_cmpstr(message.name_id.value, ==, SAMPLE_PERSON);
  else
    g_assert_cmpstr(message.in_response_to, ==, "_out");
}

/* A query as it came, or the XML of either message as if posted. What is accepted says what was signed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0 || data[0] != '<') {
    read_one(NULL, (const char *)data, size);
    return 0;
  }
  g_autofree char *base64 = g_base64_encode(data, size);
  read_one("SAMLRequest", base64, strlen(base64));
  read_one("SAMLResponse", base64, strlen(base64));
  return 0;
}
