#include "mail/events.h"

#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "mail/store_event.h"

#define IDLE_MS 250
#define WRITE_SECONDS 10
#define HOST_BYTES 256

static void free_event(gpointer data) {
  mail_event_clear(data);
  g_free(data);
}

static GPtrArray *read_events(const GPtrArray *lines, MailEventsCount *count) {
  GPtrArray *events = g_ptr_array_new_with_free_func(free_event);
  for (guint i = 0; i < lines->len; i++) {
    MailEvent event;
    MailEventKind kind = mail_event_parse(lines->pdata[i], strlen(lines->pdata[i]), &event);
    count->broken += kind == MAIL_EVENT_BROKEN;
    if (kind == MAIL_EVENT_ACCESS)
      g_ptr_array_add(events, g_memdup2(&event, sizeof event));
  }
  count->lines += lines->len;
  count->kept += events->len;
  return events;
}

static gboolean may_pass(const GError *error) {
  return g_error_matches(error, DB_ERROR, DB_ERROR_UNAVAILABLE) ||
         g_error_matches(error, DB_ERROR, DB_ERROR_TIMEOUT) ||
         g_error_matches(error, DB_ERROR, DB_ERROR_IN_DOUBT);
}

/* Until the database takes it: nothing is read past what could not be kept. *ended: a signal came first. */
static gboolean keep(const MailEventsRun *run, const char *reader, const MailEventBatch *batch,
                     const GPtrArray *events, gboolean *ended, GError **error) {
  for (;;) {
    g_autoptr(GError) failed = NULL;
    if (mail_store_event_write(run->pool, clock_deadline(WRITE_SECONDS), reader, batch, events, &failed))
      return TRUE;
    if (!may_pass(failed)) {
      g_propagate_error(error, g_steal_pointer(&failed));
      return FALSE;
    }
    log_event(run->log, LOG_WARNING, "mail_events_wait", "code", "GP-1301", "why", failed->message, NULL);
    *ended = run->pause(IDLE_MS, run->data);
    if (*ended)
      return TRUE;
  }
}

static gboolean step(const MailEventsRun *run, const char *reader, MailEventFile *file,
                     MailEventsCount *count, gboolean *ended, GError **error) {
  g_auto(MailEventBatch) batch = {0};
  if (!mail_event_file_next(file, &batch, error))
    return FALSE;
  if (batch.lost)
    log_event(run->log, LOG_ERROR, "mail_events_lost", "code", "GP-5304", "file", run->path, NULL);
  if (!batch.moved) {
    *ended = run->once || run->pause(IDLE_MS, run->data);
    return TRUE;
  }
  guint64 broken = count->broken;
  g_autoptr(GPtrArray) events = read_events(batch.lines, count);
  if (count->broken > broken)
    log_event(run->log, LOG_WARNING, "mail_events_broken", "code", "GP-5305", "file", run->path, NULL);
  return keep(run, reader, &batch, events, ended, error);
}

gboolean mail_events_run(const MailEventsRun *run, MailEventsCount *count, GError **error) {
  char host[HOST_BYTES] = "";
  gethostname(host, sizeof host - 1);
  g_autofree char *reader = g_strconcat(host, ":", run->path, NULL);
  MailEventPosition from;
  if (!mail_store_event_position(run->pool, clock_deadline(WRITE_SECONDS), reader, &from, error))
    return FALSE;
  g_autoptr(MailEventFile) file = mail_event_file_open(run->path, &from, error);
  gboolean ended = FALSE;
  while (file != NULL && !ended)
    if (!step(run, reader, file, count, &ended, error))
      return FALSE;
  return file != NULL;
}
