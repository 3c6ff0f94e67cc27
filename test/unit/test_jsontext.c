#include "lib/jsontext.h"

#include <string.h>

#include "lib/limits.h"

#define GOOD (-1)

typedef struct {
  const char *bytes;
  gsize n;         /* 0: strlen */
  int code;        /* GOOD or a JsontextError */
  const char *out; /* compact text, or a part of the message */
} LoadCase;

static const LoadCase load_cases[] = {
    {"{}", 0, GOOD, "{}"},
    {" [1 , 2]\r\n\t", 0, GOOD, "[1,2]"},
    {"\"x\"", 0, GOOD, "\"x\""},
    {"null", 0, GOOD, "null"},
    {"{\"b\":true,\"a\":[false,null,{\"c\":\"\"}]}", 0, GOOD, "{\"b\":true,\"a\":[false,null,{\"c\":\"\"}]}"},
    {"[0.1,1.0,-0.0,1e300,123456789.125,5e-324]", 0, GOOD,
     "[0.1,1.0,-0.0,1e+300,123456789.125,4.94065645841247e-324]"},
    {"[9223372036854775807,-9223372036854775808]", 0, GOOD, "[9223372036854775807,-9223372036854775808]"},
    {"[\"\\u00fc\\ud83d\\ude00\\/\"]", 0, GOOD, "[\"ü😀/\"]"},
    {"[\"\\\"\\\\\\b\\f\\n\\r\\t\\u001f\"]", 0, GOOD, "[\"\\\"\\\\\\u0008\\u000c\\n\\r\\t\\u001f\"]"},
    {"[\"\xE2\x80\xAE\"]", 0, GOOD, "[\"\xE2\x80\xAE\"]"},
    {"{\"a\":1,\"b\":{\"a\":1,\"A \":2}}", 0, GOOD, "{\"a\":1,\"b\":{\"a\":1,\"A \":2}}"},
    {"", 0, JSONTEXT_ERROR_EMPTY, "nothing was sent"},
    {" \n\t", 0, JSONTEXT_ERROR_EMPTY, "nothing was sent"},
    {"\xEF\xBB\xBF{}", 0, JSONTEXT_ERROR_SYNTAX, "byte order mark"},
    {"\xFF\xFE{\0}\0", 6, JSONTEXT_ERROR_SYNTAX, "not UTF-8: byte 1 is 0xff"},
    {"{\0}\0", 4, JSONTEXT_ERROR_SYNTAX, "not UTF-8: byte 2 is 0x00"},
    {"{}\0", 3, JSONTEXT_ERROR_SYNTAX, "not UTF-8: byte 3 is 0x00"},
    {"[\"\xC0\x80\"]", 0, JSONTEXT_ERROR_SYNTAX, "byte 3 is 0xc0"},
    {"[\"\xED\xA0\x80\"]", 0, JSONTEXT_ERROR_SYNTAX, "byte 3 is 0xed"},
    {"[\"\\u0000\"]", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"{\"a\\u0000b\":1}", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"[\"\\ud800\"]", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"[\"\\udc00\\ud800\"]", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"[1e999]", 0, JSONTEXT_ERROR_SYNTAX, "overflow"},
    {"[18446744073709551616]", 0, JSONTEXT_ERROR_SYNTAX, "too big"},
    {"[NaN]", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"[01]", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"[+1]", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"[1,]", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"{'a':1}", 0, JSONTEXT_ERROR_SYNTAX, "line 1, column"},
    {"{\"a\":1}\n{}", 0, JSONTEXT_ERROR_SYNTAX, "line 2, column 1"},
    {"{}x", 0, JSONTEXT_ERROR_SYNTAX, "end of file expected"},
    {"[\"a", 0, JSONTEXT_ERROR_SYNTAX, "line 1"},
    {"[\"a\\", 0, JSONTEXT_ERROR_SYNTAX, "line 1"},
    {"[\"a\nb\"]", 0, JSONTEXT_ERROR_SYNTAX, "line"},
    {"{\"a\":1,\"a\":2}", 0, JSONTEXT_ERROR_DUPLICATE, "duplicate"},
    {"{\"userName\":1,\"x\":{},\"USERNAME\":2}", 0, JSONTEXT_ERROR_DUPLICATE, "names \"USERNAME\" twice"},
    {"[[{\"x\":[{\"a\":1,\"b\":2,\"A\":3}]}]]", 0, JSONTEXT_ERROR_DUPLICATE, "names \"A\" twice"},
    {"{\"k\":{\"\\u0061b\":1,\"AB\":3}}", 0, JSONTEXT_ERROR_DUPLICATE, "names \"AB\" twice"},
    {"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":0,\"F\":1}", 0,
     JSONTEXT_ERROR_DUPLICATE, "twice"},
};

