#include "scim/resource.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "scim/error.h"

#define E SCIM_URN_ENTERPRISE

static json_t *load(const char *text) {
  g_autoptr(GError) error = NULL;
  json_t *value = jsontext_load(text, strlen(text), &error);
  g_assert_no_error(error);
  return value;
}

static void assert_json(const json_t *value, const char *expected) {
  g_autofree char *text = value ? jsontext_dump(value) : NULL;
  g_assert_cmpstr(text, ==, expected);
}

static void check_refused(const ScimType *type, const json_t *body, ScimErrorCode code, const char *message) {
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  g_auto(ScimResource) resource = {0};
  g_autoptr(GError) error = NULL;
  g_assert_false(scim_resource_read(type, body, &all, &resource, &error));
  g_assert_error(error, SCIM_ERROR, (int)code);
  if (message)
    g_assert_cmpstr(error->message, ==, message);
  g_assert_null(resource.doc);
}

static char *filled(gsize n) {
  return g_strnfill(n, 'x');
}

static void check_length(const char *key, gsize most, ScimErrorCode code) {
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  g_autofree char *fits = filled(most);
  g_autofree char *over = filled(most + 1);
  g_autoptr(json_t) good = json_pack("{s:s, s:s}", "userName", "a", key, fits);
  g_autoptr(json_t) bad = json_pack("{s:s, s:s}", "userName", "a", key, over);
  g_auto(ScimResource) resource = {0};
  g_autoptr(GError) error = NULL;
  g_assert_true(scim_resource_read(scim_type_user(), good, &all, &resource, &error));
  g_assert_no_error(error);
  check_refused(scim_type_user(), bad, code, NULL);
}

static void test_lengths(void) {
  check_length("userName", LIMIT_USER_NAME_BYTES, SCIM_ERROR_INVALID_VALUE);
  check_length("externalId", LIMIT_USER_NAME_BYTES, SCIM_ERROR_INVALID_VALUE);
  check_length("title", LIMIT_STRING_BYTES, SCIM_ERROR_TOO_MANY);
  /* {"shoe":"…"} takes eleven bytes beside the value. */
  check_length("shoe", LIMIT_EXTRA_BYTES - 11, SCIM_ERROR_TOO_MANY);
}

/* One letter that folds to eighteen: short as sent, too long for an index. */
static void test_folded_length(void) {
  GString *name = g_string_new(NULL);
  for (int i = 0; i < 300; i++)
    g_string_append(name, "\xef\xb7\xba");
  g_autoptr(json_t) body = json_pack("{s:s}", "userName", name->str);
  check_refused(scim_type_user(), body, SCIM_ERROR_INVALID_VALUE, NULL);
  g_string_free(name, TRUE);
}

static json_t *array_of(gsize n, gboolean distinct) {
  json_t *array = json_array();
  for (gsize i = 0; i < n; i++) {
    g_autofree char *value = g_strdup_printf("%" G_GSIZE_FORMAT, distinct ? i : 0);
    json_array_append_new(array, json_pack("{s:s}", "value", value));
  }
  return array;
}

static void test_counts(void) {
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  g_auto(ScimResource) resource = {0};
  g_autoptr(json_t) emails = json_pack("{s:s, s:o}", "userName", "a", "emails", array_of(LIMIT_VALUES, TRUE));
  g_assert_true(scim_resource_read(scim_type_user(), emails, &all, &resource, NULL));
  g_autoptr(json_t) more =
      json_pack("{s:s, s:o}", "userName", "a", "emails", array_of(LIMIT_VALUES + 1, TRUE));
  check_refused(scim_type_user(), more, SCIM_ERROR_TOO_MANY,
                "emails has 1001 elements, at most 1000 are taken in one request");
  g_autoptr(json_t) members =
      json_pack("{s:s, s:o}", "displayName", "g", "members", array_of(LIMIT_MEMBERS, FALSE));
  g_assert_true(scim_resource_read(scim_type_group(), members, &all, &resource, NULL));
  g_assert_cmpuint(json_array_size(resource.members), ==, 1);
  json_array_append_new(json_object_get(members, "members"), json_pack("{s:s}", "value", "x"));
  check_refused(scim_type_group(), members, SCIM_ERROR_TOO_MANY,
                "members has 100001 elements, at most 100000 are taken in one request");
}

typedef struct {
  const char *ref;
  const char *value;
  const char *clean; /* NULL: refused */
  const char *message;
} ValueCase;

