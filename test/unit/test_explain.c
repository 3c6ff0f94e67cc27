#include "lib/explain.h"

#include <string.h>

#include "cmd/explain.h"
#include "lib/http_gate.h"
#include "scim/error.h"

#define WORDS_MAX 60

static gsize words(const char *text) {
  gsize n = 0;
  g_auto(GStrv) parts = g_strsplit(text, " ", -1);
  for (char **part = parts; *part != NULL; part++)
    n += **part != '\0';
  return n;
}

static void is_sentence(const char *text) {
  g_assert_cmpuint(strlen(text), >, 0);
  g_assert_false(g_ascii_isspace(text[0]));
  g_assert_null(strpbrk(text, "\n\t"));
}

static void test_rows(void) {
  int before = 0;
  const ExplainRow *row;
  gsize i = 0;
  for (; (row = explain_at(i)) != NULL; i++) {
    g_assert_cmpint(row->code, >, before);
    before = row->code;
    is_sentence(row->title);
    is_sentence(row->meaning);
    is_sentence(row->next);
    g_assert_cmpuint(words(row->title) + words(row->meaning) + words(row->next), <=, WORDS_MAX);
    g_assert_true(explain_find(row->code) == row);
  }
  g_assert_cmpuint(i, >, 150);
}

static void test_scim_codes(void) {
  for (int code = 0; code <= SCIM_ERROR_INTERNAL; code++) {
    g_autoptr(GError) error = g_error_new_literal(SCIM_ERROR, code, "x");
    int gp_code = scim_error_row(error)->gp_code;
    if (explain_find(gp_code) == NULL)
      g_error("GP-%d is not explained", gp_code);
  }
}

static void test_gate_codes(void) {
  for (int code = HTTP_GATE_PASS + 1; code <= HTTP_GATE_UPGRADE; code++) {
    int gp_code = http_gate_verdict((HttpGateCode)code)->gp_code;
    if (explain_find(gp_code) == NULL)
      g_error("GP-%d is not explained", gp_code);
  }
}

typedef struct {
  const char *text;
  int code;
} ParseCase;

static const ParseCase parse_cases[] = {
    {"2101", 2101}, {"GP-2101", 2101}, {"gp-2101", 2101}, {"Gp-2101", 2101}, {"", -1},         {"GP-", -1},
    {"210", -1},    {"21011", -1},     {"GP2101", -1},    {"GP-210x", -1},   {"GP-GP-21", -1}, {" 2101", -1},
};

static void test_parse(gconstpointer data) {
  const ParseCase *c = data;
  g_assert_cmpint(explain_parse(c->text), ==, c->code);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/explain/rows", test_rows);
  g_test_add_func("/explain/scim-codes", test_scim_codes);
  g_test_add_func("/explain/gate-codes", test_gate_codes);
  for (gsize i = 0; i < G_N_ELEMENTS(parse_cases); i++) {
    g_autofree char *path = g_strdup_printf("/explain/parse/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &parse_cases[i], test_parse);
  }
  return g_test_run();
}
