#include "lib/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/text.h"

#define LINE_BYTES PIPE_BUF /* what write(2) puts into a pipe in one piece */
#define VALUE_BYTES 512

struct Log {
  LogLevel level;
  gboolean json, priorities; /* immutable, so no lock */
};

typedef struct {
  const char *name;
  int priority; /* of syslog */
} Level;

static const Level levels[] = {
    [LOG_ERROR] = {"error", 3},
    [LOG_WARNING] = {"warning", 4},
    [LOG_INFO] = {"info", 6},
    [LOG_DEBUG] = {"debug", 7},
};

/* systemd names the journal's stream by device and inode; the variable may be inherited where stderr was not. */
static gboolean is_journal(void) {
  const char *stream = g_getenv("JOURNAL_STREAM");
  struct stat status;
  if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
    return FALSE;
  g_autofree char *own = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64)status.st_dev,
                                         (guint64)status.st_ino);
  return strcmp(stream, own) == 0;
}

Log *log_new(LogFormat format, LogLevel level) {
  Log *log = g_new0(Log, 1);
  log->level = level;
  log->json = format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
  log->priorities = is_journal();
  return log;
}

void log_free(Log *log) {
  g_free(log);
}

static void append_json(GString *line, const char *name, const char *value) {
  if (line->str[line->len - 1] != '{')
    g_string_append_c(line, ',');
  jsontext_append_string(line, name);
  g_string_append_c(line, ':');
  jsontext_append_string(line, value);
}

static gboolean is_bare(const char *value) {
  return *value != '\0' && strpbrk(value, " \"\\=") == NULL;
}

static void append_text(GString *line, const char *name, const char *value) {
  g_string_append_printf(line, " %s=", name);
  if (is_bare(value))
    g_string_append(line, value);
  else
    jsontext_append_string(line, value);
}

static void begin_line(const Log *log, GString *line, LogLevel level, const char *event) {
  char now[CLOCK_TEXT_BYTES];
  clock_format(clock_wall(), now);
  if (log->priorities)
    g_string_append_printf(line, "<%d>", levels[level].priority);
  if (!log->json) {
    g_string_append_printf(line, "%s %-7s %s", now, levels[level].name, event);
    return;
  }
  g_string_append_c(line, '{');
  append_json(line, "ts", now);
  append_json(line, "level", levels[level].name);
  append_json(line, "event", event);
}

/* A field that would make the line longer than one atomic write is left out. */
static void append_field(const Log *log, GString *line, const char *name, const char *value) {
  g_autofree char *clean = text_clean(value, VALUE_BYTES);
  gsize before = line->len;
  if (log->json)
    append_json(line, name, clean);
  else
    append_text(line, name, clean);
  if (line->len > LINE_BYTES - strlen("}\n"))
    g_string_truncate(line, before);
}

static void write_line(const GString *line) {
  gsize done = 0;
  while (done < line->len) {
    gssize n = write(STDERR_FILENO, line->str + done, line->len - done);
    if (n < 0 && errno != EINTR)
      return; /* there is nobody left to tell */
    done += n > 0 ? (gsize)n : 0;
  }
}

void log_event(Log *log, LogLevel level, const char *event, ...) {
  if (level > log->level)
    return;
  g_autoptr(GString) line = g_string_sized_new(256);
  begin_line(log, line, level, event);
  va_list fields;
  va_start(fields, event);
  for (const char *name; (name = va_arg(fields, const char *)) != NULL;) {
    const char *value = va_arg(fields, const char *);
    if (value != NULL)
      append_field(log, line, name, value);
  }
  va_end(fields);
  g_string_append(line, log->json ? "}\n" : "\n");
  write_line(line);
}
