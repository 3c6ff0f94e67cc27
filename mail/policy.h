/* Dovecot's auth policy protocol: POST ?command=allow after a sign-in that some password database let through, ?command=report after any.
 * Pure. The answer is public.mail_policy's (0003_decision.sql). */
#pragma once

#include "lib/jsontext.h"

/* "" where Dovecot sent none. Borrowed from root. */
typedef struct {
  json_t *root;
  const char *login, *remote, *protocol, *mech, *session, *client, *token;
  gboolean failed; /* of a report: no password database said yes */
} MailPolicyAsk;

/* FALSE with *why (static text): no JSON object, a value of the wrong type or too long, no login or protocol. What a program says of
 * itself (mech, session_id, client_id) is cut to LIMIT_POLICY_MEMBER_BYTES instead. Members that are not ours are ignored: the list
 * is set in Dovecot's configuration. */
gboolean mail_policy_parse(const char *bytes, gsize n, MailPolicyAsk *ask, const char **why);
void mail_policy_ask_clear(MailPolicyAsk *ask);
/* {"status": -1, "msg": "…"}: 0 goes on, -1 refuses with msg. Free with g_free. */
char *mail_policy_answer(gint64 status, const char *message);

/* "Basic …" (RFC 7617) as login and secret, in one allocation that *keep owns (crypto_free_secret). FALSE when it is not of that form. */
gboolean mail_policy_basic(const char *header, char **keep, const char **login, const char **secret);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailPolicyAsk, mail_policy_ask_clear)
