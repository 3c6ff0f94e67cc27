/* The reader of Dovecot's event log: every access to a mailbox becomes one record, once, whatever is killed or rotated meanwhile. */
#pragma once

#include "lib/db_pool.h"
#include "lib/log.h"

typedef struct {
  DbPool *pool;
  Log *log;
  const char *path; /* absolute */
  /* Sleeps, at most so long; TRUE when it is time to end. */
  gboolean (*pause)(int wait_ms, gpointer data);
  gpointer data;
  gboolean once; /* end at the end of the file */
} MailEventsRun;

typedef struct {
  guint64 lines, kept, broken;
} MailEventsCount;

/* Returns when pause says so, or with `once`. FALSE with a G_FILE_ERROR, a DB_ERROR that will not pass, or MAIL_ERROR_REFUSED. */
gboolean mail_events_run(const MailEventsRun *run, MailEventsCount *count, GError **error);
