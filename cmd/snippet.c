#include "cmd/snippet.h"

#include <string.h>

#include "lib/db_conninfo.h"

static const char *find(const SnippetValue *values, const char *name, gsize n) {
  for (; values->name != NULL; values++)
    if (strlen(values->name) == n && strncmp(values->name, name, n) == 0)
      return values->value;
  return NULL;
}

char *snippet_fill(const char *text, const SnippetValue *values) {
  GString *out = g_string_new(NULL);
  while (*text != '\0') {
    gsize n = *text == '@' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
    const char *value = n > 0 && text[n + 1] == '@' ? find(values, text + 1, n) : NULL;
    if (value != NULL) {
      g_string_append(out, value);
      text += n + 2;
    } else {
      g_string_append_c(out, *text++);
    }
  }
  return g_string_free(out, FALSE);
}

/* What a mail server's file can hold as it is: it must not end the line, the statement or the word. */
static gboolean plain(const char *value) {
  return strpbrk(value, " \t\r\n;{}\"'\\$#%@,") == NULL;
}

static char *part(const char *conninfo, const char *keyword, const char *fallback, GError **error) {
  g_autofree char *value = db_conninfo_value(conninfo, keyword, error);
  return value == NULL ? NULL : g_strdup(*value != '\0' ? value : fallback);
}

gboolean snippet_database(App *app, SnippetDatabase *database, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return FALSE;
  const char *conninfo = settings_string(settings, "database");
  database->host = part(conninfo, "host", "/run/postgresql", error);
  database->port = database->host == NULL ? NULL : part(conninfo, "port", "5432", error);
  database->name = database->port == NULL ? NULL : part(conninfo, "dbname", "gatepost", error);
  if (database->name == NULL)
    return FALSE;
  if (plain(database->host) && plain(database->port) && plain(database->name))
    return TRUE;
  app_error_set(
      error, APP_REFUSED, 5311,
      "the setting database names a host, port or database that a mail server's file cannot hold as it is");
  return FALSE;
}

void snippet_database_clear(SnippetDatabase *database) {
  g_clear_pointer(&database->host, g_free);
  g_clear_pointer(&database->port, g_free);
  g_clear_pointer(&database->name, g_free);
}
