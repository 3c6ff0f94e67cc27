/* What a new copy of an identity provider's metadata changes: a comparison with the record, and who may say yes to it. A copy whose
 * signature held, by a certificate given beforehand, speaks for itself; any other only proposes (C98–C103): an admin accepts. Nothing is ever
 * lost because a copy could not be had. Pure. */
#pragma once

#include "saml/metadata.h"

typedef enum { SAML_KEY_PENDING, SAML_KEY_TRUSTED, SAML_KEY_REMOVED } SamlKeyState;

/* A key of the record. */
typedef struct {
  GBytes *der;
  SamlKeyState state;
  gboolean by_hand; /* an admin decided; no copy of metadata undoes that */
} SamlKnownKey;

/* What the record says. Strings NULL: none. */
typedef struct {
  const char *entity_id, *sso_url, *slo_url;
  gboolean sso_post, slo_post;
  const GArray *keys; /* SamlKnownKey */
} SamlKnownIdp;

typedef enum {
  SAML_REFRESH_KEY_ADD,    /* der: trusted from now on, or pending when it waits */
  SAML_REFRESH_KEY_REMOVE, /* der: not in the copy any more */
  SAML_REFRESH_SSO,        /* text: the new address; post */
  SAML_REFRESH_SLO,        /* text: the new address, NULL: none any more; post */
} SamlRefreshKind;

typedef struct {
  SamlRefreshKind kind;
  GBytes *der;
  char *text;
  gboolean post;
  gboolean waits; /* for an admin */
} SamlRefreshStep;

typedef struct {
  GArray *steps;      /* SamlRefreshStep */
  const char *refuse; /* static text: why the copy counts for nothing; NULL */
} SamlRefreshPlan;

/* accepted: an admin has seen the plan and says yes. */
void saml_refresh_plan(const SamlKnownIdp *known, const SamlIdpMetadata *copy, gboolean accepted,
                       SamlRefreshPlan *plan);
gboolean saml_refresh_waits(const SamlRefreshPlan *plan);
void saml_refresh_plan_clear(SamlRefreshPlan *plan);
/* Seconds until the next look: what the copy says, between an hour and a day; a day when it says nothing. */
gint64 saml_refresh_after(const SamlIdpMetadata *copy, gint64 now_us);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlRefreshPlan, saml_refresh_plan_clear)
