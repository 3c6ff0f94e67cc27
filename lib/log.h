/* The log: one line an event, an event name with key=value fields, to stderr: text on a terminal, else JSON lines with
 * a "<3>" priority under journald. Fields are sanitised and clipped here. Libraries and rooms do not log; edges do
 * (route, command, worker loop), once. Thread-safe: a line is one write(2). */
#pragma once

#include <glib.h>

typedef enum { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG } LogLevel;
typedef enum { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON } LogFormat;

typedef struct Log Log; /* process lifetime */

Log *log_new(LogFormat format, LogLevel level);
void log_free(Log *log);

/* log_event(log, LOG_INFO, "db_connected", "host", host, "ms", "12", NULL): pairs of strings, then NULL; a NULL value
 * leaves its field out. */
void log_event(Log *log, LogLevel level, const char *event, ...) G_GNUC_NULL_TERMINATED;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Log, log_free)
