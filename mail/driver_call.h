/* What the drivers share: one call to a store through its breaker, its failures in the words and codes of mail/driver.h. */
#pragma once

#include "lib/http_client.h"
#include "lib/thread.h"
#include "mail/breaker.h"
#include "mail/driver.h"

typedef struct {
  char *url;
  ThreadMonitor lock; /* guards what follows, which all threads share */
  MailBreaker breaker;
  GPtrArray *idle; /* HttpClient, each with a connection that may still stand */
} MailDriverCall;

/* FALSE with CONFIG: this URL cannot be called. */
gboolean mail_driver_call_init(MailDriverCall *call, const char *url, GError **error);
void mail_driver_call_clear(MailDriverCall *call);
/* POSTs JSON; TRUE for an answer of status 2xx. 429 and 5xx are AWAY, 401, 403, 404 and redirects CONFIG, another 4xx REFUSED with
 * the answer's `message`, if it is JSON and has one; a cut or too large one is UNCLEAR. */
gboolean mail_driver_call_post(MailDriverCall *call, const char *const *headers, const char *body,
                               gint64 deadline, HttpClientReply *reply, GError **error);
/* Address as a store may see it: one that lib/address.h would make, so without wildcards and separators. */
gboolean mail_driver_call_address(const char *address, GError **error);
