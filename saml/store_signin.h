/* The one transaction of a sign-in: request taken, message never seen, name mapped, person found, bound and active; then session, record
 * and trace together, or record and trace of the refusal alone. */
#pragma once

#include "lib/crypto.h"
#include "lib/db_pool.h"
#include "saml/login.h"
#include "saml/store_trace.h"

typedef struct {
  const SamlDoor *door;
  const SamlCaller *caller;
  const SamlLogin *login;
  const SamlReport *verified; /* of the verifier: all is well so far */
  const guint8 *browser;      /* hash of the binding cookie, CRYPTO_SHA256_BYTES; NULL: it brought none */
  const guint8 *pickup;       /* hash of the handle by which the session is fetched */
} SamlSignIn;

/* What became of it. report->failure tells; the rest as far as it is known. */
typedef struct {
  SamlReport report;
  SamlWhat what;
  gboolean request_known; /* the request was ours and this browser's */
  char *target;           /* where the person wanted to go; NULL */
  char *user_id, *user;   /* the person; NULL */
  char *trace;            /* of a refusal or a trial; NULL */
} SamlOutcome;

void saml_outcome_clear(SamlOutcome *outcome);

/* FALSE: the database is away, nothing is known. */
gboolean saml_store_sign_in(DbPool *pool, gint64 deadline, const SamlSignIn *sign_in, SamlOutcome *outcome,
                            GError **error);
/* The record of a message that was refused before; *trace NULL: none was free. */
gboolean saml_store_refusal(DbPool *pool, gint64 deadline, const SamlRecord *record, char **trace,
                            GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlOutcome, saml_outcome_clear)
