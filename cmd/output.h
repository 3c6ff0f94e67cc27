/* What a command says: data to stdout (aligned text for people and pipes, or ONE JSON object with --json), progress and
 * next steps to stderr. Colour only on a terminal without NO_COLOR. One thread. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct Output Output;

typedef struct {
  gboolean json, quiet;
  int out, err; /* descriptors; not closed */
} OutputOptions;

Output *output_new(const OutputOptions *options);
void output_free(Output *output);
gboolean output_is_json(const Output *output);

/* A column of a table, or a line of a record: member `key` of the JSON object, shown under `title`. */
typedef struct {
  const char *key, *title;
} OutputColumn;

/* The array `name` in `envelope` as a table, or with --json the envelope. columns end with key NULL. Takes envelope. */
void output_records(Output *output, const OutputColumn *columns, json_t *envelope, const char *name);
/* One object, a line a column (arrays: one element a line), absent members left out; or with --json the object. Takes it. */
void output_record(Output *output, const OutputColumn *columns, json_t *record);
/* Text that is the data itself (an example file, a proxy block); with --json {"text": …}. */
void output_text(Output *output, const char *text);
/* A line for people on stderr: progress, the next step. Silent with --quiet and --json. */
void output_say(Output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Asks y/N on the terminal. TRUE for yes, or when `yes` is. FALSE with a REFUSED error when there is nobody to ask, or
 * the answer is no. */
gboolean output_confirm(Output *output, const char *question, gboolean yes, GError **error);
/* A line typed on the terminal; NULL when there is nobody to ask, or nothing was typed. Free with g_free. */
char *output_ask(Output *output, const char *question);
/* What failed, once: "What happened. What it means. What to do (GP-nnnn)" on stderr, or with --json
 * {"error": {code, message, next}} on stdout. */
void output_error(Output *output, const GError *error);
/* Wraps text in a terminal colour where colour is on: 'g' green, 'y' yellow, 'r' red. Free with g_free. */
char *output_colour(const Output *output, char colour, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)
