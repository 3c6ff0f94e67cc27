#include <stdint.h>
#include <string.h>

#include "lib/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes as a body, a Cookie header and a Content-Type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autoptr(Form) form = form_parse((const char *)data, size);
  if (form != NULL) {
    const char *value = form_get(form, "SAMLResponse");
    g_assert_true((value != NULL) == (form_count(form, "SAMLResponse") == 1));
    g_assert_true(value == NULL || g_utf8_validate(value, -1, NULL));
  }
  g_autofree char *header = g_strndup((const char *)data, size);
  g_autofree char *cookie = form_cookie(header, "__Host-gatepost");
  g_assert_true(cookie == NULL || strchr(cookie, ';') == NULL);
  form_is_type(header);
  return 0;
}
