/* The worker: plans whom the directory changed, makes the mail stores follow, in loops of their own until stopped. */
#pragma once

#include "lib/log.h"
#include "mail/sync.h"

typedef struct MailWorker MailWorker; /* process lifetime */

typedef struct {
  DbPool *pool;
  const char *conninfo; /* of the connection that LISTENs */
  const char *name;     /* "host:pid" */
  Log *log;
} MailWorkerOptions;

MailWorker *
mail_worker_new(const MailWorkerOptions *options); /* starts its threads; options are borrowed until freed */
void mail_worker_free(MailWorker *worker);         /* finishes the calls in progress; accepts NULL */

/* Once, in this thread: everybody of one organisation, then the mail stores until nothing can be done now. */
gboolean mail_worker_once(const MailWorkerOptions *options, gint64 org_id, MailTally *tally, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailWorker, mail_worker_free)
