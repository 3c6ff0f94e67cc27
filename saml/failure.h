/* Why a SAML message was refused: one closed list. The name stands in audit records, traces and the docs; people see one page and a
 * trace id. Pure. */
#pragma once

#include <glib.h>

typedef enum {
  SAML_OK,
  /* intake */
  SAML_TOO_LARGE,
  SAML_BAD_FORM,
  SAML_BAD_BASE64,
  SAML_RELAY_INVALID,
  /* XML */
  SAML_BAD_XML,
  SAML_DOCTYPE,
  SAML_CDATA,
  SAML_COMMENT,
  SAML_PI,
  SAML_ENCODING,
  SAML_LIMIT_ELEMENTS,
  SAML_LIMIT_DEPTH,
  SAML_LIMIT_ATTRIBUTES,
  SAML_LIMIT_NS,
  SAML_DUP_ID,
  /* structure */
  SAML_BAD_STRUCTURE,
  SAML_MULTI_ASSERTION,
  SAML_VERSION,
  SAML_BAD_STATUS,
  /* signature and keys */
  SAML_SIG_MISSING,
  SAML_SIG_INVALID,
  SAML_SIG_ALG,
  SAML_SIG_KEY_WEAK,
  SAML_SIG_PROFILE,
  SAML_NO_KEY,
  /* encryption */
  SAML_ENC_ALG,
  SAML_ENC_FAILED,
  /* meaning */
  SAML_ISSUER_MISMATCH,
  SAML_DESTINATION,
  SAML_STALE, /* IssueInstant out of its window */
  SAML_SUBJECT_MISSING,
  SAML_CONFIRMATION,
  SAML_RECIPIENT,
  SAML_ADDRESS,
  SAML_EXPIRED,
  SAML_NOT_YET_VALID,
  SAML_BAD_TIME,
  SAML_AUDIENCE,
  SAML_CONDITION_UNKNOWN,
  SAML_AUTHN_STALE,
  SAML_AUTHN_CONTEXT,
  SAML_SESSION_OVER, /* SessionNotOnOrAfter has passed */
  SAML_LASSO_DISAGREES,
  /* request and browser */
  SAML_IRT_MISSING,
  SAML_IRT_UNKNOWN,
  SAML_IRT_REUSED,
  SAML_IRT_UNEXPECTED,
  SAML_BROWSER_MISMATCH,
  SAML_REPLAY,
  /* person */
  SAML_SUBJECT_UNKNOWN,
  SAML_SUBJECT_CHANGED,
  SAML_SUBJECT_UNUSABLE,  /* transient, over-long, control characters */
  SAML_ATTRIBUTE_INVALID, /* a mapped attribute twice, or with markup inside */
  SAML_USER_DISABLED,
  SAML_DOMAIN_UNVERIFIED,
  /* ours */
  SAML_CONNECTION_OFF,
  SAML_VERIFIER_AWAY, /* it died, or took too long */
  SAML_BUSY,
  SAML_FAILURES /* how many */
} SamlFailure;

/* Whose move it is: what the person is told to do. */
typedef enum {
  SAML_BLAME_NOBODY,
  SAML_BLAME_RETRY,  /* sign in again: it was old, used, or another browser's */
  SAML_BLAME_IDP,    /* the identity provider's admin, or ours, must look */
  SAML_BLAME_PERSON, /* unknown or switched off: ask your admin */
  SAML_BLAME_US,     /* try again in a minute */
} SamlBlame;

const char *saml_failure_name(SamlFailure failure); /* "sig_invalid" */
int saml_failure_code(SamlFailure failure); /* GP number: 4100 + the value; explain has a row for each */
SamlBlame saml_failure_blame(SamlFailure failure);
const char *
saml_failure_text(SamlFailure failure); /* one sentence for the admin: what is wrong and what to do */
SamlFailure saml_failure_find(const char *name); /* SAML_FAILURES when there is none */
