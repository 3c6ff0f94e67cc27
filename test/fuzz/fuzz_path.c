#include <stdint.h>

#include "scim/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parses names an attribute, what does not has an error, and no path is both declared and not. */
static void check(const ScimType *type, const char *text, size_t size, guint64 allowed) {
  ScimDialect dialect = {.allowed = allowed};
  g_autoptr(GError) error = NULL;
  g_auto(ScimPath) path = {0};
  gboolean good = scim_path_parse(type, text, size, &dialect, &path, &error);
  gboolean undeclared = scim_path_is_undeclared(type, text, size);
  g_assert_true(good == !error && !(good && undeclared));
  g_assert_true(!good || path.ref.attribute || path.ref.extension);
  g_assert_true(good || !path.filter);
  g_assert_true(!path.after || path.filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  check(scim_type_user(), text, size, SCIM_DIALECT_ALL);
  check(scim_type_user(), text, size, 0);
  check(scim_type_group(), text, size, SCIM_DIALECT_ALL);
  return 0;
}
