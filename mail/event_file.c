#include "mail/event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/limits.h"

#define HEAD_BYTES 256
#define CHUNK_BYTES 65536

struct MailEventFile {
  char *path;
  int descriptor;
  MailEventPosition position; /* of what was handed out of this file */
  MailEventPosition told;     /* the last batch's `after`: not of this file when a new one was begun */
  GByteArray *rest;           /* read, but no whole line yet */
  gboolean skipping;          /* a line over its limit is passed over */
  gboolean lost;
};

static gboolean fail(const char *path, const char *what, GError **error) {
  g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "%s: %s: %s", path, what,
              g_strerror(errno));
  return FALSE;
}

static gboolean hash_head(int descriptor, gint64 offset, guint8 head[CRYPTO_SHA256_BYTES]) {
  guint8 bytes[HEAD_BYTES];
  ssize_t wanted = (ssize_t)MIN(offset, HEAD_BYTES);
  if (pread(descriptor, bytes, (size_t)wanted, 0) != wanted)
    return FALSE;
  crypto_sha256(bytes, (gsize)wanted, head);
  return TRUE;
}

/* Is this the file that the position is in? */
static gboolean holds(int descriptor, const MailEventPosition *position) {
  struct stat stat;
  guint8 head[CRYPTO_SHA256_BYTES];
  return fstat(descriptor, &stat) == 0 && (gint64)stat.st_ino == position->inode &&
         stat.st_size >= position->offset && hash_head(descriptor, position->offset, head) &&
         crypto_equal(head, position->head, sizeof head);
}

/* ---- the file and what it was renamed to: "dovecot.log", "dovecot.log.1", "dovecot.log-20261124" */

static gboolean is_compressed(const char *name) {
  static const char *const endings[] = {".gz", ".xz", ".bz2", ".zst"};
  for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(name, endings[i]))
      return TRUE;
  return FALSE;
}

static GPtrArray *family(const char *path) {
  g_autofree char *folder = g_path_get_dirname(path), *base = g_path_get_basename(path);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = dir == NULL ? NULL : g_dir_read_name(dir); name != NULL;
       name = g_dir_read_name(dir)) {
    const char *rest = g_str_has_prefix(name, base) ? name + strlen(base) : "?";
    if (*rest == '\0' || *rest == '.' || *rest == '-')
      g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
  }
  return paths;
}

static gint64 nanoseconds(const struct stat *stat) {
  return stat->st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + stat->st_mtim.tv_nsec;
}

/* The descriptor of the family's member that the position is in; -1. */
static int find_position(const char *path, const MailEventPosition *position) {
  g_autoptr(GPtrArray) paths = family(path);
  for (guint i = 0; i < paths->len; i++) {
    int descriptor = open(paths->pdata[i], O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor >= 0 && holds(descriptor, position))
      return descriptor;
    if (descriptor >= 0)
      close(descriptor);
  }
  return -1;
}

/* The member written next after `since`: renamed ones keep the time of their last line. NULL: none. A compressed one in
 * between can no longer be read. */
static char *find_next(MailEventFile *file, const struct stat *now) {
  g_autoptr(GPtrArray) paths = family(file->path);
  gint64 since = nanoseconds(now), best = G_MAXINT64;
  const char *found = NULL;
  gboolean unreadable = FALSE;
  for (guint i = 0; i < paths->len; i++) {
    struct stat stat;
    if (lstat(paths->pdata[i], &stat) != 0 || !S_ISREG(stat.st_mode) || stat.st_ino == now->st_ino ||
        stat.st_size == 0 || nanoseconds(&stat) < since)
      continue;
    unreadable = unreadable || is_compressed(paths->pdata[i]);
    if (is_compressed(paths->pdata[i]) || nanoseconds(&stat) >= best)
      continue;
    best = nanoseconds(&stat);
    found = paths->pdata[i];
  }
  file->lost = file->lost || (found != NULL && unreadable);
  return g_strdup(found);
}

/* ---- life */

static gboolean start(MailEventFile *file, const char *path, GError **error) {
  struct stat stat;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0 || fstat(descriptor, &stat) != 0)
    return fail(path, "cannot be opened", error);
  if (file->descriptor >= 0)
    close(file->descriptor);
  file->descriptor = descriptor;
  file->position = (MailEventPosition){.inode = (gint64)stat.st_ino};
  g_byte_array_set_size(file->rest, 0);
  file->skipping = FALSE;
  return hash_head(descriptor, 0, file->position.head);
}

