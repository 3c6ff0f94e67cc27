#include "mail/waiting.h"

#include <jansson.h>

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "mail/store_waiting.h"

#define DATABASE_SECONDS 10

static void tell(Log *log, const json_t *store) {
  char waiting[24], seconds[24];
  g_snprintf(waiting, sizeof waiting, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(store, "waiting")));
  g_snprintf(seconds, sizeof seconds, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(store, "seconds")));
  log_event(log, LOG_ERROR, "mail_leaver_waits", "code", "GP-4306", "backend",
            json_string_value(json_object_get(store, "backend")), "leavers", waiting, "seconds", seconds,
            "why", json_string_value(json_object_get(store, "why")), "next", "gatepost backend list", NULL);
}

gboolean mail_waiting_tell(DbPool *pool, Log *log, GError **error) {
  g_autoptr(json_t) stores = mail_store_waiting_take(pool, clock_deadline(DATABASE_SECONDS), error);
  gsize i;
  json_t *store;
  if (stores == NULL)
    return FALSE;
  json_array_foreach(stores, i, store) {
    tell(log, store);
  }
  return TRUE;
}
