/* A settings file described by one table: YAML read by libcyaml (its home), environment and defaults laid over each
 * other, with the origin of each value. The table itself is the caller's (cmd/settings.c). */
#pragma once

#include <glib.h>

typedef enum { SETTINGS_STRING, SETTINGS_INTEGER, SETTINGS_BOOLEAN, SETTINGS_LIST } SettingsType;

typedef struct {
  const char *name; /* "public_url" */
  SettingsType type;
  const char *fallback; /* the default, as text; NULL: required; "" : unset */
  gint64 min, max;      /* of an integer; of a string its length; of a list its length */
  char *(*mask)(
      const char *value); /* NULL: never a secret. Else the value with its secret masked, or NULL when this
                                       value holds none; such a setting may come from NAME_file or the systemd
                                       credential NAME */
  const char *(*check)(const char *value); /* NULL when fine, else what is wrong; for a list, of each item */
  const char *help;                        /* one or two sentences */
  const char *example;                     /* for the example file */
} SettingsRow;

typedef struct Settings Settings; /* process lifetime, immutable */

typedef enum {
  SETTINGS_ERROR_FILE,    /* GP-1001: cannot be read, or may not be trusted */
  SETTINGS_ERROR_SYNTAX,  /* GP-1001 */
  SETTINGS_ERROR_UNKNOWN, /* GP-1002 */
  SETTINGS_ERROR_VALUE,   /* GP-1003 */
  SETTINGS_ERROR_MISSING, /* GP-1004 */
} SettingsErrorCode;
#define SETTINGS_ERROR (settings_error_quark())
GQuark settings_error_quark(void);

/* rows ends with name NULL. path NULL: no file, environment and defaults only. Environment: GATEPOST_PUBLIC_URL for
 * public_url; lists by commas. Precedence: environment, file, default. Errors name file, line and column and the
 * nearest known key, and end with their GP code: "gatepost.yaml line 7, column 3: "public_ulr" is not a setting; did you mean
 * "public_url"? (GP-1002)". A file that others may write, or that holds a secret and others may read, is refused. */
Settings *settings_load(const SettingsRow *rows, const char *path, GError **error);
/* The same from n bytes, as if they were a private file of that name. */
Settings *settings_parse(const SettingsRow *rows, const char *name, const char *bytes, gsize n,
                         GError **error);
void settings_free(Settings *settings);
const char *settings_string(const Settings *settings, const char *name); /* "" when unset */
gint64 settings_integer(const Settings *settings, const char *name);
gboolean settings_boolean(const Settings *settings, const char *name);
const char *const *settings_list(const Settings *settings, const char *name); /* NULL-terminated */
/* "default", "environment GATEPOST_…", "credential …", "gatepost.yaml line 7". */
const char *settings_origin(const Settings *settings, const char *name);
/* The value as it may be shown: secrets masked, lists joined by ", ". Free with g_free. */
char *settings_shown(const Settings *settings, const char *name);
/* The home of libcyaml tells its version. */
const char *settings_library(void);
/* The commented example file. Free with g_free. */
char *settings_example(const SettingsRow *rows);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)
