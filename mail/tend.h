/* What the worker does beside mailboxes: tells somebody that changes are held, writes to people about their tokens, and ends sessions
 * that outlived their mailbox's door. Every mark is in the database: any number of workers may do this at once. */
#pragma once

#include "lib/db_pool.h"
#include "lib/log.h"

/* How letters leave. Borrowed; process lifetime. */
typedef struct {
  const char *server, *from, *host; /* of MailNoticePlan; from "": no letters */
} MailRoute;

typedef struct {
  DbPool *pool;
  Log *log;
  const MailRoute *route; /* NULL: no letters */
} MailTendOptions;

typedef struct MailTend MailTend; /* process lifetime */

/* Starts two threads of its own, which look every few seconds at what is due in all organisations; options are borrowed until freed.
 * What one alarm, letter or store refuses is logged and comes again later. */
MailTend *mail_tend_new(const MailTendOptions *options);
void mail_tend_free(MailTend *tend); /* finishes the call or letter in progress; accepts NULL */
/* The alarms and letters of one organisation, without waiting whether more is held in the next seconds: for `sync once`. FALSE when the
 * database is away. */
gboolean mail_tend_once(const MailTendOptions *options, gint64 org_id, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailTend, mail_tend_free)
