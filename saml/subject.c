#include "saml/subject.h"

#include <string.h>

#include "lib/address.h"
#include "lib/text.h"

#define VALUE_BYTES 256
#define TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

static const char *fail(SamlReport *report, SamlFailure failure, const char *saw, const char *wanted) {
  saml_report_fail(report, SAML_CHECK_MAPPING, failure, saw, wanted);
  return NULL;
}

static const char *attribute_value(const SamlLogin *login, const char *source, SamlReport *report) {
  gboolean again = FALSE;
  const SamlAttribute *attribute = saml_login_attribute(login, source, &again);
  if (attribute == NULL)
    return fail(report, SAML_SUBJECT_MISSING, NULL, source);
  if (again || attribute->complex || attribute->values == NULL || g_strv_length(attribute->values) != 1)
    return fail(report, SAML_ATTRIBUTE_INVALID, "twice, several values, or markup", source);
  return attribute->values[0];
}

static gboolean is_usable(const char *value) {
  gsize n = strlen(value);
  if (n == 0 || n > VALUE_BYTES || !text_is_plain(value) || g_ascii_isspace(value[0]) ||
      g_ascii_isspace(value[n - 1]))
    return FALSE;
  g_autofree char *normal = g_utf8_normalize(value, -1, G_NORMALIZE_NFC);
  return normal != NULL && strcmp(normal, value) == 0;
}

static const char *name_id_value(const SamlNameId *name, const char *sp_entity_id, SamlReport *report) {
  if (g_strcmp0(name->format, TRANSIENT) == 0)
    return fail(report, SAML_SUBJECT_UNUSABLE, "transient", "a name that stays");
  if (name->sp_name_qualifier != NULL && strcmp(name->sp_name_qualifier, sp_entity_id) != 0)
    return fail(report, SAML_SUBJECT_UNUSABLE, name->sp_name_qualifier, sp_entity_id);
  return name->value;
}

const char *saml_subject_take(const SamlLogin *login, const char *source, const char *sp_entity_id,
                              SamlReport *report) {
  const char *value = strcmp(source, SAML_SUBJECT_NAME_ID) == 0
                          ? name_id_value(&login->name_id, sp_entity_id, report)
                          : attribute_value(login, source, report);
  if (value == NULL)
    return report->failure != SAML_OK ? NULL : fail(report, SAML_SUBJECT_MISSING, NULL, source);
  if (!is_usable(value))
    return fail(report, SAML_SUBJECT_UNUSABLE, value, "plain text of at most 256 bytes");
  saml_report_pass(report, SAML_CHECK_MAPPING);
  return value;
}

char *saml_subject_domain(const char *value, gboolean *bad) {
  const char *at = strrchr(value, '@'), *why = NULL;
  *bad = FALSE;
  if (at == NULL)
    return NULL;
  char *domain = address_domain(at + 1, &why);
  *bad = domain == NULL;
  return domain;
}
