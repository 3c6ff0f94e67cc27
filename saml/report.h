/* What was looked at in one message, in order: the trace that an admin reads as ✓ and ✗ (`gatepost saml connection trace`). Each row is a
 * check of the catalogue; the first that fails ends the message. No value here is secret: `saw` and `wanted` are clipped, cleaned and
 * never hold a signature, a whole message or an attribute's value. */
#pragma once

#include "saml/failure.h"

typedef enum {
  SAML_CHECK_FORM,               /* C01–C06 */
  SAML_CHECK_XML,                /* C13–C26 */
  SAML_CHECK_STRUCTURE,          /* C27–C30, C36, C37 */
  SAML_CHECK_STATUS,             /* C31 */
  SAML_CHECK_RESPONSE_ISSUER,    /* C32 */
  SAML_CHECK_DESTINATION,        /* C34 */
  SAML_CHECK_ISSUED,             /* C35 */
  SAML_CHECK_SIGNATURE_RESPONSE, /* C38–C51 */
  SAML_CHECK_DECRYPTION,         /* C52–C58 */
  SAML_CHECK_SIGNATURE_ASSERTION,
  SAML_CHECK_ISSUER,         /* C33 */
  SAML_CHECK_SUBJECT,        /* C59 */
  SAML_CHECK_CONFIRMATION,   /* C60–C65: method, data, Recipient, times */
  SAML_CHECK_CONDITIONS,     /* C66, C68, C69 */
  SAML_CHECK_AUDIENCE,       /* C67 */
  SAML_CHECK_AUTHENTICATION, /* C71, C73 */
  SAML_CHECK_SECOND,         /* lasso agrees */
  SAML_CHECK_REQUEST,        /* C64, C86: we asked, once */
  SAML_CHECK_BROWSER,        /* C84 */
  SAML_CHECK_FRESH,          /* C71: ForceAuthn kept */
  SAML_CHECK_CONTEXT,        /* C72 */
  SAML_CHECK_REPLAY,         /* C70 */
  SAML_CHECK_MAPPING,        /* C76–C81: the subject source gives one usable value */
  SAML_CHECK_PERSON,         /* C82, C83: known here, bound, active */
  SAML_CHECKS                /* how many */
} SamlCheck;

typedef enum {
  SAML_CHECK_NOT_REACHED,
  SAML_CHECK_PASSED,
  SAML_CHECK_FAILED,
  SAML_CHECK_NOT_NEEDED
} SamlCheckState;

#define SAML_REPORT_TEXT_BYTES 256

/* By value; saml_report_init first. */
typedef struct {
  guint8 state[SAML_CHECKS]; /* SamlCheckState */
  SamlFailure failure;
  char saw[SAML_REPORT_TEXT_BYTES], wanted[SAML_REPORT_TEXT_BYTES]; /* of the check that failed; "" */
  gint64 skew_us; /* their clock minus ours, by IssueInstant and our receipt; G_MAXINT64: not known */
} SamlReport;

void saml_report_init(SamlReport *report);
void saml_report_pass(SamlReport *report, SamlCheck check);
void saml_report_skip(SamlReport *report, SamlCheck check);
/* Returns FALSE, so that a check ends with `return saml_report_fail(…)`. saw and wanted may be NULL. */
gboolean saml_report_fail(SamlReport *report, SamlCheck check, SamlFailure failure, const char *saw,
                          const char *wanted);
const char *saml_check_name(SamlCheck check); /* "audience" */
const char *saml_check_text(SamlCheck check); /* "the assertion is for us (Audience)" */
