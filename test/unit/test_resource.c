#include "scim/resource.h"

#include <string.h>

#include "lib/jsontext.h"
#include "scim/error.h"

#define U "\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"a\""
#define G "\"schemas\":[\"" SCIM_URN_GROUP "\"],\"displayName\":\"g\""
#define USER_DOC(rest) "{\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"a\"," rest "\"active\":true"
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

typedef struct {
  const char *name;
  const char *body;
  const char *doc;   /* exactly, in order */
  const char *extra; /* NULL: none */
  const char *members;
} ReadCase;

/* What the RFCs themselves ask for: read with every leniency off. */
static const ReadCase strict_cases[] = {
    {"minimal", "{" U "}", USER_DOC("") "}", NULL, NULL},
    {"inactive", "{" U ",\"active\":false}",
     "{\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"a\",\"active\":false}", NULL, NULL},
    {"name-case",
     "{\"SCHEMAS\":[\"URN:ietf:params:scim:schemas:core:2.0:user\"],\"USERNAME\":\"a\",\"Name\":{"
     "\"GIVENNAME\":\"A\"}}",
     "{\"schemas\":[\"" SCIM_URN_USER
     "\"],\"userName\":\"a\",\"name\":{\"givenName\":\"A\"},\"active\":true}",
     NULL, NULL},
    {"readonly-ignored", "{" U ",\"id\":7,\"meta\":\"x\",\"groups\":[{\"value\":\"g\"}]}", USER_DOC("") "}",
     NULL, NULL},
    {"null-is-absent",
     "{" U ",\"title\":null,\"name\":null,\"emails\":null,\"active\":null,\"password\":null}",
     USER_DOC("") "}", NULL, NULL},
    {"empty-array", "{" U ",\"emails\":[],\"roles\":[]}", USER_DOC("") "}", NULL, NULL},
    {"empty-object", "{" U ",\"name\":{},\"" E "\":{},\"emails\":[{},null]}", USER_DOC("") "}", NULL, NULL},
    {"unknown-null", "{" U ",\"shoe\":null,\"name\":{\"foo\":null}}", USER_DOC("") "}", NULL, NULL},
    {"sub-null", "{" U ",\"name\":{\"givenName\":null,\"familyName\":\"F\"}}",
     "{\"schemas\":[\"" SCIM_URN_USER
     "\"],\"userName\":\"a\",\"name\":{\"familyName\":\"F\"},\"active\":true}",
     NULL, NULL},
    {"order",
     "{\"active\":true,\"title\":\"T\",\"externalId\":\"e\",\"userName\":\"a\",\"schemas\":[\"" SCIM_URN_USER
     "\"]}",
     "{\"schemas\":[\"" SCIM_URN_USER
     "\"],\"externalId\":\"e\",\"userName\":\"a\",\"title\":\"T\",\"active\":true}",
     NULL, NULL},
    {"extension",
     "{" U ",\"" E "\":{\"department\":\"d\",\"manager\":{\"value\":\"m\",\"displayName\":\"M\"}}}",
     "{\"schemas\":[\"" SCIM_URN_USER "\",\"" E "\"],\"userName\":\"a\",\"active\":true,\"" E
     "\":{\"department\":\"d\",\"manager\":{\"value\":\"m\"}}}",
     NULL, NULL},
    {"extension-case",
     "{" U ",\"URN:IETF:params:scim:schemas:extension:enterprise:2.0:user\":{\"DEPARTMENT\":\"d\"}}",
     "{\"schemas\":[\"" SCIM_URN_USER "\",\"" E "\"],\"userName\":\"a\",\"active\":true,\"" E
     "\":{\"department\":\"d\"}}",
     NULL, NULL},
    {"extension-named-not-used", "{\"schemas\":[\"" E "\",\"" SCIM_URN_USER "\"],\"userName\":\"a\"}",
     USER_DOC("") "}", NULL, NULL},
    {"empty-string-is-a-value", "{" U ",\"title\":\"\"}", USER_DOC("\"title\":\"\",") "}", NULL, NULL},
    {"locale-underscore", "{" U ",\"locale\":\"en_US\"}", USER_DOC("\"locale\":\"en_US\",") "}", NULL, NULL},
    {"base64", "{" U ",\"x509Certificates\":[{\"value\":\"AAA=\"},{\"value\":\"-_8\"}]}",
     USER_DOC("") ",\"x509Certificates\":[{\"value\":\"AAA=\"},{\"value\":\"-_8\"}]}", NULL, NULL},
    {"type-alone-is-kept", "{" U ",\"emails\":[{\"type\":\"work\"}]}",
     USER_DOC("") ",\"emails\":[{\"type\":\"work\"}]}", NULL, NULL},
    {"value-null-is-no-element", "{" U ",\"emails\":[{\"type\":\"work\",\"value\":null}]}", USER_DOC("") "}",
     NULL, NULL},
    {"address-of-any-shape",
     "{" U ",\"emails\":[{\"value\":\"\\\"a b\\\"@[::1]/../%\"},{\"value\":\"-*?\"}]}",
     USER_DOC("") ",\"emails\":[{\"value\":\"\\\"a b\\\"@[::1]/../%\"},{\"value\":\"-*?\"}]}", NULL, NULL},
};

