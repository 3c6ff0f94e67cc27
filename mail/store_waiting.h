/* Which mail stores leave leavers waiting. */
#pragma once

#include <jansson.h>

#include "lib/db_pool.h"

/* [{"backend", "waiting"}] of every store. New reference. */
json_t *mail_store_waiting(DbPool *pool, gint64 deadline, GError **error);
/* [{"backend", "waiting", "seconds", "why"}] of those to be told of now; seconds: the oldest one's. Marks them as told, and forgets
 * the mark where nobody waits any more. New reference. */
json_t *mail_store_waiting_take(DbPool *pool, gint64 deadline, GError **error);
