#include "saml/session.h"

#include <string.h>

#include "lib/form.h"
#include "saml/store_session.h"
#include "saml/web.h"

#define TOKEN_FOR "gatepost form"

void saml_session_free(SamlSession *session) {
  if (session == NULL)
    return;
  g_free(session->session_id);
  g_free(session->user_id);
  g_free(session->name);
  g_free(session->address);
  g_free(session->slug);
  g_free(session);
}

gboolean saml_session_find(DbPool *pool, gint64 deadline, const char *cookies, SamlSession **session,
                           GError **error) {
  guint8 hash[CRYPTO_SHA256_BYTES];
  char *secret = form_cookie(cookies, SAML_COOKIE_SESSION);
  gboolean good = saml_secret_hash(secret, hash);
  crypto_free_secret(secret);
  *session = NULL;
  return !good || saml_store_session_find(pool, deadline, hash, session, error);
}

char *saml_session_token(const char *cookies) {
  guint8 hash[CRYPTO_SHA256_BYTES], token[CRYPTO_SHA256_BYTES];
  char *secret = form_cookie(cookies, SAML_COOKIE_SESSION);
  gboolean good = saml_secret_hash(secret, hash);
  if (good)
    crypto_hmac_sha256(secret, strlen(secret), TOKEN_FOR, strlen(TOKEN_FOR), token);
  crypto_free_secret(secret);
  return good ? crypto_hex(token, sizeof token) : NULL;
}

gboolean saml_session_token_holds(const char *cookies, const char *token) {
  g_autofree char *wanted = saml_session_token(cookies);
  return wanted != NULL && token != NULL && strlen(token) == strlen(wanted) &&
         crypto_equal(wanted, token, strlen(wanted));
}
