/* Housekeeping: what is of no use any more. */
#pragma once

#include "lib/db_pool.h"

/* Requests a day after their end, messages that could not be accepted again, sessions and traces of more than 30 days. */
gboolean saml_store_keep(DbPool *pool, gint64 deadline, GError **error);
