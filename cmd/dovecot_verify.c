#include <string.h>

#include "cmd/doors.h"
#include "cmd/dovecot.h"
#include "cmd/imap_probe.h"
#include "lib/crypto.h"
#include "mail/admin.h"
#include "mail/driver.h"
#include "mail/pat.h"

#define DEFAULT_IMAP "127.0.0.1:143"
#define TOKEN_NAME "gatepost dovecot verify"
#define PASSWORD_BYTES 1024
#define CUT_SECONDS 10

/* A proof in progress. */
typedef struct {
  Output *output;
  MailScope scope;
  const char *place, *address;
  json_t *checks;
  gboolean failed;
} Proof;

static void note(Proof *proof, const char *what, gboolean well, const char *said) {
  proof->failed = proof->failed || !well;
  json_array_append_new(proof->checks,
                        json_pack("{s:s, s:b, s:s?}", "check", what, "ok", well, "said", said));
  g_autofree char *mark = output_colour(proof->output, well ? 'g' : 'r', well ? "ok " : "NOT");
  output_say(proof->output, "%s %s%s%s", mark, what, well || said == NULL ? "" : ": ",
             well || said == NULL ? "" : said);
}

/* A sign-in of its own; the session stays in *kept when that is asked for. */
static gboolean try(Proof *proof, const char *what, const char *secret, gboolean wanted, ImapProbe **kept,
                    GError **error) {
  g_autofree char *said = NULL;
  g_autoptr(ImapProbe) probe = imap_probe_open(proof->place, error);
  if (probe == NULL || !imap_probe_login(probe, proof->address, secret, &said, error))
    return FALSE;
  note(proof, what, g_str_has_prefix(said, "OK") == wanted, said);
  if (kept != NULL)
    *kept = g_steal_pointer(&probe);
  return TRUE;
}

static const json_t *dovecot_backend(json_t *backends) {
  gsize i;
  json_t *row;
  json_array_foreach(backends, i, row) {
    if (g_strcmp0(json_string_value(json_object_get(row, "kind")), "dovecot") == 0)
      return row;
  }
  return NULL;
}

static gboolean cut(Proof *proof, const json_t *backend, GError **error) {
  const MailDriverKind *kind = mail_driver_find("dovecot");
  const char *file = json_string_value(json_object_get(backend, "secret_file"));
  char *secret = NULL;
  if (file != NULL && !g_file_get_contents(file, &secret, NULL, error))
    return FALSE;
  if (secret != NULL)
    g_strchomp(secret);
  MailDriver *driver = kind->open(json_string_value(json_object_get(backend, "url")), secret, error);
  crypto_free_secret(secret);
  if (driver == NULL)
    return FALSE;
  guint ended = 0;
  gboolean done =
      kind->cut(driver, proof->address, g_get_monotonic_time() + CUT_SECONDS * G_USEC_PER_SEC, &ended, error);
  kind->close(driver);
  return done;
}

/* The session that the token opened is ended through the doveadm API. */
static gboolean prove_cut(Proof *proof, ImapProbe *session, GError **error) {
  g_autoptr(GError) failure = NULL;
  json_t *backends = mail_admin_backends(&proof->scope, error);
  if (backends == NULL)
    return FALSE;
  const json_t *backend = dovecot_backend(backends);
  if (backend == NULL) {
    note(proof, "an open session is ended", FALSE,
         "no mail store is named: gatepost backend add dovecot --kind dovecot --url ...");
  } else {
    gboolean done = cut(proof, backend, &failure);
    note(proof, "an open session is ended", done && imap_probe_ended(session),
         failure != NULL ? failure->message : "it lives on");
  }
  json_decref(backends);
  return TRUE;
}

static gboolean prove_token(Proof *proof, const char *secret, gint64 id, GError **error) {
  g_autoptr(ImapProbe) session = NULL;
  g_autofree char *wrong = g_strdup(secret);
  wrong[0] = wrong[0] == 'a' ? 'b' : 'a';
  return try(proof, "a wrong secret is refused", wrong, FALSE, NULL, error) &&
         try(proof, "a token opens", secret, TRUE, &session, error) && prove_cut(proof, session, error) &&
         mail_pat_revoke(&proof->scope, &id, 1, TOKEN_NAME, error) &&
         try(proof, "the revoked token is refused", secret, FALSE, NULL, error);
}

/* The token is gone whatever happened. */
static gboolean prove(Proof *proof, const MailPerson *person, GError **error) {
  static const char *const protocols[] = {"imap", NULL};
  static const char *const nowhere[] = {NULL};
  char secret[MAIL_TOKEN_TEXT_BYTES];
  MailPatWish wish = {
      .name = TOKEN_NAME, .owner = person, .protocols = protocols, .cidrs = nowhere, .days = 1};
  json_t *made = mail_pat_create(&proof->scope, &wish, secret, error);
  if (made == NULL)
    return FALSE;
  gint64 id = json_integer_value(json_object_get(made, "id"));
  json_decref(made);
  gboolean done = prove_token(proof, secret, id, error);
  crypto_wipe(secret, sizeof secret);
  mail_pat_revoke(&proof->scope, &id, 1, TOKEN_NAME, NULL);
  return done;
}

static gboolean prove_password(Proof *proof, const char *file, GError **error) {
  char *password = NULL;
  gsize n = 0;
  g_autoptr(GError) failure = NULL;
  if (file == NULL)
    return TRUE;
  if (!g_file_get_contents(file, &password, &n, &failure) || n > PASSWORD_BYTES) {
    app_error_set(error, APP_USAGE, 0, "--password-file cannot be read: %s",
                  failure != NULL ? failure->message : "it is too large");
    crypto_free_secret(password);
    return FALSE;
  }
  g_strchomp(password);
  gboolean done = try(proof, "the old password still opens", password, TRUE, NULL, error);
  crypto_free_secret(password);
  return done;
}

int verb_dovecot_verify(App *app, const VerbCall *call, GError **error) {
  Proof proof = {.output = app_output(app),
                 .place = verb_given(call, "imap") ? verb_value(call, "imap") : DEFAULT_IMAP};
  if (!verb_given(call, "login")) {
    app_error_set(
        error, APP_USAGE, 0,
        "say whose mailbox may be signed in to: --login ADDRESS; sessions of that person are ended");
    return APP_USAGE;
  }
  if (!doors_scope(app, call, &proof.scope, NULL, error))
    return (int)app_error_exit(*error);
  g_autoptr(MailPerson) person = mail_person_find(&proof.scope, verb_value(call, "login"), error);
  if (person == NULL)
    return (int)app_error_exit(*error);
  if (person->address == NULL) {
    app_error_set(error, APP_NOT_FOUND, 5212, "%s has no mailbox", person->user_name);
    return APP_NOT_FOUND;
  }
  proof.address = person->address;
  proof.checks = json_array();
  gboolean done =
      prove(&proof, person, error) && prove_password(&proof, verb_value(call, "password-file"), error);
  if (done && output_is_json(proof.output))
    output_record(proof.output, NULL, json_pack("{s:O, s:b}", "checks", proof.checks, "ok", !proof.failed));
  json_decref(proof.checks);
  if (!done)
    return (int)app_error_exit(*error);
  if (!proof.failed)
    return APP_OK;
  app_error_set(error, APP_FAILED, 5314, "Dovecot does not follow gatepost as it should");
  return APP_FAILED;
}
