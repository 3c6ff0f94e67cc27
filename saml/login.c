#include "saml/login.h"

void saml_name_id_clear(SamlNameId *name_id) {
  g_clear_pointer(&name_id->value, g_free);
  g_clear_pointer(&name_id->format, g_free);
  g_clear_pointer(&name_id->name_qualifier, g_free);
  g_clear_pointer(&name_id->sp_name_qualifier, g_free);
}

gboolean saml_name_id_equal(const SamlNameId *a, const SamlNameId *b) {
  return g_strcmp0(a->value, b->value) == 0 && g_strcmp0(a->format, b->format) == 0 &&
         g_strcmp0(a->name_qualifier, b->name_qualifier) == 0 &&
         g_strcmp0(a->sp_name_qualifier, b->sp_name_qualifier) == 0;
}

void saml_attribute_clear(SamlAttribute *attribute) {
  g_clear_pointer(&attribute->name, g_free);
  g_clear_pointer(&attribute->format, g_free);
  g_clear_pointer(&attribute->values, g_strfreev);
}

static void clear_attribute(void *data) {
  saml_attribute_clear(data);
}

GArray *saml_attributes_new(void) {
  GArray *attributes = g_array_new(FALSE, TRUE, sizeof(SamlAttribute));
  g_array_set_clear_func(attributes, clear_attribute);
  return attributes;
}

const SamlAttribute *saml_login_attribute(const SamlLogin *login, const char *name, gboolean *again) {
  const SamlAttribute *found = NULL;
  *again = FALSE;
  for (guint i = 0; login->attributes != NULL && i < login->attributes->len; i++) {
    const SamlAttribute *attribute = &g_array_index(login->attributes, SamlAttribute, i);
    if (!g_str_equal(attribute->name, name))
      continue;
    *again = *again || found != NULL;
    found = found != NULL ? found : attribute;
  }
  return found;
}

void saml_login_clear(SamlLogin *login) {
  g_clear_pointer(&login->response_id, g_free);
  g_clear_pointer(&login->assertion_id, g_free);
  g_clear_pointer(&login->issuer, g_free);
  g_clear_pointer(&login->in_response_to, g_free);
  g_clear_pointer(&login->address, g_free);
  saml_name_id_clear(&login->name_id);
  g_clear_pointer(&login->session_index, g_free);
  g_clear_pointer(&login->contexts, g_strfreev);
  g_clear_pointer(&login->attributes, g_array_unref);
}
