/* The bytes of a settings file, read with suspicion, and where its top-level keys stand (libcyaml tells the place of
 * what came before an error, and none of what is right). For lib/settings.c. */
#pragma once

#include <glib.h>

typedef struct {
  char *name; /* without its folder, for messages */
  char *text; /* n bytes and a NUL */
  gsize n;
  gboolean readable_by_all;
  GPtrArray *keys; /* of char*, in order */
  GArray *lines;   /* of int, parallel */
} SettingsFile;

/* NULL with a SETTINGS_ERROR: not a regular file, too large, others may write it, not UTF-8, a NUL. */
SettingsFile *settings_file_read(const char *path, GError **error);
SettingsFile *settings_file_new(const char *name, const char *bytes, gsize n, GError **error);
void settings_file_free(SettingsFile *file);
/* The line of the nth (from 0) key of that name; 0 when there is none. */
int settings_file_line(const SettingsFile *file, const char *key, int nth);
/* The content of a secret's file, one trailing line break removed. Free with crypto_free_secret. */
char *settings_file_secret(const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SettingsFile, settings_file_free)
