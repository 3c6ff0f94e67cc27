#include "scim/schema.h"

#include <string.h>

#include "lib/jsontext.h"

typedef struct {
  const char *name;
  gboolean group;
  const char *text;
  const char *formatted; /* NULL: does not resolve */
} ResolveCase;

static const ResolveCase resolve_cases[] = {
    {"plain", FALSE, "userName", "userName"},
    {"any-case", FALSE, "USERNAME", "userName"},
    {"common", FALSE, "externalid", "externalId"},
    {"sub", FALSE, "name.GivenName", "name.givenName"},
    {"multi-sub", FALSE, "emails.value", "emails.value"},
    {"meta", TRUE, "meta.lastmodified", "meta.lastModified"},
    {"ref", TRUE, "members.$ref", "members.$ref"},
    {"core-urn", FALSE, "urn:ietf:params:scim:schemas:core:2.0:User:userName", "userName"},
    {"core-urn-sub", FALSE, "urn:ietf:params:scim:schemas:core:2.0:user:name.familyName", "name.familyName"},
    {"core-urn-common", FALSE, SCIM_URN_USER ":id", "id"},
    {"extension", FALSE, SCIM_URN_ENTERPRISE, SCIM_URN_ENTERPRISE},
    {"extension-case", FALSE, "URN:IETF:PARAMS:SCIM:SCHEMAS:EXTENSION:ENTERPRISE:2.0:USER",
     SCIM_URN_ENTERPRISE},
    {"extension-attribute", FALSE, SCIM_URN_ENTERPRISE ":department", SCIM_URN_ENTERPRISE ":department"},
    {"extension-sub", FALSE, SCIM_URN_ENTERPRISE ":Manager.Value", SCIM_URN_ENTERPRISE ":manager.value"},
    {"empty", FALSE, "", NULL},
    {"unknown", FALSE, "shoeSize", NULL},
    {"unknown-sub", FALSE, "name.nick", NULL},
    {"sub-of-simple", FALSE, "userName.value", NULL},
    {"too-deep", FALSE, "name.givenName.x", NULL},
    {"trailing-dot", FALSE, "name.", NULL},
    {"leading-dot", FALSE, ".name", NULL},
    {"core-urn-alone", FALSE, SCIM_URN_USER, NULL},
    {"urn-colon", FALSE, SCIM_URN_ENTERPRISE ":", NULL},
    {"extension-common", FALSE, SCIM_URN_ENTERPRISE ":id", NULL},
    {"damaged-urn", FALSE, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department", NULL},
    {"foreign-urn", FALSE, "urn:other:User:userName", NULL},
    {"unqualified-extension", FALSE, "department", NULL},
    {"other-type", TRUE, "userName", NULL},
    {"other-type-urn", TRUE, SCIM_URN_ENTERPRISE ":department", NULL},
};

static void test_resolve(gconstpointer data) {
  const ResolveCase *c = data;
  const ScimAttribute *const untouched = scim_schema_common("id");
  ScimRef ref = {NULL, untouched, NULL};
  gboolean good =
      scim_ref_resolve(c->group ? scim_type_group() : scim_type_user(), c->text, strlen(c->text), &ref);
  g_assert_cmpint(good, ==, c->formatted != NULL);
  if (!good) {
    g_assert_true(ref.attribute == untouched);
    return;
  }
  g_autofree char *formatted = scim_ref_format(&ref);
  g_assert_cmpstr(formatted, ==, c->formatted);
}

static const ResolveCase suggest_cases[] = {
    {"letter-missing", FALSE, "usrName", "userName"},
    {"plural", FALSE, "email", "emails"},
    {"sub", FALSE, "name.givenname1", "name.givenName"},
    {"unqualified", FALSE, "department", SCIM_URN_ENTERPRISE ":department"},
    {"unqualified-sub", FALSE, "MANAGER.value", SCIM_URN_ENTERPRISE ":manager.value"},
    {"nothing-near", FALSE, "zzzzzzzzzz", NULL},
    {"empty", FALSE, "", NULL},
};

static void test_suggest(gconstpointer data) {
  const ResolveCase *c = data;
  g_autofree char *nearest = scim_ref_suggest(scim_type_user(), c->text, strlen(c->text));
  g_assert_cmpstr(nearest, ==, c->formatted);
}

static const ResolveCase get_cases[] = {
    {"plain", FALSE, "userName", "\"ada\""},
    {"sub", FALSE, "name.givenName", "\"A\""},
    {"absent", FALSE, "title", NULL},
    {"absent-sub", FALSE, "name.familyName", NULL},
    {"multi-is-whole", FALSE, "emails.value", "[{\"value\":\"a@x\"}]"},
    {"extension", FALSE, SCIM_URN_ENTERPRISE ":manager.value", "\"m\""},
    {"extension-whole", FALSE, SCIM_URN_ENTERPRISE, "{\"manager\":{\"value\":\"m\"}}"},
};

static void test_get(gconstpointer data) {
  const ResolveCase *c = data;
  g_autoptr(json_t) resource =
      json_pack("{s:s, s:{s:s}, s:[{s:s}], s:{s:{s:s}}}", "userName", "ada", "name", "givenName", "A",
                "emails", "value", "a@x", SCIM_URN_ENTERPRISE, "manager", "value", "m");
  ScimRef ref;
  g_assert_true(scim_ref_resolve(scim_type_user(), c->text, strlen(c->text), &ref));
  const json_t *value = scim_ref_get(&ref, resource);
  g_autofree char *text = value ? jsontext_dump(value) : NULL;
  g_assert_cmpstr(text, ==, c->formatted);
}

static void check_attribute(const ScimAttribute *attribute, gboolean sub) {
  g_assert_nonnull(attribute->name);
  g_assert_true(g_str_has_suffix(attribute->about, ".") || g_str_has_suffix(attribute->about, "?"));
  g_assert_cmpint(attribute->type == SCIM_COMPLEX, ==, attribute->n_sub > 0);
  /* RFC 7643 §2.3.8: no complex within complex. §2.3.6, §2.3.7: binary is case exact. */
  g_assert_false(sub && (attribute->type == SCIM_COMPLEX || attribute->multi));
  g_assert_false(attribute->type == SCIM_BINARY && !attribute->case_exact);
  g_assert_false(attribute->type == SCIM_REFERENCE && !attribute->reference_types);
  /* RFC 7643 §7: writeOnly goes with returned never. */
  g_assert_cmpint(attribute->mutability == SCIM_WRITE_ONLY, ==, attribute->returned == SCIM_RETURNED_NEVER);
  for (gsize i = 0; i < attribute->n_sub; i++)
    check_attribute(&attribute->sub[i], TRUE);
}

static void test_tables(void) {
  for (const ScimType *const *type = scim_type_all(); *type; type++) {
    for (gsize i = 0; i < (*type)->schema->n_attributes; i++)
      check_attribute(&(*type)->schema->attributes[i], FALSE);
    for (gsize e = 0; e < (*type)->n_extensions; e++)
      for (gsize i = 0; i < (*type)->extensions[e].schema->n_attributes; i++)
        check_attribute(&(*type)->extensions[e].schema->attributes[i], FALSE);
  }
}

/* RFC 7643 §8.7.1 in full. */
static void test_complete(void) {
  static const char *const user[] = {
      "userName", "name",     "displayName", "nickName", "profileUrl",   "title",        "userType",
      "locale",   "timezone", "active",      "password", "emails",       "phoneNumbers", "preferredLanguage",
      "ims",      "photos",   "addresses",   "groups",   "entitlements", "roles",        "x509Certificates"};
  static const char *const enterprise[] = {"employeeNumber", "costCenter", "organization",
                                           "division",       "department", "manager"};
  const ScimType *type = scim_type_user();
  const ScimSchema *extension = scim_type_schema(type, SCIM_URN_ENTERPRISE);
  g_assert_cmpuint(type->schema->n_attributes, ==, G_N_ELEMENTS(user));
  g_assert_cmpuint(extension->n_attributes, ==, G_N_ELEMENTS(enterprise));
  for (gsize i = 0; i < G_N_ELEMENTS(user); i++)
    g_assert_nonnull(scim_schema_attribute(type->schema, user[i]));
  for (gsize i = 0; i < G_N_ELEMENTS(enterprise); i++)
    g_assert_nonnull(scim_schema_attribute(extension, enterprise[i]));
}

static void test_characteristics(void) {
  const ScimSchema *user = scim_type_user()->schema;
  const ScimSchema *group = scim_type_group()->schema;
  g_assert_cmpint(scim_schema_attribute(user, "userName")->uniqueness, ==, SCIM_UNIQUE_SERVER);
  g_assert_false(scim_schema_attribute(user, "userName")->case_exact);
  g_assert_true(scim_schema_common("externalId")->case_exact);
  g_assert_cmpint(scim_schema_common("ID")->returned, ==, SCIM_RETURNED_ALWAYS);
  g_assert_cmpint(scim_schema_attribute(user, "groups")->mutability, ==, SCIM_READ_ONLY);
  g_assert_true(scim_schema_attribute(group, "displayName")->required);
  const ScimAttribute *members = scim_schema_attribute(group, "members");
  g_assert_cmpint(scim_attribute_sub(members, "VALUE")->mutability, ==, SCIM_IMMUTABLE);
  g_assert_null(scim_attribute_sub(members, "primary"));
}

static void add_cases(const char *what, const ResolveCase *cases, gsize n, GTestDataFunc test) {
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf("/schema/%s/%s", what, cases[i].name);
    g_test_add_data_func(path, &cases[i], test);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_cases("resolve", resolve_cases, G_N_ELEMENTS(resolve_cases), test_resolve);
  add_cases("suggest", suggest_cases, G_N_ELEMENTS(suggest_cases), test_suggest);
  add_cases("get", get_cases, G_N_ELEMENTS(get_cases), test_get);
  g_test_add_func("/schema/tables", test_tables);
  g_test_add_func("/schema/complete", test_complete);
  g_test_add_func("/schema/characteristics", test_characteristics);
  return g_test_run();
}