static const ReadCase group_cases[] = {
    {"no-members", "{" G "}", "{" G "}", NULL, NULL},
    {"members-null", "{" G ",\"members\":null}", "{" G "}", NULL, "[]"},
    {"members-empty", "{" G ",\"members\":[]}", "{" G "}", NULL, "[]"},
    {"members",
     "{" G ",\"members\":[{\"value\":\"1\",\"$ref\":\"/"
     "x\",\"display\":\"One\",\"type\":\"User\"},{\"$ref\":null,\"value\":"
     "\"2\",\"type\":\"direct\"},{\"value\":\"1\",\"display\":\"again\"},{\"VALUE\":\"3\",\"type\":\"Group\"}"
     "]}",
     "{" G "}", NULL,
     "[{\"value\":\"1\",\"type\":\"User\",\"display\":\"One\"},{\"value\":\"2\"},{\"value\":\"3\",\"type\":"
     "\"Group\"}]"},
};

static void check_read(const ScimType *type, ScimDialect *dialect, const ReadCase *c) {
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = load(c->body);
  g_auto(ScimResource) resource = {0};
  gboolean good = scim_resource_read(type, body, dialect, &resource, &error);
  g_assert_no_error(error);
  g_assert_true(good);
  assert_json(resource.doc, c->doc);
  assert_json(resource.extra, c->extra);
  assert_json(resource.members, c->members);
}

static void test_strict(gconstpointer data) {
  ScimDialect strict = {0};
  check_read(scim_type_user(), &strict, data);
  g_assert_cmpuint(strict.used, ==, 0);
}

static void test_group(gconstpointer data) {
  ScimDialect strict = {0};
  check_read(scim_type_group(), &strict, data);
}

typedef struct {
  ReadCase read;
  ScimLeniency leniency;
  ScimErrorCode refusal;
  gboolean group;
  gboolean means_other; /* off: taken too, with another meaning */
} LenientCase;

#define VALUE SCIM_ERROR_INVALID_VALUE
#define UNKNOWN SCIM_ERROR_UNKNOWN_ATTRIBUTE

