#include "saml/check.h"

#include "lib/clock.h"
#include "lib/limits.h"

#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define ENTITY "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
#define BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"

/* What one check looks at. */
typedef struct {
  const SamlConnection *connection;
  const SamlClaims *claims;
  gint64 now_us, skew_us;
  SamlLogin *login; /* NULL while the wrapper is checked */
  SamlReport *report;
} Look;

typedef struct {
  SamlCheck check;
  gboolean (*holds)(const Look *look); /* FALSE: it has filled the report */
} CheckRow;

static gboolean run(const CheckRow *rows, gsize n, const Look *look) {
  for (gsize i = 0; i < n; i++) {
    if (!rows[i].holds(look))
      return FALSE;
    saml_report_pass(look->report, rows[i].check);
  }
  return TRUE;
}

/* Limits on a moment; the clocks may differ by the connection's skew either way (C74). */
static gboolean is_over(const Look *look, gint64 until_us) {
  return look->now_us >= until_us + look->skew_us;
}

static gboolean is_to_come(const Look *look, gint64 from_us) {
  return look->now_us < from_us - look->skew_us;
}

static gboolean issued_just_now(const Look *look, gint64 issued_us) {
  return !is_to_come(look, issued_us) &&
         !is_over(look, issued_us + (gint64)LIMIT_SAML_ISSUED_SECONDS * G_USEC_PER_SEC);
}

static gboolean is_identity_provider(const Look *look, const char *issuer, const char *format) {
  return g_strcmp0(issuer, look->connection->idp_entity_id) == 0 &&
         (format == NULL || g_str_equal(format, ENTITY));
}

/* C31 */
static gboolean status_holds(const Look *look) {
  const SamlClaims *claims = look->claims;
  if (g_strcmp0(claims->status, SUCCESS) == 0)
    return TRUE;
  const char *saw = claims->substatus != NULL ? claims->substatus : claims->status;
  return saml_report_fail(look->report, SAML_CHECK_STATUS, SAML_BAD_STATUS, saw, SUCCESS);
}

/* C32 */
static gboolean response_issuer_holds(const Look *look) {
  if (is_identity_provider(look, look->claims->response_issuer, look->claims->response_issuer_format))
    return TRUE;
  return saml_report_fail(look->report, SAML_CHECK_RESPONSE_ISSUER, SAML_ISSUER_MISMATCH,
                          look->claims->response_issuer, look->connection->idp_entity_id);
}

/* C34 */
static gboolean destination_holds(const Look *look) {
  const char *saw = look->claims->destination, *wanted = look->connection->acs_url;
  if (saw == NULL ? !look->claims->response_signed : g_str_equal(saw, wanted))
    return TRUE;
  return saml_report_fail(look->report, SAML_CHECK_DESTINATION, SAML_DESTINATION, saw, wanted);
}

/* C35 */
static gboolean issued_holds(const Look *look) {
  gint64 issued;
  const char *saw = look->claims->response_issued;
  if (!saml_time_parse(saw, &issued))
    return saml_report_fail(look->report, SAML_CHECK_ISSUED, SAML_BAD_TIME, saw, "a UTC time");
  look->report->skew_us = issued - look->now_us;
  if (issued_just_now(look, issued))
    return TRUE;
  char now[CLOCK_TEXT_BYTES];
  return saml_report_fail(look->report, SAML_CHECK_ISSUED, SAML_STALE, saw, clock_format(look->now_us, now));
}

static const CheckRow response_rows[] = {
    {SAML_CHECK_STATUS, status_holds},
    {SAML_CHECK_RESPONSE_ISSUER, response_issuer_holds},
    {SAML_CHECK_DESTINATION, destination_holds},
    {SAML_CHECK_ISSUED, issued_holds},
};

gboolean saml_check_response(const SamlConnection *connection, const SamlClaims *claims, gint64 now_us,
                             SamlReport *report) {
  Look look = {connection, claims, now_us, (gint64)connection->skew_seconds * G_USEC_PER_SEC, NULL, report};
  return run(response_rows, G_N_ELEMENTS(response_rows), &look);
}

/* C33 */
static gboolean issuer_holds(const Look *look) {
  if (is_identity_provider(look, look->claims->issuer, look->claims->issuer_format))
    return TRUE;
  return saml_report_fail(look->report, SAML_CHECK_ISSUER, SAML_ISSUER_MISMATCH, look->claims->issuer,
                          look->connection->idp_entity_id);
}

