/* What an admin's commands do with connections. JSON objects are what --json prints; new references, NULL with an error. What changes is one
 * transaction with its audit record. */
#pragma once

#include <jansson.h>

#include "saml/error.h"
#include "saml/metadata.h"
#include "saml/scope.h"

/* How a connection is to be. What is not given (NULL, -1) has its default, or stays as it is. */
typedef struct {
  const char *slug, *name; /* slug: letters, digits, dashes; unique among all organisations */
  const char *subject, *join, *signed_what, *name_id_format;
  const char *const *contexts, *const *logout_issuers;
  gint64 skew_seconds, session_hours;
  int force_authn, allow_cbc, enforce_address;
} SamlWish;
#define SAML_WISH_INIT \
  { .skew_seconds = -1, .session_hours = -1, .force_authn = -1, .allow_cbc = -1, .enforce_address = -1 }

/* Where the metadata came from. url NULL: by hand. */
typedef struct {
  const char *url, *etag;
  gboolean local;
  GBytes *certificate;
} SamlOrigin;

typedef struct {
  const SamlWish *wish;
  gint64 source_id;
  const SamlIdpMetadata *idp;
  const SamlOrigin *origin;
  const char *replaces;   /* slug of the one that it is to take over from; NULL */
  gboolean draft;         /* for trial sign-ins alone, until it is set live */
  const guint8 *seal_key; /* CRYPTO_SEAL_KEY_BYTES: our new keys are sealed with it */
} SamlCreate;

json_t *saml_admin_create(const SamlScope *scope, const SamlCreate *create, GError **error);
/* state: "live", "off", "draft"; NULL: as it is. */
json_t *saml_admin_set(const SamlScope *scope, const char *slug, const SamlWish *wish, const char *state,
                       GError **error);
json_t *saml_admin_list(const SamlScope *scope, GError **error);
/* Everything but private keys; certificates with their last day, warnings in words. */
json_t *saml_admin_show(const SamlScope *scope, const char *slug, GError **error);
json_t *saml_admin_remove(const SamlScope *scope, const char *slug, GError **error);

/* Our own keys: prepare publishes new ones beside the present ones; change lets them take over, the former go on decrypting; finish
 * forgets the former. */
typedef enum { SAML_ROTATE_PREPARE, SAML_ROTATE_CHANGE, SAML_ROTATE_FINISH } SamlRotate;
json_t *saml_admin_rotate(const SamlScope *scope, const char *slug, SamlRotate step, const guint8 *seal_key,
                          GError **error);
/* A certificate of the provider, by the first characters of its fingerprint: trusted, or removed. */
json_t *saml_admin_key(const SamlScope *scope, const char *slug, const char *fingerprint, gboolean trust,
                       GError **error);

/* The last ones of a connection, the newest first; or the one of that name in full. */
json_t *saml_admin_traces(const SamlScope *scope, const char *slug, gint64 limit, GError **error);
json_t *saml_admin_trace(const SamlScope *scope, const char *name, GError **error);
