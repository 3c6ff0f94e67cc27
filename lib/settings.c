#include "lib/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cyaml/cyaml.h>

#include "lib/crypto.h"
#include "lib/limits.h"
#include "lib/settings_check.h"
#include "lib/settings_file.h"
#include "lib/text.h"

G_DEFINE_QUARK(gatepost - settings - error, settings_error)

#define ENVIRONMENT_PREFIX "GATEPOST_"
#define FILE_SUFFIX "_file"
#define MESSAGE_BYTES 512

typedef struct {
  char *text;  /* of anything but a list */
  char **list; /* of a list, NULL-terminated */
  char *origin;
} Value;

struct Settings {
  const SettingsRow *rows;
  gsize n;
  Value *values; /* parallel to rows */
};

/* What libcyaml fills: one per key it may find. A key is a row's name, or name_file for secrets. */
typedef struct {
  char *text;
  char **list;
  guint list_count;
} Slot;

typedef struct {
  const SettingsRow *rows;
  gsize n;      /* rows; slots are 2n: [i] the row's own, [n + i] its name_file */
  char **names; /* of slots; NULL where a row has no file form */
  Slot *slots;
  cyaml_schema_field_t *fields;
  cyaml_schema_value_t top;
  char said[MESSAGE_BYTES]; /* the library's complaint and its backtrace */
} Reader;

static const cyaml_schema_value_t item_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, LIMIT_SETTINGS_BYTES)};

static gsize count_rows(const SettingsRow *rows) {
  gsize n = 0;
  while (rows[n].name != NULL)
    n++;
  return n;
}

static gboolean fail(GError **error, SettingsErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);
static gboolean fail(GError **error, SettingsErrorCode code, const char *format, ...) {
  static const int gp_codes[] = {1001, 1001, 1002, 1003, 1004};
  va_list args;
  va_start(args, format);
  g_autofree char *words = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, SETTINGS_ERROR, (int)code, "%s (GP-%d)", words, gp_codes[code]);
  return FALSE;
}

/* ---- the schema libcyaml wants, made of the rows */

static cyaml_schema_field_t field(const char *name, gsize slot, gboolean list) {
  gsize at = slot * sizeof(Slot);
  cyaml_schema_field_t made = {.key = name};
  if (list) {
    made.data_offset = (guint32)(at + offsetof(Slot, list));
    made.count_offset = (guint32)(at + offsetof(Slot, list_count));
    made.count_size = sizeof(guint);
    made.value =
        (cyaml_schema_value_t){.type = CYAML_SEQUENCE,
                               .flags = (enum cyaml_flag)(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL),
                               .data_size = sizeof(char *),
                               .sequence = {.entry = &item_schema, .min = 0, .max = LIMIT_SETTINGS_LIST}};
    return made;
  }
  made.data_offset = (guint32)(at + offsetof(Slot, text));
  made.value = (cyaml_schema_value_t){.type = CYAML_STRING,
                                      .flags = (enum cyaml_flag)(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL),
                                      .data_size = sizeof(char),
                                      .string = {.min = 0, .max = LIMIT_SETTINGS_BYTES}};
  return made;
}

static void reader_init(Reader *reader, const SettingsRow *rows) {
  gsize n = count_rows(rows), used = 0;
  *reader = (Reader){.rows = rows, .n = n};
  reader->names = g_new0(char *, 2 * n + 1);
  reader->fields = g_new0(cyaml_schema_field_t, 2 * n + 1); /* the last has key NULL */
  for (gsize i = 0; i < n; i++) {
    reader->names[i] = g_strdup(rows[i].name);
    reader->fields[used++] = field(reader->names[i], i, rows[i].type == SETTINGS_LIST);
    if (rows[i].mask == NULL)
      continue;
    reader->names[n + i] = g_strconcat(rows[i].name, FILE_SUFFIX, NULL);
    reader->fields[used++] = field(reader->names[n + i], n + i, FALSE);
  }
  reader->top = (cyaml_schema_value_t){.type = CYAML_MAPPING,
                                       .flags = CYAML_FLAG_POINTER,
                                       .data_size = (guint32)(2 * n * sizeof(Slot)),
                                       .mapping = {.fields = reader->fields}};
}

