#include <stdint.h>
#include <string.h>

#include "saml/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written again and must be the same bytes: each value has one spelling. */
static void check(const SamlWireField *form, void *structure, const uint8_t *data, size_t size) {
  if (saml_wire_get(data, size, form, structure)) {
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_assert_true(saml_wire_put(again, size, form, structure));
    g_assert_true(again->len == size && memcmp(again->data, data, size) == 0);
  }
  saml_wire_clear(form, structure);
}

static void check_connection(const uint8_t *data, size_t size) {
  g_autoptr(SamlConnection) connection = saml_connection_new();
  if (!saml_wire_get(data, size, saml_form_connection, connection))
    return;
  g_autoptr(GByteArray) again = g_byte_array_new();
  g_assert_true(saml_wire_put(again, size, saml_form_connection, connection));
  g_assert_true(again->len == size && memcmp(again->data, data, size) == 0);
}

/* The first byte chooses the form: what a process may answer, then what a server may ask. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  union {
    SamlLogin login;
    SamlSend send;
    SamlLogoutMessage logout;
    SamlXml xml;
    SamlIdpMetadata metadata;
    SamlAnswer answer;
    SamlHello hello;
    SamlJob job;
  } structure;
  const SamlWireField *more[] = {saml_form_answer, saml_form_hello, saml_form_job};
  if (size == 0)
    return 0;
  memset(&structure, 0, sizeof structure);
  guint choice = data[0];
  if (choice < SAML_JOBS)
    check(saml_form_result((SamlJobKind)choice), &structure, data + 1, size - 1);
  else if (choice < SAML_JOBS + G_N_ELEMENTS(more))
    check(more[choice - SAML_JOBS], &structure, data + 1, size - 1);
  else
    check_connection(data + 1, size - 1);
  return 0;
}
