#include <stdint.h>
#include <string.h>

#include "lib/jsontext.h"
#include "scim/error.h"
#include "scim/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parses must print, parse again to the same print, and be evaluated. */
static void round_trip(const ScimType *type, const char *text, size_t size) {
  ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
  g_autoptr(ScimFilter) filter = scim_filter_parse(type, text, size, &dialect, NULL);
  if (!filter)
    return;
  g_autoptr(json_t) resource = json_pack("{s:s, s:[{s:s, s:s, s:b}]}", "userName", "ada", "emails", "value",
                                         "a@x", "type", "work", "primary", 1);
  scim_filter_matches(filter, resource);
  ScimDialect strict = {0};
  g_autofree char *first = scim_filter_format(filter);
  g_autoptr(GError) error = NULL;
  g_autoptr(ScimFilter) again = scim_filter_parse(type, first, strlen(first), &strict, &error);
  /* The print may nest one deeper: "not (x pr)" for "x eq null". */
  if (g_error_matches(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY))
    return;
  g_assert_no_error(error);
  g_autofree char *second = scim_filter_format(again);
  g_assert_cmpstr(first, ==, second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  round_trip(scim_type_user(), (const char *)data, size);
  round_trip(scim_type_group(), (const char *)data, size);
  ScimRef emails;
  ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
  gsize used = 0;
  g_assert_true(scim_ref_resolve(scim_type_user(), "emails", 6, &emails));
  g_autoptr(ScimFilter) inner =
      scim_filter_parse_inner(&emails, (const char *)data, size, &used, &dialect, NULL);
  g_assert_true(!inner || (used < size && data[used] == ']'));
  return 0;
}
