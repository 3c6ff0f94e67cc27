/* Writes what a plan says, in the transaction that read it. All queued: nothing here waits. */
#pragma once

#include "lib/db.h"
#include "mail/plan.h"
#include "mail/store_subject.h"

/* How the guard and an admin decided. */
typedef enum {
  MAIL_LOSS_NOW,      /* below the cap: counted */
  MAIL_LOSS_HOLD,     /* waits for an admin */
  MAIL_LOSS_APPROVED, /* an admin said yes: not counted */
} MailLoss;

void mail_store_apply(Db *db, const MailHouse *house, const MailSubject *subject, const MailPlan *plan,
                      MailLoss loss);
/* Locks the organisation's guard and counts who lost a mailbox within the hour. */
gboolean mail_store_guard(Db *db, gint64 org_id, gint64 *lost, GError **error);
