/* Leavers whom a mail store has not followed for a minute: new sign-ins are refused all the same, but what is open goes on. Told in
 * the log as soon as it is so and every five minutes while it lasts, by one of the workers. */
#pragma once

#include "lib/db_pool.h"
#include "lib/log.h"

/* FALSE: the database is away. */
gboolean mail_waiting_tell(DbPool *pool, Log *log, GError **error);
