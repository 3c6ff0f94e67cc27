/* Connections in the database, as the admin's commands read and change them. What is not there is json_null, or *found FALSE. */
#pragma once

#include "audit/audit.h"
#include "saml/admin.h"

json_t *saml_store_admin_list(const SamlScope *scope, GError **error);
json_t *saml_store_admin_show(const SamlScope *scope, const char *slug, GError **error);
json_t *saml_store_admin_traces(const SamlScope *scope, const char *slug, gint64 limit, GError **error);
json_t *saml_store_admin_trace(const SamlScope *scope, const char *name, GError **error);

/* Queues the audit record of a change. Takes detail. */
void saml_admin_record(Db *db, const SamlScope *scope, const char *action, const char *subject,
                       json_t *detail);
/* What a wish gives, for the record. New reference. */
json_t *saml_wish_detail(const SamlWish *wish, const char *state);
/* In a transaction: what the wish gives, and the state unless NULL; one row when it is there. */
DbResult *saml_store_admin_put(Db *db, const SamlScope *scope, const char *slug, const SamlWish *wish,
                               const char *state, GError **error);
gboolean saml_store_admin_set(const SamlScope *scope, const char *slug, const SamlWish *wish,
                              const char *state, gboolean *found, GError **error);
gboolean saml_store_admin_remove(const SamlScope *scope, const char *slug, gboolean *found, GError **error);

/* A key pair of ours, sealed. */
typedef struct {
  const char *purpose; /* "sign", "decrypt" */
  GBytes *der, *sealed;
  gint64 not_after_us;
} SamlNewKey;
/* The connection with its keys, in one transaction. A unique violation comes back as DB_ERROR_UNIQUE. */
gboolean saml_store_admin_create(const SamlScope *scope, const SamlCreate *create, const SamlNewKey keys[2],
                                 GError **error);
/* keys NULL: not needed for this step. */
typedef enum { SAML_ROTATED, SAML_ROTATE_NO_SUCH, SAML_ROTATE_NOT_NOW } SamlRotated;
gboolean saml_store_admin_rotate(const SamlScope *scope, const char *slug, SamlRotate step,
                                 const SamlNewKey *keys, SamlRotated *result, GError **error);
typedef enum { SAML_KEY_SET, SAML_KEY_NO_SUCH, SAML_KEY_UNSURE, SAML_KEY_LAST } SamlKeySet;
gboolean saml_store_admin_key(const SamlScope *scope, const char *slug, const char *fingerprint,
                              gboolean trust, SamlKeySet *result, GError **error);