static void keep(cyaml_log_t level, void *data, const char *format, va_list args) G_GNUC_PRINTF(3, 0);
static void keep(cyaml_log_t level, void *data, const char *format, va_list args) {
  Reader *reader = data;
  gsize used = strlen(reader->said);
  if (level >= CYAML_LOG_ERROR)
    g_vsnprintf(reader->said + used, sizeof reader->said - used, format, args);
}

static cyaml_config_t config(Reader *reader) {
  return (cyaml_config_t){.log_fn = keep,
                          .log_ctx = reader,
                          .mem_fn = cyaml_mem,
                          .log_level = CYAML_LOG_ERROR,
                          .flags = CYAML_CFG_NO_ALIAS};
}

static void reader_clear(Reader *reader) {
  cyaml_config_t how = config(reader);
  for (gsize i = 0; reader->slots != NULL && i < 2 * reader->n; i++)
    if (reader->slots[i].text != NULL)
      crypto_wipe(reader->slots[i].text, strlen(reader->slots[i].text));
  if (reader->slots != NULL)
    cyaml_free(&how, &reader->top, reader->slots, 0);
  for (gsize i = 0; i < 2 * reader->n; i++)
    g_free(reader->names[i]);
  g_free(reader->names);
  g_free(reader->fields);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_clear)

/* ---- complaints, in our words and with the right line */

/* What stands in `text` between `before` and the next of `ends`; NULL when `before` does not occur. Free with g_free. */
static char *between(const char *text, const char *before, const char *ends) {
  const char *start = strstr(text, before);
  if (start == NULL)
    return NULL;
  start += strlen(before);
  return g_strndup(start, strcspn(start, ends));
}

static gboolean fail_unknown(const Reader *reader, const SettingsFile *file, const char *key,
                             GError **error) {
  g_autofree const char **known = g_new0(const char *, 2 * reader->n + 1);
  gsize used = 0;
  for (gsize i = 0; i < 2 * reader->n; i++)
    if (reader->names[i] != NULL)
      known[used++] = reader->names[i];
  const char *near = text_nearest(key, known);
  g_autofree char *quoted = text_quote(key);
  int line = settings_file_line(file, key, 0);
  g_autofree char *place = line == 0 ? g_strdup("") : g_strdup_printf(" line %d, column 1", line);
  if (near != NULL)
    return fail(error, SETTINGS_ERROR_UNKNOWN, "%s%s: \"%s\" is not a setting; did you mean \"%s\"?",
                file->name, place, quoted, near);
  return fail(error, SETTINGS_ERROR_UNKNOWN, "%s%s: \"%s\" is not a setting", file->name, place, quoted);
}

static gboolean fail_twice(const SettingsFile *file, const char *key, GError **error) {
  return fail(error, SETTINGS_ERROR_SYNTAX, "%s line %d: \"%s\" is set a second time (first in line %d)",
              file->name, settings_file_line(file, key, 1), key, settings_file_line(file, key, 0));
}

/* A list where one value is due, or the other way round. */
static gboolean fail_shape(const SettingsFile *file, const char *said, GError **error) {
  g_autofree char *key = between(said, "in mapping field '", "'");
  if (key == NULL)
    return fail(error, SETTINGS_ERROR_SYNTAX, "%s is no list of settings, \"name: value\" a line",
                file->name);
  const char *wants = strstr(said, "Excessive entries") != NULL ? "has too many items"
                      : strstr(said, "Expecting SEQUENCE") != NULL
                          ? "takes a list: [a, b]"
                          : "takes plain text, neither a list nor a mapping";
  return fail(error, SETTINGS_ERROR_VALUE, "%s line %d: \"%s\" %s", file->name,
              settings_file_line(file, key, 0), key, wants);
}

static gboolean fail_syntax(const Reader *reader, const SettingsFile *file, GError **error) {
  const char *said = reader->said;
  g_autofree char *unknown = between(said, "Load: Unexpected key: ", "\n");
  if (unknown != NULL)
    return fail_unknown(reader, file, unknown, error);
  g_autofree char *twice = between(said, "Load: Mapping field already seen: ", "\n");
  if (twice != NULL)
    return fail_twice(file, twice, error);
  g_autofree char *words = between(said, "Load: libyaml: ", "\n");
  if (words == NULL && strstr(said, "Load: Ex") != NULL)
    return fail_shape(file, said, error);
  g_autofree char *place = between(said, "(line: ", ",");
  g_autofree char *where = place == NULL ? g_strdup("") : g_strdup_printf(" line %s or just after it", place);
  return fail(error, SETTINGS_ERROR_SYNTAX, "%s%s is not the YAML we read: %s", file->name, where,
              words == NULL ? "no aliases, no nested keys" : words);
}

