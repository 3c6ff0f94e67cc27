#include "cmd/session.h"

#include "cmd/doors.h"
#include "lib/crypto.h"
#include "lib/text.h"
#include "mail/person.h"
#include "saml/session.h"

#define GP_NO_SESSION 4033

int verb_session_list(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  const char *name = verb_argument(call, 0);
  g_autoptr(MailPerson) person = name == NULL ? NULL : mail_person_find(&scope, name, error);
  if (name != NULL && person == NULL)
    return APP_FAILED;
  json_t *sessions = saml_session_list(scope.pool, scope.deadline, scope.org_id,
                                       person != NULL ? person->user_id : NULL, error);
  if (sessions == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {
      {"id", "Id"},         {"person", "Person"},  {"connection", "Signed in by"},
      {"created", "Since"}, {"last_seen", "Seen"}, {"expires", "Ends"},
      {"ip", "From"},       {"agent", "Browser"},  {NULL}};
  doors_table(app_output(app), columns, sessions, "sessions");
  return APP_OK;
}

static gboolean end_named(const MailScope *scope, const char *id, gint64 *n, GError **error) {
  SamlSessionEnd end = {.org_id = scope->org_id, .session_id = id, .why = "revoked", .actor = scope->actor};
  gint64 ended = 0;
  if (!saml_session_end(scope->pool, scope->deadline, &end, &ended, error))
    return FALSE;
  *n += ended;
  if (ended > 0)
    return TRUE;
  app_error_set(error, APP_NOT_FOUND, GP_NO_SESSION, "there is no session %s, or it has ended", id);
  return FALSE;
}

static gboolean check_ids(const VerbCall *call, GError **error) {
  if ((verb_arguments(call) == 0) == !verb_given(call, "all-of")) {
    app_error_set(error, APP_USAGE, 0, "name the sessions by their ids, or a person with --all-of");
    return FALSE;
  }
  for (gsize i = 0; i < verb_arguments(call); i++) {
    if (crypto_uuid_valid(verb_argument(call, i)))
      continue;
    g_autofree char *quoted = text_quote(verb_argument(call, i));
    app_error_set(error, APP_USAGE, 0, "\"%s\" is no session id, the first column of gatepost session list",
                  quoted);
    return FALSE;
  }
  return TRUE;
}

static gboolean end_all_of(const MailScope *scope, const char *name, gint64 *n, GError **error) {
  g_autoptr(MailPerson) person = mail_person_find(scope, name, error);
  if (person == NULL)
    return FALSE;
  SamlSessionEnd end = {
      .org_id = scope->org_id, .user_id = person->user_id, .why = "revoked", .actor = scope->actor};
  return saml_session_end(scope->pool, scope->deadline, &end, n, error);
}

int verb_session_revoke(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  gint64 n = 0;
  if (!check_ids(call, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  if (verb_given(call, "all-of") && !end_all_of(&scope, verb_value(call, "all-of"), &n, error))
    return APP_FAILED;
  for (gsize i = 0; i < verb_arguments(call); i++)
    if (!end_named(&scope, verb_argument(call, i), &n, error))
      return APP_FAILED;
  static const OutputColumn columns[] = {{"ended", "Sessions ended"}, {NULL}};
  output_record(app_output(app), columns, json_pack("{s:I}", "ended", (json_int_t)n));
  return APP_OK;
}