static const LenientCase lenient_cases[] = {
    {{"True", "{" U ",\"active\":\"True\"}", USER_DOC("") "}", NULL, NULL},
     SCIM_LENIENT_BOOLEAN_STRINGS,
     VALUE},
    {{"primary", "{" U ",\"emails\":[{\"value\":\"x\",\"Primary\":\"FALSE\"}]}",
      USER_DOC("") ",\"emails\":[{\"value\":\"x\",\"primary\":false}]}", NULL, NULL},
     SCIM_LENIENT_BOOLEAN_STRINGS,
     VALUE},
    {{"array-string", "{" U ",\"title\":[\"T\"]}", USER_DOC("\"title\":\"T\",") "}", NULL, NULL},
     SCIM_LENIENT_ARRAY_FOR_SINGLE,
     VALUE},
    {{"array-manager", "{" U ",\"" E "\":{\"manager\":[{\"value\":\"m\"}]}}",
      "{\"schemas\":[\"" SCIM_URN_USER "\",\"" E "\"],\"userName\":\"a\",\"active\":true,\"" E
      "\":{\"manager\":{\"value\":\"m\"}}}",
      NULL, NULL},
     SCIM_LENIENT_ARRAY_FOR_SINGLE,
     VALUE},
    {{"object-emails", "{" U ",\"emails\":{\"value\":\"x\"}}",
      USER_DOC("") ",\"emails\":[{\"value\":\"x\"}]}", NULL, NULL},
     SCIM_LENIENT_SINGLE_FOR_ARRAY,
     VALUE},
    {{"schemas-string", "{\"schemas\":\"" SCIM_URN_USER "\",\"userName\":\"a\"}", USER_DOC("") "}", NULL,
      NULL},
     SCIM_LENIENT_SINGLE_FOR_ARRAY,
     VALUE},
    {{"string-manager", "{" U ",\"" E "\":{\"manager\":\"m\"}}",
      "{\"schemas\":[\"" SCIM_URN_USER "\",\"" E "\"],\"userName\":\"a\",\"active\":true,\"" E
      "\":{\"manager\":{\"value\":\"m\"}}}",
      NULL, NULL},
     SCIM_LENIENT_STRING_FOR_COMPLEX,
     VALUE},
    {{"string-emails", "{" U ",\"emails\":[\"x\",\"y\"]}",
      USER_DOC("") ",\"emails\":[{\"value\":\"x\"},{\"value\":\"y\"}]}", NULL, NULL},
     SCIM_LENIENT_STRING_FOR_COMPLEX,
     VALUE},
    {{"string-members", "{" G ",\"members\":[\"1\",\"2\",\"1\"]}", "{" G "}", NULL,
      "[{\"value\":\"1\"},{\"value\":\"2\"}]"},
     SCIM_LENIENT_STRING_FOR_COMPLEX,
     VALUE,
     TRUE},
    {{"member-object", "{" G ",\"members\":{\"value\":\"1\"}}", "{" G "}", NULL, "[{\"value\":\"1\"}]"},
     SCIM_LENIENT_SINGLE_FOR_ARRAY,
     VALUE,
     TRUE},
    {{"member-unknown", "{" G ",\"members\":[{\"value\":\"1\",\"foo\":1}]}", "{" G "}", NULL,
      "[{\"value\":\"1\"}]"},
     SCIM_LENIENT_UNKNOWN_ATTRIBUTES,
     UNKNOWN,
     TRUE},
    {{"dotted", "{" U ",\"name\":{\"familyName\":\"F\"},\"name.givenName\":\"G\"}",
      "{\"schemas\":[\"" SCIM_URN_USER
      "\"],\"userName\":\"a\",\"name\":{\"familyName\":\"F\",\"givenName\":\"G\"},\"active\":true}",
      NULL, NULL},
     SCIM_LENIENT_DOTTED_KEYS,
     UNKNOWN,
     FALSE,
     TRUE},
    {{"qualified", "{" U ",\"" E ":department\":\"d\",\"" SCIM_URN_USER ":title\":\"T\"}",
      "{\"schemas\":[\"" SCIM_URN_USER "\",\"" E "\"],\"userName\":\"a\",\"title\":\"T\",\"active\":true,\"" E
      "\":{\"department\":\"d\"}}",
      NULL, NULL},
     SCIM_LENIENT_DOTTED_KEYS,
     UNKNOWN,
     FALSE,
     TRUE},
    {{"qualified-sub", "{" U ",\"" E ":manager.value\":\"m\"}",
      "{\"schemas\":[\"" SCIM_URN_USER "\",\"" E "\"],\"userName\":\"a\",\"active\":true,\"" E
      "\":{\"manager\":{\"value\":\"m\"}}}",
      NULL, NULL},
     SCIM_LENIENT_DOTTED_KEYS,
     UNKNOWN,
     FALSE,
     TRUE},
    {{"empty", "{" U ",\"title\":\"\",\"name\":{\"givenName\":\"\"}}", USER_DOC("") "}", NULL, NULL},
     SCIM_LENIENT_EMPTY_CLEARS,
     VALUE,
     FALSE,
     TRUE},
    {{"empty-element", "{" U ",\"emails\":[{\"value\":\"\",\"type\":\"work\",\"primary\":true}]}",
      USER_DOC("") "}", NULL, NULL},
     SCIM_LENIENT_EMPTY_CLEARS,
     VALUE,
     FALSE,
     TRUE},
    {{"empty-manager", "{" U ",\"" E "\":{\"manager\":\"\"}}", USER_DOC("") "}", NULL, NULL},
     SCIM_LENIENT_EMPTY_CLEARS,
     VALUE,
     FALSE,
     TRUE},
    {{"unknown", "{" U ",\"shoe\":{\"size\":42}}", USER_DOC("") "}", "{\"shoe\":{\"size\":42}}", NULL},
     SCIM_LENIENT_UNKNOWN_ATTRIBUTES,
     UNKNOWN},
    {{"unknown-sub", "{" U ",\"name\":{\"foo\":1,\"givenName\":\"G\"}}",
      "{\"schemas\":[\"" SCIM_URN_USER
      "\"],\"userName\":\"a\",\"name\":{\"givenName\":\"G\"},\"active\":true}",
      "{\"name\":{\"foo\":1}}", NULL},
     SCIM_LENIENT_UNKNOWN_ATTRIBUTES,
     UNKNOWN},
    {{"unknown-in-element", "{" U ",\"emails\":[{\"value\":\"x\",\"foo\":1},{\"value\":\"y\"}]}",
      USER_DOC("") ",\"emails\":[{\"value\":\"x\"},{\"value\":\"y\"}]}",
      "{\"emails\":[{\"foo\":1,\"value\":\"x\"}]}", NULL},
     SCIM_LENIENT_UNKNOWN_ATTRIBUTES,
     UNKNOWN},
    {{"unknown-in-extension", "{" U ",\"" E "\":{\"desk\":7,\"manager\":{\"foo\":1}}}", USER_DOC("") "}",
      "{\"" E "\":{\"manager\":{\"foo\":1},\"desk\":7}}", NULL},
     SCIM_LENIENT_UNKNOWN_ATTRIBUTES,
     UNKNOWN},
    {{"foreign-uri",
      "{\"schemas\":[\"" SCIM_URN_GROUP "\",\"http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/"
      "2.0/Group\"],\"displayName\":\"g\"}",
      "{" G "}", NULL, NULL},
     SCIM_LENIENT_UNKNOWN_SCHEMAS,
     UNKNOWN,
     TRUE},
    {{"damaged-urn",
      "{" U ",\"urn:ietf:params:scim:schemas:extension:enterprise:2.0User\":{\"department\":\"d\"}}",
      USER_DOC("") "}",
      "{\"urn:ietf:params:scim:schemas:extension:enterprise:2.0User\":{\"department\":\"d\"}}", NULL},
     SCIM_LENIENT_UNKNOWN_SCHEMAS,
     UNKNOWN},
    {{"no-schemas", "{\"userName\":\"a\"}", USER_DOC("") "}", NULL, NULL},
     SCIM_LENIENT_MISSING_SCHEMAS,
     VALUE},
    {{"no-base", "{\"schemas\":[\"" E "\"],\"userName\":\"a\"}", USER_DOC("") "}", NULL, NULL},
     SCIM_LENIENT_MISSING_SCHEMAS,
     VALUE},
    {{"password", "{" U ",\"password\":\"s3cret\"}", USER_DOC("") "}", NULL, NULL},
     SCIM_LENIENT_PASSWORD_IGNORED,
     VALUE},
};

