#include "saml/check.h"

#include "lib/cidr.h"
#include "lib/clock.h"

/* C65: compared as addresses, since the same one has several spellings. An assertion without an address binds nobody. */
static gboolean address_holds(const SamlConnection *connection, const SamlAsked *asked,
                              const SamlLogin *login) {
  IpAddress given, here;
  if (!connection->enforce_address || login->address == NULL)
    return TRUE;
  if (asked->address == NULL || !cidr_address_parse(asked->address, &here) ||
      !cidr_address_parse(login->address, &given))
    return FALSE;
  char given_text[CIDR_TEXT_BYTES], here_text[CIDR_TEXT_BYTES];
  return g_str_equal(cidr_address_format(&given, given_text), cidr_address_format(&here, here_text));
}

/* C72: the weakest statement counts. */
static const char *unasked_context(const SamlAsked *asked, const SamlLogin *login) {
  for (gsize i = 0; login->contexts[i] != NULL; i++) {
    if (!g_strv_contains((const char *const *)asked->contexts, login->contexts[i]))
      return login->contexts[i];
  }
  return NULL;
}

static gboolean context_holds(const SamlAsked *asked, const SamlLogin *login, SamlReport *report) {
  if (asked->contexts == NULL || asked->contexts[0] == NULL) {
    saml_report_skip(report, SAML_CHECK_CONTEXT);
    return TRUE;
  }
  gboolean none = login->contexts == NULL || login->contexts[0] == NULL;
  const char *other = none ? NULL : unasked_context(asked, login);
  if (none || other != NULL)
    return saml_report_fail(report, SAML_CHECK_CONTEXT, SAML_AUTHN_CONTEXT, other, asked->contexts[0]);
  saml_report_pass(report, SAML_CHECK_CONTEXT);
  return TRUE;
}

static gboolean fresh_holds(const SamlConnection *connection, const SamlAsked *asked, const SamlLogin *login,
                            SamlReport *report) {
  if (!asked->force_authn) {
    saml_report_skip(report, SAML_CHECK_FRESH);
    return TRUE;
  }
  char saw[CLOCK_TEXT_BYTES], wanted[CLOCK_TEXT_BYTES];
  if (login->authenticated_us < asked->asked_us - (gint64)connection->skew_seconds * G_USEC_PER_SEC)
    return saml_report_fail(report, SAML_CHECK_FRESH, SAML_AUTHN_STALE,
                            clock_format(login->authenticated_us, saw),
                            clock_format(asked->asked_us, wanted));
  saml_report_pass(report, SAML_CHECK_FRESH);
  return TRUE;
}

gboolean saml_check_asked(const SamlConnection *connection, const SamlAsked *asked, const SamlLogin *login,
                          SamlReport *report) {
  if (!address_holds(connection, asked, login))
    return saml_report_fail(report, SAML_CHECK_CONFIRMATION, SAML_ADDRESS, asked->address, login->address);
  return fresh_holds(connection, asked, login, report) && context_holds(asked, login, report);
}
