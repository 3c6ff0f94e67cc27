#include <string.h>

#include "cmd/door_probe.h"
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
  const VerbCall *call;
  json_t *checks;
  guint shut; /* a bit for each of door_probe_kinds that cannot be proved here */
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

static void skip(Proof *proof, const char *what, const char *why) {
  json_array_append_new(proof->checks, json_pack("{s:s, s:s}", "check", what, "skipped", why));
  g_autofree char *mark = output_colour(proof->output, 'y', "-- ");
  output_say(proof->output, "%s %s is not proved: %s", mark, what, why);
}

/* What was asked for by an option must be there; what is not switched on for this person, or not listening, is left out. */
static gboolean cannot(Proof *proof, const DoorProbeKind *kind, DoorProbeResult result, const char *said) {
  if (result == DOOR_PROBE_NOBODY && !verb_given(proof->call, kind->name))
    skip(proof, kind->name, said);
  else if (result == DOOR_PROBE_TLS)
    skip(proof, kind->name, "it takes sign-ins after TLS alone; try one with a mail program");
  else if (result == DOOR_PROBE_REFUSED && strstr(said, "GP-5109") != NULL)
    skip(proof, kind->name, said);
  else
    return FALSE;
  return TRUE;
}

/* The doors beside IMAP, each with one sign-in. */
static void try_doors(Proof *proof, const char *what, const char *secret, gboolean wanted) {
  for (guint i = 0; door_probe_kinds[i].name != NULL; i++) {
    const DoorProbeKind *kind = &door_probe_kinds[i];
    g_autofree char *said = NULL;
    const char *place =
        verb_given(proof->call, kind->name) ? verb_value(proof->call, kind->name) : kind->place;
    if (proof->shut & (1u << i))
      continue;
    DoorProbeResult result = door_probe(kind, place, proof->address, secret, &said);
    if (cannot(proof, kind, result, said)) {
      proof->shut |= 1u << i;
      continue;
    }
    g_autofree char *check = g_strdup_printf("%s: %s", kind->name, what);
    note(proof, check, result == (wanted ? DOOR_PROBE_OPENED : DOOR_PROBE_REFUSED), said);
  }
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
  if (!try(proof, "a wrong secret is refused", wrong, FALSE, NULL, error) ||
      !try(proof, "a token opens", secret, TRUE, &session, error))
    return FALSE;
  try_doors(proof, "a wrong secret is refused", wrong, FALSE);
  try_doors(proof, "a token opens", secret, TRUE);
  if (!prove_cut(proof, session, error) || !mail_pat_revoke(&proof->scope, &id, 1, TOKEN_NAME, error) ||
      !try(proof, "the revoked token is refused", secret, FALSE, NULL, error))
    return FALSE;
  try_doors(proof, "the revoked token is refused", secret, FALSE);
  return TRUE;
}

/* The token is gone whatever happened. */
static gboolean prove(Proof *proof, const MailPerson *person, GError **error) {
  static const char *const protocols[] = {"imap", "pop3", "sieve", "smtp", NULL};
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
                 .call = call,
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
