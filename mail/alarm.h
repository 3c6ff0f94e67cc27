/* An alarm as a signed call: docs/webhook.md, "Alarms". The letter about the same is a notice (mail/notice.h). */
#pragma once

#include <glib.h>
#include <jansson.h>

/* POSTs what the database and mail/alarm_text.h know of a hold: to (the URL), secret_file, org, held, subject …. id names it
 * however often it is sent. FALSE: it was not taken, with words for an admin. */
gboolean mail_alarm_call(const json_t *notice, const char *id, gint64 deadline, GError **error);
/* "sync_held", the members, and the commands to copy. New reference. */
json_t *mail_alarm_body(const json_t *notice, const char *id);
