/* What real identity providers write beside the RFCs. Each leniency has a name, a switch per token and a counter; the
 * pure functions ask here, once, at the place where they would otherwise refuse. */
#pragma once

#include <glib.h>

typedef enum {
  SCIM_LENIENT_OP_CASE,            /* "Add", "Replace" (RFC 7644 §3.5.2 has lower case) */
  SCIM_LENIENT_BOOLEAN_STRINGS,    /* "True" for true, in values (E2) */
  SCIM_LENIENT_ARRAY_FOR_SINGLE,   /* a one-element array for a single value (E12) */
  SCIM_LENIENT_SINGLE_FOR_ARRAY,   /* a single value for an array */
  SCIM_LENIENT_STRING_FOR_COMPLEX, /* "m1" for {"value":"m1"}: manager, members (E12, E18) */
  SCIM_LENIENT_CREATE_ON_MISS,     /* emails[type eq "work"].value that matches nothing makes the element (E3, E4) */
  SCIM_LENIENT_DOTTED_KEYS,        /* "name.givenName", "urn:…:User:title" as keys of a value (E6) */
  SCIM_LENIENT_REMOVE_BY_VALUE,    /* remove with a value array removes just those (E9) */
  SCIM_LENIENT_READONLY_ECHO,      /* a readOnly attribute with its present value inside a no-path PATCH value (O9) */
  SCIM_LENIENT_EMPTY_CLEARS,       /* "" for an optional string or reference is no value */
  SCIM_LENIENT_UNKNOWN_ATTRIBUTES, /* kept aside with the resource */
  SCIM_LENIENT_UNKNOWN_SCHEMAS,    /* foreign or damaged URIs in schemas, with or without attributes under them */
  SCIM_LENIENT_MISSING_SCHEMAS,    /* no schemas in a body */
  SCIM_LENIENT_PASSWORD_IGNORED,   /* a password is accepted and not kept: nobody signs in with one */
  SCIM_LENIENT_OP_EXTRAS,          /* members of an operation object beside op, path, value (E17) */
  SCIM_LENIENT_PENDING_MEMBERS,    /* an unknown member waits until that person arrives */
  SCIM_LENIENT_PUT_KEEPS_MEMBERS,  /* PUT of a group without the key members keeps them */
  SCIM_LENIENT_PUT_KEEPS_ACTIVE,   /* PUT of a user without active keeps it */
  SCIM_LENIENT_FILTER_BARE_VALUE,  /* userName eq ada (unquoted) */
  SCIM_LENIENT_FILTER_BOOLEAN_STRING, /* primary eq "True" (E14) */
  SCIM_LENIENT_FILTER_SUBATTRIBUTE,   /* emails[type eq "work"].value eq "x": outside the grammar */
  SCIM_LENIENT_FILTER_SPACING,     /* userName eq"ada" (RFC 7644's own example) */
  SCIM_LENIENT_FILTER_COMPLEX,     /* manager eq "x" compares manager.value */
  SCIM_LENIENT_EXTENSION_NAMES,    /* manager for urn:…:enterprise:2.0:User:manager, in filters and PATCH paths */
  SCIM_LENIENT_BEARER_FORMS,       /* Bearer twice, or not at all; line breaks around a pasted token */
  SCIM_LENIENT_CONTENT_TYPE,       /* a body without Content-Type */
  SCIM_LENIENT_COUNT
} ScimLeniency;

/* One request's view. Zero-initialise allowed for strict. */
typedef struct {
  guint64 allowed; /* bit per ScimLeniency */
  guint64 used;    /* which were needed */
} ScimDialect;

#define SCIM_DIALECT_ALL ((G_GUINT64_CONSTANT(1) << SCIM_LENIENT_COUNT) - 1)

/* TRUE when the leniency is on; it then counts as used. Call only when it is needed. */
gboolean scim_dialect_allows(ScimDialect *dialect, ScimLeniency leniency);
/* "op-case"; what it accepts, one sentence. */
const char *scim_dialect_name(ScimLeniency leniency);
const char *scim_dialect_about(ScimLeniency leniency);
/* The leniency of that name; FALSE when there is none. */
gboolean scim_dialect_find(const char *name, ScimLeniency *leniency);

typedef struct {
  const char *name; /* "okta", "entra", "onelogin", "jumpcloud", "ping", "google", "keycloak", "any", "strict" */
  const char *about;
  guint64 allowed;
} ScimProfile;
/* NULL when unknown. The table ends with name NULL. */
const ScimProfile *scim_profile_find(const char *name);
const ScimProfile *scim_profile_all(void);
