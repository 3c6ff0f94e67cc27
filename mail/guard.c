#include "mail/guard.h"

gint64 mail_guard_cap(const MailGuard *guard) {
  double share = (double)guard->managed * guard->percent / 100.0;
  return MAX(guard->count, (gint64)share);
}

gboolean mail_guard_allows(const MailGuard *guard) {
  return guard->lost < mail_guard_cap(guard);
}
