#include <stdint.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "scim/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILTER, START_INDEX, COUNT, ATTRIBUTES, EXCLUDED, PARTS };

static void check(const ScimType *type, char **parts) {
  ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
  ScimListText text = {.filter = *parts[FILTER] ? parts[FILTER] : NULL,
                       .start_index = parts[START_INDEX],
                       .count = parts[COUNT],
                       .attributes = parts[ATTRIBUTES],
                       .excluded_attributes = parts[EXCLUDED]};
  g_autoptr(GError) error = NULL;
  g_auto(ScimListQuery) query = {0};
  gboolean good = scim_list_parse(type, &text, &dialect, &query, &error);
  g_assert_true(good == !error);
  if (!good)
    return;
  g_assert_true(query.start_index >= 1 && query.count >= 0 && query.count <= LIMIT_PAGE_MAX);
  g_autoptr(json_t) resource = json_pack("{s:[s], s:s, s:s, s:[{s:s, s:s}]}", "schemas", SCIM_URN_USER, "id",
                                         "1", "userName", "ada", "emails", "value", "a@x", "type", "work");
  g_autoptr(json_t) kept = scim_projection_apply(query.projection, resource);
  g_assert_nonnull(json_object_get(kept, "id"));
  g_assert_nonnull(json_object_get(kept, "schemas"));
}

/* The parameters stand on a line each, in the order of the enum. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_auto(GStrv) parts = g_strsplit(text, "\n", PARTS);
  if (g_strv_length(parts) < PARTS)
    return 0;
  check(scim_type_user(), parts);
  check(scim_type_group(), parts);
  return 0;
}
