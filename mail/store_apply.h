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

typedef struct {
  const MailSubject *subject;
  const MailPlan *plan;
  MailLoss loss;
  const char *new_id; /* of a mailbox that is to be made */
} MailApply;

void mail_store_apply(Db *db, const MailHouse *house, const MailApply *apply);

/* Who lost a mailbox within the hour, each once. By value; clear it. */
typedef struct {
  GHashTable *mailboxes;
} MailLosses;

/* Locks the organisation's guard until the end of the transaction. */
gboolean mail_store_losses(Db *db, gint64 org_id, MailLosses *losses, GError **error);
void mail_losses_add(MailLosses *losses, const char *mailbox_id);
gint64 mail_losses_count(const MailLosses *losses);
void mail_losses_clear(MailLosses *losses); /* also of one that is all zero */
