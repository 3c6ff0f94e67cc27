/* A connection with what the server alone needs to know of it: how its people are told apart and how long they stay. Read-only once
 * loaded; scope lifetime. */
#pragma once

#include "saml/connection.h"

typedef enum { SAML_STATE_DRAFT, SAML_STATE_LIVE, SAML_STATE_OFF } SamlState;
typedef enum { SAML_JOIN_USER_NAME, SAML_JOIN_EXTERNAL_ID, SAML_JOIN_EMAIL, SAML_JOINS } SamlJoin;

typedef struct {
  SamlConnection *connection;
  SamlState state;
  char *org_name;
  char *subject_source; /* "NameID", or the Name of an attribute */
  SamlJoin join;
  int max_session_hours;
  char *help;              /* whom people are to ask; "" */
  GPtrArray *fingerprints; /* char *, of connection->pinned, in its order */
} SamlDoor;

void saml_door_free(SamlDoor *door);
/* "userName", "externalId", "email"; SAML_JOINS when it is none. */
SamlJoin saml_join_find(const char *name);
const char *saml_join_name(SamlJoin join);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SamlDoor, saml_door_free)
