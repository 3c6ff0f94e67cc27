/* The second half of the worker: makes one mail store match the rows, claim by claim, through its driver, which is opened once.
 * Thread-safe: as many threads are at it as calls shall be under way; any number of them, in any number of processes. */
#pragma once

#include "mail/sync.h"

typedef struct MailEffects MailEffects; /* process lifetime */

/* owner: "host:pid", or what the admin calls the worker; copied, and made unique. backend: the mail store; copied. */
MailEffects *mail_effects_new(DbPool *pool, const char *owner, const char *backend);
void mail_effects_free(MailEffects *effects);
/* Claims some and does them, for about a second; what it has not begun by then is free again, for leavers go first. *claimed: how
 * many; 0: nothing to do now. A store's failure is counted and comes again later; FALSE when the database is away. org_id 0:
 * any. */
gboolean mail_effects_run(MailEffects *effects, gint64 org_id, MailTally *tally, guint *claimed,
                          GError **error);
/* Milliseconds until the next try after `attempts` failures: 2 s doubling to 15 minutes, times 0.5 to 1.5 by chance (0…1). */
gint64 mail_effects_back_off(int attempts, double chance);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailEffects, mail_effects_free)
