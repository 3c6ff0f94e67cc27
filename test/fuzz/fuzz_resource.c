#include <stdint.h>

#include "lib/jsontext.h"
#include "scim/resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was stored is read again to the same: the clean form is a fixed point, and within the RFCs. */
static void read_twice(const ScimType *type, const json_t *body, guint64 allowed) {
  ScimDialect dialect = {.allowed = allowed};
  ScimDialect strict = {0};
  g_auto(ScimResource) once = {0};
  g_auto(ScimResource) twice = {0};
  g_autoptr(GError) error = NULL;
  if (!scim_resource_read(type, body, &dialect, &once, NULL))
    return;
  if (!scim_resource_read(type, once.doc, &strict, &twice, &error))
    g_error("the clean form is refused: %s", error->message);
  g_assert_true(scim_resource_equal(once.doc, twice.doc));
  g_assert_null(twice.extra);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autoptr(json_t) body = jsontext_load((const char *)data, size, NULL);
  if (!body)
    return 0;
  read_twice(scim_type_user(), body, SCIM_DIALECT_ALL);
  read_twice(scim_type_user(), body, 0);
  read_twice(scim_type_group(), body, SCIM_DIALECT_ALL);
  return 0;
}
