#include "saml/error.h"

G_DEFINE_QUARK(gatepost - saml - error, saml_error)

void saml_error_set(GError **error, SamlErrorCode code, int gp_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *words = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, SAML_ERROR, (int)code, "%s (GP-%04d)", words, gp_code);
}