static gboolean read_yaml(Reader *reader, const SettingsFile *file, GError **error) {
  cyaml_config_t how = config(reader);
  cyaml_data_t *data = NULL;
  cyaml_err_t result = cyaml_load_data((const guint8 *)file->text, file->n, &how, &reader->top, &data, NULL);
  reader->slots = data;
  return result == CYAML_OK || fail_syntax(reader, file, error);
}

/* ---- one layer over the other */

typedef struct {
  const SettingsRow *row;
  const SettingsFile *file;  /* NULL: none */
  const Slot *own, *by_file; /* NULL: the file has none */
  Value *value;
} Layer;

static void take(Value *value, const char *text, gboolean list, char *origin) {
  value->origin = origin;
  if (!list) {
    value->text = g_strdup(text);
    return;
  }
  value->list = *text == '\0' ? g_new0(char *, 1) : g_strsplit(text, ",", LIMIT_SETTINGS_LIST + 1);
  for (char **item = value->list; *item != NULL; item++)
    g_strstrip(*item);
}

static gboolean take_secret(Value *value, const char *path, char *origin, GError **error) {
  value->origin = origin;
  value->text = settings_file_secret(path, error);
  return value->text != NULL;
}

static char *variable(const char *name, const char *suffix) {
  g_autofree char *whole = g_strconcat(ENVIRONMENT_PREFIX, name, suffix, NULL);
  return g_ascii_strup(whole, -1);
}

static gboolean from_environment(const Layer *layer, GError **error) {
  g_autofree char *name = variable(layer->row->name, "");
  const char *text = g_getenv(name);
  if (text != NULL) {
    take(layer->value, text, layer->row->type == SETTINGS_LIST, g_strconcat("environment ", name, NULL));
    return TRUE;
  }
  if (layer->row->mask == NULL)
    return TRUE;
  g_autofree char *by_file = variable(layer->row->name, FILE_SUFFIX);
  const char *path = g_getenv(by_file);
  return path == NULL || take_secret(layer->value, path, g_strconcat("environment ", by_file, NULL), error);
}

static char *in_file(const SettingsFile *file, const char *key) {
  int line = settings_file_line(file, key, 0);
  return line == 0 ? g_strdup(file->name) : g_strdup_printf("%s line %d", file->name, line);
}

static gboolean holds_secret(const SettingsRow *row, const char *text) {
  g_autofree char *masked = row->mask == NULL ? NULL : row->mask(text);
  return masked != NULL;
}

static gboolean from_own(const Layer *layer, GError **error) {
  const Slot *own = layer->own;
  layer->value->origin = in_file(layer->file, layer->row->name);
  if (layer->row->type == SETTINGS_LIST) {
    layer->value->list = g_new0(char *, own->list_count + 1);
    for (guint i = 0; i < own->list_count; i++)
      layer->value->list[i] = g_strdup(own->list[i]);
    return TRUE;
  }
  layer->value->text = g_strdup(own->text);
  if (!layer->file->readable_by_all || !holds_secret(layer->row, own->text))
    return TRUE;
  return fail(error, SETTINGS_ERROR_FILE,
              "%s: \"%s\" holds a secret, and everybody may read the file; run chmod o-r on it",
              layer->value->origin, layer->row->name);
}

static gboolean from_file(const Layer *layer, GError **error) {
  /* Only an empty list leaves nothing but its line; a line alone may also be words inside another value. */
  gboolean own =
      layer->own != NULL &&
      (layer->own->text != NULL || layer->own->list != NULL ||
       (layer->row->type == SETTINGS_LIST && settings_file_line(layer->file, layer->row->name, 0) > 0));
  const char *path = layer->by_file == NULL ? NULL : layer->by_file->text;
  g_autofree char *other = g_strconcat(layer->row->name, FILE_SUFFIX, NULL);
  if (own && path != NULL)
    return fail(error, SETTINGS_ERROR_VALUE,
                "%s line %d and line %d: \"%s\" and \"%s\" contradict each other", layer->file->name,
                settings_file_line(layer->file, layer->row->name, 0),
                settings_file_line(layer->file, other, 0), layer->row->name, other);
  if (own)
    return from_own(layer, error);
  return path == NULL || take_secret(layer->value, path, in_file(layer->file, other), error);
}

