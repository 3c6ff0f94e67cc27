/* A second opinion: lasso reads the same clean message by its own ways, and issuer, person and ids must come out the same. What lasso does
 * not check is checked in saml/check.c; nothing is taken from it. */
#pragma once

#include "saml/connection.h"
#include "saml/login.h"

typedef struct SamlSecond SamlSecond; /* a lasso server that knows this one identity provider; one thread */

typedef enum {
  SAML_SECOND_WHOLE, /* signatures and reading */
  /* Reading alone: the signature is over what lasso cannot follow. That is ciphertext, which is for our key, or an assertion with several
   * SubjectConfirmations, of which it is shown one: the first lock has verified it, so only the provider itself can make it so. */
  SAML_SECOND_READING,
} SamlSecondScope;

/* NULL when lasso does not accept what we make of the connection. */
SamlSecond *saml_second_new(const SamlConnection *connection);
void saml_second_free(SamlSecond *second);
/* message: the Response, XML. *saw: static text or NULL, what came out otherwise. */
gboolean saml_second_agrees(const SamlSecond *second, const char *message, gsize n, SamlSecondScope scope,
                            const SamlLogin *login, const char **saw);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlSecond, saml_second_free)
