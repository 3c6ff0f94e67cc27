#include "cmd/mail_events.h"

#include <stdlib.h>

#include "cmd/process.h"
#include "mail/events.h"

static gboolean pause_for(int wait_ms, gpointer data) {
  (void)data;
  return process_signals_wait(wait_ms);
}

static const OutputColumn columns[] = {
    {"lines", "lines read"}, {"kept", "accesses"}, {"broken", "unreadable"}, {NULL}};

int verb_mail_events_run(App *app, const VerbCall *call, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return APP_BAD_CONFIG;
  /* The same file by another name would be read twice. */
  char *path = realpath(verb_argument(call, 0), NULL);
  if (path == NULL) {
    app_error_set(error, APP_NOT_FOUND, 5306, "there is no file \"%s\"", verb_argument(call, 0));
    return APP_NOT_FOUND;
  }
  process_signals_block();
  DbPool *pool = process_await_database(settings, app_log(app), "gatepost mail-events", error);
  MailEventsRun run = {
      .pool = pool, .log = app_log(app), .path = path, .pause = pause_for, .once = verb_given(call, "once")};
  MailEventsCount count = {0};
  gboolean good = pool != NULL ? mail_events_run(&run, &count, error) : *error == NULL;
  db_pool_free(pool);
  free(path);
  if (!good)
    return APP_FAILED;
  if (run.once)
    output_record(app_output(app), columns,
                  json_pack("{s:I, s:I, s:I}", "lines", (json_int_t)count.lines, "kept",
                            (json_int_t)count.kept, "broken", (json_int_t)count.broken));
  return APP_OK;
}
