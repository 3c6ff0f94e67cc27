#include "saml/metadata.h"

void saml_idp_metadata_clear(SamlIdpMetadata *metadata) {
  g_clear_pointer(&metadata->entity_id, g_free);
  g_clear_pointer(&metadata->sso_redirect, g_free);
  g_clear_pointer(&metadata->sso_post, g_free);
  g_clear_pointer(&metadata->slo_redirect, g_free);
  g_clear_pointer(&metadata->slo_post, g_free);
  g_clear_pointer(&metadata->signing, g_ptr_array_unref);
  g_clear_pointer(&metadata->warnings, g_strfreev);
}
