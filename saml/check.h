/* What makes us refuse an assertion, once its signature held: one function a check, in the order of saml/report.h. Pure: no XML, no clock,
 * no database. The first part runs in the verifier on SamlClaims, which are read from the signed octets; the second in the server, which
 * knows what was asked. */
#pragma once

#include "saml/connection.h"
#include "saml/login.h"
#include "saml/report.h"

/* One SubjectConfirmation. */
typedef struct {
  char *method, *recipient, *in_response_to, *address, *not_before, *not_on_or_after;
  gboolean data; /* SubjectConfirmationData is there */
} SamlConfirmation;

/* The assertion's conditions and statements as written; times are still text (C75 is a check). Strings NULL: absent. */
typedef struct {
  char *response_issuer, *response_issuer_format, *destination, *response_issued, *response_in_response_to,
      *status, *substatus;
  char *issuer, *issuer_format, *issued;
  guint name_ids, conditions;         /* how many */
  GArray *confirmations;              /* SamlConfirmation */
  char *not_before, *not_on_or_after; /* of Conditions */
  GPtrArray *audiences;               /* GStrv a restriction: AND of ORs (C67) */
  gboolean unknown_condition;
  GPtrArray *authn_instants, *session_untils; /* char * a statement; session_untils entries may be NULL */
  gboolean response_signed;
} SamlClaims;

void saml_claims_init(SamlClaims *claims); /* empty, with its arrays made */
void saml_claims_clear(SamlClaims *claims);

/* xs:dateTime in UTC with Z (or +00:00), any number of fraction digits, years 1970…9999, second 60 as 59 (C75). FALSE else. */
gboolean saml_time_parse(const char *text, gint64 *us);

/* C31, C32, C34, C35 for the wrapper; it also tells how far their clock is off. */
gboolean saml_check_response(const SamlConnection *connection, const SamlClaims *claims, gint64 now_us,
                             SamlReport *report);
/* C33, C59–C71, C73 for the assertion; fills login's times, address and in_response_to. Both stop at the first failure. */
gboolean saml_check_assertion(const SamlConnection *connection, const SamlClaims *claims, gint64 now_us,
                              SamlLogin *login, SamlReport *report);

/* What we remember of a request. */
typedef struct {
  gint64 asked_us;
  gboolean force_authn;
  GStrv contexts;
  const char *address; /* of the browser that brings the answer; NULL: not known */
} SamlAsked;
/* C65 where the connection enforces it, C71 with ForceAuthn, C72: every statement's context is one that was asked for. */
gboolean saml_check_asked(const SamlConnection *connection, const SamlAsked *asked, const SamlLogin *login,
                          SamlReport *report);

/* A logout message as written; NULL: absent. The texts belong to whoever reads it. */
typedef struct {
  const char *issuer, *issuer_format, *destination, *issued, *not_on_or_after;
} SamlLogoutClaims;
/* C91 and the Issuer; *valid_until_us: the latest moment at which it could be accepted, for replays. */
gboolean saml_check_logout(const SamlConnection *connection, const SamlLogoutClaims *claims, gint64 now_us,
                           gint64 *valid_until_us, SamlReport *report);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlClaims, saml_claims_clear)