static void test_lenient(gconstpointer data) {
  const LenientCase *c = data;
  const ScimType *type = c->group ? scim_type_group() : scim_type_user();
  guint64 bit = G_GUINT64_CONSTANT(1) << c->leniency;
  ScimDialect on = {.allowed = SCIM_DIALECT_ALL};
  check_read(type, &on, &c->read);
  g_assert_cmpuint(on.used & bit, ==, bit);
  ScimDialect off = {.allowed = SCIM_DIALECT_ALL & ~bit};
  g_autoptr(json_t) body = load(c->read.body);
  g_auto(ScimResource) resource = {0};
  g_autoptr(GError) error = NULL;
  gboolean good = scim_resource_read(type, body, &off, &resource, &error);
  g_assert_cmpint(good, ==, c->means_other);
  if (!good)
    g_assert_error(error, SCIM_ERROR, (int)c->refusal);
  g_assert_cmpuint(off.used & bit, ==, 0);
}

typedef struct {
  const char *name;
  const char *body;
  ScimErrorCode code;
  const char *message; /* exactly */
  gboolean group;
} RefuseCase;

/* Refused with every leniency on. */
static const RefuseCase refuse_cases[] = {
    {"array", "[]", SCIM_ERROR_INVALID_SYNTAX, "the body must be a User as a JSON object, got an array of 0",
     FALSE},
    {"no-user-name", "{\"schemas\":[\"" SCIM_URN_USER "\"]}", VALUE,
     "userName is required in a User, and is missing", FALSE},
    {"null-user-name", "{\"userName\":null}", VALUE, "userName is required in a User, and is missing", FALSE},
    {"empty-user-name", "{\"userName\":\"\"}", VALUE, "userName must not be empty, got \"\"", FALSE},
    {"blank-user-name", "{\"userName\":\"  \"}", VALUE, "userName must not be empty, got \"  \"", FALSE},
    {"invisible-user-name", "{\"userName\":\"\\u200b\"}", VALUE, NULL, FALSE},
    {"newline", "{\"userName\":\"a\\nb\"}", VALUE, "userName must not hold control characters, got \"a?b\"",
     FALSE},
    {"newline-email", "{" U ",\"emails\":[{\"value\":\"a@x\\r\\nBcc: b\"}]}", VALUE, NULL, FALSE},
    {"number", "{\"userName\":7}", VALUE, "userName must be a string, got 7", FALSE},
    {"email-true", "{" U ",\"emails\":[{\"value\":\"x\"},{\"value\":true}]}", VALUE,
     "emails[1].value must be a string, got true", FALSE},
    {"email-object", "{" U ",\"emails\":[{\"value\":{}}]}", VALUE,
     "emails[0].value must be a string, got an object", FALSE},
    {"email-number", "{" U ",\"emails\":[7]}", VALUE, "emails[0] must be an object, got 7", FALSE},
    {"active-zero", "{" U ",\"active\":0}", VALUE, "active must be true or false, got 0", FALSE},
    {"active-word", "{" U ",\"active\":\"yes\"}", VALUE, "active must be true or false, got \"yes\"", FALSE},
    {"active-object", "{" U ",\"active\":{}}", VALUE, "active must be true or false, got an object", FALSE},
    {"name-string", "{" U ",\"name\":\"Ada\"}", VALUE, "name must be an object, got \"Ada\"", FALSE},
    {"two-in-array", "{" U ",\"title\":[\"a\",\"b\"]}", VALUE, "title must be a string, got an array of 2",
     FALSE},
    {"manager-two", "{" U ",\"" E "\":{\"manager\":[{},{}]}}", VALUE,
     E ":manager must be an object, got an array of 2", FALSE},
    {"extension-string", "{" U ",\"" E "\":\"x\"}", VALUE, E " must be an object, got \"x\"", FALSE},
    {"two-primaries",
     "{" U ",\"emails\":[{\"value\":\"x\",\"primary\":true},{\"value\":\"y\"},{\"value\":\"z\","
     "\"primary\":\"True\"}]}",
     VALUE, "emails has two primary values, [0] and [2]; one may be primary", FALSE},
    {"scim-1", "{\"schemas\":[\"urn:scim:schemas:core:1.0\"],\"userName\":\"a\"}", VALUE,
     "schemas names \"urn:scim:schemas:core:1.0\"; a User has \"" SCIM_URN_USER "\"", FALSE},
    {"other-type", "{\"schemas\":[\"" SCIM_URN_GROUP "\"],\"userName\":\"a\"}", VALUE, NULL, FALSE},
    {"schemas-twice", "{\"schemas\":[\"" SCIM_URN_USER "\",\"URN:ietf:params:scim:schemas:core:2.0:User\"]}",
     VALUE, NULL, FALSE},
    {"schemas-number", "{\"schemas\":[7],\"userName\":\"a\"}", VALUE,
     "schemas[0] must be a schema URI, got 7", FALSE},
    {"base64", "{" U ",\"x509Certificates\":[{\"value\":\"a b\"}]}", VALUE,
     "x509Certificates[0].value must be base64 without line breaks, got \"a b\"", FALSE},
    {"base64-length", "{" U ",\"x509Certificates\":[{\"value\":\"AAAAA\"}]}", VALUE, NULL, FALSE},
    {"dotted-list", "{" U ",\"emails.value\":\"x\"}", VALUE,
     "emails.value names a part of a list; send emails as an array of objects", FALSE},
    {"group-without-name", "{\"schemas\":[\"" SCIM_URN_GROUP "\"]}", VALUE,
     "displayName is required in a Group, and is missing", TRUE},
    {"member-without-value", "{" G ",\"members\":[{\"value\":\"1\"},{\"display\":\"x\"}]}", VALUE,
     "members[1] has no value; it must be the id of the member", TRUE},
    {"member-number", "{" G ",\"members\":[1]}", VALUE, "members[0] must be an object, got 1", TRUE},
    {"member-value-number", "{" G ",\"members\":[{\"value\":1}]}", VALUE,
     "members[0].value must be a string, got 1", TRUE},
};

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

