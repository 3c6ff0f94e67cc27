#include "mail/store_policy.h"

#include <string.h>

#include "lib/crypto.h"

/* Sent again after a lost connection it may count twice. */
static const DbStatement failure = {"mail_policy_failure",
                                    "SELECT public.mail_failure_told($1, $2, $3, $4, $5, $6)"};

gboolean mail_store_policy_failure(DbPool *pool, gint64 deadline, const MailPolicyAsk *ask, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  const char *const texts[] = {ask->login, ask->remote, ask->protocol, ask->mech, ask->session, ask->client};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    db_args_text(&args, texts[i]);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &failure, &args, error);
  return result != NULL;
}

static const DbStatement policy = {
    "mail_policy", "SELECT status, message FROM public.mail_policy($1, $2, $3, $4, $5, $6, $7)"};

gboolean mail_store_policy(DbPool *pool, gint64 deadline, const MailPolicyAsk *ask, gint64 *status,
                           char **message, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  const char *const texts[] = {ask->login,   ask->remote, ask->protocol, ask->mech,
                               ask->session, ask->client, ask->token};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    db_args_text(&args, texts[i]);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &policy, &args, error);
  if (result == NULL)
    return FALSE;
  *status = db_int(result, 0, 0);
  *message = g_strdup(db_null(result, 0, 1) ? "" : db_text(result, 0, 1));
  return TRUE;
}

/* The mail server hashes what was typed, too. */
static const DbStatement check = {
    "mail_policy_check",
    "SELECT \"user\", coalesce(nologin, '') FROM gatepost.dovecot_auth($1, $2, $3, 'dav', 'PLAIN', '')"};

gboolean mail_store_policy_check(DbPool *pool, gint64 deadline, const char *login, const char *secret,
                                 const char *remote, char **user, GError **error) {
  guint8 digest[CRYPTO_SHA256_BYTES];
  crypto_sha256(secret, strlen(secret), digest);
  g_autofree char *hex = crypto_hex(digest, sizeof digest);
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, login);
  db_args_text(&args, hex);
  db_args_text(&args, remote);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &check, &args, error);
  if (result == NULL)
    return FALSE;
  gboolean good = db_rows(result) == 1 && *db_text(result, 0, 1) == '\0';
  *user = good ? g_strdup(db_text(result, 0, 0)) : NULL;
  return TRUE;
}
