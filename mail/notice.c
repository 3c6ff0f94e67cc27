#include "mail/notice.h"

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/jsontext.h"
#include "lib/smtp_client.h"
#include "mail/alarm.h"
#include "mail/alarm_text.h"
#include "mail/error.h"
#include "mail/letter.h"
#include "mail/notice_text.h"
#include "mail/store_notice.h"

static const char *const kinds[] = {"switchover", "expiry", "reuse", "held", "held-hook"};

gboolean mail_notice_kind(const char *name, MailNoticeKind *kind) {
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_equal(kinds[i], name)) {
      *kind = (MailNoticeKind)i;
      return TRUE;
    }
  return FALSE;
}

json_t *mail_notice_due(const MailScope *scope, const MailNoticePlan *plan, GError **error) {
  json_t *due = mail_store_notice_due(scope, plan, error), *notice;
  gsize i;
  json_array_foreach(due, i, notice) {
    mail_notice_write(plan->kind, plan->date, notice);
  }
  return due;
}

static gboolean post(const MailNoticePlan *plan, const json_t *notice, const char *message_id,
                     GError **error) {
  if (plan->kind == MAIL_NOTICE_HELD_HOOK)
    return mail_alarm_call(notice, message_id, clock_deadline((int)plan->seconds), error);
  const char *to = json_string_value(json_object_get(notice, "to"));
  MailLetter letter = {.from = plan->from,
                       .to = to,
                       .subject = json_string_value(json_object_get(notice, "subject")),
                       .body = json_string_value(json_object_get(notice, "body")),
                       .message_id = message_id,
                       .wall_us = clock_wall()};
  g_autofree char *text = mail_letter_format(&letter);
  SmtpClientCall call = {.server = plan->server,
                         .helo = plan->host,
                         .from = plan->from,
                         .to = to,
                         .letter = text,
                         .deadline = clock_deadline((int)plan->seconds)};
  return smtp_client_send(&call, error);
}

/* What became of one. */
typedef struct {
  gint64 sent, skipped;
  json_t *refused;
} Tally;

static gboolean send_one(const MailScope *scope, const MailNoticePlan *plan, const json_t *notice,
                         Tally *tally, GError **error) {
  const char *kind = kinds[plan->kind];
  char id[CRYPTO_UUID_TEXT_BYTES];
  g_autofree char *fresh = g_strdup_printf("%s@%s", crypto_uuid(id), plan->host);
  g_autofree char *message_id = NULL;
  g_autoptr(GError) failure = NULL;
  if (!mail_store_notice_claim(scope, kind, notice, fresh, &message_id, error))
    return FALSE;
  if (message_id == NULL) {
    tally->skipped++;
    return TRUE;
  }
  if (post(plan, notice, message_id, &failure)) {
    tally->sent++;
    return mail_store_notice_sent(scope, plan->kind, kind, notice, error);
  }
  if (!mail_store_notice_release(scope, kind, notice, error))
    return FALSE;
  if (g_error_matches(failure, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AWAY)) {
    mail_error_set(error, MAIL_ERROR_AWAY, GP_MAIL_SMTP, "the SMTP server %s does not answer: %s",
                   plan->server, failure->message);
    return FALSE;
  }
  json_array_append_new(tally->refused, json_pack("{s:O, s:s}", "to", json_object_get(notice, "to"), "words",
                                                  failure->message));
  return TRUE;
}

gboolean mail_notice_send(const MailScope *scope, const MailNoticePlan *plan, json_t **done, GError **error) {
  json_t *due = mail_notice_due(scope, plan, error), *notice;
  if (due == NULL)
    return FALSE;
  Tally tally = {.refused = json_array()};
  gboolean good = TRUE;
  gsize i;
  json_array_foreach(due, i, notice) {
    /* A long list outlives one deadline: each letter has its own. */
    MailScope one = *scope;
    one.deadline = clock_deadline((int)plan->seconds * 2);
    good = send_one(&one, plan, notice, &tally, error);
    if (!good)
      break;
  }
  json_decref(due);
  *done = json_pack("{s:s, s:I, s:I, s:o}", "kind", kinds[plan->kind], "sent", (json_int_t)tally.sent,
                    "skipped", (json_int_t)tally.skipped, "refused", tally.refused);
  return good;
}

/* ---- a trial of where alarms go */

static gboolean try_one(const MailNoticePlan *plan, const json_t *place, GError **error) {
  char id[CRYPTO_UUID_TEXT_BYTES];
  g_autofree char *message_id = g_strdup_printf("%s@%s", crypto_uuid(id), plan->host);
  g_autoptr(GError) failure = NULL;
  if (post(plan, place, message_id, &failure))
    return TRUE;
  mail_error_set(error, MAIL_ERROR_AWAY, GP_MAIL_ALARM, "%s did not take the alarm: %s",
                 json_string_value(json_object_get(place, "to")), failure->message);
  return FALSE;
}

gboolean mail_notice_trial(const MailScope *scope, const MailNoticePlan *plan, json_t **done,
                           GError **error) {
  static const MailNoticeKind ways[] = {MAIL_NOTICE_HELD, MAIL_NOTICE_HELD_HOOK};
  static const char *const names[] = {"letter", "call"};
  g_autoptr(json_t) told = json_object();
  gsize n = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
    MailNoticePlan one = *plan;
    one.kind = ways[i];
    g_autoptr(json_t) place = mail_store_notice_place(scope, one.kind, error);
    if (place == NULL)
      return FALSE;
    gboolean set = *json_string_value(json_object_get(place, "to")) != '\0';
    if (set && one.kind == MAIL_NOTICE_HELD && plan->from == NULL) {
      mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_SENDER, "mail_from is not set");
      return FALSE;
    }
    json_object_set_new(told, names[i], set ? json_incref(json_object_get(place, "to")) : json_null());
    mail_alarm_write(place);
    if (set && !try_one(&one, place, error))
      return FALSE;
    n += set ? 1 : 0;
  }
  if (n == 0) {
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_ALARM, "no place for alarms is set");
    return FALSE;
  }
  *done = json_incref(told);
  return TRUE;
}