static void test_refuse(gconstpointer data) {
  const RefuseCase *c = data;
  g_autoptr(json_t) body = load(c->body);
  check_refused(c->group ? scim_type_group() : scim_type_user(), body, c->code, c->message);
}

static void test_unknown_names(void) {
  ScimDialect strict = {0};
  g_autoptr(json_t) body = load("{" U ",\"nickNam\":\"x\"}");
  g_auto(ScimResource) resource = {0};
  g_autoptr(GError) error = NULL;
  g_assert_false(scim_resource_read(scim_type_user(), body, &strict, &resource, &error));
  g_assert_error(error, SCIM_ERROR, SCIM_ERROR_UNKNOWN_ATTRIBUTE);
  g_assert_cmpstr(error->message, ==, "\"nickNam\" is not an attribute of User; did you mean nickName?");
}

static void test_password_not_quoted(void) {
  ScimDialect strict = {0};
  g_autoptr(json_t) body = load("{" U ",\"password\":\"s3cret\"}");
  g_auto(ScimResource) resource = {0};
  g_autoptr(GError) error = NULL;
  g_assert_false(scim_resource_read(scim_type_user(), body, &strict, &resource, &error));
  g_assert_null(strstr(error->message, "s3cret"));
}

static void test_active_given(void) {
  ScimDialect strict = {0};
  g_autoptr(json_t) with = load("{" U ",\"active\":true}");
  g_autoptr(json_t) without = load("{" U "}");
  g_auto(ScimResource) resource = {0};
  g_assert_true(scim_resource_read(scim_type_user(), with, &strict, &resource, NULL));
  g_assert_true(resource.active_given);
  g_assert_true(scim_resource_read(scim_type_user(), without, &strict, &resource, NULL));
  g_assert_false(resource.active_given);
}

