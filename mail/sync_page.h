/* People planned together, in one transaction: locked, read, compared, written. Whoever cannot be planned spoils it for nobody
 * else: a page that fails is cut in halves, down to the one. */
#pragma once

#include "mail/store_subject.h"
#include "mail/sync.h"

#define MAIL_PAGE 250 /* people a transaction */

/* Borrowed. */
typedef struct {
  const char *user_id;
  const char *change_ids; /* hints that this settles, with commas; NULL */
  gint64 hint;            /* one of them; 0 */
} MailPageEntry;

/* Any number, each person once: pages of MAIL_PAGE. Failures are counted; FALSE when the database is away. Asks sync->stop
 * between pages. Whom another worker has in hand is left to it where there is a hint, else waited for. */
gboolean mail_page_run(const MailSync *sync, const MailPageEntry *entries, gsize n, GError **error);
/* One, whose failure is told. */
gboolean mail_page_one(const MailSync *sync, const char *user_id, GError **error);
/* As a page would count somebody for whom nothing is to be done; FALSE, and nothing counted, when there is something. */
gboolean mail_page_idle(const MailSync *sync, const MailSubject *subject);
