#include "saml/check.h"

#include "lib/clock.h"
#include "lib/limits.h"

#define ENTITY "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

/* Some identity providers sign logout messages with another of their names (C92); for signing in that name is nobody's. */
static gboolean is_their_name(const SamlConnection *connection, const char *issuer) {
  if (issuer == NULL)
    return FALSE;
  return g_str_equal(issuer, connection->idp_entity_id) ||
         (connection->logout_issuers != NULL &&
          g_strv_contains((const char *const *)connection->logout_issuers, issuer));
}

static gboolean issuer_holds(const SamlConnection *connection, const SamlLogoutClaims *claims,
                             SamlReport *report) {
  if (is_their_name(connection, claims->issuer) &&
      (claims->issuer_format == NULL || g_str_equal(claims->issuer_format, ENTITY))) {
    saml_report_pass(report, SAML_CHECK_RESPONSE_ISSUER);
    return TRUE;
  }
  return saml_report_fail(report, SAML_CHECK_RESPONSE_ISSUER, SAML_ISSUER_MISMATCH, claims->issuer,
                          connection->idp_entity_id);
}

/* C91: it is signed, so it says where it goes. */
static gboolean destination_holds(const SamlConnection *connection, const SamlLogoutClaims *claims,
                                  SamlReport *report) {
  if (g_strcmp0(claims->destination, connection->slo_url) == 0 && claims->destination != NULL) {
    saml_report_pass(report, SAML_CHECK_DESTINATION);
    return TRUE;
  }
  return saml_report_fail(report, SAML_CHECK_DESTINATION, SAML_DESTINATION, claims->destination,
                          connection->slo_url);
}

static gboolean issued_holds(const SamlConnection *connection, const SamlLogoutClaims *claims, gint64 now_us,
                             gint64 *valid_until_us, SamlReport *report) {
  gint64 issued, skew_us = (gint64)connection->skew_seconds * G_USEC_PER_SEC;
  if (!saml_time_parse(claims->issued, &issued))
    return saml_report_fail(report, SAML_CHECK_ISSUED, SAML_BAD_TIME, claims->issued, "a UTC time");
  report->skew_us = issued - now_us;
  *valid_until_us = issued + (gint64)LIMIT_SAML_ISSUED_SECONDS * G_USEC_PER_SEC + skew_us;
  char now[CLOCK_TEXT_BYTES];
  if (now_us < issued - skew_us || now_us >= *valid_until_us)
    return saml_report_fail(report, SAML_CHECK_ISSUED, SAML_STALE, claims->issued, clock_format(now_us, now));
  saml_report_pass(report, SAML_CHECK_ISSUED);
  return TRUE;
}

static gboolean limit_holds(const SamlConnection *connection, const SamlLogoutClaims *claims, gint64 now_us,
                            gint64 *valid_until_us, SamlReport *report) {
  gint64 until;
  if (claims->not_on_or_after == NULL) {
    saml_report_skip(report, SAML_CHECK_CONDITIONS);
    return TRUE;
  }
  if (!saml_time_parse(claims->not_on_or_after, &until))
    return saml_report_fail(report, SAML_CHECK_CONDITIONS, SAML_BAD_TIME, claims->not_on_or_after,
                            "a UTC time");
  until += (gint64)connection->skew_seconds * G_USEC_PER_SEC;
  if (now_us >= until)
    return saml_report_fail(report, SAML_CHECK_CONDITIONS, SAML_EXPIRED, claims->not_on_or_after, NULL);
  *valid_until_us = MIN(*valid_until_us, until);
  saml_report_pass(report, SAML_CHECK_CONDITIONS);
  return TRUE;
}

gboolean saml_check_logout(const SamlConnection *connection, const SamlLogoutClaims *claims, gint64 now_us,
                           gint64 *valid_until_us, SamlReport *report) {
  return issuer_holds(connection, claims, report) && destination_holds(connection, claims, report) &&
         issued_holds(connection, claims, now_us, valid_until_us, report) &&
         limit_holds(connection, claims, now_us, valid_until_us, report);
}
