/* Where the mail stores and our rows differ: what a look tells an admin, and what the worker mends by itself. */
#pragma once

#include <jansson.h>

#include "lib/log.h"
#include "mail/scope.h"

/* Compares the organisation's rows with every store that can list. {mailboxes: [{address, drift, store, ours, next}], counts,
 * stores: [{name, listed, words}]}: drift is unknown (no row), missing (not in the store), quota, home, sessions (live, though shut),
 * behind (not yet made so). A store that is away is told in its words; NULL when the database is. */
json_t *mail_drift_look(const MailScope *scope, GError **error);
/* Shut mailboxes with live sessions are cut again by the worker that claims them next. org_id 0: all. FALSE: the database is away. */
gboolean mail_drift_repair(DbPool *pool, gint64 org_id, Log *log, GError **error);
