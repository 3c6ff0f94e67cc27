#include "mail/error.h"

G_DEFINE_QUARK(gatepost - mail - error, mail_error)

void mail_error_set(GError **error, MailErrorCode code, int gp_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *words = g_strdup_vprintf(format, args);
  va_end(args);
  if (gp_code == 0)
    g_set_error_literal(error, MAIL_ERROR, (int)code, words);
  else
    g_set_error(error, MAIL_ERROR, (int)code, "%s (GP-%04d)", words, gp_code);
}
