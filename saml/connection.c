#include "saml/connection.h"

static void clear_pinned(void *data) {
  SamlPinned *pinned = data;
  g_bytes_unref(pinned->der);
}

static void clear_own_key(void *data) {
  SamlOwnKey *key = data;
  g_bytes_unref(key->der);
  g_bytes_unref(key->sealed);
}

static GArray *own_keys_new(void) {
  GArray *keys = g_array_new(FALSE, TRUE, sizeof(SamlOwnKey));
  g_array_set_clear_func(keys, clear_own_key);
  return keys;
}

SamlConnection *saml_connection_new(void) {
  SamlConnection *connection = g_atomic_rc_box_new0(SamlConnection);
  connection->pinned = g_array_new(FALSE, TRUE, sizeof(SamlPinned));
  g_array_set_clear_func(connection->pinned, clear_pinned);
  connection->signing = own_keys_new();
  connection->decryption = own_keys_new();
  connection->skew_seconds = SAML_SKEW_SECONDS;
  return connection;
}

static void clear(void *data) {
  SamlConnection *connection = data;
  char *texts[] = {connection->slug,    connection->name,        connection->sp_entity_id,
                   connection->acs_url, connection->slo_url,     connection->idp_entity_id,
                   connection->sso_url, connection->idp_slo_url, connection->name_id_format};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_strfreev(connection->logout_issuers);
  g_strfreev(connection->contexts);
  g_array_unref(connection->pinned);
  g_array_unref(connection->signing);
  g_array_unref(connection->decryption);
}

SamlConnection *saml_connection_ref(SamlConnection *connection) {
  return g_atomic_rc_box_acquire(connection);
}

void saml_connection_unref(SamlConnection *connection) {
  if (connection != NULL)
    g_atomic_rc_box_release_full(connection, clear);
}
