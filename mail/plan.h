/* One person: wanted against found gives steps. What the worker does to a mailbox, and what `sync plan` shows. Pure: no
 * database, no clock of its own, no order of events. */
#pragma once

#include "mail/subject.h"

typedef enum {
  MAIL_STEP_KEEP,
  MAIL_STEP_CREATE,
  MAIL_STEP_ENABLE,
  MAIL_STEP_DISABLE,
  MAIL_STEP_RENAME,
  MAIL_STEP_CHANGE,
  MAIL_STEP_UNMANAGED, /* not ours to touch, or nothing that could be made */
  MAIL_STEP_COLLIDE,   /* somebody else has the address */
} MailStepKind;

/* Why somebody loses a mailbox; the spellings of mail_held.cause. */
typedef enum {
  MAIL_CAUSE_NONE,
  MAIL_CAUSE_INACTIVE,
  MAIL_CAUSE_DELETED,
  MAIL_CAUSE_SCOPE,
  MAIL_CAUSE_VANISHED, /* held whatever the cap says */
} MailCause;

typedef struct {
  const MailTemplate *item; /* of the mail group with the lowest priority number; NULL: in none */
  const MailMember *person;
  const MailFound *found;
  const char *const *domains; /* verified ones of the organisation; ends with NULL */
  GHashTable *taken;          /* address → MailTaken; NULL: not looked up, all are free */
  gboolean group_gone;        /* the mail group that found follows has no members or is no more */
  gint64 now_us;
} MailPlanInput;

typedef struct {
  MailStepKind kind;
  char *address; /* it is about; NULL */
  char *why;     /* for people; NULL */
} MailStep;

typedef struct {
  GArray *steps; /* MailStep, at least one */
  MailCause cause;
  gboolean open; /* shall the mail store let sessions live? */
  char *address; /* primary, after the steps; NULL: no mailbox */
  GStrv aliases; /* after the steps, sorted */
  gboolean idle; /* nothing to write and nothing to tell */
} MailPlan;

void mail_plan_make(const MailPlanInput *input, MailPlan *plan);
void mail_plan_clear(MailPlan *plan);
gboolean mail_plan_has(const MailPlan *plan, MailStepKind kind);
/* Every address that the plan may need: primary first. Free with g_strfreev. */
char **mail_plan_addresses(const MailPlanInput *input);

const char *mail_step_name(MailStepKind kind);
const char *mail_cause_name(MailCause cause); /* "" for none */
/* "inactive in the directory" */
const char *mail_cause_words(MailCause cause);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailPlan, mail_plan_clear)
