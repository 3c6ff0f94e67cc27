/* The worker's own books: its history, wake-ups, and what only time does (addresses that rest, tokens that sleep, retention). */
#pragma once

#include "lib/db_pool.h"
#include "mail/house.h"
#include "mail/sync.h"

gboolean mail_store_notify(DbPool *pool, gint64 deadline, GError **error);
gboolean mail_store_listen(Db *db, GError **error);
/* One row of history for a pass that found something. trigger: push, timer, once, approve, reject. */
gboolean mail_store_run(DbPool *pool, gint64 deadline, gint64 org_id, const char *trigger, const char *worker,
                        gint64 started_us, const MailTally *tally, GError **error);
/* Everything that time alone does in one organisation; repeatable. */
gboolean mail_store_prune(DbPool *pool, gint64 deadline, const MailHouse *house, GError **error);
