#include "cmd/quota.h"

#include <string.h>

#include "cmd/app_error.h"
#include "lib/text.h"

#define MOST_OF_A_UNIT (G_MAXINT64 >> 40)

gboolean quota_parse(const char *option, const char *text, gint64 *bytes, GError **error) {
  static const char units[] = "KMGT";
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
