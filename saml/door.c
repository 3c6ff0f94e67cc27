#include "saml/door.h"

#include <string.h>

static const char *const joins[SAML_JOINS] = {
    [SAML_JOIN_USER_NAME] = "userName", [SAML_JOIN_EXTERNAL_ID] = "externalId", [SAML_JOIN_EMAIL] = "email"};

void saml_door_free(SamlDoor *door) {
  if (door == NULL)
    return;
  saml_connection_unref(door->connection);
  g_free(door->org_name);
  g_free(door->subject_source);
  g_free(door->help);
  g_clear_pointer(&door->fingerprints, g_ptr_array_unref);
  g_free(door);
}

SamlJoin saml_join_find(const char *name) {
  guint i = 0;
  while (i < SAML_JOINS && strcmp(joins[i], name) != 0)
    i++;
  return (SamlJoin)i;
}

const char *saml_join_name(SamlJoin join) {
  return joins[join];
}
