/* The answers of doveadm's commands over all users at once, read strictly. FALSE or NULL with UNCLEAR when they are not of their form. */
#pragma once

#include "mail/dovecot_reply.h"

/* user with a mask: the names, each once though several user databases have it; NULL-terminated, free with g_strfreev. */
char **mail_dovecot_listed_names(const json_t *data, GError **error);
/* user with exact names: appends a MailListed for each. */
gboolean mail_dovecot_listed_users(const json_t *data, GPtrArray *listed, GError **error);
/* who without a mask: adds each login with live sessions to the set. */
gboolean mail_dovecot_listed_online(const json_t *data, GHashTable *logins, GError **error);
/* Dovecot's quota_rule, "*:bytes=N" or "*:storage=NM": bytes; 0: none; -1: not understood. */
gint64 mail_dovecot_listed_quota(const char *rule);
