/* Notices by mail: the switch to tokens is coming, a token ends, a token is used by two programs; to an administrator: changes are
 * held, which is also told by a call (docs/webhook.md). Each is marked in the database before it is sent and after: a crash between the two sends it once more with the same Message-ID, never not at all. */
#pragma once

#include <jansson.h>

#include "mail/scope.h"

typedef enum {
  MAIL_NOTICE_SWITCHOVER,
  MAIL_NOTICE_EXPIRY,
  MAIL_NOTICE_REUSE,
  MAIL_NOTICE_HELD,
  MAIL_NOTICE_HELD_HOOK,
} MailNoticeKind;

typedef struct {
  MailNoticeKind kind;
  const char *user_id;              /* only to this person; NULL: all */
  gboolean not_ready;               /* SWITCHOVER: only to those who still use a password, or nothing */
  const char *date;                 /* SWITCHOVER: "2027-01-12" */
  const char *server, *from, *host; /* SMTP server, sender, our host name */
  gint64 seconds;                   /* for one letter */
  gboolean at_once;                 /* HELD: do not wait whether more is held in the next seconds */
} MailNoticePlan;

gboolean mail_notice_kind(const char *name, MailNoticeKind *kind);
/* Those who would get one now: [{key, to, subject, body}]. */
json_t *mail_notice_due(const MailScope *scope, const MailNoticePlan *plan, GError **error);
/* Tries where alarms go: a letter and a call that say they are a trial, as far as the organisation names places for them.
 * {letter, call}: where to, or null. FALSE: one was not taken, or there is no such place. */
gboolean mail_notice_trial(const MailScope *scope, const MailNoticePlan *plan, json_t **done, GError **error);
/* Sends them: {sent, skipped, refused: [{to, words}]}. *done also on failure: what was sent before the server went away.
 * FALSE with AWAY then. */
gboolean mail_notice_send(const MailScope *scope, const MailNoticePlan *plan, json_t **done, GError **error);
