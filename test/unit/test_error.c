#include "scim/error.h"

#include <string.h>

#include "lib/db.h"
#include "lib/jsontext.h"

typedef struct {
  ScimErrorCode code;
  int status;
  const char *scim_type;
  int gp_code;
} RowCase;

static const RowCase row_cases[] = {
    {SCIM_ERROR_INVALID_FILTER, 400, "invalidFilter", 2201},
    {SCIM_ERROR_TOO_MANY, 400, "tooMany", 2202},
    {SCIM_ERROR_INVALID_SYNTAX, 400, "invalidSyntax", 2203},
    {SCIM_ERROR_INVALID_PATH, 400, "invalidPath", 2204},
    {SCIM_ERROR_INVALID_VALUE, 400, "invalidValue", 2205},
    {SCIM_ERROR_MUTABILITY, 400, "mutability", 2206},
    {SCIM_ERROR_NO_TARGET, 400, "noTarget", 2207},
    {SCIM_ERROR_SENSITIVE, 403, "sensitive", 2208},
    {SCIM_ERROR_UNKNOWN_ATTRIBUTE, 400, "invalidValue", 2209},
    {SCIM_ERROR_DISCOVERY_FILTER, 403, NULL, 2210},
    {SCIM_ERROR_TOKEN_MISSING, 401, NULL, 2100},
    {SCIM_ERROR_TOKEN_FORM, 401, NULL, 2107},
    {SCIM_ERROR_NOT_FOUND, 404, NULL, 2301},
    {SCIM_ERROR_UNIQUENESS, 409, "uniqueness", 2302},
    {SCIM_ERROR_NO_ENDPOINT, 404, NULL, 2304},
    {SCIM_ERROR_METHOD, 405, NULL, 2305},
    {SCIM_ERROR_PRECONDITION, 412, NULL, 2306},
    {SCIM_ERROR_TOO_LARGE, 413, NULL, 2307},
    {SCIM_ERROR_MEDIA_TYPE, 415, NULL, 2308},
    {SCIM_ERROR_THROTTLED, 429, NULL, 2309},
    {SCIM_ERROR_DOMAIN, 403, NULL, 2311},
    {SCIM_ERROR_NOT_OFFERED, 501, NULL, 2312},
    {SCIM_ERROR_INTERNAL, 500, NULL, 2500},
    {SCIM_ERROR_UNAVAILABLE, 503, NULL, 2501},
    {SCIM_ERROR_BUSY, 503, NULL, 2502},
};

static void test_row(gconstpointer data) {
  const RowCase *c = data;
  g_autoptr(GError) error = g_error_new_literal(SCIM_ERROR, (int)c->code, "x");
  const ScimErrorRow *row = scim_error_row(error);
  g_assert_cmpint(row->status, ==, c->status);
  g_assert_cmpstr(row->scim_type, ==, c->scim_type);
  g_assert_cmpint(row->gp_code, ==, c->gp_code);
  g_assert_cmpint(row->ours, ==, c->status >= 500 && c->status != 501);
}

static void test_no_code_twice(void) {
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  for (int code = 0; code <= SCIM_ERROR_INTERNAL; code++) {
    g_autoptr(GError) error = g_error_new_literal(SCIM_ERROR, code, "x");
    const ScimErrorRow *row = scim_error_row(error);
    g_assert_cmpint(row->status, >=, 400);
    g_assert_true(g_hash_table_add(seen, GINT_TO_POINTER(row->gp_code)));
  }
}

typedef struct {
  const char *name;
  int code;
  int gp_code;
} ForeignCase;

static const ForeignCase database_cases[] = {
    {"unavailable", DB_ERROR_UNAVAILABLE, 2501}, {"timeout", DB_ERROR_TIMEOUT, 2501},
    {"in-doubt", DB_ERROR_IN_DOUBT, 2501},       {"conflict", DB_ERROR_CONFLICT, 2502},
    {"unique", DB_ERROR_UNIQUE, 2500},           {"statement", DB_ERROR_STATEMENT, 2500},
};

static const ForeignCase json_cases[] = {
    {"syntax", JSONTEXT_ERROR_SYNTAX, 2203},
    {"duplicate", JSONTEXT_ERROR_DUPLICATE, 2203},
    {"size", JSONTEXT_ERROR_SIZE, 2307},
};

static void test_database(gconstpointer data) {
  const ForeignCase *c = data;
  g_autoptr(GError) error = g_error_new_literal(DB_ERROR, c->code, "secret SQL");
  g_assert_cmpint(scim_error_row(error)->gp_code, ==, c->gp_code);
  g_autofree char *body = scim_error_body(error);
  g_assert_null(strstr(body, "secret"));
}

static void test_json(gconstpointer data) {
  const ForeignCase *c = data;
  g_autoptr(GError) error = g_error_new_literal(JSONTEXT_ERROR, c->code, "line 3");
  g_assert_cmpint(scim_error_row(error)->gp_code, ==, c->gp_code);
  g_autofree char *body = scim_error_body(error);
  g_assert_nonnull(strstr(body, "line 3"));
}

static void test_body(void) {
  g_autoptr(GError) error =
      g_error_new_literal(SCIM_ERROR, SCIM_ERROR_UNIQUENESS, "userName \"ada\" is taken");
  g_autofree char *body = scim_error_body(error);
  g_assert_cmpstr(body, ==,
                  "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"409\","
                  "\"scimType\":\"uniqueness\",\"detail\":\"userName \\\"ada\\\" is taken (GP-2302)\"}");
}

static void test_parts(void) {
  g_autofree char *body = scim_error_body_parts(404, NULL, 2304, "no such endpoint");
  g_assert_cmpstr(body, ==,
                  "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"404\","
                  "\"detail\":\"no such endpoint (GP-2304)\"}");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(row_cases); i++) {
    g_autofree char *path = g_strdup_printf("/error/row/GP-%d", row_cases[i].gp_code);
    g_test_add_data_func(path, &row_cases[i], test_row);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(database_cases); i++) {
    g_autofree char *path = g_strdup_printf("/error/database/%s", database_cases[i].name);
    g_test_add_data_func(path, &database_cases[i], test_database);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(json_cases); i++) {
    g_autofree char *path = g_strdup_printf("/error/json/%s", json_cases[i].name);
    g_test_add_data_func(path, &json_cases[i], test_json);
  }
  g_test_add_func("/error/no-code-twice", test_no_code_twice);
  g_test_add_func("/error/body", test_body);
  g_test_add_func("/error/parts", test_parts);
  return g_test_run();
}
