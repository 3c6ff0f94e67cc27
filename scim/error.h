/* Every way a SCIM request can fail: one closed enum; one table gives each its HTTP status, scimType (RFC 7644 §3.12,
 * table 9), GP code, and whether it is ours (5xx, logged as an error) or theirs. */
#pragma once

#include <glib.h>

typedef enum {
  SCIM_ERROR_INVALID_FILTER, /* 400 invalidFilter  GP-2201 */
  SCIM_ERROR_TOO_MANY,       /* 400 tooMany        GP-2202: a limit of lib/limits.h, named in the message */
  SCIM_ERROR_INVALID_SYNTAX, /* 400 invalidSyntax  GP-2203: the JSON, or its shape */
  SCIM_ERROR_INVALID_PATH,   /* 400 invalidPath    GP-2204 */
  SCIM_ERROR_NO_TARGET,      /* 400 noTarget       GP-2207 */
  SCIM_ERROR_INVALID_VALUE,  /* 400 invalidValue   GP-2205 */
  SCIM_ERROR_MUTABILITY,     /* 400 mutability     GP-2206 */
  SCIM_ERROR_SENSITIVE,      /* 403 sensitive      GP-2208: a filter on password */
  SCIM_ERROR_UNIQUENESS,     /* 409 uniqueness     GP-2302: userName or displayName is taken */
  SCIM_ERROR_UNKNOWN_ATTRIBUTE, /* 400 invalidValue GP-2209: strict tokens only */
  SCIM_ERROR_DOMAIN,         /* 403                GP-2311: outside the token's domains */
  SCIM_ERROR_TOKEN_MISSING,  /* 401                GP-2100 */
  SCIM_ERROR_TOKEN_UNKNOWN,  /* 401                GP-2101 */
  SCIM_ERROR_TOKEN_EXPIRED,  /* 401                GP-2102 */
  SCIM_ERROR_TOKEN_ADDRESS,  /* 401                GP-2103 */
  SCIM_ERROR_TOKEN_REVOKED,  /* 401                GP-2105 */
  SCIM_ERROR_TOKEN_ORG,      /* 401                GP-2106: /o/{org} is not the token's */
  SCIM_ERROR_TOKEN_FORM,     /* 401                GP-2107: mistyped, or a form this token's profile does not take */
  SCIM_ERROR_DISCOVERY_FILTER, /* 403              GP-2210: RFC 7644 §4 */
  SCIM_ERROR_NOT_FOUND,      /* 404                GP-2301 */
  SCIM_ERROR_NO_ENDPOINT,    /* 404                GP-2304 */
  SCIM_ERROR_METHOD,         /* 405                GP-2305 */
  SCIM_ERROR_PRECONDITION,   /* 412                GP-2306: If-Match */
  SCIM_ERROR_TOO_LARGE,      /* 413                GP-2307 */
  SCIM_ERROR_MEDIA_TYPE,     /* 415                GP-2308 */
  SCIM_ERROR_THROTTLED,      /* 429                GP-2309 */
  SCIM_ERROR_NOT_OFFERED,    /* 501                GP-2312: /Me, /Bulk until offered */
  SCIM_ERROR_UNAVAILABLE,    /* 503                GP-2501: database away; Retry-After */
  SCIM_ERROR_BUSY,           /* 503                GP-2502: queue full or deadline over */
  SCIM_ERROR_INTERNAL,       /* 500                GP-2500 */
} ScimErrorCode;

#define SCIM_ERROR (scim_error_quark())
GQuark scim_error_quark(void);

typedef struct {
  int status;
  const char *scim_type; /* NULL when the RFC has none */
  int gp_code;
  gboolean ours;
} ScimErrorRow;

/* Of a SCIM_ERROR code. DB_ERROR_UNAVAILABLE/TIMEOUT/IN_DOUBT read as UNAVAILABLE, DB_ERROR_CONFLICT as BUSY, a JSONTEXT_ERROR
 * as INVALID_SYNTAX (TOO_LARGE for SIZE), everything else as INTERNAL. */
const ScimErrorRow *scim_error_row(const GError *error);
/* The Error body: schemas, status (a string), scimType, detail = the message for the peer (a fixed sentence for ours) + " (GP-nnnn)". Free with g_free. */
char *scim_error_body(const GError *error);
/* The same from parts, for refusals of the HTTP layer. */
char *scim_error_body_parts(int status, const char *scim_type, int gp_code, const char *message);
