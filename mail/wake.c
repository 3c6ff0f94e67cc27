#include "mail/wake.h"

#include "lib/clock.h"
#include "lib/thread.h"
#include "mail/store_change.h"
#include "mail/store_run.h"

#define PERIOD_MS 50
#define NOTIFY_SECONDS 2

struct MailWake {
  DbPool *pool;
  ThreadMonitor lock; /* guards touched */
  gboolean touched;
  ThreadTimer *timer;
};

static gboolean take(MailWake *wake) {
  thread_monitor_enter(&wake->lock);
  gboolean touched = wake->touched;
  wake->touched = FALSE;
  thread_monitor_leave(&wake->lock);
  return touched;
}

/* A failure costs nothing but the second until the next look. */
static void tell(gpointer data) {
  MailWake *wake = data;
  if (take(wake))
    mail_store_notify(wake->pool, clock_deadline(NOTIFY_SECONDS), NULL);
}

MailWake *mail_wake_new(DbPool *pool) {
  MailWake *wake = g_new0(MailWake, 1);
  wake->pool = pool;
  thread_monitor_init(&wake->lock);
  wake->timer = thread_timer_new("mail-wake", PERIOD_MS, tell, wake);
  return wake;
}

void mail_wake_free(MailWake *wake) {
  if (wake == NULL)
    return;
  thread_timer_free(wake->timer);
  thread_monitor_clear(&wake->lock);
  g_free(wake);
}

void mail_wake_touch(MailWake *wake) {
  if (wake == NULL)
    return;
  thread_monitor_enter(&wake->lock);
  wake->touched = TRUE;
  thread_monitor_leave(&wake->lock);
}

void mail_wake_queue(Db *db, gint64 org_id, char kind, const char *subject) {
  mail_store_change_queue(db, org_id, kind, subject);
}
