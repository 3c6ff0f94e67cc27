#include "cmd/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/app_error.h"
#include "lib/explain.h"
#include "lib/jsontext.h"
#include "lib/text.h"

#define COLUMN_GAP 2
#define CELL_MAX_BYTES 4096
#define ANSWER_BYTES 64

struct Output {
  OutputOptions options;
  gboolean colour;
};

Output *output_new(const OutputOptions *options) {
  Output *output = g_new0(Output, 1);
  output->options = *options;
  const char *no_colour = g_getenv("NO_COLOR");
  output->colour = !options->json && isatty(options->out) && (no_colour == NULL || *no_colour == '\0');
  return output;
}

void output_free(Output *output) {
  g_free(output);
}

gboolean output_is_json(const Output *output) {
  return output->options.json;
}

/* All of it, whatever the descriptor takes at once; a reader that went away is not our failure. */
static void write_all(int descriptor, const char *text, gsize n) {
  while (n > 0) {
    ssize_t sent = write(descriptor, text, n);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return;
    text += sent;
    n -= (gsize)sent;
  }
}

static void write_json(Output *output, const json_t *value) {
  g_autofree char *text = jsontext_dump(value);
  g_autofree char *whole = g_strconcat(text, "\n", NULL);
  write_all(output->options.out, whole, strlen(whole));
}

/* A value as people read it; nothing that moves a terminal's cursor. Free with g_free. */
static char *cell(const json_t *value) {
  if (value == NULL || json_is_null(value))
    return g_strdup("-");
  if (json_is_string(value)) {
    const char *text = json_string_value(value);
    return *text == '\0' ? g_strdup("-") : text_clean(text, CELL_MAX_BYTES);
  }
  if (json_is_boolean(value))
    return g_strdup(json_is_true(value) ? "yes" : "no");
  if (json_is_integer(value))
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
  if (!json_is_array(value)) {
    g_autofree char *text = jsontext_dump(value);
    return text_clean(text, CELL_MAX_BYTES);
  }
  if (json_array_size(value) == 0)
    return g_strdup("-");
  GString *joined = g_string_new(NULL);
  size_t i;
  json_t *item;
  json_array_foreach(value, i, item) {
    g_autofree char *text = cell(item);
    g_string_append_printf(joined, "%s%s", i == 0 ? "" : ", ", text);
  }
  return g_string_free(joined, FALSE);
}

static void pad(GString *out, const char *text, gsize width) {
  g_string_append(out, text);
  for (gsize used = (gsize)g_utf8_strlen(text, -1); used < width; used++)
    g_string_append_c(out, ' ');
}

static gsize column_width(const OutputColumn *column, const json_t *rows) {
  gsize width = (gsize)g_utf8_strlen(column->title, -1);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    g_autofree char *text = cell(json_object_get(row, column->key));
    width = MAX(width, (gsize)g_utf8_strlen(text, -1));
  }
  return width;
}

/* One line of a table; row NULL is the head. */
static void table_line(GString *out, const OutputColumn *columns, const gsize *widths, const json_t *row) {
  for (gsize i = 0; columns[i].key != NULL; i++) {
    g_autofree char *text =
        row == NULL ? g_ascii_strup(columns[i].title, -1) : cell(json_object_get(row, columns[i].key));
    gboolean last = columns[i + 1].key == NULL;
    pad(out, text, last ? 0 : widths[i] + COLUMN_GAP);
  }
  g_string_append_c(out, '\n');
}

static void write_table(Output *output, const OutputColumn *columns, const json_t *rows) {
  gsize n = 0;
  while (columns[n].key != NULL)
    n++;
  g_autofree gsize *widths = g_new(gsize, n);
  for (gsize i = 0; i < n; i++)
    widths[i] = column_width(&columns[i], rows);
  g_autoptr(GString) out = g_string_new(NULL);
  table_line(out, columns, widths, NULL);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) table_line(out, columns, widths, row);
  write_all(output->options.out, out->str, out->len);
}

void output_records(Output *output, const OutputColumn *columns, json_t *envelope, const char *name) {
  g_autoptr(json_t) owned = envelope;
  if (output->options.json) {
    write_json(output, owned);
    return;
  }
  const json_t *rows = json_object_get(owned, name);
  if (json_array_size(rows) == 0)
    output_say(output, "no %s", name);
  else
    write_table(output, columns, rows);
}

static void record_line(GString *out, const OutputColumn *column, gsize width, const json_t *value) {
  if (value == NULL)
    return;
  gboolean list = json_is_array(value) && json_array_size(value) > 0;
  gsize n = list ? json_array_size(value) : 1;
  for (gsize i = 0; i < n; i++) {
    g_autofree char *text = cell(list ? json_array_get(value, i) : value);
    pad(out, i == 0 ? column->title : "", width + COLUMN_GAP);
    g_string_append_printf(out, "%s\n", text);
  }
}

