#include "scim/render.h"

#include "lib/jsontext.h"

#define BASE "https://mail.example.com/scim/v2"
#define ID "2819c223-7f76-453a-919d-413861904646"
#define META(type)                                                                                        \
  "\"meta\":{\"resourceType\":\"" type "\",\"created\":\"2026-11-24T10:14:03.123456Z\",\"lastModified\":" \
  "\"2026-11-24T10:14:04.000000Z\",\"location\":\"" BASE "/" type "s/" ID "\",\"version\":\"W/\\\"7\\\"\"}"

typedef struct {
  gboolean group;
  const char *doc, *linked, *attributes, *excluded, *want;
} Case;

#define USER "{\"schemas\":[\"u\",\"v\"],\"externalId\":\"e]\",\"userName\":\"ada\"}"
#define GROUPS "[{\"value\":\"g\",\"$ref\":\"" BASE "/Groups/g\"}]"

static const Case cases[] = {
    {FALSE, USER, NULL, NULL, NULL,
     "{\"schemas\":[\"u\",\"v\"],\"id\":\"" ID
     "\",\"externalId\":\"e]\",\"userName\":\"ada\"," META("User") "}"},
    {FALSE, USER, "[]", NULL, NULL,
     "{\"schemas\":[\"u\",\"v\"],\"id\":\"" ID
     "\",\"externalId\":\"e]\",\"userName\":\"ada\"," META("User") "}"},
    {FALSE, USER, GROUPS, NULL, NULL,
     "{\"schemas\":[\"u\",\"v\"],\"id\":\"" ID
     "\",\"externalId\":\"e]\",\"userName\":\"ada\"," META("User") ",\"groups\":" GROUPS "}"},
    {FALSE, "{\"schemas\":[\"u\"]}", NULL, NULL, NULL,
     "{\"schemas\":[\"u\"],\"id\":\"" ID "\"," META("User") "}"},
    {FALSE, "{\"userName\":\"ada\",\"schemas\":[\"u\"]}", NULL, NULL, NULL,
     "{\"id\":\"" ID "\",\"userName\":\"ada\",\"schemas\":[\"u\"]," META("User") "}"},
    {FALSE, USER, GROUPS, "userName", NULL,
     "{\"schemas\":[\"u\",\"v\"],\"id\":\"" ID "\",\"userName\":\"ada\"}"},
    {FALSE, USER, GROUPS, "groups.value", NULL,
     "{\"schemas\":[\"u\",\"v\"],\"id\":\"" ID "\",\"groups\":[{\"value\":\"g\"}]}"},
    {TRUE, "{\"schemas\":[\"u\"],\"displayName\":\"staff\"}", "[{\"value\":\"m\"}]", NULL, NULL,
     "{\"schemas\":[\"u\"],\"id\":\"" ID
     "\",\"displayName\":\"staff\"," META("Group") ",\"members\":[{\"value\":\"m\"}]}"},
    {TRUE, "{\"schemas\":[\"u\"],\"displayName\":\"staff\"}", "[{\"value\":\"m\"}]", NULL, "members",
     "{\"schemas\":[\"u\"],\"id\":\"" ID "\",\"displayName\":\"staff\"," META("Group") "}"},
    {TRUE, "{\"schemas\":[\"u\"],\"displayName\":\"staff\"}", NULL, NULL, "meta",
     "{\"schemas\":[\"u\"],\"id\":\"" ID "\",\"displayName\":\"staff\"}"},
};

static void test_resource(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    const ScimType *type = cases[i].group ? scim_type_group() : scim_type_user();
    ScimStored stored = {.type = type,
                         .id = ID,
                         .doc = cases[i].doc,
                         .linked = cases[i].linked,
                         .version = 7,
                         .created_us = G_GINT64_CONSTANT(1795515243123456),
                         .modified_us = G_GINT64_CONSTANT(1795515244000000)};
    g_autoptr(ScimProjection) projection =
        scim_projection_parse(type, cases[i].attributes, cases[i].excluded, NULL);
    g_autoptr(GString) out = g_string_new("");
    scim_render_resource(out, &stored, BASE, projection);
    g_assert_cmpstr(out->str, ==, cases[i].want);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) parsed = jsontext_load(out->str, out->len, &error);
    g_assert_no_error(error);
    g_assert_nonnull(parsed);
  }
}

static void test_parts(void) {
  g_autofree char *location = scim_render_location(scim_type_group(), ID, BASE);
  g_assert_cmpstr(location, ==, BASE "/Groups/" ID);
  g_autofree char *etag = scim_render_etag(7);
  g_assert_cmpstr(etag, ==, "W/\"7\"");
}

static void test_list(void) {
  const char *const resources[] = {"{\"a\":1}", "{\"b\":2}"};
  g_autofree char *two = scim_render_list(resources, 2, 12, 3);
  g_assert_cmpstr(two, ==,
                  "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":12,"
                  "\"startIndex\":3,\"itemsPerPage\":2,\"Resources\":[{\"a\":1},{\"b\":2}]}");
  g_autofree char *none = scim_render_list(NULL, 0, 0, 1);
  g_assert_cmpstr(none, ==,
                  "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":0,"
                  "\"startIndex\":1,\"itemsPerPage\":0,\"Resources\":[]}");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/render/resource", test_resource);
  g_test_add_func("/render/parts", test_parts);
  g_test_add_func("/render/list", test_list);
  return g_test_run();
}
