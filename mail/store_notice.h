/* Notices in the database: who is due, and the marks that make each be sent once. */
#pragma once

#include "mail/notice.h"

/* [{key, to, name, address, help, …}]. */
json_t *mail_store_notice_due(const MailScope *scope, const MailNoticePlan *plan, GError **error);
/* *message_id stays NULL when it was sent, or somebody else is at it; else the one to send it with. */
gboolean mail_store_notice_claim(const MailScope *scope, const char *kind, const json_t *notice,
                                 const char *fresh, char **message_id, GError **error);
gboolean mail_store_notice_sent(const MailScope *scope, MailNoticeKind which, const char *kind,
                                const json_t *notice, GError **error);
/* Known not to be sent: the next run may try at once. */
gboolean mail_store_notice_release(const MailScope *scope, const char *kind, const json_t *notice,
                                   GError **error);
