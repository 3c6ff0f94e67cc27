/* The decision of the database, asked over HTTP. */
#pragma once

#include "lib/db_pool.h"
#include "mail/policy.h"

/* public.mail_policy: *status 0 or -1, *message to be freed with g_free. Writes its audit record. */
gboolean mail_store_policy(DbPool *pool, gint64 deadline, const MailPolicyAsk *ask, gint64 *status,
                           char **message, GError **error);
/* public.mail_failure_told: a sign-in that failed in Dovecot, recorded unless our passdb did so. */
gboolean mail_store_policy_failure(DbPool *pool, gint64 deadline, const MailPolicyAsk *ask, GError **error);
/* gatepost.dovecot_auth for service dav: the login's primary address in *user (g_free), NULL when it is refused. secret is what
 * was typed. */
gboolean mail_store_policy_check(DbPool *pool, gint64 deadline, const char *login, const char *secret,
                                 const char *remote, char **user, GError **error);
