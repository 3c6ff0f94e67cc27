#include "mail/sync.h"

void mail_tally_clear(MailTally *tally) {
  g_free(tally->error);
  *tally = (MailTally){0};
}

void mail_tally_add(MailTally *sum, const MailTally *more) {
  for (int kind = 0; kind < MAIL_STEP_KINDS; kind++)
    sum->steps[kind] += more->steps[kind];
  sum->held += more->held;
  sum->vanished += more->vanished;
  sum->failed += more->failed;
  sum->left += more->left;
  sum->applied += more->applied;
  if (sum->error == NULL)
    sum->error = g_strdup(more->error);
}

gboolean mail_tally_worth(const MailTally *tally) {
  for (int kind = MAIL_STEP_CREATE; kind < MAIL_STEP_KINDS; kind++)
    if (kind != MAIL_STEP_UNMANAGED && kind != MAIL_STEP_COLLIDE && tally->steps[kind] > 0)
      return TRUE;
  return tally->held > 0 || tally->failed > 0 || tally->applied > 0;
}

static void set(json_t *object, const char *name, guint64 n) {
  if (n > 0)
    json_object_set_new(object, name, json_integer((json_int_t)n));
}

json_t *mail_tally_json(const MailTally *tally) {
  json_t *object = json_object();
  for (int kind = 0; kind < MAIL_STEP_KINDS; kind++)
    set(object, mail_step_name((MailStepKind)kind), tally->steps[kind]);
  set(object, "held", tally->held);
  set(object, "failed", tally->failed);
  set(object, "applied", tally->applied);
  return object;
}

void mail_tally_fail(MailTally *tally, const GError *error) {
  tally->failed++;
  if (tally->error == NULL)
    tally->error = g_strdup(error->message);
}
