#include "scim/list.h"

#include <string.h>

#include "lib/limits.h"
#include "lib/text.h"
#include "scim/error.h"

/* A whole number of any size, cut to ±G_MAXINT64. FALSE when the text is none. */
static gboolean whole_number(const char *text, gint64 *number) {
  const char *digits = text + (*text == '-' || *text == '+');
  if (!*digits || strspn(digits, "0123456789") != strlen(digits))
    return FALSE;
  *number = g_ascii_strtoll(text, NULL, 10);
  return TRUE;
}

/* Unchanged when the parameter is absent or empty; else its value, cut to min … max. */
static gboolean parse_number(const char *name, const char *text, gint64 min, gint64 max, gint64 *number,
                             GError **error) {
  gint64 given = 0;
  if (!text || !*text)
    return TRUE;
  if (!whole_number(text, &given)) {
    g_autofree char *quoted = text_quote(text);
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE, "%s must be a whole number, got \"%s\"", name,
                quoted);
    return FALSE;
  }
  *number = CLAMP(given, min, max);
  return TRUE;
}

gboolean scim_list_parse(const ScimType *type, const ScimListText *text, ScimDialect *dialect,
                         ScimListQuery *query, GError **error) {
  g_auto(ScimListQuery) parsed = {.start_index = 1, .count = LIMIT_PAGE_DEFAULT};
  if (!parse_number("startIndex", text->start_index, 1, G_MAXINT64, &parsed.start_index, error))
    return FALSE;
  if (!parse_number("count", text->count, 0, LIMIT_PAGE_MAX, &parsed.count, error))
    return FALSE;
  parsed.projection = scim_projection_parse(type, text->attributes, text->excluded_attributes, error);
  if (!parsed.projection)
    return FALSE;
  if (text->filter) {
    parsed.filter = scim_filter_parse(type, text->filter, strlen(text->filter), dialect, error);
    if (!parsed.filter)
      return FALSE;
  }
  *query = parsed;
  parsed = (ScimListQuery){0};
  return TRUE;
}

void scim_list_clear(ScimListQuery *query) {
  g_clear_pointer(&query->filter, scim_filter_free);
  g_clear_pointer(&query->projection, scim_projection_free);
}
