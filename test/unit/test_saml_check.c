#include "saml/check.h"

#include "lib/clock.h"

#define IDP "https://idp.example.org/saml"
#define SP "https://mail.example.org/saml/acme/metadata"
#define ACS "https://mail.example.org/saml/acme/acs"
#define BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define ENTITY "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
#define NOW "2026-11-24T10:00:00Z"

static gint64 at(const char *text) {
  gint64 us;
  g_assert_true(saml_time_parse(text, &us));
  return us;
}

typedef struct {
  const char *text;
  const char *wanted; /* NULL: refused */
} TimeCase;

static const TimeCase time_cases[] = {
    {"2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000000Z"},
    {"2026-11-24T10:00:00.1234567Z", "2026-11-24T10:00:00.123456Z"},
    {"2026-11-24T10:00:00.123Z", "2026-11-24T10:00:00.123000Z"},
    {"2026-11-24T10:00:00+00:00", "2026-11-24T10:00:00.000000Z"},
    {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000Z"},
    {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
    {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
    {"1969-12-31T23:59:59Z", NULL},
    {"1900-01-01T00:00:00Z", NULL},
    {"10000-01-01T00:00:00Z", NULL},
    {"-2026-11-24T10:00:00Z", NULL},
    {"2026-11-24T10:00:00", NULL},
    {"2026-11-24T10:00:00+01:00", NULL},
    {"2026-11-24T10:00:00-00:00", NULL},
    {"2026-11-24T10:00:00.Z", NULL},
    {"2026-11-24T10:00:00.12", NULL},
    {"2026-11-24T10:00:00Z ", NULL},
    {" 2026-11-24T10:00:00Z", NULL},
    {"2026-11-24 10:00:00Z", NULL},
    {"2026-11-24T10:00:00z", NULL},
    {"2026-11-24T24:00:00Z", NULL},
    {"2026-11-24T10:60:00Z", NULL},
    {"2026-11-24T10:00:61Z", NULL},
    {"2026-02-29T10:00:00Z", NULL},
    {"2026-13-01T10:00:00Z", NULL},
    {"2026-11-24T10:00Z", NULL},
    {"2026-11-24", NULL},
    {"yesterday", NULL},
    {"", NULL},
};

static void test_time(gconstpointer data) {
  const TimeCase *c = data;
  gint64 us;
  char text[CLOCK_TEXT_BYTES];
  g_assert_cmpint(saml_time_parse(c->text, &us), ==, c->wanted != NULL);
  if (c->wanted != NULL)
    g_assert_cmpstr(clock_format(us, text), ==, c->wanted);
}

static SamlConnection *connection_new(void) {
  SamlConnection *connection = saml_connection_new();
  connection->idp_entity_id = g_strdup(IDP);
  connection->sp_entity_id = g_strdup(SP);
  connection->acs_url = g_strdup(ACS);
  return connection;
}

static SamlConfirmation good_confirmation(void) {
  return (SamlConfirmation){.method = g_strdup(BEARER),
                            .recipient = g_strdup(ACS),
                            .in_response_to = g_strdup("_q"),
                            .not_on_or_after = g_strdup("2026-11-24T10:05:00Z"),
                            .data = TRUE};
}

static void add_confirmation(SamlClaims *claims) {
  SamlConfirmation confirmation = good_confirmation();
  g_array_append_val(claims->confirmations, confirmation);
}

static void add_audience(SamlClaims *claims, const char *names) {
  g_ptr_array_add(claims->audiences, g_strsplit(names, " ", -1));
}

static void good_claims(SamlClaims *claims) {
  saml_claims_init(claims);
  claims->response_issuer = g_strdup(IDP);
  claims->destination = g_strdup(ACS);
  claims->response_issued = g_strdup(NOW);
  claims->response_in_response_to = g_strdup("_q");
  claims->status = g_strdup("urn:oasis:names:tc:SAML:2.0:status:Success");
  claims->issuer = g_strdup(IDP);
  claims->issued = g_strdup(NOW);
  claims->name_ids = claims->conditions = 1;
  claims->not_before = g_strdup("2026-11-24T09:59:00Z");
  claims->not_on_or_after = g_strdup("2026-11-24T10:10:00Z");
  add_confirmation(claims);
  add_audience(claims, SP);
  g_ptr_array_add(claims->authn_instants, g_strdup("2026-11-24T09:58:00Z"));
  g_ptr_array_add(claims->session_untils, NULL);
  claims->response_signed = TRUE;
}

/* Runs both halves as a response's verifier does. */
static SamlFailure outcome(const SamlClaims *claims, SamlLogin *login, SamlReport *report) {
  g_autoptr(SamlConnection) connection = connection_new();
  saml_report_init(report);
  login->name_id.value = g_strdup("ada@example.org");
  if (saml_check_response(connection, claims, at(NOW), report))
    saml_check_assertion(connection, claims, at(NOW), login, report);
  return report->failure;
}

/* One text of the claims changed; NULL: absent. */
typedef struct {
  gsize offset;
  const char *text;
  SamlFailure failure;
  SamlCheck check;
} TextCase;

#define FIELD(name) G_STRUCT_OFFSET(SamlClaims, name)

static const TextCase text_cases[] = {
    {FIELD(status), "urn:oasis:names:tc:SAML:2.0:status:Responder", SAML_BAD_STATUS, SAML_CHECK_STATUS},
    {FIELD(status), "urn:oasis:names:tc:SAML:2.0:status:success", SAML_BAD_STATUS, SAML_CHECK_STATUS},
    {FIELD(status), "Success", SAML_BAD_STATUS, SAML_CHECK_STATUS},
    {FIELD(status), NULL, SAML_BAD_STATUS, SAML_CHECK_STATUS},
    {FIELD(response_issuer), NULL, SAML_ISSUER_MISMATCH, SAML_CHECK_RESPONSE_ISSUER},
    {FIELD(response_issuer), "https://other.example.org/saml", SAML_ISSUER_MISMATCH,
     SAML_CHECK_RESPONSE_ISSUER},
    {FIELD(response_issuer), " " IDP, SAML_ISSUER_MISMATCH, SAML_CHECK_RESPONSE_ISSUER},
    {FIELD(response_issuer), IDP " ", SAML_ISSUER_MISMATCH, SAML_CHECK_RESPONSE_ISSUER},
    {FIELD(response_issuer), IDP "/", SAML_ISSUER_MISMATCH, SAML_CHECK_RESPONSE_ISSUER},
    {FIELD(response_issuer_format), ENTITY, SAML_OK},
    {FIELD(response_issuer_format), "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
     SAML_ISSUER_MISMATCH, SAML_CHECK_RESPONSE_ISSUER},
    {FIELD(destination), NULL, SAML_DESTINATION, SAML_CHECK_DESTINATION},
    {FIELD(destination), ACS "/", SAML_DESTINATION, SAML_CHECK_DESTINATION},
    {FIELD(destination), "https://MAIL.example.org/saml/acme/acs", SAML_DESTINATION, SAML_CHECK_DESTINATION},
    {FIELD(response_issued), NULL, SAML_BAD_TIME, SAML_CHECK_ISSUED},
    {FIELD(response_issued), "2026-11-24T10:00:00+02:00", SAML_BAD_TIME, SAML_CHECK_ISSUED},
    {FIELD(response_issued), "2026-11-24T10:03:00Z", SAML_OK},
    {FIELD(response_issued), "2026-11-24T10:03:00.000001Z", SAML_STALE, SAML_CHECK_ISSUED},
    {FIELD(response_issued), "2026-11-24T09:47:00.000001Z", SAML_OK},
    {FIELD(response_issued), "2026-11-24T09:47:00Z", SAML_STALE, SAML_CHECK_ISSUED},
    {FIELD(issuer), NULL, SAML_ISSUER_MISMATCH, SAML_CHECK_ISSUER},
    {FIELD(issuer), "https://idp.example.org/SAML", SAML_ISSUER_MISMATCH, SAML_CHECK_ISSUER},
    {FIELD(issuer_format), "urn:x", SAML_ISSUER_MISMATCH, SAML_CHECK_ISSUER},
    {FIELD(issued), NULL, SAML_BAD_TIME, SAML_CHECK_CONDITIONS},
    {FIELD(issued), "2026-11-24T11:00:00Z", SAML_STALE, SAML_CHECK_CONDITIONS},
    {FIELD(response_in_response_to), NULL, SAML_IRT_MISSING, SAML_CHECK_CONFIRMATION},
    {FIELD(response_in_response_to), "_Q", SAML_IRT_UNEXPECTED, SAML_CHECK_CONFIRMATION},
    {FIELD(not_before), NULL, SAML_OK},
    {FIELD(not_before), "2026-11-24T10:03:00Z", SAML_OK},
    {FIELD(not_before), "2026-11-24T10:03:00.000001Z", SAML_NOT_YET_VALID, SAML_CHECK_CONDITIONS},
    {FIELD(not_before), "1900-01-01T00:00:00Z", SAML_BAD_TIME, SAML_CHECK_CONDITIONS},
    {FIELD(not_on_or_after), NULL, SAML_OK},
    {FIELD(not_on_or_after), "2026-11-24T09:59:00.5Z", SAML_OK},
    {FIELD(not_on_or_after), "2026-11-24T09:57:00Z", SAML_EXPIRED, SAML_CHECK_CONDITIONS},
    {FIELD(not_on_or_after), "2026-11-24T09:59:00Z", SAML_EXPIRED, SAML_CHECK_CONDITIONS},
    {FIELD(not_on_or_after), "2026-11-24T12:10:00+02:00", SAML_BAD_TIME, SAML_CHECK_CONDITIONS},
    {FIELD(not_on_or_after), "9999-12-31T23:59:59Z", SAML_OK},
    {FIELD(not_on_or_after), "soon", SAML_BAD_TIME, SAML_CHECK_CONDITIONS},
};

static void check_outcome(const SamlClaims *claims, SamlFailure failure, SamlCheck check) {
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  g_assert_cmpstr(saml_failure_name(outcome(claims, &login, &report)), ==, saml_failure_name(failure));
  if (failure != SAML_OK)
    g_assert_cmpint(report.state[check], ==, SAML_CHECK_FAILED);
}

static void test_text(gconstpointer data) {
  const TextCase *c = data;
  g_auto(SamlClaims) claims;
  good_claims(&claims);
  char **field = G_STRUCT_MEMBER_P(&claims, c->offset);
  g_free(*field);
  *field = g_strdup(c->text);
  check_outcome(&claims, c->failure, c->check);
}

/* One text of the only confirmation. */
#define PART(name) G_STRUCT_OFFSET(SamlConfirmation, name)

static const TextCase confirmation_cases[] = {
    {PART(method), "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", SAML_CONFIRMATION},
    {PART(method), "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches", SAML_CONFIRMATION},
    {PART(method), NULL, SAML_CONFIRMATION},
    {PART(recipient), NULL, SAML_RECIPIENT},
    {PART(recipient), "http://mail.example.org/saml/acme/acs", SAML_RECIPIENT},
    {PART(recipient), ACS "?x=1", SAML_RECIPIENT},
    {PART(recipient), "https://mail.example.org/saml/other/acs", SAML_RECIPIENT},
    {PART(in_response_to), NULL, SAML_IRT_MISSING},
    {PART(in_response_to), "_other", SAML_IRT_UNEXPECTED},
    {PART(not_on_or_after), NULL, SAML_CONFIRMATION},
    {PART(not_on_or_after), "2026-11-24T09:57:00.000001Z", SAML_OK},
    {PART(not_on_or_after), "2026-11-24T09:57:00Z", SAML_EXPIRED},
    {PART(not_on_or_after), "2026-11-24T10:05:00", SAML_BAD_TIME},
    {PART(not_before), "2026-11-24T10:03:00Z", SAML_OK},
    {PART(not_before), "2026-11-24T10:03:01Z", SAML_NOT_YET_VALID},
    {PART(not_before), "garbage", SAML_BAD_TIME},
    {PART(address), "192.0.2.7", SAML_OK},
};

static void test_confirmation(gconstpointer data) {
  const TextCase *c = data;
  g_auto(SamlClaims) claims;
  good_claims(&claims);
  char **field = G_STRUCT_MEMBER_P(&g_array_index(claims.confirmations, SamlConfirmation, 0), c->offset);
  g_free(*field);
  *field = g_strdup(c->text);
  check_outcome(&claims, c->failure, SAML_CHECK_CONFIRMATION);
  if (c->failure == SAML_OK)
    return;
  /* A second one that holds is enough (C60). */
  add_confirmation(&claims);
  check_outcome(&claims, SAML_OK, SAML_CHECK_CONFIRMATION);
}

/* The audience restrictions: "|" between them, blanks between the audiences of one. */
typedef struct {
  const char *restrictions;
  SamlFailure failure;
} AudienceCase;

static const AudienceCase audience_cases[] = {
    {SP, SAML_OK},
    {"https://other.example.org " SP, SAML_OK},
    {SP " https://other.example.org", SAML_OK},
    {SP "|" SP, SAML_OK},
    {"https://other.example.org", SAML_AUDIENCE},
    {"https://other.example.org https://third.example.org", SAML_AUDIENCE},
    {SP "|https://other.example.org", SAML_AUDIENCE},
    {"https://other.example.org|" SP, SAML_AUDIENCE},
    {"", SAML_AUDIENCE},
    {SP "/", SAML_AUDIENCE},
    {"https://mail.example.org/saml/acme", SAML_AUDIENCE},
    {"https://mail.example.org/saml/acme/metadata2", SAML_AUDIENCE},
    {"https://mail.example.org/saml/acme/METADATA", SAML_AUDIENCE},
    {"spn:" SP, SAML_AUDIENCE},
};

static void test_audience(gconstpointer data) {
  const AudienceCase *c = data;
  g_auto(SamlClaims) claims;
  good_claims(&claims);
  g_ptr_array_set_size(claims.audiences, 0);
  g_auto(GStrv) restrictions = g_strsplit(c->restrictions, "|", -1);
  for (gsize i = 0; restrictions[i] != NULL; i++)
    add_audience(&claims, restrictions[i]);
  check_outcome(&claims, c->failure, SAML_CHECK_AUDIENCE);
}

static void no_audience(SamlClaims *claims) {
  g_ptr_array_set_size(claims->audiences, 0);
}

static void no_confirmation(SamlClaims *claims) {
  g_array_set_size(claims->confirmations, 0);
}

static void no_data(SamlClaims *claims) {
  g_array_index(claims->confirmations, SamlConfirmation, 0).data = FALSE;
}

static void no_name_id(SamlClaims *claims) {
  claims->name_ids = 0;
}

static void two_name_ids(SamlClaims *claims) {
  claims->name_ids = 2;
}

static void no_conditions(SamlClaims *claims) {
  claims->conditions = 0;
}

static void two_conditions(SamlClaims *claims) {
  claims->conditions = 2;
}

static void unknown_condition(SamlClaims *claims) {
  claims->unknown_condition = TRUE;
}

static void statement(SamlClaims *claims, const char *instant, const char *until) {
  g_ptr_array_add(claims->authn_instants, g_strdup(instant));
  g_ptr_array_add(claims->session_untils, g_strdup(until));
}

static void no_statement(SamlClaims *claims) {
  g_ptr_array_set_size(claims->authn_instants, 0);
  g_ptr_array_set_size(claims->session_untils, 0);
}

static void signed_in_tomorrow(SamlClaims *claims) {
  statement(claims, "2026-11-25T10:00:00Z", NULL);
}

static void signed_in_never(SamlClaims *claims) {
  statement(claims, NULL, NULL);
}

static void session_over(SamlClaims *claims) {
  statement(claims, NOW, "2026-11-24T09:57:00Z");
}

static void session_not_over(SamlClaims *claims) {
  statement(claims, NOW, "2026-11-24T09:57:01Z");
}

static void session_garbage(SamlClaims *claims) {
  statement(claims, NOW, "tonight");
}

/* Without its own signature the wrapper need not say where it goes (C34). */
static void unsigned_nowhere(SamlClaims *claims) {
  claims->response_signed = FALSE;
  g_clear_pointer(&claims->destination, g_free);
}

static void unsolicited(SamlClaims *claims) {
  g_clear_pointer(&claims->response_in_response_to, g_free);
  g_clear_pointer(&g_array_index(claims->confirmations, SamlConfirmation, 0).in_response_to, g_free);
}

typedef struct {
  const char *name;
  void (*change)(SamlClaims *claims);
  SamlFailure failure;
  SamlCheck check;
} ChangeCase;

static const ChangeCase change_cases[] = {
    {"no-audience", no_audience, SAML_AUDIENCE, SAML_CHECK_AUDIENCE},
    {"no-confirmation", no_confirmation, SAML_CONFIRMATION, SAML_CHECK_CONFIRMATION},
    {"no-data", no_data, SAML_CONFIRMATION, SAML_CHECK_CONFIRMATION},
    {"no-name-id", no_name_id, SAML_SUBJECT_MISSING, SAML_CHECK_SUBJECT},
    {"two-name-ids", two_name_ids, SAML_SUBJECT_MISSING, SAML_CHECK_SUBJECT},
    {"no-conditions", no_conditions, SAML_AUDIENCE, SAML_CHECK_CONDITIONS},
    {"two-conditions", two_conditions, SAML_AUDIENCE, SAML_CHECK_CONDITIONS},
    {"unknown-condition", unknown_condition, SAML_CONDITION_UNKNOWN, SAML_CHECK_CONDITIONS},
    {"no-statement", no_statement, SAML_AUTHN_STALE, SAML_CHECK_AUTHENTICATION},
    {"signed-in-tomorrow", signed_in_tomorrow, SAML_NOT_YET_VALID, SAML_CHECK_AUTHENTICATION},
    {"signed-in-never", signed_in_never, SAML_BAD_TIME, SAML_CHECK_AUTHENTICATION},
    {"session-over", session_over, SAML_SESSION_OVER, SAML_CHECK_AUTHENTICATION},
    {"session-not-over", session_not_over, SAML_OK, SAML_CHECK_AUTHENTICATION},
    {"session-garbage", session_garbage, SAML_BAD_TIME, SAML_CHECK_AUTHENTICATION},
    {"unsigned-nowhere", unsigned_nowhere, SAML_OK, SAML_CHECK_DESTINATION},
    {"unsolicited", unsolicited, SAML_OK, SAML_CHECK_CONFIRMATION},
};

static void test_change(gconstpointer data) {
  const ChangeCase *c = data;
  g_auto(SamlClaims) claims;
  good_claims(&claims);
  c->change(&claims);
  check_outcome(&claims, c->failure, c->check);
}

/* What the checks find out on their way. */
static void test_found(void) {
  g_auto(SamlClaims) claims;
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  good_claims(&claims);
  statement(&claims, "2026-11-24T09:30:00Z", "2026-11-24T18:00:00Z");
  statement(&claims, NOW, "2026-11-24T17:00:00Z");
  g_free(claims.response_issued);
  claims.response_issued = g_strdup("2026-11-24T09:59:58Z");
  g_assert_cmpint(outcome(&claims, &login, &report), ==, SAML_OK);
  g_assert_cmpint(login.issued_us, ==, at(NOW));
  g_assert_cmpint(login.authenticated_us, ==, at("2026-11-24T09:30:00Z"));
  g_assert_cmpint(login.session_until_us, ==, at("2026-11-24T17:00:00Z"));
  g_assert_cmpint(login.valid_until_us, ==, at("2026-11-24T10:08:00Z"));
  g_assert_cmpstr(login.in_response_to, ==, "_q");
  g_assert_cmpint(report.skew_us, ==, -2 * G_USEC_PER_SEC);
  for (SamlCheck check = SAML_CHECK_STATUS; check <= SAML_CHECK_ISSUED; check++)
    g_assert_cmpint(report.state[check], ==, SAML_CHECK_PASSED);
  for (SamlCheck check = SAML_CHECK_ISSUER; check <= SAML_CHECK_AUTHENTICATION; check++)
    g_assert_cmpint(report.state[check], ==, SAML_CHECK_PASSED);
}

/* What was asked, what came back; "" and NULL lists are empty. */
typedef struct {
  gboolean force, enforce;
  const char *authenticated, *asked_contexts, *contexts, *given, *here;
  SamlFailure failure;
} AskedCase;

#define MFA "https://refeds.org/profile/mfa"
#define PASSWORD "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

static const AskedCase asked_cases[] = {
    {FALSE, FALSE, "2026-11-20T10:00:00Z", "", PASSWORD, NULL, NULL, SAML_OK},
    {TRUE, FALSE, NOW, "", PASSWORD, NULL, NULL, SAML_OK},
    {TRUE, FALSE, "2026-11-24T09:57:00Z", "", PASSWORD, NULL, NULL, SAML_OK},
    {TRUE, FALSE, "2026-11-24T09:56:59Z", "", PASSWORD, NULL, NULL, SAML_AUTHN_STALE},
    {FALSE, FALSE, NOW, MFA, MFA, NULL, NULL, SAML_OK},
    {FALSE, FALSE, NOW, PASSWORD " " MFA, MFA, NULL, NULL, SAML_OK},
    {FALSE, FALSE, NOW, MFA, PASSWORD, NULL, NULL, SAML_AUTHN_CONTEXT},
    {FALSE, FALSE, NOW, MFA, MFA "/", NULL, NULL, SAML_AUTHN_CONTEXT},
    {FALSE, FALSE, NOW, MFA, MFA " " PASSWORD, NULL, NULL, SAML_AUTHN_CONTEXT},
    {FALSE, FALSE, NOW, MFA, "", NULL, NULL, SAML_AUTHN_CONTEXT},
    {FALSE, FALSE, NOW, "", "", "192.0.2.7", "198.51.100.1", SAML_OK},
    {FALSE, TRUE, NOW, "", "", "192.0.2.7", "192.0.2.7", SAML_OK},
    {FALSE, TRUE, NOW, "", "", "2001:DB8::0:1", "2001:db8::1", SAML_OK},
    {FALSE, TRUE, NOW, "", "", "192.0.2.7", "198.51.100.1", SAML_ADDRESS},
    {FALSE, TRUE, NOW, "", "", "192.0.2.7", NULL, SAML_ADDRESS},
    {FALSE, TRUE, NOW, "", "", "mail.example.org", "192.0.2.7", SAML_ADDRESS},
    {FALSE, TRUE, NOW, "", "", NULL, "192.0.2.7", SAML_OK},
};

static GStrv list(const char *text) {
  return *text != '\0' ? g_strsplit(text, " ", -1) : NULL;
}

static void test_asked(gconstpointer data) {
  const AskedCase *c = data;
  g_autoptr(SamlConnection) connection = connection_new();
  connection->enforce_address = c->enforce;
  g_auto(GStrv) asked_contexts = list(c->asked_contexts);
  SamlAsked asked = {at(NOW), c->force, asked_contexts, c->here};
  g_auto(SamlLogin) login = {
      .authenticated_us = at(c->authenticated), .contexts = list(c->contexts), .address = g_strdup(c->given)};
  SamlReport report;
  saml_report_init(&report);
  g_assert_cmpint(saml_check_asked(connection, &asked, &login, &report), ==, c->failure == SAML_OK);
  g_assert_cmpstr(saml_failure_name(report.failure), ==, saml_failure_name(c->failure));
}

#define ADD(name, cases, function)                                                         \
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {                                        \
    g_autofree char *path = g_strdup_printf("/saml-check/" name "/%02" G_GSIZE_FORMAT, i); \
    g_test_add_data_func(path, &(cases)[i], function);                                     \
  }

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  ADD("time", time_cases, test_time)
  ADD("text", text_cases, test_text)
  ADD("confirmation", confirmation_cases, test_confirmation)
  ADD("audience", audience_cases, test_audience)
  ADD("change", change_cases, test_change)
  ADD("asked", asked_cases, test_asked)
  g_test_add_func("/saml-check/found", test_found);
  return g_test_run();
}
