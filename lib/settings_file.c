#include "lib/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/limits.h"
#include "lib/settings.h"
#include "lib/text.h"

typedef struct {
  char *bytes;
  gsize n;
  mode_t mode;
} Content;

static gboolean fail(GError **error, const char *path, const char *why) {
  g_set_error(error, SETTINGS_ERROR, SETTINGS_ERROR_FILE, "%s %s (GP-1001)", path, why);
  return FALSE;
}

/* O_NONBLOCK: a FIFO in its place must not hang the start. The file behind a symbolic link is what is judged. */
static int open_file(const char *path, struct stat *about, GError **error) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    g_autofree char *why = g_strdup_printf("cannot be read: %s", g_strerror(errno));
    fail(error, path, why);
    return -1;
  }
  const char *why = NULL;
  if (fstat(descriptor, about) != 0 || !S_ISREG(about->st_mode))
    why = "is not a file";
  else if (about->st_size > LIMIT_SETTINGS_BYTES)
    why = "is larger than 64 KiB";
  else if (about->st_mode & S_IWOTH)
    why = "may be written by everybody; run chmod o-w on it";
  if (why == NULL)
    return descriptor;
  close(descriptor);
  fail(error, path, why);
  return -1;
}

static gboolean read_all(const char *path, Content *content, GError **error) {
  struct stat about;
  int descriptor = open_file(path, &about, error);
  if (descriptor < 0)
    return FALSE;
  content->mode = about.st_mode;
  content->bytes = g_malloc0(LIMIT_SETTINGS_BYTES + 2);
  ssize_t got = 0;
  content->n = 0;
  while (content->n <= LIMIT_SETTINGS_BYTES &&
         (got = read(descriptor, content->bytes + content->n, LIMIT_SETTINGS_BYTES + 1 - content->n)) > 0)
    content->n += (gsize)got;
  close(descriptor);
  if (got == 0)
    return TRUE;
  crypto_free_secret(g_steal_pointer(&content->bytes));
  return fail(error, path, got < 0 ? "cannot be read" : "is larger than 64 KiB");
}

/* The key at the start of a line, "public_url:" or "\"public_url\":"; NULL for anything else. */
static char *key_of(const char *line, gsize n) {
  const char *colon = memchr(line, ':', n);
  if (colon == NULL || n == 0 || strchr(" \t#-%[{&*!|>?@`,]}", *line) != NULL)
    return NULL;
  g_autofree char *key = g_strndup(line, (gsize)(colon - line));
  g_strchomp(key);
  gsize bytes = strlen(key);
  if (bytes >= 2 && (*key == '"' || *key == '\'') && key[bytes - 1] == *key)
    return g_strndup(key + 1, bytes - 2);
  return g_steal_pointer(&key);
}

/* FALSE: a second document begins, which the library would pass over in silence. */
static gboolean index_keys(SettingsFile *file) {
  const char *line = file->text;
  if (g_str_has_prefix(line, "\xef\xbb\xbf"))
    line += 3;
  for (int number = 1; line != NULL; number++) {
    const char *end = strchr(line, '\n');
    gsize n = end == NULL ? strlen(line) : (gsize)(end - line);
    if (n >= 3 && strncmp(line, "---", 3) == 0 && file->keys->len > 0)
      return FALSE;
    char *key = key_of(line, n);
    if (key != NULL) {
      g_ptr_array_add(file->keys, key);
      g_array_append_val(file->lines, number);
    }
    line = end == NULL ? NULL : end + 1;
  }
  return TRUE;
}

/* What YAML would read in a way that nobody means. */
static const char *odd(const SettingsFile *file) {
  if (memchr(file->text, '\0', file->n) != NULL)
    return "holds a NUL byte";
  if (!text_is_utf8(file->text, file->n))
    return "is not UTF-8";
  if (strstr(file->text, "\\0") != NULL || strstr(file->text, "\\x00") != NULL ||
      strstr(file->text, "\\u0000") != NULL)
    return "writes a NUL as an escape";
  return NULL;
}

SettingsFile *settings_file_new(const char *name, const char *bytes, gsize n, GError **error) {
  g_autoptr(SettingsFile) file = g_new0(SettingsFile, 1);
  file->name = g_path_get_basename(name);
  file->text = g_malloc(n + 1);
  if (n > 0)
    memcpy(file->text, bytes, n);
  file->text[n] = '\0';
  file->n = n;
  file->keys = g_ptr_array_new_with_free_func(g_free);
  file->lines = g_array_new(FALSE, FALSE, sizeof(int));
  const char *why = odd(file);
  if (why == NULL && !index_keys(file))
    why = "holds more than one document";
  if (why == NULL)
    return g_steal_pointer(&file);
  fail(error, file->name, why);
  return NULL;
}

SettingsFile *settings_file_read(const char *path, GError **error) {
  Content content = {NULL, 0, 0};
  if (!read_all(path, &content, error))
    return NULL;
  SettingsFile *file = settings_file_new(path, content.bytes, content.n, error);
  crypto_wipe(content.bytes, content.n);
  g_free(content.bytes);
  if (file != NULL)
    file->readable_by_all = (content.mode & S_IROTH) != 0;
  return file;
}

void settings_file_free(SettingsFile *file) {
  if (file == NULL)
    return;
  crypto_wipe(file->text, file->n);
  g_free(file->text);
  g_free(file->name);
  g_clear_pointer(&file->keys, g_ptr_array_unref);
  g_clear_pointer(&file->lines, g_array_unref);
  g_free(file);
}

int settings_file_line(const SettingsFile *file, const char *key, int nth) {
  for (guint i = 0; i < file->keys->len; i++)
    if (strcmp(file->keys->pdata[i], key) == 0 && nth-- == 0)
      return g_array_index(file->lines, int, i);
  return 0;
}

char *settings_file_secret(const char *path, GError **error) {
  Content content = {NULL, 0, 0};
  if (!read_all(path, &content, error))
    return NULL;
  const char *why = NULL;
  if (content.mode & S_IROTH)
    why = "holds a secret and may be read by everybody; run chmod o-r on it";
  else if (memchr(content.bytes, '\0', content.n) != NULL || !text_is_utf8(content.bytes, content.n))
    why = "is not UTF-8 text";
  if (why != NULL) {
    fail(error, path, why);
    crypto_wipe(content.bytes, content.n);
    g_free(content.bytes);
    return NULL;
  }
  if (content.n > 0 && content.bytes[content.n - 1] == '\n')
    content.bytes[--content.n] = '\0';
  if (content.n > 0 && content.bytes[content.n - 1] == '\r')
    content.bytes[--content.n] = '\0';
  return content.bytes;
}