/* C59 */
static gboolean subject_holds(const Look *look) {
  const char *value = look->login->name_id.value;
  if (look->claims->name_ids == 1 && value != NULL && *value != '\0')
    return TRUE;
  return saml_report_fail(look->report, SAML_CHECK_SUBJECT, SAML_SUBJECT_MISSING, NULL, "one NameID");
}

/* Why a confirmation does not hold. */
typedef struct {
  SamlFailure failure;
  const char *saw, *wanted;
} Refusal;

/* C64: the wrapper, which need not be signed, and the assertion answer the same question, or both none. */
static Refusal question_refusal(const Look *look, const SamlConfirmation *confirmation) {
  const char *ours = confirmation->in_response_to, *wrapper = look->claims->response_in_response_to;
  if (g_strcmp0(ours, wrapper) == 0)
    return (Refusal){SAML_OK};
  if (ours == NULL || wrapper == NULL)
    return (Refusal){SAML_IRT_MISSING, ours, wrapper};
  return (Refusal){SAML_IRT_UNEXPECTED, wrapper, ours};
}

/* C63 */
static Refusal moment_refusal(const Look *look, const SamlConfirmation *confirmation) {
  gint64 moment;
  if (confirmation->not_on_or_after == NULL)
    return (Refusal){SAML_CONFIRMATION, NULL, "NotOnOrAfter"};
  if (!saml_time_parse(confirmation->not_on_or_after, &moment))
    return (Refusal){SAML_BAD_TIME, confirmation->not_on_or_after, "a UTC time"};
  if (is_over(look, moment))
    return (Refusal){SAML_EXPIRED, confirmation->not_on_or_after, NULL};
  if (confirmation->not_before == NULL)
    return (Refusal){SAML_OK};
  if (!saml_time_parse(confirmation->not_before, &moment))
    return (Refusal){SAML_BAD_TIME, confirmation->not_before, "a UTC time"};
  return (Refusal){is_to_come(look, moment) ? SAML_NOT_YET_VALID : SAML_OK, confirmation->not_before, NULL};
}

static Refusal confirmation_refusal(const Look *look, const SamlConfirmation *confirmation) {
  if (g_strcmp0(confirmation->method, BEARER) != 0)
    return (Refusal){SAML_CONFIRMATION, confirmation->method, BEARER};
  if (!confirmation->data)
    return (Refusal){SAML_CONFIRMATION, NULL, "SubjectConfirmationData"};
  if (g_strcmp0(confirmation->recipient, look->connection->acs_url) != 0)
    return (Refusal){SAML_RECIPIENT, confirmation->recipient, look->connection->acs_url};
  Refusal refusal = moment_refusal(look, confirmation);
  return refusal.failure != SAML_OK ? refusal : question_refusal(look, confirmation);
}

/* A replay is possible until the last of the bearer confirmations is over. */
static gint64 latest_confirmation(const GArray *confirmations) {
  gint64 latest = 0, moment;
  for (guint i = 0; i < confirmations->len; i++) {
    if (saml_time_parse(g_array_index(confirmations, SamlConfirmation, i).not_on_or_after, &moment))
      latest = MAX(latest, moment);
  }
  return latest;
}

/* C60–C65: one that holds is enough; of those that do not, the first bearer's failure is told. */
static gboolean confirmation_holds(const Look *look) {
  const GArray *confirmations = look->claims->confirmations;
  Refusal told = {SAML_CONFIRMATION, NULL, BEARER};
  for (guint i = 0; i < confirmations->len; i++) {
    const SamlConfirmation *confirmation = &g_array_index(confirmations, SamlConfirmation, i);
    Refusal refusal = confirmation_refusal(look, confirmation);
    if (refusal.failure == SAML_OK) {
      look->login->in_response_to = g_strdup(confirmation->in_response_to);
      look->login->address = g_strdup(confirmation->address);
      look->login->valid_until_us = latest_confirmation(confirmations) + look->skew_us;
      return TRUE;
    }
    if (told.failure == SAML_CONFIRMATION)
      told = refusal;
  }
  return saml_report_fail(look->report, SAML_CHECK_CONFIRMATION, told.failure, told.saw, told.wanted);
}

static gboolean condition_fails(const Look *look, SamlFailure failure, const char *saw, const char *wanted) {
  return saml_report_fail(look->report, SAML_CHECK_CONDITIONS, failure, saw, wanted);
}

