#include "lib/settings_check.h"

#include <string.h>

#include "lib/text.h"

static gboolean fail(const SettingsRow *row, const char *origin, const char *text, const char *why,
                     GError **error) {
  g_autofree char *masked = row->mask == NULL ? NULL : row->mask(text);
  g_autofree char *quoted = text_quote(masked == NULL ? text : masked);
  g_set_error(error, SETTINGS_ERROR, SETTINGS_ERROR_VALUE, "%s: \"%s\" is \"%s\"; it %s (GP-1003)", origin,
              row->name, quoted, why);
  return FALSE;
}

gboolean settings_check_boolean(const char *text, gboolean *value) {
  static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_ascii_strcasecmp(words[i], text) == 0) {
      *value = i % 2 == 1;
      return TRUE;
    }
  return FALSE;
}

/* Plain decimal digits: "8s", "1e3", "0x10", "+8" and " 8" are somebody's mistake. */
static gboolean check_integer(const SettingsRow *row, const char *origin, const char *text, GError **error) {
  gint64 value;
  gsize sign = *text == '-' ? 1 : 0;
  gboolean digits = text[sign] != '\0' && strspn(text + sign, "0123456789") == strlen(text + sign);
  if (digits && g_ascii_string_to_signed(text, 10, row->min, row->max, &value, NULL))
    return TRUE;
  g_autofree char *why = g_strdup_printf(
      "takes a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, row->min, row->max);
  return fail(row, origin, text, why, error);
}

static gboolean check_text(const SettingsRow *row, const char *origin, const char *text, GError **error) {
  for (const char *at = text; *at != '\0'; at++)
    if (g_ascii_iscntrl(*at))
      return fail(row, origin, text, "holds a control character", error);
  const char *why = row->check == NULL ? NULL : row->check(text);
  return why == NULL || fail(row, origin, text, why, error);
}

static gboolean check_string(const SettingsRow *row, const char *origin, const char *text, GError **error) {
  gint64 n = (gint64)strlen(text);
  if (n < row->min || (row->max > 0 && n > row->max)) {
    g_autofree char *why =
        g_strdup_printf("takes %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " bytes", row->min, row->max);
    return fail(row, origin, text, why, error);
  }
  /* An empty text means unset; only a row that asks for a length refuses it. */
  return n == 0 || check_text(row, origin, text, error);
}

static gboolean check_list(const SettingsRow *row, const char *origin, const char *const *list,
                           GError **error) {
  gint64 n = 0;
  for (; list[n] != NULL; n++)
    if (!check_text(row, origin, list[n], error))
      return FALSE;
  if (n >= row->min && n <= row->max)
    return TRUE;
  g_autofree char *items = g_strdup_printf("%" G_GINT64_FORMAT " items", n);
  g_autofree char *why =
      g_strdup_printf("takes %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " items", row->min, row->max);
  return fail(row, origin, items, why, error);
}

gboolean settings_check(const SettingsRow *row, const char *origin, const char *text, const char *const *list,
                        GError **error) {
  gboolean boolean;
  switch (row->type) {
  case SETTINGS_LIST:
    return check_list(row, origin, list, error);
  case SETTINGS_INTEGER:
    return check_integer(row, origin, text, error);
  case SETTINGS_BOOLEAN:
    return settings_check_boolean(text, &boolean) || fail(row, origin, text, "takes true or false", error);
  case SETTINGS_STRING:
    return check_string(row, origin, text, error);
  }
  g_assert_not_reached();
}
