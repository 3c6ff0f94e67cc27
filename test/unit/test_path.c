#include "scim/path.h"

#include <string.h>

#include "lib/limits.h"
#include "scim/error.h"

#define ENTERPRISE SCIM_URN_ENTERPRISE

/* want: canonical attribute, inside of the filter, sub-attribute behind it; error: its message. */
typedef struct {
  const char *path, *ref, *filter, *after;
} Good;

static const Good good[] = {
    {"userName", "userName", NULL, NULL},
    {"USERNAME", "userName", NULL, NULL},
    {"externalId", "externalId", NULL, NULL},
    {"name.givenName", "name.givenName", NULL, NULL},
    {"emails", "emails", NULL, NULL},
    {"emails.value", "emails.value", NULL, NULL},
    {"emails[type eq \"work\"]", "emails", "emails.type eq \"work\"", NULL},
    {"emails[type eq \"work\"].value", "emails", "emails.type eq \"work\"", "value"},
    {"emails[type EQ \"work\"].Value", "emails", "emails.type eq \"work\"", "value"},
    {"emails[type eq \"a]b\"].value", "emails", "emails.type eq \"a]b\"", "value"},
    {"emails[type eq \"a\\\"]\"].value", "emails", "emails.type eq \"a\\\"]\"", "value"},
    {"emails[type eq \"work\" and value pr].display", "emails", "emails.type eq \"work\" and emails.value pr",
     "display"},
    {ENTERPRISE, ENTERPRISE, NULL, NULL},
    {ENTERPRISE ":department", ENTERPRISE ":department", NULL, NULL},
    {ENTERPRISE ":manager.value", ENTERPRISE ":manager.value", NULL, NULL},
    {"URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User:department", ENTERPRISE ":department", NULL,
     NULL},
    {SCIM_URN_USER ":userName", "userName", NULL, NULL},
    {SCIM_URN_USER ":emails[type eq \"work\"].value", "emails", "emails.type eq \"work\"", "value"},
};

static void test_good(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(ScimPath) path = {0};
    ScimDialect dialect = {0};
    g_test_message("%s", good[i].path);
    scim_path_parse(scim_type_user(), good[i].path, strlen(good[i].path), &dialect, &path, &error);
    g_assert_no_error(error);
    g_autofree char *ref = scim_ref_format(&path.ref);
    g_autofree char *filter = path.filter ? scim_filter_format(path.filter) : NULL;
    g_assert_cmpstr(ref, ==, good[i].ref);
    g_assert_cmpstr(filter, ==, good[i].filter);
    g_assert_cmpstr(path.after ? path.after->name : NULL, ==, good[i].after);
    g_assert_false(scim_path_is_undeclared(scim_type_user(), good[i].path, strlen(good[i].path)));
  }
}

/* Without its URN an extension's attribute is found where the dialect allows, and nowhere else. */
static void test_extension_names(void) {
  for (int allowed = 0; allowed <= 1; allowed++) {
    g_auto(ScimPath) path = {0};
    ScimDialect dialect = {.allowed = allowed ? SCIM_DIALECT_ALL : 0};
    gboolean found = scim_path_parse(scim_type_user(), "manager.value", 13, &dialect, &path, NULL);
    g_assert_cmpint(found, ==, allowed);
    g_assert_cmpuint(dialect.used, ==, allowed ? G_GUINT64_CONSTANT(1) << SCIM_LENIENT_EXTENSION_NAMES : 0);
  }
}

typedef struct {
  const char *path;
  int code;
  gboolean undeclared;
  const char *message; /* NULL: any */
} Bad;

static const Bad bad[] = {
    {"", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {" ", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {".", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"name.", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"name..givenName", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"/title", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"title ", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"1title", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"[type eq \"work\"]", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"emials", SCIM_ERROR_INVALID_PATH, TRUE,
     "\"emials\" is not an attribute of User; did you mean \"emails\"?"},
    {"departmint", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {"name.nick", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {"title.x", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {"members", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {"urn:x:foo", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {ENTERPRISE ":", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {ENTERPRISE ":foo", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {"foo[type eq \"work\"].value", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {"foo[type eq \"work\"", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"emails[type eq \"work\"].foo", SCIM_ERROR_INVALID_PATH, TRUE, NULL},
    {"emails[type eq \"work\"].", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"emails[type eq \"work\"]value", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"emails[type eq \"work\"][0]", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"emails[type eq \"work\"", SCIM_ERROR_INVALID_FILTER, FALSE, NULL},
    {"emails[]", SCIM_ERROR_INVALID_FILTER, FALSE, NULL},
    {"emails[0]", SCIM_ERROR_INVALID_FILTER, FALSE, NULL},
    {"emails[foo eq \"work\"]", SCIM_ERROR_INVALID_FILTER, FALSE, NULL},
    {"name[givenName eq \"x\"]", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {"emails.value[type eq \"x\"]", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
    {ENTERPRISE "[x eq 1]", SCIM_ERROR_INVALID_PATH, FALSE, NULL},
};

static void test_bad(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(ScimPath) path = {0};
    ScimDialect dialect = {.allowed = SCIM_DIALECT_ALL};
    gsize n = strlen(bad[i].path);
    g_test_message("%s", bad[i].path);
    g_assert_false(scim_path_parse(scim_type_user(), bad[i].path, n, &dialect, &path, &error));
    g_assert_error(error, SCIM_ERROR, bad[i].code);
    g_assert_null(path.filter);
    g_assert_cmpint(scim_path_is_undeclared(scim_type_user(), bad[i].path, n), ==, bad[i].undeclared);
    if (bad[i].message)
      g_assert_cmpstr(error->message, ==, bad[i].message);
  }
}

static void test_long(void) {
  g_autofree char *text = g_strnfill(LIMIT_PATH_BYTES + 1, 'a');
  for (gsize over = 0; over < 2; over++) {
    g_autoptr(GError) error = NULL;
    g_auto(ScimPath) path = {0};
    ScimDialect dialect = {0};
    gsize n = LIMIT_PATH_BYTES + over;
    g_assert_false(scim_path_parse(scim_type_user(), text, n, &dialect, &path, &error));
    int code = over ? SCIM_ERROR_TOO_MANY : SCIM_ERROR_INVALID_PATH;
    g_assert_error(error, SCIM_ERROR, code);
    g_assert_cmpint(scim_path_is_undeclared(scim_type_user(), text, n), ==, !over);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/path/good", test_good);
  g_test_add_func("/path/extension_names", test_extension_names);
  g_test_add_func("/path/bad", test_bad);
  g_test_add_func("/path/long", test_long);
  return g_test_run();
}
