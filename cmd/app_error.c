#include "cmd/app_error.h"

#include <string.h>

#include "lib/db.h"
#include "lib/db_migrate.h"
#include "lib/settings.h"
#include "mail/error.h"
#include "saml/error.h"
#include "scim/error.h"

G_DEFINE_QUARK(gatepost - app - error, app_error)

#define GP_TAKEN 1203
#define GP_NO_ADDRESS 1204
#define GP_UNREACHABLE 1301
#define GP_STATEMENT 1304
#define GP_MIGRATE 8101 /* + DbMigrateErrorCode */
#define CODE_BYTES (sizeof "(GP-nnnn)" - 1)

void app_error_set(GError **error, AppExit exit, int gp_code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *words = g_strdup_vprintf(format, args);
  va_end(args);
  if (gp_code == 0)
    g_set_error_literal(error, APP_ERROR, (int)exit, words);
  else
    g_set_error(error, APP_ERROR, (int)exit, "%s (GP-%04d)", words, gp_code);
}

static AppExit db_exit(int code) {
  return code == DB_ERROR_UNAVAILABLE || code == DB_ERROR_TIMEOUT ? APP_UNREACHABLE : APP_FAILED;
}

static AppExit mail_exit(int code) {
  static const AppExit exits[] = {[MAIL_ERROR_INPUT] = APP_USAGE,
                                  [MAIL_ERROR_NOT_FOUND] = APP_NOT_FOUND,
                                  [MAIL_ERROR_REFUSED] = APP_REFUSED,
                                  [MAIL_ERROR_AWAY] = APP_UNREACHABLE,
                                  [MAIL_ERROR_ROLLBACK] = APP_OK};
  return exits[code];
}

static AppExit saml_exit(int code) {
  static const AppExit exits[] = {[SAML_ERROR_INPUT] = APP_USAGE,
                                  [SAML_ERROR_NOT_FOUND] = APP_NOT_FOUND,
                                  [SAML_ERROR_REFUSED] = APP_REFUSED};
  return exits[code];
}

AppExit app_error_exit(const GError *error) {
  if (error->domain == APP_ERROR)
    return (AppExit)error->code;
  int gp_code = app_error_code(error);
  if (error->domain == SETTINGS_ERROR || gp_code == GP_TAKEN || gp_code == GP_NO_ADDRESS)
    return APP_BAD_CONFIG;
  if (error->domain == DB_ERROR)
    return db_exit(error->code);
  if (error->domain == MAIL_ERROR)
    return mail_exit(error->code);
  if (error->domain == SAML_ERROR)
    return saml_exit(error->code);
  if (error->domain == DB_MIGRATE_ERROR)
    return error->code == DB_MIGRATE_ERROR_FAILED ? APP_FAILED : APP_BAD_CONFIG;
  if (error->domain == SCIM_ERROR && error->code == SCIM_ERROR_NOT_FOUND)
    return APP_NOT_FOUND;
  if (error->domain == SCIM_ERROR && error->code == SCIM_ERROR_UNAVAILABLE)
    return APP_UNREACHABLE;
  return APP_FAILED;
}

/* "… (GP-1002)" at the very end. */
static const char *code_at_end(const char *message) {
  gsize n = strlen(message);
  if (n < CODE_BYTES)
    return NULL;
  const char *end = message + n - CODE_BYTES;
  if (!g_str_has_prefix(end, "(GP-") || end[CODE_BYTES - 1] != ')')
    return NULL;
  for (int i = 4; i < 8; i++)
    if (!g_ascii_isdigit(end[i]))
      return NULL;
  return end;
}

int app_error_code(const GError *error) {
  const char *end = code_at_end(error->message);
  if (end != NULL)
    return (int)g_ascii_strtoll(end + 4, NULL, 10);
  if (error->domain == DB_ERROR)
    return db_exit(error->code) == APP_UNREACHABLE ? GP_UNREACHABLE : GP_STATEMENT;
  if (error->domain == DB_MIGRATE_ERROR)
    return GP_MIGRATE + error->code;
  if (error->domain == SCIM_ERROR)
    return scim_error_row(error)->gp_code;
  return 0;
}

char *app_error_words(const GError *error) {
  const char *end = code_at_end(error->message);
  char *words =
      end == NULL ? g_strdup(error->message) : g_strndup(error->message, (gsize)(end - error->message));
  return g_strchomp(words);
}
