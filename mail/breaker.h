/* A breaker for one mail store: five failures within thirty seconds shut it off for ten; then one call is let through, and what
 * becomes of it opens or closes the way again. Pure: the caller brings the time (lib/clock.h's). By value, all zero is closed. */
#pragma once

#include <glib.h>

#define MAIL_BREAKER_FAILURES 5
#define MAIL_BREAKER_WINDOW_US (30 * G_USEC_PER_SEC)
#define MAIL_BREAKER_OPEN_US (10 * G_USEC_PER_SEC)

typedef struct {
  gint64 failed_at[MAIL_BREAKER_FAILURES]; /* a ring: the oldest is overwritten */
  guint next;
  gint64 open_until; /* 0: closed. Past it one call may try */
} MailBreaker;

/* May a call be made now? The one that tries an open breaker is counted here: until it reports, others wait ten seconds more. */
gboolean mail_breaker_ask(MailBreaker *breaker, gint64 now);
/* How a call ended: did the store answer at all? */
void mail_breaker_note(MailBreaker *breaker, gboolean answered, gint64 now);