MailEventFile *mail_event_file_open(const char *path, const MailEventPosition *from, GError **error) {
  g_autoptr(MailEventFile) file = g_new0(MailEventFile, 1);
  file->path = g_strdup(path);
  file->rest = g_byte_array_new();
  file->descriptor = from->inode == 0 ? -1 : find_position(path, from);
  file->position = *from;
  file->told = *from;
  if (file->descriptor >= 0)
    return g_steal_pointer(&file);
  file->lost = from->inode != 0;
  return start(file, path, error) ? g_steal_pointer(&file) : NULL;
}

void mail_event_file_free(MailEventFile *file) {
  if (file == NULL)
    return;
  if (file->descriptor >= 0)
    close(file->descriptor);
  g_byte_array_unref(file->rest);
  g_free(file->path);
  g_free(file);
}

/* ---- reading */

/* Bytes read; 0 at the end; -1 with an error. */
static ssize_t fill(MailEventFile *file, GError **error) {
  guint8 bytes[CHUNK_BYTES];
  ssize_t n = pread(file->descriptor, bytes, sizeof bytes, file->position.offset + file->rest->len);
  if (n > 0)
    g_byte_array_append(file->rest, bytes, (guint)n);
  if (n < 0)
    fail(file->path, "cannot be read", error);
  return n;
}

static void consume(MailEventFile *file, guint n) {
  file->position.offset += n;
  g_byte_array_remove_range(file->rest, 0, n);
}

static void take_lines(MailEventFile *file, GPtrArray *lines) {
  const char *bytes = (const char *)file->rest->data, *end;
  guint n = 0;
  while (lines->len < LIMIT_EVENT_LINES && n < file->rest->len &&
         (end = memchr(bytes + n, '\n', file->rest->len - n)) != NULL) {
    if (!file->skipping)
      g_ptr_array_add(lines, g_strndup(bytes + n, (gsize)(end - bytes) - n));
    file->skipping = FALSE;
    n = (guint)(end - bytes) + 1;
  }
  if (n > 0)
    consume(file, n);
  else if (file->rest->len > LIMIT_EVENT_LINE_BYTES) {
    file->skipping = TRUE;
    consume(file, file->rest->len);
  }
}

/* At the end of a file: was it cut off, or has another begun? A writer that goes on in a new file has ended the old one, so the
 * old one is looked at once more after the new one has its first bytes. *go_on: there is more to read. */
static gboolean turn_page(MailEventFile *file, gboolean *go_on, GError **error) {
  struct stat now;
  if (fstat(file->descriptor, &now) != 0)
    return fail(file->path, "cannot be read", error);
  if (now.st_size < file->position.offset) {
    file->lost = TRUE;
    file->position.offset = 0;
    g_byte_array_set_size(file->rest, 0);
    *go_on = TRUE;
    return TRUE;
  }
  struct stat current;
  gboolean same = stat(file->path, &current) == 0 && current.st_ino == now.st_ino;
  g_autofree char *next = same ? NULL : find_next(file, &now);
  *go_on = next != NULL;
  if (next == NULL)
    return TRUE;
  ssize_t n = fill(file, error);
  return n > 0 || (n == 0 && start(file, next, error));
}

gboolean mail_event_file_next(MailEventFile *file, MailEventBatch *batch, GError **error) {
  MailEventPosition before = file->told;
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  gboolean go_on = TRUE;
  take_lines(file, lines);
  while (lines->len == 0 && go_on) {
    ssize_t n = fill(file, error);
    if (n < 0 || (n == 0 && !turn_page(file, &go_on, error)))
      return FALSE;
    take_lines(file, lines);
  }
  if (!hash_head(file->descriptor, file->position.offset, file->position.head))
    return fail(file->path, "cannot be read", error);
  *batch = (MailEventBatch){
      .lines = g_steal_pointer(&lines), .before = before, .after = file->position, .lost = file->lost};
  batch->moved = before.inode != batch->after.inode || before.offset != batch->after.offset;
  file->told = file->position;
  file->lost = FALSE;
  return TRUE;
}

void mail_event_batch_clear(MailEventBatch *batch) {
  g_clear_pointer(&batch->lines, g_ptr_array_unref);
}
