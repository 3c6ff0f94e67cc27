/* Personal access tokens in the database. */
#pragma once

#include "mail/pat.h"

/* Checks the organisation's bounds and writes the token and its record in one transaction. */
json_t *mail_store_pat_create(const MailScope *scope, const MailPatWish *wish, const char *secret,
                              GError **error);
json_t *mail_store_pat_list(const MailScope *scope, const MailPatFilter *filter, GError **error);
gboolean mail_store_pat_rename(const MailScope *scope, gint64 token_id, const char *name, GError **error);
gboolean mail_store_pat_revoke(const MailScope *scope, const gint64 *token_ids, gsize n, const char *why,
                               GError **error);
gboolean mail_store_pat_revoke_all(const MailScope *scope, const char *user_id, const char *why, gint64 *n,
                                   GError **error);
