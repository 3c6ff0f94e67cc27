/* The cap on how many people of an organisation may lose their mailbox within an hour before the rest is held. Pure. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 count;   /* at least so many … */
  double percent; /* … or this share of the managed ones, whichever is more */
  gint64 managed; /* mailboxes that work, or did within the hour */
  gint64 lost;    /* within the hour */
} MailGuard;

gint64 mail_guard_cap(const MailGuard *guard);
/* May one more lose it? */
gboolean mail_guard_allows(const MailGuard *guard);
