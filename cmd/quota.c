#include "cmd/quota.h"

#include <string.h>

#include "cmd/app_error.h"
#include "lib/text.h"

#define MOST_OF_A_UNIT (G_MAXINT64 >> 40)

static const char units[] = "KMGT";

gboolean quota_parse(const char *option, const char *text, gint64 *bytes, GError **error) {
  if (strcmp(text, "none") == 0) {
    *bytes = 0;
    return TRUE;
  }
  gsize digits = strspn(text, "0123456789");
  const char *unit =
      text[digits] != '\0' && text[digits + 1] == '\0' ? strchr(units, g_ascii_toupper(text[digits])) : NULL;
  g_autofree char *number = g_strndup(text, digits);
  gint64 n;
  if (unit != NULL && g_ascii_string_to_signed(number, 10, 1, MOST_OF_A_UNIT, &n, NULL)) {
    *bytes = n << (10 * (unit - units + 1));
    return TRUE;
  }
  g_autofree char *quoted = text_quote(text);
  app_error_set(error, APP_USAGE, 0, "--%s is \"%s\"; it takes an amount such as 500M or 5G, or none", option,
                quoted);
  return FALSE;
}

void quota_show(json_t *record) {
  const json_t *quota = json_object_get(record, "quota");
  gint64 n = json_integer_value(quota);
  const char *unit = NULL;
  if (n <= 0)
    return;
  for (const char *next = units; *next != '\0' && n % 1024 == 0; next++, n /= 1024)
    unit = next;
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "%.1s", n, unit != NULL ? unit : "");
  json_object_set_new(record, "quota", json_string(text));
}