void output_record(Output *output, const OutputColumn *columns, json_t *record) {
  g_autoptr(json_t) owned = record;
  if (output->options.json) {
    write_json(output, owned);
    return;
  }
  gsize width = 0;
  for (const OutputColumn *column = columns; column->key != NULL; column++)
    if (json_object_get(owned, column->key) != NULL)
      width = MAX(width, (gsize)g_utf8_strlen(column->title, -1));
  g_autoptr(GString) out = g_string_new(NULL);
  for (const OutputColumn *column = columns; column->key != NULL; column++)
    record_line(out, column, width, json_object_get(owned, column->key));
  write_all(output->options.out, out->str, out->len);
}

void output_text(Output *output, const char *text) {
  if (!output->options.json) {
    write_all(output->options.out, text, strlen(text));
    return;
  }
  g_autoptr(json_t) object = json_pack("{s:s}", "text", text);
  write_json(output, object);
}

void output_say(Output *output, const char *format, ...) {
  if (output->options.quiet || output->options.json)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *line = g_strconcat(text, "\n", NULL);
  write_all(output->options.err, line, strlen(line));
}

static gboolean nobody(const Output *output) {
  return !isatty(STDIN_FILENO) || output->options.json;
}

char *output_ask(Output *output, const char *question) {
  if (nobody(output))
    return NULL;
  g_autofree char *text = g_strdup_printf("%s: ", question);
  write_all(output->options.err, text, strlen(text));
  char answer[CELL_MAX_BYTES];
  if (fgets(answer, sizeof answer, stdin) == NULL || *g_strstrip(answer) == '\0')
    return NULL;
  return g_strdup(answer);
}

gboolean output_confirm(Output *output, const char *question, gboolean yes, GError **error) {
  if (yes)
    return TRUE;
  if (nobody(output)) {
    app_error_set(error, APP_REFUSED, 1010,
                  "this asks before it changes anything, and there is nobody to ask");
    return FALSE;
  }
  g_autofree char *text = g_strdup_printf("%s [y/N] ", question);
  write_all(output->options.err, text, strlen(text));
  char answer[ANSWER_BYTES];
  if (fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
    return TRUE;
  app_error_set(error, APP_REFUSED, 1011, "you said no");
  return FALSE;
}

/* "settings.yaml line 3 …" keeps its first letter; a sentence gets its capital and its full stop. */
static char *sentence(const char *words) {
  gsize n = strlen(words);
  gboolean ended = n > 0 && strchr(".?!", words[n - 1]) != NULL;
  char *text = g_strconcat(words, ended ? "" : ".", NULL);
  const char *space = strpbrk(text, " .:/_-");
  gboolean name = g_str_has_prefix(words, "gatepost");
  if (!name && space != NULL && *space == ' ')
    *text = g_ascii_toupper(*text);
  return text;
}

static void error_json(Output *output, int code, const char *words, const char *next) {
  char text[sizeof "GP-nnnn"] = "";
  if (code != 0)
    g_snprintf(text, sizeof text, "GP-%04d", code % 10000);
  g_autoptr(json_t) object = json_pack("{s:{s:s?, s:s, s:s?}}", "error", "code", code == 0 ? NULL : text,
                                       "message", words, "next", next);
  write_json(output, object);
}

void output_error(Output *output, const GError *error) {
  g_autofree char *words = app_error_words(error);
  g_autofree char *clean = text_clean(words, CELL_MAX_BYTES);
  g_autofree char *said = sentence(clean);
  int code = app_error_code(error);
  const ExplainRow *row = code == 0 ? NULL : explain_find(code);
  const char *usage = app_error_exit(error) == APP_USAGE ? "Run it with --help to see how it is used." : NULL;
  if (output->options.json) {
    error_json(output, code, said, row == NULL ? usage : row->next);
    return;
  }
  g_autoptr(GString) out = g_string_new("gatepost: ");
  g_string_append(out, said);
  if (row != NULL)
    g_string_append_printf(out, " %s %s", row->meaning, row->next);
  else if (usage != NULL)
    g_string_append_printf(out, " %s", usage);
  if (code != 0)
    g_string_append_printf(out, " (GP-%04d)", code);
  g_string_append_c(out, '\n');
  write_all(output->options.err, out->str, out->len);
}

char *output_colour(const Output *output, char colour, const char *text) {
  if (!output->colour)
    return g_strdup(text);
  int number = colour == 'g' ? 32 : colour == 'y' ? 33 : 31;
  return g_strdup_printf("\033[%dm%s\033[0m", number, text);
}
