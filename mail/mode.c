#include "mail/mode.h"

#include "lib/text.h"
#include "mail/error.h"
#include "mail/store_mode.h"

gboolean mail_mode_parse(const char *text, MailModeScope scope, const char **mode, GError **error) {
  static const char *const modes[] = {"observe", "directory", "idp", NULL};
  for (const char *const *at = modes; *at != NULL; at++)
    if (g_str_equal(*at, text)) {
      *mode = *at;
      return TRUE;
    }
  *mode = NULL;
  if (scope != MAIL_MODE_ORG && g_str_equal(text, "default"))
    return TRUE;
  g_autofree char *quoted = text_quote(text);
  mail_error_set(error, MAIL_ERROR_INPUT, 0, "\"%s\" is not a mode; there is: observe, directory, idp%s",
                 quoted, scope == MAIL_MODE_ORG ? "" : ", default");
  return FALSE;
}

json_t *mail_mode_show(const MailScope *scope, GError **error) {
  return mail_store_mode_show(scope, error);
}

json_t *mail_mode_set(const MailScope *scope, const MailModeTarget *target, const char *mode,
                      GError **error) {
  return mail_store_mode_set(scope, target, mode, error);
}

json_t *mail_mode_undo(const MailScope *scope, GError **error) {
  return mail_store_mode_undo(scope, error);
}
