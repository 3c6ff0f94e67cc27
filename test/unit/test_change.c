#include "scim/change.h"

#include "lib/jsontext.h"

typedef struct {
  const char *name, *before, *after, *detail;
  guint64 used;
} Case;

static const Case cases[] = {
    {"create", NULL, "{\"userName\":\"a\",\"title\":\"t\"}", "{\"values\":{\"userName\":{\"new\":\"a\"}}}",
     0},
    {"delete", "{\"displayName\":\"g\"}", NULL, "{\"values\":{\"displayName\":{\"old\":\"g\"}}}", 0},
    {"names without values", "{\"title\":\"a\",\"name\":{\"givenName\":\"x\"}}",
     "{\"nickName\":\"n\",\"name\":{\"givenName\":\"y\"}}",
     "{\"changed\":[\"nickName\",\"name\",\"title\"],\"values\":{}}", 0},
    {"active", "{\"active\":true}", "{\"active\":false}",
     "{\"changed\":[\"active\"],\"values\":{\"active\":{\"old\":true,\"new\":false}}}", 0},
    {"extension", "{\"urn:x\":{\"a\":1,\"b\":2}}", "{\"urn:x\":{\"a\":1,\"b\":3}}",
     "{\"changed\":[\"urn:x:b\"],\"values\":{}}", 0},
    {"leniency", "{\"active\":true}", "{\"active\":true}",
     "{\"changed\":[],\"values\":{},\"leniencies\":[\"op-case\"]}",
     G_GUINT64_CONSTANT(1) << SCIM_LENIENT_OP_CASE},
};

static void test_detail(gconstpointer data) {
  const Case *c = data;
  g_autoptr(json_t) before = c->before != NULL ? json_loads(c->before, 0, NULL) : NULL;
  g_autoptr(json_t) after = c->after != NULL ? json_loads(c->after, 0, NULL) : NULL;
  ScimDialect dialect = {.used = c->used};
  g_autoptr(json_t) detail = scim_change_detail(before, after, &dialect);
  g_autofree char *text = jsontext_dump(detail);
  g_assert_cmpstr(text, ==, c->detail);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/change/", cases[i].name, NULL);
    g_test_add_data_func(path, &cases[i], test_detail);
  }
  return g_test_run();
}
