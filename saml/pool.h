/* The verifier processes of one server: started, watched, killed, started again. One keeper thread does all of that; any thread may take
 * a process, talk to it alone, and give it back. */
#pragma once

#include "saml/verifier.h"

typedef struct SamlPool SamlPool;
typedef struct SamlChild SamlChild;

SamlPool *saml_pool_new(const SamlVerifierOptions *options);
/* Nobody may have a process then. Accepts NULL. */
void saml_pool_free(SamlPool *pool);
/* Starts them and waits until each is ready. FALSE with a SAML_VERIFIER_ERROR when one is not; they are tried again until it is. */
gboolean saml_pool_start(SamlPool *pool, GError **error);
/* A process for the caller alone. NULL with SAML_BUSY when all were in use until the deadline, SAML_VERIFIER_AWAY when there was none. */
SamlChild *saml_pool_take(SamlPool *pool, gint64 deadline, SamlFailure *failure);
/* good FALSE: it died, was late or said what it may not: it is killed and another one started. */
void saml_pool_give(SamlPool *pool, SamlChild *child, gboolean good);
int saml_child_fd(const SamlChild *child);
void saml_pool_health(SamlPool *pool, guint *alive, guint64 *deaths);