/* C66: both limits where they are given, and a span that is not empty. */
static gboolean span_holds(const Look *look) {
  const char *from_text = look->claims->not_before, *until_text = look->claims->not_on_or_after;
  gint64 from = 0, until = G_MAXINT64;
  if (from_text != NULL && !saml_time_parse(from_text, &from))
    return condition_fails(look, SAML_BAD_TIME, from_text, "a UTC time");
  if (until_text != NULL && !saml_time_parse(until_text, &until))
    return condition_fails(look, SAML_BAD_TIME, until_text, "a UTC time");
  if (from_text != NULL && is_to_come(look, from))
    return condition_fails(look, SAML_NOT_YET_VALID, from_text, NULL);
  if (until_text == NULL)
    return TRUE;
  if (is_over(look, until) || until <= from)
    return condition_fails(look, SAML_EXPIRED, until_text, NULL);
  look->login->valid_until_us = MIN(look->login->valid_until_us, until + look->skew_us);
  return TRUE;
}

/* C66, C68, C69; and the assertion itself was written just now, like its wrapper (C35). Without Conditions it has no audience. */
static gboolean conditions_hold(const Look *look) {
  const SamlClaims *claims = look->claims;
  if (claims->conditions != 1)
    return condition_fails(look, SAML_AUDIENCE, NULL, "Conditions");
  if (claims->unknown_condition)
    return condition_fails(look, SAML_CONDITION_UNKNOWN, NULL, NULL);
  if (!saml_time_parse(claims->issued, &look->login->issued_us))
    return condition_fails(look, SAML_BAD_TIME, claims->issued, "a UTC time");
  if (!issued_just_now(look, look->login->issued_us))
    return condition_fails(look, SAML_STALE, claims->issued, NULL);
  return span_holds(look);
}

/* C67: in each restriction one of the audiences is we. */
static gboolean audience_holds(const Look *look) {
  const GPtrArray *restrictions = look->claims->audiences;
  const char *wanted = look->connection->sp_entity_id;
  const char *saw = NULL;
  gboolean all = restrictions->len > 0;
  for (guint i = 0; i < restrictions->len && all; i++) {
    const char *const *audiences = restrictions->pdata[i];
    all = g_strv_contains(audiences, wanted);
    saw = audiences[0];
  }
  return all || saml_report_fail(look->report, SAML_CHECK_AUDIENCE, SAML_AUDIENCE, saw, wanted);
}

static gboolean authentication_fails(const Look *look, SamlFailure failure, const char *saw) {
  return saml_report_fail(look->report, SAML_CHECK_AUTHENTICATION, failure, saw, NULL);
}

/* C73: the shortest of the sessions bounds ours. */
static gboolean session_holds(const Look *look, const char *text) {
  gint64 until, *shortest = &look->login->session_until_us;
  if (text == NULL)
    return TRUE;
  if (!saml_time_parse(text, &until))
    return authentication_fails(look, SAML_BAD_TIME, text);
  if (is_over(look, until))
    return authentication_fails(look, SAML_SESSION_OVER, text);
  *shortest = *shortest == 0 ? until : MIN(*shortest, until);
  return TRUE;
}

/* C71: the earliest sign-in counts. */
static gboolean instant_holds(const Look *look, const char *text) {
  gint64 instant, *earliest = &look->login->authenticated_us;
  if (!saml_time_parse(text, &instant))
    return authentication_fails(look, SAML_BAD_TIME, text);
  if (is_to_come(look, instant))
    return authentication_fails(look, SAML_NOT_YET_VALID, text);
  *earliest = *earliest == 0 ? instant : MIN(*earliest, instant);
  return TRUE;
}

static gboolean authentication_holds(const Look *look) {
  const SamlClaims *claims = look->claims;
  if (claims->authn_instants->len == 0)
    return authentication_fails(look, SAML_AUTHN_STALE, NULL);
  for (guint i = 0; i < claims->authn_instants->len; i++) {
    if (!instant_holds(look, claims->authn_instants->pdata[i]) ||
        !session_holds(look, claims->session_untils->pdata[i]))
      return FALSE;
  }
  return TRUE;
}

static const CheckRow assertion_rows[] = {
    {SAML_CHECK_ISSUER, issuer_holds},
    {SAML_CHECK_SUBJECT, subject_holds},
    {SAML_CHECK_CONFIRMATION, confirmation_holds},
    {SAML_CHECK_CONDITIONS, conditions_hold},
    {SAML_CHECK_AUDIENCE, audience_holds},
    {SAML_CHECK_AUTHENTICATION, authentication_holds},
};

gboolean saml_check_assertion(const SamlConnection *connection, const SamlClaims *claims, gint64 now_us,
                              SamlLogin *login, SamlReport *report) {
  Look look = {connection, claims, now_us, (gint64)connection->skew_seconds * G_USEC_PER_SEC, login, report};
  return run(assertion_rows, G_N_ELEMENTS(assertion_rows), &look);
}
