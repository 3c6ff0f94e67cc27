#include "cmd/explain.h"

#include <string.h>

#include "lib/explain.h"
#include "lib/text.h"

#define DIGITS 4

static const OutputColumn list_columns[] = {{"code", "code"}, {"what", "what happened"}, {NULL}};
static const OutputColumn columns[] = {
    {"code", "code"}, {"what", "what happened"}, {"meaning", "what it means"}, {"next", "what to do"}, {NULL},
};

int explain_parse(const char *text) {
  if (g_ascii_strncasecmp(text, "GP-", 3) == 0)
    text += 3;
  if (strlen(text) != DIGITS || strspn(text, "0123456789") != DIGITS)
    return -1;
  return (int)g_ascii_strtoll(text, NULL, 10);
}

static json_t *row_json(const ExplainRow *row) {
  char code[sizeof "GP-nnnn"];
  g_snprintf(code, sizeof code, "GP-%04d", row->code % 10000);
  return json_pack("{s:s, s:s, s:s, s:s}", "code", code, "what", row->title, "meaning", row->meaning, "next",
                   row->next);
}

static int list(App *app) {
  json_t *codes = json_array();
  const ExplainRow *row;
  for (gsize i = 0; (row = explain_at(i)) != NULL; i++)
    json_array_append_new(codes, row_json(row));
  output_records(app_output(app), list_columns, json_pack("{s:o}", "codes", codes), "codes");
  return APP_OK;
}

int verb_explain(App *app, const VerbCall *call, GError **error) {
  const char *text = verb_argument(call, 0);
  if (verb_given(call, "all"))
    return list(app);
  if (text == NULL) {
    app_error_set(error, APP_USAGE, 0, "gatepost explain needs a CODE, or --all");
    return APP_USAGE;
  }
  int code = explain_parse(text);
  const ExplainRow *row = code < 0 ? NULL : explain_find(code);
  if (row == NULL) {
    g_autofree char *quoted = text_quote(text);
    app_error_set(error, APP_NOT_FOUND, 1999, "there is no code \"%s\"", quoted);
    return APP_NOT_FOUND;
  }
  output_record(app_output(app), columns, row_json(row));
  return APP_OK;
}