static gboolean from_credential(const Layer *layer, GError **error) {
  const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
  if (folder == NULL || layer->row->mask == NULL)
    return TRUE;
  g_autofree char *path = g_build_filename(folder, layer->row->name, NULL);
  return access(path, F_OK) != 0 ||
         take_secret(layer->value, path, g_strconcat("credential ", layer->row->name, NULL), error);
}

static gboolean layered(const Layer *layer, GError **error) {
  if (!from_environment(layer, error))
    return FALSE;
  if (layer->value->origin == NULL && layer->file != NULL && !from_file(layer, error))
    return FALSE;
  if (layer->value->origin == NULL && !from_credential(layer, error))
    return FALSE;
  if (layer->value->origin != NULL)
    return TRUE;
  if (layer->row->fallback == NULL)
    return fail(error, SETTINGS_ERROR_MISSING, "%s%s\"%s\" is not set",
                layer->file == NULL ? "" : layer->file->name, layer->file == NULL ? "" : ": ",
                layer->row->name);
  take(layer->value, layer->row->fallback, layer->row->type == SETTINGS_LIST, g_strdup("default"));
  return TRUE;
}

static const Slot *slot(const Reader *reader, gsize index) {
  return reader->slots == NULL || reader->names[index] == NULL ? NULL : &reader->slots[index];
}

static Settings *load(const SettingsRow *rows, const SettingsFile *file, GError **error) {
  g_auto(Reader) reader;
  reader_init(&reader, rows);
  if (file != NULL && !read_yaml(&reader, file, error))
    return NULL;
  g_autoptr(Settings) settings = g_new0(Settings, 1);
  settings->rows = rows;
  settings->n = reader.n;
  settings->values = g_new0(Value, reader.n);
  for (gsize i = 0; i < reader.n; i++) {
    Value *value = &settings->values[i];
    Layer layer = {&rows[i], file, slot(&reader, i), slot(&reader, reader.n + i), value};
    if (!layered(&layer, error))
      return NULL;
    if (!settings_check(&rows[i], value->origin, value->text, (const char *const *)value->list, error))
      return NULL;
  }
  return g_steal_pointer(&settings);
}

Settings *settings_load(const SettingsRow *rows, const char *path, GError **error) {
  if (path == NULL)
    return load(rows, NULL, error);
  g_autoptr(SettingsFile) file = settings_file_read(path, error);
  return file == NULL ? NULL : load(rows, file, error);
}

Settings *settings_parse(const SettingsRow *rows, const char *name, const char *bytes, gsize n,
                         GError **error) {
  g_autoptr(SettingsFile) file = settings_file_new(name, bytes, n, error);
  return file == NULL ? NULL : load(rows, file, error);
}

void settings_free(Settings *settings) {
  if (settings == NULL)
    return;
  for (gsize i = 0; i < settings->n; i++) {
    crypto_free_secret(settings->values[i].text);
    g_strfreev(settings->values[i].list);
    g_free(settings->values[i].origin);
  }
  g_free(settings->values);
  g_free(settings);
}

/* ---- reading; an unknown name is a programming error */

static gsize find(const Settings *settings, const char *name) {
  for (gsize i = 0; i < settings->n; i++)
    if (strcmp(settings->rows[i].name, name) == 0)
      return i;
  g_error("no setting %s", name);
}

const char *settings_string(const Settings *settings, const char *name) {
  return settings->values[find(settings, name)].text;
}

gint64 settings_integer(const Settings *settings, const char *name) {
  return g_ascii_strtoll(settings_string(settings, name), NULL, 10);
}

gboolean settings_boolean(const Settings *settings, const char *name) {
  gboolean value = FALSE;
  settings_check_boolean(settings_string(settings, name), &value);
  return value;
}

const char *const *settings_list(const Settings *settings, const char *name) {
  return (const char *const *)settings->values[find(settings, name)].list;
}

const char *settings_origin(const Settings *settings, const char *name) {
  return settings->values[find(settings, name)].origin;
}

char *settings_shown(const Settings *settings, const char *name) {
  gsize i = find(settings, name);
  const Value *value = &settings->values[i];
  if (value->list != NULL)
    return g_strjoinv(", ", value->list);
  char *masked = settings->rows[i].mask == NULL ? NULL : settings->rows[i].mask(value->text);
  return masked == NULL ? g_strdup(value->text) : masked;
}

const char *settings_library(void) {
  return cyaml_version_str;
}
