#include "lib/text.h"

#include <string.h>
#include <utf8proc.h>

#include "lib/limits.h"

#define ELLIPSIS "…"
#define ELLIPSIS_BYTES (sizeof ELLIPSIS - 1)
#define NEAREST_MAX_BYTES 64 /* no setting or attribute name is longer */

gboolean text_is_utf8(const char *text, gsize n) {
  return g_utf8_validate_len(text, n, NULL);
}

char *text_key(const char *text) {
  if (g_str_is_ascii(text))
    return g_ascii_strdown(text, -1);
  /* From malloc(3), which is what g_free frees since GLib 2.46. */
  return (char *)utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)text);
}

/* Would it move the cursor, turn the reading direction, or not be seen at all? */
static gboolean is_showable(gunichar c) {
  switch (g_unichar_type(c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_UNASSIGNED:
    return FALSE;
  default:
    return TRUE;
  }
}

gboolean text_is_plain(const char *text) {
  if (!g_utf8_validate(text, -1, NULL))
    return FALSE;
  for (; *text != '\0'; text = g_utf8_next_char(text))
    if (!is_showable(g_utf8_get_char(text)))
      return FALSE;
  return TRUE;
}

/* Appends the next character of *text, or '?', and moves past it. */
static void append_showable(GString *out, const char **text) {
  gunichar c = g_utf8_get_char_validated(*text, -1);
  if (c == (gunichar)-1 || c == (gunichar)-2) {
    g_string_append_c(out, '?');
    (*text)++;
    return;
  }
  const char *next = g_utf8_next_char(*text);
  if (is_showable(c))
    g_string_append_len(out, *text, next - *text);
  else
    g_string_append_c(out, '?');
  *text = next;
}

char *text_clean(const char *text, gsize max) {
  GString *out = g_string_new(NULL);
  gsize fitting = 0; /* the last boundary after which the ellipsis still fits */
  while (*text != '\0' && out->len <= max) {
    if (out->len + ELLIPSIS_BYTES <= max)
      fitting = out->len;
    append_showable(out, &text);
  }
  if (out->len > max) {
    g_string_truncate(out, fitting);
    if (max >= ELLIPSIS_BYTES)
      g_string_append(out, ELLIPSIS);
  }
  return g_string_free(out, FALSE);
}

char *text_quote(const char *text) {
  return text_clean(text, LIMIT_QUOTED_BYTES);
}

/* Levenshtein's distance without ASCII case; both at most NEAREST_MAX_BYTES long. */
static guint edit_distance(const char *a, const char *b) {
  guint row[NEAREST_MAX_BYTES + 1];
  gsize width = strlen(b);
  for (guint j = 0; j <= width; j++)
    row[j] = j;
  for (guint i = 1; *a != '\0'; a++, i++) {
    guint diagonal = row[0];
    row[0] = i;
    for (gsize j = 1; j <= width; j++) {
      guint changed = diagonal + (g_ascii_tolower(*a) != g_ascii_tolower(b[j - 1]));
      diagonal = row[j];
      row[j] = MIN(changed, MIN(row[j], row[j - 1]) + 1);
    }
  }
  return row[width];
}

const char *text_nearest(const char *word, const char *const *candidates) {
  gsize length = strnlen(word, NEAREST_MAX_BYTES + 1);
  if (length > NEAREST_MAX_BYTES)
    return NULL;
  const char *nearest = NULL;
  gsize least = length / 3 + 1;
  for (; *candidates != NULL; candidates++) {
    if (strnlen(*candidates, NEAREST_MAX_BYTES + 1) > NEAREST_MAX_BYTES)
      continue;
    guint distance = edit_distance(word, *candidates);
    if (distance >= least)
      continue;
    least = distance;
    nearest = *candidates;
  }
  return nearest;
}

char *text_real(double value, char text[TEXT_REAL_BYTES]) {
  static const char *const formats[] = {"%.15g", "%.16g", "%.17g"};
  for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
    g_ascii_formatd(text, TEXT_REAL_BYTES, formats[i], value);
    if (g_ascii_strtod(text, NULL) == value)
      break;
  }
  return text;
}