static const ValueCase value_cases[] = {
    {"title", "\"T\"", "\"T\"", NULL},
    {"title", "null", "null", NULL},
    {"title", "\"\"", "null", NULL},
    {"title", "[]", "null", NULL},
    {"title", "7", NULL, "Operations[2]: title must be a string, got 7"},
    {"active", "\"FALSE\"", "false", NULL},
    {"emails", "[]", "null", NULL},
    {"emails", "{\"VALUE\":\"x\"}", "[{\"value\":\"x\"}]", NULL},
    {"emails", "[{\"value\":7}]", NULL, "Operations[2]: emails[0].value must be a string, got 7"},
    {"emails.value", "\"x\"", "\"x\"", NULL},
    {"emails.primary", "\"True\"", "true", NULL},
    {"name", "{\"givenName\":\"G\",\"familyName\":null}", "{\"givenName\":\"G\"}", NULL},
    {"name", "{\"foo\":1}", NULL, "Operations[2]: name.foo is not declared by any schema of this service"},
    {"name.givenName", "[\"G\"]", "\"G\"", NULL},
    {E ":manager", "\"m\"", "{\"value\":\"m\"}", NULL},
    {E ":manager", "\"\"", "null", NULL},
    {E ":manager.value", "\"m\"", "\"m\"", NULL},
    {E, "{\"Department\":\"d\"}", "{\"department\":\"d\"}", NULL},
    {E, "{\"manager\":{\"displayName\":\"x\"}}", "null", NULL},
    {E, "7", NULL, "Operations[2]: " E " must be an object, got 7"},
};

static void test_value(gconstpointer data) {
  const ValueCase *c = data;
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  ScimRef ref;
  g_assert_true(scim_ref_resolve(scim_type_user(), c->ref, strlen(c->ref), &ref));
  g_autofree char *where = g_strdup_printf("Operations[2]: %s", c->ref);
  json_error_t cause;
  g_autoptr(json_t) value = json_loads(c->value, JSON_DECODE_ANY, &cause);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) clean = scim_resource_value(&ref, value, where, &all, &error);
  assert_json(clean, c->clean);
  g_assert_cmpstr(error ? error->message : NULL, ==, c->message);
}

/* The types that no schema of ours uses for writable attributes. */
static void test_other_types(void) {
  static const struct {
    ScimValueType type;
    const char *value;
    gboolean good;
  } cases[] = {
      {SCIM_INTEGER, "7", TRUE},
      {SCIM_INTEGER, "7.0", FALSE},
      {SCIM_INTEGER, "\"7\"", FALSE},
      {SCIM_DECIMAL, "7.5", TRUE},
      {SCIM_DECIMAL, "7", TRUE},
      {SCIM_DECIMAL, "true", FALSE},
      {SCIM_DATETIME, "\"2026-11-24T10:14:03+01:00\"", TRUE},
      {SCIM_DATETIME, "\"2016-12-31T23:59:60Z\"", TRUE},
      {SCIM_DATETIME, "\"2026-11-24T10:14:03+25:00\"", FALSE},
      {SCIM_DATETIME, "\"0000-11-24T10:14:03Z\"", FALSE},
      {SCIM_DATETIME, "7", FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    ScimAttribute attribute = {.name = "x", .type = cases[i].type};
    ScimRef ref = {NULL, &attribute, NULL};
    ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
    json_error_t cause;
    g_autoptr(json_t) value = json_loads(cases[i].value, JSON_DECODE_ANY, &cause);
    g_autoptr(json_t) clean = scim_resource_value(&ref, value, "x", &all, NULL);
    g_assert_cmpint(clean != NULL, ==, cases[i].good);
  }
}

static void test_check(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) doc =
      load("{\"title\":null,\"emails\":[],\"" E "\":{\"manager\":{}},\"userName\":\"a\"}");
  g_assert_true(scim_resource_check(scim_type_user(), doc, &error));
  assert_json(doc, "{\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"a\"}");
  json_object_set_new(doc, E, json_pack("{s:s}", "department", "d"));
  g_assert_true(scim_resource_check(scim_type_user(), doc, &error));
  assert_json(doc, "{\"schemas\":[\"" SCIM_URN_USER "\",\"" E "\"],\"userName\":\"a\",\"" E
                   "\":{\"department\":\"d\"}}");
  json_object_del(doc, "userName");
  g_assert_false(scim_resource_check(scim_type_user(), doc, &error));
  g_assert_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(value_cases); i++) {
    g_autofree char *path = g_strdup_printf("/resource_value/value/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &value_cases[i], test_value);
  }
  g_test_add_func("/resource_value/lengths", test_lengths);
  g_test_add_func("/resource_value/folded-length", test_folded_length);
  g_test_add_func("/resource_value/counts", test_counts);
  g_test_add_func("/resource_value/other-types", test_other_types);
  g_test_add_func("/resource_value/check", test_check);
  return g_test_run();
}
