/* The driver for a mail store of the customer's own: signed POSTs of JSON to one URL. docs/webhook.md is the protocol. */
#pragma once

#include "mail/driver.h"

/* An answer, judged: done (2xx), else an error. *found (may be NULL) gets the report of a `look`; open is what it says of the door. */
typedef struct {
  MailReport report;
  gboolean open;
} MailWebhookLook;

/* The body of an answer to `look`. FALSE with UNCLEAR: no JSON, another type, a negative number. Unknown members are ignored. */
gboolean mail_webhook_parse_look(const char *bytes, gsize n, MailWebhookLook *look, GError **error);
/* "t=SECONDS,v1=HEX" over "SECONDS.body": HMAC-SHA256 with the secret. Free with g_free. */
char *mail_webhook_sign(const char *secret, gint64 seconds, const char *body);

extern const MailDriverKind mail_webhook;
