#include "lib/log.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/jsontext.h"

/* Standard error goes into a file while a case runs. */
typedef struct {
  int file, before;
} Capture;

static Capture capture_begin(void) {
  g_autofree char *path = NULL;
  Capture capture = {.file = g_file_open_tmp("gatepost-log-XXXXXX", &path, NULL),
                     .before = dup(STDERR_FILENO)};
  g_assert_cmpint(capture.file, >=, 0);
  g_assert_cmpint(unlink(path), ==, 0);
  g_assert_cmpint(dup2(capture.file, STDERR_FILENO), ==, STDERR_FILENO);
  return capture;
}

static char *capture_end(Capture *capture) {
  dup2(capture->before, STDERR_FILENO);
  close(capture->before);
  char *text = g_malloc0(64 * 1024);
  g_assert_cmpint(pread(capture->file, text, 64 * 1024 - 1, 0), >=, 0);
  close(capture->file);
  return text;
}

typedef struct {
  LogFormat format;
  LogLevel level; /* of the line; the log's is LOG_INFO */
  const char *name, *value;
  const char *line; /* after the time; NULL: nothing is written */
} LineCase;

static const LineCase line_cases[] = {
    {LOG_FORMAT_TEXT, LOG_INFO, "host", "db1", " info    started host=db1 last=1\n"},
    {LOG_FORMAT_TEXT, LOG_ERROR, "host", "a b", " error   started host=\"a b\" last=1\n"},
    {LOG_FORMAT_TEXT, LOG_WARNING, "host", "", " warning started host=\"\" last=1\n"},
    {LOG_FORMAT_TEXT, LOG_INFO, "host", NULL, " info    started last=1\n"},
    {LOG_FORMAT_TEXT, LOG_INFO, "host", "x=\"\\", " info    started host=\"x=\\\"\\\\\" last=1\n"},
    {LOG_FORMAT_TEXT, LOG_INFO, "host", "a\nb\x1b[31m\xFF", " info    started host=a?b?[31m? last=1\n"},
    {LOG_FORMAT_TEXT, LOG_DEBUG, "host", "db1", NULL},
    {LOG_FORMAT_JSON, LOG_INFO, "host", "a\n\"b\xE2\x80\xAE",
     "\",\"level\":\"info\",\"event\":\"started\",\"host\":\"a?\\\"b?\",\"last\":\"1\"}\n"},
    {LOG_FORMAT_JSON, LOG_ERROR, "host", NULL,
     "\",\"level\":\"error\",\"event\":\"started\",\"last\":\"1\"}\n"},
    {LOG_FORMAT_AUTO, LOG_ERROR, "host", NULL,
     "\",\"level\":\"error\",\"event\":\"started\",\"last\":\"1\"}\n"},
    {LOG_FORMAT_JSON, LOG_DEBUG, "host", NULL, NULL},
};

static void test_line(gconstpointer data) {
  const LineCase *c = data;
  Capture capture = capture_begin();
  g_autoptr(Log) log = log_new(c->format, LOG_INFO);
  log_event(log, c->level, "started", c->name, c->value, "last", "1", NULL);
  g_autofree char *text = capture_end(&capture);
  if (c->line == NULL) {
    g_assert_cmpstr(text, ==, "");
    return;
  }
  /* The time is of fixed length: 2026-11-24T10:14:03.123456Z */
  g_assert_cmpstr(text + (c->format == LOG_FORMAT_TEXT ? 27 : strlen("{\"ts\":\"") + 27), ==, c->line);
}

/* Ten long values: the line stays one atomic write, and is still JSON. */
static void test_long(void) {
  g_autofree char *value = g_strnfill(2000, '"');
  Capture capture = capture_begin();
  g_autoptr(Log) log = log_new(LOG_FORMAT_JSON, LOG_INFO);
  log_event(log, LOG_INFO, "e", "a", value, "b", value, "c", value, "d", value, "e", value, "f", value, "g",
            value, "small", "fits", NULL);
  g_autofree char *text = capture_end(&capture);
  g_assert_cmpuint(strlen(text), <=, PIPE_BUF);
  g_autoptr(json_t) line = jsontext_load(text, strlen(text), NULL);
  g_assert_nonnull(json_object_get(line, "a"));
  g_assert_null(json_object_get(line, "g"));
}

static void test_journal(void) {
  struct stat status;
  Capture capture = capture_begin();
  fstat(STDERR_FILENO, &status);
  g_autofree char *stream = g_strdup_printf("%lu:%lu", (gulong)status.st_dev, (gulong)status.st_ino);
  g_setenv("JOURNAL_STREAM", stream, TRUE);
  g_autoptr(Log) log = log_new(LOG_FORMAT_AUTO, LOG_INFO);
  g_setenv("JOURNAL_STREAM", "1:1", TRUE);
  g_autoptr(Log) inherited = log_new(LOG_FORMAT_AUTO, LOG_INFO);
  g_unsetenv("JOURNAL_STREAM");
  log_event(log, LOG_WARNING, "e", NULL);
  log_event(inherited, LOG_WARNING, "e", NULL);
  g_autofree char *text = capture_end(&capture);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, 3);
  g_assert_true(g_str_has_prefix(lines[0], "<4>{\"ts\":"));
  g_assert_true(g_str_has_prefix(lines[1], "{\"ts\":"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(line_cases); i++) {
    g_autofree char *path = g_strdup_printf("/log/line/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &line_cases[i], test_line);
  }
  g_test_add_func("/log/long", test_long);
  g_test_add_func("/log/journal", test_journal);
  return g_test_run();
}
