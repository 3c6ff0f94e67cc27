/* PATCH over files of cases: RFC 7644's own examples, the shapes of identity providers, and every refusal. A case has
 * before, body, and either after (absent: unchanged), extra, members, used; or error and message. */
#include "scim/patch.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "scim/error.h"
#include "scim/resource.h"

typedef struct {
  const json_t *spec;
  const ScimType *type;
  ScimDialect dialect;
  ScimPatchTarget target;
} Case;

static json_t *load(const char *path) {
  g_autofree char *text = NULL;
  gsize n = 0;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, &n, &error);
  g_assert_no_error(error);
  json_t *value = jsontext_load(text, n, &error);
  g_assert_no_error(error);
  return value;
}

/* "lenient": absent for all, else the list of those that are on. */
static guint64 allowed_of(const json_t *spec) {
  const json_t *names = json_object_get(spec, "lenient");
  if (!names)
    return SCIM_DIALECT_ALL;
  guint64 allowed = 0;
  for (gsize i = 0; i < json_array_size(names); i++) {
    ScimLeniency leniency;
    g_assert_true(scim_dialect_find(json_string_value(json_array_get(names, i)), &leniency));
    allowed |= G_GUINT64_CONSTANT(1) << leniency;
  }
  return allowed;
}

static void case_clear(Case *one) {
  g_clear_pointer(&one->target.doc, json_decref);
  g_clear_pointer(&one->target.extra, json_decref);
  if (one->target.members.add)
    scim_members_clear(&one->target.members);
}

static Case case_of(const json_t *spec) {
  const char *type = json_string_value(json_object_get(spec, "type"));
  Case one = {.spec = spec, .type = g_strcmp0(type, "Group") == 0 ? scim_type_group() : scim_type_user()};
  one.dialect.allowed = allowed_of(spec);
  one.target.id = "2819c223-7f76-453a-919d-413861904646";
  one.target.doc = json_deep_copy(json_object_get(spec, "before"));
  one.target.extra = json_deep_copy(json_object_get(spec, "extra_before"));
  one.target.present = json_object_get(spec, "present");
  return one;
}

static gboolean run(Case *one, GError **error) {
  g_autoptr(ScimPatch) patch =
      scim_patch_parse(one->type, json_object_get(one->spec, "body"), &one->dialect, error);
  if (!patch)
    return FALSE;
  g_assert_cmpint(scim_patch_needs_members(patch), ==, one->target.present != NULL);
  return scim_patch_apply(patch, &one->target, &one->dialect, error);
}

static void assert_same(const json_t *got, const json_t *want) {
  if (scim_resource_equal(got, want))
    return;
  g_autofree char *a = got ? jsontext_canonical(got) : g_strdup("nothing");
  g_autofree char *b = want ? jsontext_canonical(want) : g_strdup("nothing");
  g_assert_cmpstr(a, ==, b);
}

static void assert_values(GHashTable *table, const json_t *want) {
  g_assert_cmpuint(g_hash_table_size(table), ==, json_array_size(want));
  for (gsize i = 0; i < json_array_size(want); i++)
    g_assert_true(g_hash_table_contains(table, json_string_value(json_array_get(want, i))));
}

static void assert_members(const ScimMembers *members, const json_t *want) {
  g_assert_cmpint(members->cleared, ==, json_is_true(json_object_get(want, "cleared")));
  assert_values(members->add, json_object_get(want, "add"));
  assert_values(members->remove, json_object_get(want, "remove"));
}

static void assert_used(const Case *one) {
  const json_t *names = json_object_get(one->spec, "used");
  for (gsize i = 0; i < json_array_size(names); i++) {
    ScimLeniency leniency;
    g_assert_true(scim_dialect_find(json_string_value(json_array_get(names, i)), &leniency));
    g_assert_true(one->dialect.used & (G_GUINT64_CONSTANT(1) << leniency));
  }
}

static void assert_success(const Case *one) {
  const json_t *before = json_object_get(one->spec, "before");
  const json_t *after = json_object_get(one->spec, "after");
  const json_t *extra = json_object_get(one->spec, "extra");
  gboolean changed = after || json_object_get(one->spec, "extra_changed") || extra;
  assert_same(one->target.doc, after ? after : before);
  assert_same(one->target.extra, extra);
  assert_members(&one->target.members, json_object_get(one->spec, "members"));
  g_assert_cmpint(one->target.changed, ==, changed);
  assert_used(one);
}

