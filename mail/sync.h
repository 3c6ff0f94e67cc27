/* The first half of the worker: makes the rows of mailboxes match the directory, many people in a transaction
 * (mail/sync_page.h); and shows what it would do. Safe to run in several processes at once. */
#pragma once

#include <jansson.h>

#include "lib/db_pool.h"
#include "mail/house.h"
#include "mail/plan.h"

#define MAIL_STEP_KINDS (MAIL_STEP_COLLIDE + 1)

/* What a pass came to. */
typedef struct {
  guint64 steps[MAIL_STEP_KINDS];
  guint64 held;     /* waits for an admin because of this pass */
  guint64 vanished; /* of these because a mail group is gone or empty */
  guint64 failed;   /* people who could not be planned, mailboxes that could not be made so */
  guint64 left;     /* people whom another worker had in hand; their hints are still there */
  guint64 applied;  /* mailboxes that the mail store was made to match */
  char *error;      /* the first failure's words; NULL */
} MailTally;

typedef enum {
  MAIL_SYNC_APPLY,
  MAIL_SYNC_APPROVE, /* an admin has agreed to this person's loss */
  MAIL_SYNC_SHOW,    /* changes nothing */
} MailSyncMode;

typedef struct {
  DbPool *pool;
  const MailHouse *house;
  MailSyncMode mode;
  MailTally *tally;
  json_t *shown; /* of SHOW: array that gets {action, address, person, why} of what is not idle; NULL */
  gboolean (*stop)(gpointer data); /* asked between pages; NULL: never */
  gpointer stop_data;
} MailSync;

void mail_tally_clear(MailTally *tally);
/* What two passes over different people came to. */
void mail_tally_add(MailTally *sum, const MailTally *more);
/* Something else than keep? */
gboolean mail_tally_worth(const MailTally *tally);
/* Counts by name, without zeros. */
json_t *mail_tally_json(const MailTally *tally);
void mail_tally_fail(MailTally *tally, const GError *error);

/* One; FALSE when that failed. */
gboolean mail_sync_person(const MailSync *sync, const char *user_id, GError **error);
/* Everybody: members of mail groups and whoever has a mailbox. One person's failure is counted and does not stop the others;
 * FALSE when the database is away. */
gboolean mail_sync_everybody(const MailSync *sync, GError **error);
/* Those that hints name: MailChange (mail/store_change.h), which must have been read before the house was. */
gboolean mail_sync_changes(const MailSync *sync, const GPtrArray *changes, GError **error);
/* The hints were of a time before a pass over everybody began that is now done: nothing is left of them. */
gboolean mail_sync_forget(const MailSync *sync, const GPtrArray *changes, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailTally, mail_tally_clear)
