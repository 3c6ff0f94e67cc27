#include "mail/breaker.h"

gboolean mail_breaker_ask(MailBreaker *breaker, gint64 now) {
  if (breaker->open_until == 0)
    return TRUE;
  if (now < breaker->open_until)
    return FALSE;
  breaker->open_until = now + MAIL_BREAKER_OPEN_US;
  return TRUE;
}

/* The slot to be overwritten holds the oldest of the last five failures. */
static gboolean too_many(MailBreaker *breaker, gint64 now) {
  breaker->failed_at[breaker->next] = now;
  breaker->next = (breaker->next + 1) % MAIL_BREAKER_FAILURES;
  gint64 oldest = breaker->failed_at[breaker->next];
  return oldest != 0 && now - oldest <= MAIL_BREAKER_WINDOW_US;
}

void mail_breaker_note(MailBreaker *breaker, gboolean answered, gint64 now) {
  if (answered)
    *breaker = (MailBreaker){0};
  else if (too_many(breaker, now) || breaker->open_until != 0)
    breaker->open_until = now + MAIL_BREAKER_OPEN_US;
}
