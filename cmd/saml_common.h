/* What the verbs of `saml connection` share: the scope, the key file, metadata from a file, standard input or a URL, and how a
 * connection is shown. */
#pragma once

#include "cmd/admin.h"
#include "saml/admin.h"
#include "saml/verifier.h"

gboolean saml_scope(App *app, const VerbCall *call, SamlScope *scope, AdminScope *admin, GError **error);
/* Reads the key that seals our private keys; makes it first where there is none, as the owner of keys_dir would. */
gboolean saml_seal_key(App *app, guint8 *key, GError **error);
/* public_url/saml/SLUG/leaf. Free with g_free. */
char *saml_url(App *app, const char *slug, const char *leaf, GError **error);

/* Where metadata comes from, as typed. */
typedef struct {
  char *text; /* n bytes */
  gsize n;
  char *url, *etag;
  GBytes *certificate;
  gboolean local;
} SamlSource;
gboolean saml_source_read(const VerbCall *call, SamlSource *source, GError **error);
void saml_source_clear(SamlSource *source);
/* Has it read by a verifier of its own. */
gboolean saml_source_parse(App *app, const VerbCall *call, const SamlSource *source, SamlIdpMetadata *idp,
                           GError **error);

/* Prints a connection (saml_admin_show's object, taken): with our addresses, days left, warnings in words. */
gboolean saml_print(App *app, json_t *connection, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlSource, saml_source_clear)
