/* The second half of the worker: makes the mail stores match the rows, claim by claim, through the drivers. One thread a
 * MailEffects; any number of them, in any number of processes. */
#pragma once

#include "mail/sync.h"

typedef struct MailEffects MailEffects; /* process lifetime */

/* owner: "host:pid", or what the admin calls the worker; copied, and made unique. */
MailEffects *mail_effects_new(DbPool *pool, const char *owner);
void mail_effects_free(MailEffects *effects);
/* Claims some and does them. *claimed: how many; 0: nothing to do now. A store's failure is counted and comes again later;
 * FALSE when the database is away. org_id 0: any. */
gboolean mail_effects_run(MailEffects *effects, gint64 org_id, MailTally *tally, guint *claimed,
                          GError **error);
/* Milliseconds until the next try after `attempts` failures: 2 s doubling to 15 minutes, times 0.5 to 1.5 by chance (0…1). */
gint64 mail_effects_back_off(int attempts, double chance);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailEffects, mail_effects_free)