static void test_load(gconstpointer data) {
  const LoadCase *c = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = jsontext_load(c->bytes, c->n > 0 ? c->n : strlen(c->bytes), &error);
  if (c->code != GOOD) {
    g_assert_error(error, JSONTEXT_ERROR, c->code);
    g_assert_null(value);
    if (strstr(error->message, c->out) == NULL)
      g_error("\"%s\" lacks \"%s\"", error->message, c->out);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    return;
  }
  g_assert_no_error(error);
  g_autofree char *out = jsontext_dump(value);
  g_assert_cmpstr(out, ==, c->out);
}

/* `n` times `item`, with `comma` between, inside `open` and `close`. */
static char *repeated(const char *open, const char *item, const char *comma, gsize n, const char *close) {
  GString *out = g_string_new(open);
  for (gsize i = 0; i < n; i++) {
    g_string_append(out, i > 0 ? comma : "");
    g_string_append(out, item);
  }
  g_string_append(out, close);
  return g_string_free(out, FALSE);
}

typedef struct {
  const char *open, *item, *comma, *close;
  gsize n;
  int code;
} SizeCase;

static const SizeCase size_cases[] = {
    {"[", "1", ",", "]", LIMIT_JSON_NODES - 1, GOOD},
    {"[", "1", ",", "]", LIMIT_JSON_NODES, JSONTEXT_ERROR_SIZE},
    {"[", "\"{,:[\\\"\"", ", ", "]", LIMIT_JSON_NODES - 1, GOOD},
    {"[", "\"\"", ",", "]", LIMIT_JSON_NODES, JSONTEXT_ERROR_SIZE},
    {"[", "{}", ",", "]", LIMIT_JSON_CONTAINERS - 1, GOOD},
    {"[", "{}", ",", "]", LIMIT_JSON_CONTAINERS, JSONTEXT_ERROR_SIZE},
    {"[", "{}", ",", "]", 330000, JSONTEXT_ERROR_SIZE},
    {"[", "{\"a\" :\"bcdefgh\"}", ",", "]", LIMIT_JSON_NODES / 2 - 1, GOOD},
    {"[", "{\"a\" :\"bcdefgh\"}", ",", "]", LIMIT_JSON_NODES / 2, JSONTEXT_ERROR_SIZE},
    {"[", "[]", ",", "::::", LIMIT_JSON_NODES, JSONTEXT_ERROR_SIZE},
    {"", "[", "", "", LIMIT_JSON_DEPTH + 1, JSONTEXT_ERROR_DEPTH},
    {"", "{\"a\":", "", "", LIMIT_JSON_DEPTH + 1, JSONTEXT_ERROR_DEPTH},
    {"", "[", "", "]", LIMIT_JSON_DEPTH, JSONTEXT_ERROR_SYNTAX},
    {"", "[", "", "", 1000000, JSONTEXT_ERROR_DEPTH},
    {"\"", "[", "", "\"", 1000, GOOD},
    {"", "}", "", "", 1000, JSONTEXT_ERROR_SYNTAX},
};

static void test_size(gconstpointer data) {
  const SizeCase *c = data;
  g_autofree char *text = repeated(c->open, c->item, c->comma, c->n, c->close);
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = jsontext_load(text, strlen(text), &error);
  if (c->code != GOOD)
    g_assert_error(error, JSONTEXT_ERROR, c->code);
  else
    g_assert_no_error(error);
  g_assert_cmpint(value != NULL, ==, c->code == GOOD);
}

static void test_depth_allowed(void) {
  g_autofree char *open = repeated("", "[", "", LIMIT_JSON_DEPTH, "");
  g_autofree char *text = repeated(open, "]", "", LIMIT_JSON_DEPTH, "");
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = jsontext_load(text, strlen(text), &error);
  g_assert_no_error(error);
  g_assert_true(json_is_array(value));
}

