/* One identity provider of one organisation, as far as signing in goes: who it is, which keys are pinned, what we ask of it. The URL path
 * names it, so it is known before a byte of XML is read; nothing in a message ever chooses it. */
#pragma once

#include <glib.h>

typedef enum { SAML_SIGNED_EITHER, SAML_SIGNED_RESPONSE, SAML_SIGNED_ASSERTION, SAML_SIGNED_BOTH } SamlSigned;
typedef enum { SAML_BINDING_REDIRECT, SAML_BINDING_POST } SamlBinding;

/* A certificate that we accept signatures by: a trust anchor, its dates are for warnings only (C47). */
typedef struct {
  GBytes *der;
} SamlPinned;

/* One of our key pairs, the private half sealed (lib/crypto_seal.h) with the key file that only the verifier process reads. */
typedef struct {
  GBytes *der;    /* certificate */
  GBytes *sealed; /* PKCS#8 DER, sealed; its associated data is the connection's slug */
} SamlOwnKey;

#define SAML_SKEW_SECONDS 180 /* default; SDP-G01 asks for three to five minutes */

/* Read-only once loaded; shared by reference, from any thread. */
typedef struct {
  gint64 org_id, connection_id, source_id;
  gint64 version; /* grows with each change of the row or its keys: what caches go by */
  char *slug; /* "acme-okta": the {connection} of /saml/{connection}/… ; unique among all organisations */
  char *name;
  char *sp_entity_id, *acs_url,
      *slo_url; /* from public_url and the slug; never from a request's Host (A122) */
  char *idp_entity_id;
  GStrv logout_issuers;        /* further names that logout messages may carry (Entra); may be empty */
  char *sso_url, *idp_slo_url; /* idp_slo_url NULL: none */
  SamlBinding sso_binding, slo_binding;
  GArray *pinned;  /* SamlPinned, the accepted ones */
  GArray *signing; /* SamlOwnKey: the current, then the next */
  GArray *decryption;
  SamlSigned signed_what;
  gboolean allow_cbc, enforce_address, force_authn;
  GStrv contexts;       /* RequestedAuthnContext, exact; empty: not asked */
  char *name_id_format; /* NameIDPolicy Format; NULL: not sent */
  int skew_seconds;     /* 0…300 */
} SamlConnection;

/* Empty, with its arrays made; whoever fills it owns every text in it to it. A list of texts may stay NULL: none. */
SamlConnection *saml_connection_new(void);
SamlConnection *saml_connection_ref(SamlConnection *connection);
void saml_connection_unref(SamlConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlConnection, saml_connection_unref)
