#include "lib/db.h"

#include <errno.h>
#include <poll.h>

#include "lib/clock.h"
#include "lib/db_internal.h"

/* Takes what came; TRUE when there was any. */
static gboolean take_notifications(Db *db) {
  gboolean any = FALSE;
  for (;;) {
    PGnotify *notify = PQnotifies(db->conn);
    if (notify == NULL)
      return any;
    any = TRUE;
    PQfreemem(notify);
  }
}

gboolean db_await(Db *db, int wait_ms, gboolean *notified) {
  gint64 until = clock_now() + wait_ms * G_GINT64_CONSTANT(1000);
  *notified = take_notifications(db);
  while (!*notified && clock_left_ms(until) > 0) {
    struct pollfd wait = {.fd = PQsocket(db->conn), .events = POLLIN};
    int ready = poll(&wait, 1, clock_left_ms(until));
    if (ready == 0 || (ready < 0 && errno == EINTR))
      continue;
    if (ready < 0 || PQconsumeInput(db->conn) == 0) {
      db->lost = TRUE;
      return FALSE;
    }
    *notified = take_notifications(db);
  }
  return TRUE;
}