static void test_example(gconstpointer data) {
  g_autofree char *path = g_build_filename(g_getenv("GATEPOST_TEST_DATA"), "rfc7643", data, NULL);
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_autoptr(json_t) sent = load(text);
  gboolean group = g_str_has_suffix(data, "group.json");
  ScimDialect dialect = {.allowed = G_GUINT64_CONSTANT(1) << SCIM_LENIENT_PASSWORD_IGNORED};
  g_auto(ScimResource) resource = {0};
  g_autoptr(GError) error = NULL;
  scim_resource_read(group ? scim_type_group() : scim_type_user(), sent, &dialect, &resource, &error);
  g_assert_no_error(error);
  g_assert_null(resource.extra);
  g_assert_cmpint(resource.members != NULL, ==, group);
  /* Nothing is lost but what we own, never keep, or keep elsewhere. */
  static const char *const ours[] = {"id", "meta", "groups", "password", "members"};
  for (gsize i = 0; i < G_N_ELEMENTS(ours); i++)
    json_object_del(sent, ours[i]);
  json_object_del(json_object_get(json_object_get(sent, E), "manager"), "displayName");
  if (!group)
    json_object_set_new(sent, "active", json_true());
  g_assert_true(scim_resource_equal(sent, resource.doc));
}

static void add(const char *what, const char *name, gconstpointer data, GTestDataFunc test) {
  g_autofree char *path = g_strdup_printf("/resource/%s/%s", what, name);
  g_test_add_data_func(path, data, test);
}

static void add_tables(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(strict_cases); i++)
    add("strict", strict_cases[i].name, &strict_cases[i], test_strict);
  for (gsize i = 0; i < G_N_ELEMENTS(group_cases); i++)
    add("group", group_cases[i].name, &group_cases[i], test_group);
  for (gsize i = 0; i < G_N_ELEMENTS(lenient_cases); i++)
    add(scim_dialect_name(lenient_cases[i].leniency), lenient_cases[i].read.name, &lenient_cases[i],
        test_lenient);
  for (gsize i = 0; i < G_N_ELEMENTS(refuse_cases); i++)
    add("refuse", refuse_cases[i].name, &refuse_cases[i], test_refuse);
}

int main(int argc, char **argv) {
  static const char *const examples[] = {"8.1-user-minimal.json", "8.2-user-full.json",
                                         "8.3-user-enterprise.json", "8.4-group.json"};
  g_test_init(&argc, &argv, NULL);
  add_tables();
  for (gsize i = 0; i < G_N_ELEMENTS(examples); i++)
    add("rfc7643", examples[i], examples[i], test_example);
  g_test_add_func("/resource/unknown-names", test_unknown_names);
  g_test_add_func("/resource/password-not-quoted", test_password_not_quoted);
  g_test_add_func("/resource/active-given", test_active_given);
  return g_test_run();
}