/* The largest group in one PUT, with all that a member may have. */
static void test_members_allowed(void) {
  static const char member[] =
      "{\"value\":\"1\",\"$ref\":\"../Users/1\",\"display\":\"A\",\"type\":\"User\"}";
  g_autofree char *text = repeated("{\"schemas\":[\"x\"],\"displayName\":\"all\",\"members\":[", member, ",",
                                   LIMIT_MEMBERS, "]}");
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = jsontext_load(text, strlen(text), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(json_array_size(json_object_get(value, "members")), ==, LIMIT_MEMBERS);
}

static void test_no_member_is_quadratic(void) {
  GString *out = g_string_new("{\"k0\":0");
  for (int i = 1; i < 100000; i++)
    g_string_append_printf(out, ",\"k%d\":0", i);
  g_string_append_c(out, '}');
  gint64 begin = g_get_monotonic_time();
  g_autoptr(json_t) value = jsontext_load(out->str, out->len, NULL);
  g_string_free(out, TRUE);
  g_assert_nonnull(value);
  g_assert_cmpint(g_get_monotonic_time() - begin, <, 5 * G_USEC_PER_SEC);
}

typedef struct {
  const char *in, *canonical;
} CanonicalCase;

static const CanonicalCase canonical_cases[] = {
    {"{\"b\":1,\"a\":{\"z\":[],\"Z\":{}},\"B\":2}", "{\"B\":2,\"a\":{\"Z\":{},\"z\":[]},\"b\":1}"},
    {"[{\"b\":0.1,\"a\":\"\"},3]", "[{\"a\":\"\",\"b\":0.1},3]"},
    {"{\"ä\":1,\"z\":2}", "{\"z\":2,\"ä\":1}"},
};

static void test_canonical(gconstpointer data) {
  const CanonicalCase *c = data;
  /* Z and z would be refused by jsontext_load; the canonical form must still be total. */
  g_autoptr(json_t) value = json_loads(c->in, 0, NULL);
  g_autofree char *out = jsontext_canonical(value);
  g_assert_cmpstr(out, ==, c->canonical);
}

static void test_get(void) {
  g_autoptr(json_t) object = json_pack("{s:i, s:i, s:i}", "UserName", 1, "active", 2, "name", 3);
  const char *key = NULL;
  g_assert_cmpint(json_integer_value(jsontext_get(object, "username", &key)), ==, 1);
  g_assert_cmpstr(key, ==, "UserName");
  g_assert_cmpint(json_integer_value(jsontext_get(object, "active", &key)), ==, 2);
  g_assert_cmpstr(key, ==, "active");
  g_assert_cmpint(json_integer_value(jsontext_get(object, "NAME", NULL)), ==, 3);
  g_assert_null(jsontext_get(object, "nam", NULL));
  g_assert_null(jsontext_get(NULL, "nam", NULL));
}

static void test_append_string(void) {
  g_autoptr(GString) out = g_string_new("x");
  jsontext_append_string(out, "a\"\\\n\x01ü");
  g_assert_cmpstr(out->str, ==, "x\"a\\\"\\\\\\n\\u0001ü\"");
}

static void add_cases(const char *name, gconstpointer first, gsize size, gsize n, GTestDataFunc func) {
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf("/jsontext/%s/%02" G_GSIZE_FORMAT, name, i);
    g_test_add_data_func(path, (const char *)first + i * size, func);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_cases("load", load_cases, sizeof *load_cases, G_N_ELEMENTS(load_cases), test_load);
  add_cases("size", size_cases, sizeof *size_cases, G_N_ELEMENTS(size_cases), test_size);
  add_cases("canonical", canonical_cases, sizeof *canonical_cases, G_N_ELEMENTS(canonical_cases),
            test_canonical);
  g_test_add_func("/jsontext/depth", test_depth_allowed);
  g_test_add_func("/jsontext/members", test_members_allowed);
  g_test_add_func("/jsontext/many-keys", test_no_member_is_quadratic);
  g_test_add_func("/jsontext/get", test_get);
  g_test_add_func("/jsontext/append-string", test_append_string);
  return g_test_run();
}