static void assert_failure(const Case *one, const GError *error) {
  const char *want = json_string_value(json_object_get(one->spec, "error"));
  const char *message = json_string_value(json_object_get(one->spec, "message"));
  g_assert_nonnull(error);
  g_assert_cmpstr(scim_error_row(error)->scim_type, ==, want);
  if (message)
    g_assert_cmpstr(error->message, ==, message);
  assert_same(one->target.doc, json_object_get(one->spec, "before"));
  g_assert_null(one->target.members.add);
}

static void run_case(gconstpointer data) {
  const json_t *spec = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_deep_copy(json_object_get(spec, "body"));
  Case one = case_of(spec);
  gboolean good = run(&one, &error);
  if (json_object_get(spec, "error")) {
    assert_failure(&one, error);
  } else {
    g_assert_no_error(error);
    g_assert_true(good);
    assert_success(&one);
  }
  assert_same(json_object_get(spec, "body"), body);
  case_clear(&one);
}

/* A body of n operations that all do nothing much. */
static json_t *body_of(gsize n) {
  json_t *operations = json_array();
  for (gsize i = 0; i < n; i++)
    json_array_append_new(operations, json_pack("{s:s, s:s, s:i}", "op", "add", "path", "title", "value", 0));
  return json_pack("{s:[s], s:o}", "schemas", SCIM_URN_PATCH, "Operations", operations);
}

static void test_operation_limit(void) {
  ScimDialect dialect = {0};
  for (gsize over = 0; over < 2; over++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) body = body_of(LIMIT_PATCH_OPERATIONS + over);
    g_autoptr(ScimPatch) patch = scim_patch_parse(scim_type_user(), body, &dialect, &error);
    g_assert_cmpint(patch != NULL, ==, over == 0);
    if (over)
      g_assert_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY);
  }
}

/* n operations of one address, the first of two. */
static gboolean add_emails(gsize n, GError **error) {
  ScimDialect dialect = {0};
  g_autoptr(json_t) operations = json_array();
  for (gsize i = 0; i < n; i++) {
    g_autofree char *value = g_strdup_printf("%" G_GSIZE_FORMAT "@example.com", i);
    json_array_append_new(operations, json_pack("{s:s, s:s, s:[{s:s}]}", "op", "add", "path", "emails",
                                                "value", "value", value));
  }
  json_array_append_new(json_object_get(json_array_get(operations, 0), "value"),
                        json_pack("{s:s}", "value", "last@example.com"));
  g_autoptr(json_t) body = json_pack("{s:[s], s:O}", "schemas", SCIM_URN_PATCH, "Operations", operations);
  g_autoptr(ScimPatch) patch = scim_patch_parse(scim_type_user(), body, &dialect, error);
  g_assert_nonnull(patch);
  ScimPatchTarget target = {.id = "x",
                            .doc = json_pack("{s:[s], s:s}", "schemas", SCIM_URN_USER, "userName", "ada")};
  gboolean good = scim_patch_apply(patch, &target, &dialect, error);
  if (good)
    scim_members_clear(&target.members);
  json_decref(target.doc);
  return good;
}

static void test_value_limit(void) {
  g_autoptr(GError) error = NULL;
  g_assert_true(add_emails(LIMIT_VALUES - 1, &error));
  g_assert_no_error(error);
  g_assert_false(add_emails(LIMIT_VALUES, &error));
  g_assert_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY);
}

