#include "scim/list.h"

#include "lib/limits.h"
#include "scim/error.h"

typedef struct {
  const char *start_index, *count;
  gint64 want_start, want_count; /* want_start 0: refused */
} Paging;

static const Paging pagings[] = {
    {NULL, NULL, 1, LIMIT_PAGE_DEFAULT},
    {"", "", 1, LIMIT_PAGE_DEFAULT},
    {"1", "2", 1, 2},
    {"0", "0", 1, 0},
    {"-1", "-1", 1, 0},
    {"+7", "+7", 7, 7},
    {"101", "1000", 101, 1000},
    {"9223372036854775807", "1000000000", G_MAXINT64, LIMIT_PAGE_MAX},
    {"9223372036854775808", "99999999999999999999", G_MAXINT64, LIMIT_PAGE_MAX},
    {"-99999999999999999999", "-99999999999999999999", 1, 0},
    {"x", NULL, 0, 0},
    {"1.0", NULL, 0, 0},
    {"1e3", NULL, 0, 0},
    {" 1", NULL, 0, 0},
    {"-", NULL, 0, 0},
    {NULL, "ten", 0, 0},
    {NULL, "0x10", 0, 0},
};

static void test_paging(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(pagings); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(ScimListQuery) query = {0};
    ScimDialect dialect = {0};
    ScimListText text = {
        .start_index = pagings[i].start_index, .count = pagings[i].count, .sort_by = "title"};
    gboolean good = scim_list_parse(scim_type_user(), &text, &dialect, &query, &error);
    g_test_message("%s %s", text.start_index ? text.start_index : "-", text.count ? text.count : "-");
    g_assert_cmpint(good, ==, pagings[i].want_start != 0);
    g_assert_cmpint(query.start_index, ==, pagings[i].want_start);
    g_assert_cmpint(query.count, ==, pagings[i].want_count);
    if (!good)
      g_assert_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE);
  }
}

static void test_message(void) {
  g_autoptr(GError) error = NULL;
  g_auto(ScimListQuery) query = {0};
  ScimDialect dialect = {0};
  ScimListText text = {.count = "ten"};
  g_assert_false(scim_list_parse(scim_type_user(), &text, &dialect, &query, &error));
  g_assert_cmpstr(error->message, ==, "count must be a whole number, got \"ten\"");
}

typedef struct {
  ScimListText text;
  int error; /* -1: none */
} Query;

static const Query queries[] = {
    {{.filter = "userName eq \"ada\""}, -1},
    {{.filter = "userName eq \"ada\"", .attributes = "userName"}, -1},
    {{.filter = "userNam eq \"ada\""}, SCIM_ERROR_INVALID_FILTER},
    {{.filter = ""}, SCIM_ERROR_INVALID_FILTER},
    {{.attributes = "userName", .excluded_attributes = "name"}, SCIM_ERROR_INVALID_VALUE},
    {{.filter = "password eq \"x\""}, SCIM_ERROR_SENSITIVE},
    {{.sort_by = "nothing", .sort_order = "sideways"}, -1},
};

static void test_queries(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(queries); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(ScimListQuery) query = {0};
    ScimDialect dialect = {0};
    gboolean good = scim_list_parse(scim_type_user(), &queries[i].text, &dialect, &query, &error);
    g_assert_cmpint(good, ==, queries[i].error < 0);
    if (!good) {
      g_assert_error(error, SCIM_ERROR, queries[i].error);
      g_assert_null(query.projection);
      continue;
    }
    g_assert_nonnull(query.projection);
    g_assert_cmpint(query.filter != NULL, ==, queries[i].text.filter != NULL);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/list/paging", test_paging);
  g_test_add_func("/list/message", test_message);
  g_test_add_func("/list/queries", test_queries);
  return g_test_run();
}
