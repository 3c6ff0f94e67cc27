/* Reads organisations as the worker sees them. */
#pragma once

#include "lib/db_pool.h"
#include "mail/house.h"

/* Organisations that have mail groups or had; ids as text, in order. Free with g_strfreev. paused: also those. */
char **mail_store_orgs(DbPool *pool, gint64 deadline, gboolean paused, GError **error);
MailHouse *mail_store_house(DbPool *pool, gint64 deadline, gint64 org_id, GError **error);
/* Takes the pass over everybody that is due every 15 minutes; *mine when this worker does it. */
gboolean mail_store_house_due(DbPool *pool, gint64 deadline, gint64 org_id, gboolean *mine, GError **error);
/* The next pass over everybody begins at once. Queued. */
void mail_store_house_hurry(Db *db, gint64 org_id);
