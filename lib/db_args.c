#include "lib/db.h"

#include <string.h>

static void put(DbArgs *args, const char *value, int length, int format) {
  g_assert(args->n < DB_ARGS_MAX);
  args->values[args->n] = value;
  args->lengths[args->n] = length;
  args->formats[args->n] = format;
  args->n++;
}

void db_args_text(DbArgs *args, const char *text) {
  put(args, text, 0, 0);
}

void db_args_int(DbArgs *args, gint64 value) {
  g_assert(args->n < DB_ARGS_MAX);
  char *text = args->numbers[args->n];
  g_snprintf(text, sizeof args->numbers[0], "%" G_GINT64_FORMAT, value);
  put(args, text, 0, 0);
}

void db_args_bool(DbArgs *args, gboolean value) {
  put(args, value ? "t" : "f", 0, 0);
}

void db_args_bytes(DbArgs *args, const void *bytes, gsize n) {
  g_assert(n <= G_MAXINT);
  /* A NULL value would be SQL NULL; no bytes are still a value. */
  put(args, bytes == NULL && n == 0 ? "" : bytes, (int)n, 1);
}

/* Every element is quoted, so that NULL, commas and braces in it are only text. */
void db_args_text_array(DbArgs *args, const char *const *texts, gsize n, char **keep) {
  GString *literal = g_string_new("{");
  for (gsize i = 0; i < n; i++) {
    g_string_append(literal, i == 0 ? "\"" : ",\"");
    for (const char *p = texts[i]; *p != '\0'; p++) {
      if (*p == '"' || *p == '\\')
        g_string_append_c(literal, '\\');
      g_string_append_c(literal, *p);
    }
    g_string_append_c(literal, '"');
  }
  g_string_append_c(literal, '}');
  *keep = g_string_free(literal, FALSE);
  put(args, *keep, 0, 0);
}
