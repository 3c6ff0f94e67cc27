/* What an identity provider's metadata says, after the checks C97–C102: plain text and certificates. Scope lifetime. */
#pragma once

#include <glib.h>

typedef struct {
  char *entity_id;
  char *sso_redirect, *sso_post, *slo_redirect, *slo_post; /* https; NULL: not offered */
  GPtrArray
      *signing; /* GBytes, certificates (DER) with use absent or signing, all of each KeyDescriptor (A131) */
  GStrv warnings;        /* words for the admin: a garbage certificate skipped, no validUntil … */
  gint64 valid_until_us; /* 0: it does not say */
  gint64 cache_seconds;  /* 0: it does not say */
  gboolean signature_held;
  gboolean wants_signed_requests;
} SamlIdpMetadata;

/* What is asked of a document. */
typedef struct {
  const char *entity_id; /* NULL: the only one in it */
  GBytes *trusted_der;   /* its root must be signed by this certificate; NULL: no signature is asked for */
  gboolean local;        /* an admin vouches for it: http and private addresses are good */
} SamlMetadataWish;

void saml_idp_metadata_clear(SamlIdpMetadata *metadata);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlIdpMetadata, saml_idp_metadata_clear)
