/* Snippets of other servers' configuration: templates in which @name@ is replaced, and the database as those servers reach it. */
#pragma once

#include "cmd/verbs.h"

typedef struct {
  const char *name; /* "host" for @host@ */
  const char *value;
} SnippetValue;

/* values end with name NULL; a name that is not among them stays. Free with g_free. */
char *snippet_fill(const char *text, const SnippetValue *values);

/* Where a mail server finds the database, from the setting `database`: host, port and name without user and password. */
typedef struct {
  char *host, *port, *name;
} SnippetDatabase;
gboolean snippet_database(App *app, SnippetDatabase *database, GError **error);
void snippet_database_clear(SnippetDatabase *database);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SnippetDatabase, snippet_database_clear)
