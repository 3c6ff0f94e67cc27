/* Sessions in the database. Which of them count is said by the view web_session_now. */
#pragma once

#include <jansson.h>

#include "lib/crypto.h"
#include "saml/session.h"
#include "saml/store_trace.h"
#include "saml/verifier.h"

/* *session NULL: there is none by that cookie. Notes that it was seen. */
gboolean saml_store_session_find(DbPool *pool, gint64 deadline, const guint8 *hash, SamlSession **session,
                                 GError **error);

/* The browser fetches its session, once: by the handle, with the cookie that it asked with; gets hash as its cookie. before: hash of a session
 * cookie that it brought along, whose session this one replaces; NULL. *target NULL: there is nothing to fetch. */
typedef struct {
  const guint8 *pickup, *browser, *hash, *before;
} SamlPickup;
gboolean saml_store_session_pick_up(DbPool *pool, gint64 deadline, const SamlPickup *pickup, char **target,
                                    GError **error);

/* What a logout message of the identity provider ends; the message counts once. */
typedef struct {
  const SamlDoor *door;
  const SamlCaller *caller;
  const SamlLogoutMessage *message;
  SamlReport *report; /* SAML_REPLAY when it counted before */
} SamlLogoutEnd;
gboolean saml_store_session_logout(DbPool *pool, gint64 deadline, const SamlLogoutEnd *end, GError **error);

/* What our own LogoutRequest must name; FALSE also when the session is unknown. */
gboolean saml_store_session_name(DbPool *pool, gint64 deadline, const SamlSession *session, SamlNameId *name,
                                 char **session_index, GError **error);
