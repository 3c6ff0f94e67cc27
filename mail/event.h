/* One line of Dovecot's event log (event_exporter, format json, transport log), as a mailbox-access record. Pure. */
#pragma once

#include "lib/jsontext.h"

typedef enum {
  MAIL_EVENT_OTHER,  /* a line of another kind, or an event that is no access to a mailbox */
  MAIL_EVENT_BROKEN, /* an event's line that cannot be read */
  MAIL_EVENT_ACCESS,
} MailEventKind;

typedef struct {
  char *login;        /* lower case: whose mailbox */
  char *source_ip;    /* NULL: it does not say */
  char *session;      /* NULL: none */
  const char *action; /* WorkMail's: read, create, delete …; or session_end, which is ours */
  json_t *detail;     /* WorkMail's fields as far as the event has them */
} MailEvent;

/* Only a line that the stats process itself wrote counts: one of another process that quotes such a text does not.
 * *event is set for MAIL_EVENT_ACCESS alone. */
MailEventKind mail_event_parse(const char *line, gsize n, MailEvent *event);
void mail_event_clear(MailEvent *event);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailEvent, mail_event_clear)
