#include "cmd/dovecot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mail/inspect.h"

#define CHUNK 65536

/* FILE, or standard input for "-"; never more than what is parsed, and a byte to tell. */
static GString *read_all(const char *path, GError **error) {
  g_autoptr(GString) text = g_string_new(NULL);
  gboolean is_stdin = strcmp(path, "-") == 0;
  FILE *file = is_stdin ? stdin : fopen(path, "re");
  gsize n = 1;
  if (file == NULL) {
    app_error_set(error, APP_NOT_FOUND, GP_DOVECONF, "%s cannot be opened: %s", path, g_strerror(errno));
    return NULL;
  }
  while (n > 0 && text->len <= DOVECONF_BYTES) {
    gsize before = text->len;
    g_string_set_size(text, before + CHUNK);
    n = fread(text->str + before, 1, CHUNK, file);
    g_string_set_size(text, before + n);
  }
  if (!is_stdin)
    fclose(file);
  return g_steal_pointer(&text);
}

static void print(Output *output, const json_t *found) {
  static const struct {
    const char *state, *mark;
    char colour;
  } marks[] = {{"good", "✓", 'g'}, {"warning", "!", 'y'}, {"broken", "✗", 'r'}};
  g_autoptr(GString) out = g_string_new(NULL);
  gsize i;
  json_t *row;
  json_array_foreach(found, i, row) {
    const char *state = json_string_value(json_object_get(row, "state"));
    const char *next = json_string_value(json_object_get(row, "next"));
    gsize k = strcmp(state, "good") == 0 ? 0 : strcmp(state, "warning") == 0 ? 1 : 2;
    g_autofree char *mark = output_colour(output, marks[k].colour, marks[k].mark);
    g_string_append_printf(out, "%s %-22s %s\n", mark, json_string_value(json_object_get(row, "what")),
                           json_string_value(json_object_get(row, "words")));
    if (next != NULL)
      g_string_append_printf(out, "  %-22s → %s\n", "", next);
  }
  output_text(output, out->str);
}

int verb_dovecot_inspect(App *app, const VerbCall *call, GError **error) {
  g_autoptr(GString) text = read_all(verb_argument(call, 0), error);
  if (text == NULL)
    return APP_NOT_FOUND;
  g_autofree char *why = NULL;
  g_autoptr(Doveconf) doveconf = mail_doveconf_parse(text->str, text->len, &why);
  if (doveconf == NULL) {
    app_error_set(error, APP_FAILED, GP_DOVECONF, "this is not what doveconf -n prints: %s", why);
    return APP_FAILED;
  }
  static const OutputColumn none[] = {{NULL}};
  static const char *const names[] = {"good", "warning", "broken"};
  MailInspectState worst;
  Output *output = app_output(app);
  json_t *found = mail_inspect(doveconf, &worst);
  if (output_is_json(output)) {
    output_record(output, none, json_pack("{s:s, s:o}", "state", names[worst], "checks", found));
    return worst == MAIL_INSPECT_BROKEN ? APP_FAILED : APP_OK;
  }
  print(output, found);
  json_decref(found);
  if (worst == MAIL_INSPECT_BROKEN)
    output_say(output, "Mend what is marked ✗ first. Nothing was changed.");
  else
    output_say(output, "Nothing stands in the way. Next: gatepost dovecot config --mode observe");
  return worst == MAIL_INSPECT_BROKEN ? APP_FAILED : APP_OK;
}
