/* Wake-ups between the process that changes the directory and the workers: NOTIFY gatepost_mail, coalesced to twenty a second,
 * never in a write transaction. Only a hint: the workers look every second all the same. */
#pragma once

#include "lib/db_pool.h"

typedef struct MailWake MailWake; /* process lifetime, thread-safe */

MailWake *mail_wake_new(DbPool *pool);
void mail_wake_free(MailWake *wake); /* accepts NULL */
/* Something was committed that the workers want to see. Never blocks; accepts NULL. */
void mail_wake_touch(MailWake *wake);

/* The directory's hook: queues the hint in the transaction that changes somebody. kind 'u' or 'g'. */
void mail_wake_queue(Db *db, gint64 org_id, char kind, const char *subject);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailWake, mail_wake_free)
