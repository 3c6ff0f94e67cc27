/* Sessions of people in the browser, for the portal and for admins. A session is looked up at each request, together with its person:
 * whoever left has none. Values are scope lifetime. */
#pragma once

#include <jansson.h>

#include "lib/crypto.h"
#include "lib/db_pool.h"

typedef struct {
  gint64 org_id, connection_id, created_us, expires_us;
  char *session_id, *user_id, *name, *address, *slug; /* address NULL: no mailbox */
  gboolean logs_out;                                  /* the identity provider can be told of a sign-out */
} SamlSession;
void saml_session_free(SamlSession *session);

/* The session of a Cookie header (NULL: none). *session NULL: there is none, or none any more. FALSE: the database is away. */
gboolean saml_session_find(DbPool *pool, gint64 deadline, const char *cookies, SamlSession **session,
                           GError **error);
/* What a form of this session must bring: only a page of ours can know it. Free with g_free. NULL without a cookie. */
char *saml_session_token(const char *cookies);
gboolean saml_session_token_holds(const char *cookies, const char *token);

/* Array of {id, user_id, person, connection, created, last_seen, expires, ip, agent} of those that count now; user_id NULL: everybody's. */
json_t *saml_session_list(DbPool *pool, gint64 deadline, gint64 org_id, const char *user_id, GError **error);

/* Who ends which, and why ("signed-out", "ended-by-person", "revoked"). user_id NULL: of anybody (by id); session_id NULL: all of user_id. */
typedef struct {
  gint64 org_id;
  const char *session_id, *user_id;
  const char *why, *actor;     /* actor: of the record */
  const char *request_id, *ip; /* NULL on the command line */
} SamlSessionEnd;
/* *n: how many ended. One transaction with the record. */
gboolean saml_session_end(DbPool *pool, gint64 deadline, const SamlSessionEnd *end, gint64 *n,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlSession, saml_session_free)
