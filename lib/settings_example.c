#include "lib/settings.h"

#include <string.h>

#define WIDTH 96

/* Words of text as comment lines no longer than WIDTH. */
static void comment(GString *out, const char *text) {
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  gsize used = 0;
  for (char **word = words; *word != NULL; word++) {
    gsize n = strlen(*word);
    if (used > 0 && used + 1 + n > WIDTH) {
      g_string_append_c(out, '\n');
      used = 0;
    }
    g_string_append(out, used == 0 ? "# " : " ");
    g_string_append(out, *word);
    used += n + (used == 0 ? 2 : 1);
  }
  g_string_append_c(out, '\n');
}

char *settings_example(const SettingsRow *rows) {
  GString *out =
      g_string_new("# gatepost settings. Check them with: gatepost check-config\n"
                   "# Each may come from the environment instead: GATEPOST_PUBLIC_URL for public_url.\n");
  for (const SettingsRow *row = rows; row->name != NULL; row++) {
    g_string_append_c(out, '\n');
    comment(out, row->help);
    if (row->mask != NULL)
      g_string_append_printf(out, "# Or %s_file: a file that holds it, or the systemd credential \"%s\".\n",
                             row->name, row->name);
    if (row->fallback != NULL && *row->fallback != '\0')
      g_string_append_printf(out, "# Default: %s\n", row->fallback);
    g_string_append_printf(out, "%s%s: %s\n", row->fallback == NULL ? "" : "#", row->name, row->example);
  }
  return g_string_free(out, FALSE);
}