/* Two operations that add more members than one PATCH may. */
static void test_member_limit(void) {
  g_autoptr(GError) error = NULL;
  ScimDialect dialect = {0};
  g_autoptr(json_t) operations = json_array();
  for (int half = 0; half < 2; half++) {
    json_t *members = json_array();
    for (int i = 0; i < LIMIT_MEMBERS / 2 + 1; i++) {
      g_autofree char *value = g_strdup_printf("%d-%d", half, i);
      json_array_append_new(members, json_pack("{s:s}", "value", value));
    }
    json_array_append_new(operations,
                          json_pack("{s:s, s:s, s:o}", "op", "add", "path", "members", "value", members));
  }
  g_autoptr(json_t) body = json_pack("{s:[s], s:O}", "schemas", SCIM_URN_PATCH, "Operations", operations);
  g_autoptr(ScimPatch) patch = scim_patch_parse(scim_type_group(), body, &dialect, &error);
  g_assert_no_error(error);
  g_autoptr(json_t) doc = json_pack("{s:[s], s:s}", "schemas", SCIM_URN_GROUP, "displayName", "staff");
  ScimPatchTarget target = {.id = "x", .doc = doc};
  g_assert_false(scim_patch_apply(patch, &target, &dialect, &error));
  g_assert_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY);
}

/* Keys of one value count like operations. */
static void test_step_limit(void) {
  for (int over = 0; over < 2; over++) {
    g_autoptr(GError) error = NULL;
    ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
    g_autoptr(json_t) value = json_object();
    for (int i = 0; i < LIMIT_PATCH_STEPS + over; i++) {
      g_autofree char *key = g_strdup_printf("k%d", i);
      json_object_set_new(value, key, json_true());
    }
    g_autoptr(json_t) body = json_pack("{s:[s], s:[{s:s, s:O}]}", "schemas", SCIM_URN_PATCH, "Operations",
                                       "op", "add", "value", value);
    g_autoptr(ScimPatch) patch = scim_patch_parse(scim_type_user(), body, &dialect, &error);
    g_assert_cmpint(patch != NULL, ==, over == 0);
    if (over)
      g_assert_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY);
  }
}

/* More than is kept aside. */
static void test_extra_limit(void) {
  g_autoptr(GError) error = NULL;
  ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
  g_autofree char *value = g_strnfill(LIMIT_EXTRA_BYTES, 'x');
  g_autoptr(json_t) body = json_pack("{s:[s], s:[{s:s, s:s, s:s}]}", "schemas", SCIM_URN_PATCH, "Operations",
                                     "op", "add", "path", "foo", "value", value);
  g_autoptr(ScimPatch) patch = scim_patch_parse(scim_type_user(), body, &dialect, &error);
  g_assert_no_error(error);
  g_autoptr(json_t) doc = json_pack("{s:[s], s:s}", "schemas", SCIM_URN_USER, "userName", "ada");
  ScimPatchTarget target = {.id = "x", .doc = doc};
  g_assert_false(scim_patch_apply(patch, &target, &dialect, &error));
  g_assert_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY);
}

static void add_cases(GPtrArray *kept, const char *group, const char *path) {
  json_t *file = load(path);
  g_ptr_array_add(kept, file);
  g_autofree char *base = g_path_get_basename(path);
  gsize n = json_is_array(file) ? json_array_size(file) : 1;
  for (gsize i = 0; i < n; i++) {
    const json_t *spec = json_is_array(file) ? json_array_get(file, i) : file;
    const char *name = json_string_value(json_object_get(spec, "name"));
    g_assert_nonnull(name);
    g_autofree char *test = g_strdup_printf("/patch/%s/%s/%s", group, base, name);
    g_test_add_data_func(test, spec, run_case);
  }
}

static void add_folder(GPtrArray *kept, const char *group, const char *folder) {
  g_autofree char *path = g_build_filename(g_getenv("GATEPOST_TEST_DATA"), folder, NULL);
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  g_assert_nonnull(dir);
  for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
    g_autofree char *file = g_build_filename(path, name, NULL);
    add_cases(kept, group, file);
  }
}

static void drop_file(gpointer file) {
  json_decref(file);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(drop_file);
  add_folder(kept, "rfc7644", "rfc7644/patch");
  add_folder(kept, "shapes", "patch");
  g_test_add_func("/patch/limit/operations", test_operation_limit);
  g_test_add_func("/patch/limit/values", test_value_limit);
  g_test_add_func("/patch/limit/members", test_member_limit);
  g_test_add_func("/patch/limit/steps", test_step_limit);
  g_test_add_func("/patch/limit/extra", test_extra_limit);
  return g_test_run();
}
