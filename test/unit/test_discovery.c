#include "scim/discovery.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"

#define BASE "https://mail.example.com/scim/v2"

static json_t *parse(char *text) {
  g_autofree char *owned = text;
  g_autoptr(GError) error = NULL;
  g_assert_nonnull(owned);
  json_t *value = jsontext_load(owned, strlen(owned), &error);
  g_assert_no_error(error);
  return value;
}

static void assert_text(const json_t *object, const char *key, const char *want) {
  g_assert_cmpstr(json_string_value(json_object_get(object, key)), ==, want);
}

static void assert_flag(const json_t *object, const char *key, gboolean want) {
  const json_t *value = json_object_get(object, key);
  g_assert_true(json_is_boolean(value));
  g_assert_cmpint(json_is_true(value), ==, want);
}

static void assert_words(const json_t *object, const char *key, const char *const *want) {
  const json_t *array = json_object_get(object, key);
  g_assert_cmpint(array != NULL, ==, want != NULL);
  gsize n = want ? g_strv_length((char **)want) : 0;
  g_assert_cmpuint(json_array_size(array), ==, n);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpstr(json_string_value(json_array_get(array, i)), ==, want[i]);
}

static const char *const types[] = {"string",   "boolean", "decimal",   "integer",
                                    "dateTime", "binary",  "reference", "complex"};
static const char *const mutabilities[] = {"readWrite", "readOnly", "immutable", "writeOnly"};
static const char *const returned[] = {"default", "always", "never", "request"};
static const char *const uniquenesses[] = {"none", "server", "global"};

static void assert_attribute(const json_t *got, const ScimAttribute *attribute) {
  assert_text(got, "name", attribute->name);
  assert_text(got, "description", attribute->about);
  assert_text(got, "type", types[attribute->type]);
  assert_text(got, "mutability", mutabilities[attribute->mutability]);
  assert_text(got, "returned", returned[attribute->returned]);
  assert_text(got, "uniqueness", uniquenesses[attribute->uniqueness]);
  assert_flag(got, "multiValued", attribute->multi);
  assert_flag(got, "required", attribute->required);
  assert_flag(got, "caseExact", attribute->case_exact);
  assert_words(got, "canonicalValues", attribute->canonical);
  assert_words(got, "referenceTypes", attribute->reference_types);
}

static void assert_table(const json_t *got, const ScimAttribute *table, gsize n) {
  g_assert_cmpuint(json_array_size(got), ==, n);
  for (gsize i = 0; i < n; i++) {
    const json_t *one = json_array_get(got, i);
    const json_t *subs = json_object_get(one, "subAttributes");
    assert_attribute(one, &table[i]);
    g_assert_cmpuint(json_array_size(subs), ==, table[i].n_sub);
    for (gsize s = 0; s < table[i].n_sub; s++)
      assert_attribute(json_array_get(subs, s), &table[i].sub[s]);
  }
}

static void assert_schema(const json_t *got, const ScimSchema *schema) {
  g_autofree char *location = g_strconcat(BASE "/Schemas/", schema->urn, NULL);
  assert_text(got, "id", schema->urn);
  assert_text(got, "name", schema->name);
  assert_text(json_object_get(got, "meta"), "location", location);
  assert_text(json_object_get(got, "meta"), "resourceType", "Schema");
  assert_table(json_object_get(got, "attributes"), schema->attributes, schema->n_attributes);
}

static void test_schemas(void) {
  g_autoptr(json_t) list = parse(scim_discovery_schemas(BASE));
  const ScimType *user = scim_type_user();
  const ScimSchema *const want[] = {user->schema, user->extensions[0].schema, scim_type_group()->schema};
  const json_t *resources = json_object_get(list, "Resources");
  g_assert_cmpint(json_integer_value(json_object_get(list, "totalResults")), ==, G_N_ELEMENTS(want));
  g_assert_cmpuint(json_array_size(resources), ==, G_N_ELEMENTS(want));
  for (gsize i = 0; i < G_N_ELEMENTS(want); i++) {
    assert_schema(json_array_get(resources, i), want[i]);
    g_autofree char *upper = g_ascii_strup(want[i]->urn, -1);
    g_autoptr(json_t) one = parse(scim_discovery_schema(BASE, upper));
    g_assert_true(json_equal(one, json_array_get(resources, i)));
  }
  g_assert_null(scim_discovery_schema(BASE, "urn:x"));
}

static void test_types(void) {
  g_autoptr(json_t) list = parse(scim_discovery_types(BASE));
  const json_t *resources = json_object_get(list, "Resources");
  g_assert_cmpuint(json_array_size(resources), ==, 2);
  const json_t *user = json_array_get(resources, 0);
  assert_text(user, "id", "User");
  assert_text(user, "endpoint", "/Users");
  assert_text(user, "schema", SCIM_URN_USER);
  assert_text(json_object_get(user, "meta"), "location", BASE "/ResourceTypes/User");
  const json_t *extension = json_array_get(json_object_get(user, "schemaExtensions"), 0);
  assert_text(extension, "schema", SCIM_URN_ENTERPRISE);
  assert_flag(extension, "required", FALSE);
  const char *const names[] = {"Group", "group", "/Groups", "Groups"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(json_t) one = parse(scim_discovery_type(BASE, names[i]));
    g_assert_true(json_equal(one, json_array_get(resources, 1)));
  }
  g_assert_null(scim_discovery_type(BASE, "Device"));
  g_assert_null(scim_discovery_type(BASE, ""));
}

static const struct {
  const char *feature;
  gboolean supported;
} features[] = {{"patch", TRUE},           {"bulk", FALSE}, {"filter", TRUE},
                {"changePassword", FALSE}, {"sort", FALSE}, {"etag", TRUE}};

static void test_config(void) {
  g_autoptr(json_t) config = parse(scim_discovery_config(BASE));
  for (gsize i = 0; i < G_N_ELEMENTS(features); i++)
    assert_flag(json_object_get(config, features[i].feature), "supported", features[i].supported);
  const json_t *filter = json_object_get(config, "filter");
  g_assert_cmpint(json_integer_value(json_object_get(filter, "maxResults")), ==, LIMIT_PAGE_MAX);
  const json_t *paging = json_object_get(config, "pagination");
  assert_flag(paging, "cursor", FALSE);
  assert_flag(paging, "index", TRUE);
  assert_text(paging, "defaultPaginationMethod", "index");
  g_assert_cmpint(json_integer_value(json_object_get(paging, "defaultPageSize")), ==, LIMIT_PAGE_DEFAULT);
  const json_t *scheme = json_array_get(json_object_get(config, "authenticationSchemes"), 0);
  assert_text(scheme, "type", "oauthbearertoken");
  assert_flag(scheme, "primary", TRUE);
  assert_text(json_object_get(config, "meta"), "location", BASE "/ServiceProviderConfig");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/discovery/schemas", test_schemas);
  g_test_add_func("/discovery/types", test_types);
  g_test_add_func("/discovery/config", test_config);
  return g_test_run();
}
