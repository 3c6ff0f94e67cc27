/* The verifier as the server sees it: child processes, the only ones that touch XML, xmlsec, lasso and our private keys. Bytes and
 * pinned keys go in; a flat structure or a failure comes out. A child that dies or takes too long is one SAML_VERIFIER_AWAY, and is
 * replaced. Calls may come from any thread and wait for a free child until their deadline (then SAML_BUSY). */
#pragma once

#include "lib/log.h"
#include "lib/metrics.h"
#include "saml/connection.h"
#include "saml/login.h"
#include "saml/metadata.h"
#include "saml/report.h"

typedef struct SamlVerifier SamlVerifier; /* process lifetime */

typedef struct {
  const char *program;  /* the program to run as `PROGRAM saml-verifier KEY_FILE`: /proc/self/exe */
  const char *key_file; /* the sealing key; read by the children alone */
  guint children;       /* 0: one a core */
  gboolean lazy;        /* no child runs before the first call below, or saml_verifier_start */
  Log *log;
  Metrics *metrics; /* with SAML_VERIFIER_METRICS_FAMILIES; NULL: nothing is counted */
} SamlVerifierOptions;

typedef enum { SAML_VERIFIER_ERROR_START } SamlVerifierErrorCode;
#define SAML_VERIFIER_ERROR (saml_verifier_error_quark())
GQuark saml_verifier_error_quark(void);

/* Starts the children and waits until each has passed its self-test; NULL when one will not start (GP-4001…). Lazy: never fails. */
SamlVerifier *saml_verifier_new(const SamlVerifierOptions *options, GError **error);
/* The same for a lazy one. FALSE: it goes on trying; until then calls fail with SAML_VERIFIER_AWAY. */
gboolean saml_verifier_start(SamlVerifier *verifier, GError **error);
void saml_verifier_free(SamlVerifier *verifier);
/* Alive now, deaths since start. */
void saml_verifier_health(SamlVerifier *verifier, guint *alive, guint64 *deaths);

#define SAML_VERIFIER_METRICS_FAMILIES                                                                       \
  {"gatepost_saml_verifiers", "Verifier processes that are ready or at work.", METRICS_GAUGE, {NULL}},       \
      {"gatepost_saml_verifier_deaths_total", "Verifier processes that died.", METRICS_COUNTER, {NULL}},     \
      {"gatepost_saml_jobs_total",                                                                           \
       "Messages given to the verifier, by kind and how it ended.",                                          \
       METRICS_COUNTER,                                                                                      \
       {"kind", "result"}},                                                                                  \
  {                                                                                                          \
    "gatepost_saml_job_duration_seconds", "From the wait for a process to its answer.", METRICS_HISTOGRAM, { \
      "kind"                                                                                                 \
    }                                                                                                        \
  }

/* All of these fill *report to the end of what they looked at, and return report->failure == SAML_OK. now_us: UTC. */

/* response: the form field SAMLResponse as it came, base64 (C04). Everything up to SAML_CHECK_SECOND. */
gboolean saml_verifier_login(SamlVerifier *verifier, const SamlConnection *connection, const char *response,
                             gsize n, gint64 now_us, SamlLogin *login, SamlReport *report);

typedef struct {
  const char *id; /* ours, "_" and 32 hex digits from our own random source (A74) */
  gint64 now_us;
  gboolean force_authn, passive;
} SamlAsk;
/* What goes to the browser. Redirect: url is complete and form NULL. POST: url is the form's action, form its SAMLRequest/SAMLResponse. */
typedef struct {
  char *url, *field, *form; /* field: "SAMLRequest" or "SAMLResponse" */
} SamlSend;
void saml_send_clear(SamlSend *send);

/* relay_state: our opaque handle, at most 80 bytes; NULL: none. */
gboolean saml_verifier_ask(SamlVerifier *verifier, const SamlConnection *connection, const SamlAsk *ask,
                           const char *relay_state, SamlSend *send, SamlReport *report);

/* A logout message that came by the browser (C90–C94). */
typedef struct {
  gboolean request;                   /* LogoutRequest; else LogoutResponse */
  char *id, *issuer, *in_response_to; /* in_response_to: of a response */
  SamlNameId name_id;                 /* of a request */
  GStrv session_indexes;              /* of a request; empty: all */
  gboolean success;                   /* of a response */
  gint64 valid_until_us;
} SamlLogoutMessage;
void saml_logout_message_clear(SamlLogoutMessage *message);

/* Redirect: the raw query string as it came (C09, C10). POST: the form field's base64 and which field it was. */
gboolean saml_verifier_logout_redirect(SamlVerifier *verifier, const SamlConnection *connection,
                                       const char *query, gsize n, gint64 now_us, SamlLogoutMessage *message,
                                       SamlReport *report);
gboolean saml_verifier_logout_post(SamlVerifier *verifier, const SamlConnection *connection,
                                   const char *field, const char *base64, gsize n, gint64 now_us,
                                   SamlLogoutMessage *message, SamlReport *report);

typedef struct {
  const char *id;
  gint64 now_us;
  const char *in_response_to; /* not NULL: a LogoutResponse to this; else a LogoutRequest */
  gboolean success;           /* of a response; FALSE: PartialLogout */
  const SamlNameId *name_id;  /* of a request, as it was received at sign-in */
  const char *session_index;  /* of a request; NULL: none */
} SamlLogoutAsk;
gboolean saml_verifier_logout_ask(SamlVerifier *verifier, const SamlConnection *connection,
                                  const SamlLogoutAsk *ask, const char *relay_state, SamlSend *send,
                                  SamlReport *report);

/* Our metadata for this connection, signed; valid_days bounds validUntil. *xml by g_free. */
gboolean saml_verifier_metadata(SamlVerifier *verifier, const SamlConnection *connection, gint64 now_us,
                                int valid_days, char **xml, SamlReport *report);
/* An identity provider's metadata: a file, a paste, a fetched document (C97–C102). */
gboolean saml_verifier_read_metadata(SamlVerifier *verifier, const char *xml, gsize n,
                                     const SamlMetadataWish *wish, gint64 now_us, SamlIdpMetadata *metadata,
                                     SamlReport *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlVerifier, saml_verifier_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlSend, saml_send_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlLogoutMessage, saml_logout_message_clear)
