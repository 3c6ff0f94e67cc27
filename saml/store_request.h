/* What we asked: rows that are answered once. */
#pragma once

#include "lib/crypto.h"
#include "lib/db_pool.h"
#include "saml/door.h"

#define SAML_MESSAGE_ID_BYTES 34 /* "_", 32 hex digits, NUL */

typedef enum { SAML_ASK_LOGIN, SAML_ASK_TEST, SAML_ASK_LOGOUT } SamlAskKind;

typedef struct {
  const char *id;
  SamlAskKind kind;
  const guint8 *cookie_hash; /* CRYPTO_SHA256_BYTES; NULL of a logout */
  const char *target;        /* NULL: none */
  gboolean force_authn;
} SamlAskRow;

/* "_" and 128 random bits (A74) into id; returns it. */
char *saml_message_id(char id[SAML_MESSAGE_ID_BYTES]);
gboolean saml_store_request_put(DbPool *pool, gint64 deadline, const SamlDoor *door, const SamlAskRow *row,
                                GError **error);
/* Did this browser begin a sign-in here within the last minute, which was not answered? */
gboolean saml_store_request_fresh(DbPool *pool, gint64 deadline, const SamlDoor *door,
                                  const guint8 *cookie_hash, gboolean *fresh, GError **error);
/* Marks our LogoutRequest as answered. *found FALSE: none is open by that id here. */
gboolean saml_store_request_logged_out(DbPool *pool, gint64 deadline, const SamlDoor *door, const char *id,
                                       gboolean *found, GError **error);
