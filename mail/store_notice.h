/* Notices in the database: who is due, and the marks that make each be sent once. */
#pragma once

#include "mail/notice.h"

/* [{key, to, name, address, help, …}]. */
json_t *mail_store_notice_due(const MailScope *scope, const MailNoticePlan *plan, GError **error);
/* Where letters (HELD) or calls (HELD_HOOK) about held changes go: {to, secret_file, org, option}; to "": nowhere. */
json_t *mail_store_notice_place(const MailScope *scope, MailNoticeKind kind, GError **error);
/* Gives held changes that belong together their wave. org_id 0: of all organisations. */
gboolean mail_store_notice_waves(DbPool *pool, gint64 deadline, gint64 org_id, GError **error);
/* Whether it is time to look whom to write to in this organisation; *mine: this worker does it, and nobody for an hour. */
gboolean mail_store_notice_hour(const MailScope *scope, gboolean *mine, GError **error);
/* [{org, held}]: how much waits in each organisation with mail. NULL with an error. */
json_t *mail_store_notice_held(DbPool *pool, gint64 deadline, GError **error);
/* *message_id stays NULL when it was sent, or somebody else is at it; else the one to send it with. */
gboolean mail_store_notice_claim(const MailScope *scope, const char *kind, const json_t *notice,
                                 const char *fresh, char **message_id, GError **error);
gboolean mail_store_notice_sent(const MailScope *scope, MailNoticeKind which, const char *kind,
                                const json_t *notice, GError **error);
/* Known not to be sent: the next run may try at once. */
gboolean mail_store_notice_release(const MailScope *scope, const char *kind, const json_t *notice,
                                   GError **error);
