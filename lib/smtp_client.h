/* One letter to one recipient by SMTP (libcurl), to a server of our own side: no sign-in; STARTTLS where it is offered,
 * unverified, as mail servers do among themselves. Blocking; one thread. */
#pragma once

#include <glib.h>

typedef struct {
  const char *server;    /* "127.0.0.1:25" */
  const char *helo;      /* our own host name */
  const char *from, *to; /* canonical addresses */
  const char *letter;    /* RFC 5322, lines end with CRLF */
  gint64 deadline;
} SmtpClientCall;

typedef enum {
  SMTP_CLIENT_ERROR_AWAY, /* no connection, or lost before an answer: it may have been taken all the same */
  SMTP_CLIENT_ERROR_REFUSED, /* the server said no to this letter; the message has its number */
} SmtpClientErrorCode;
#define SMTP_CLIENT_ERROR (smtp_client_error_quark())
GQuark smtp_client_error_quark(void);

/* TRUE when the server has taken responsibility for it. */
gboolean smtp_client_send(const SmtpClientCall *call, GError **error);
