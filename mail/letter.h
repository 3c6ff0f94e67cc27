/* A plain-text letter of ours as RFC 5322 and MIME want it: UTF-8, encoded where it must be, folded, with CRLF. Pure. */
#pragma once

#include <glib.h>

typedef struct {
  const char *from, *to;  /* canonical addresses */
  const char *subject;    /* one line, UTF-8 */
  const char *body;       /* UTF-8, lines end with \n */
  const char *message_id; /* without the brackets */
  gint64 wall_us;         /* Date */
} MailLetter;

/* Free with g_free. */
char *mail_letter_format(const MailLetter *letter);
