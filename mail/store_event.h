/* How far an event log was read, and the records made of it: one transaction, so that neither is ever without the other. */
#pragma once

#include "lib/db_pool.h"
#include "mail/event.h"
#include "mail/event_file.h"

/* reader: "host:/var/log/dovecot-info.log". position->inode 0: never read. */
gboolean mail_store_event_position(DbPool *pool, gint64 deadline, const char *reader,
                                   MailEventPosition *position, GError **error);
/* events: of MailEvent*. Moves the position from before to after. MAIL_ERROR_REFUSED: it is not at `before`, another one reads. Events of
 * addresses in nobody's domain are not kept. */
gboolean mail_store_event_write(DbPool *pool, gint64 deadline, const char *reader,
                                const MailEventBatch *batch, const GPtrArray *events, GError **error);
