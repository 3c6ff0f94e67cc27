#include "mail/tend.h"

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/thread.h"
#include "mail/drift.h"
#include "mail/notice.h"
#include "mail/store_house.h"
#include "mail/store_notice.h"
#include "mail/waiting.h"

#define TICK_MS 5000
#define DATABASE_SECONDS 10
#define LETTER_SECONDS 20
#define REST_US (60 * G_USEC_PER_SEC)       /* after an alarm that nobody took */
#define DRIFT_US (15 * 60 * G_USEC_PER_SEC) /* between two looks at live sessions */

struct MailTend {
  const MailTendOptions *options;
  ThreadTimer *timer, *sessions; /* two: a store that does not answer must not delay an alarm */
  ThreadMonitor lock;            /* guards stopping */
  gboolean stopping;
  gint64 alarm_after; /* clock_now; of timer's thread alone */
  gint64 drift_after; /* of sessions' */
};

static gboolean has_letters(const MailTendOptions *options) {
  return options->route != NULL && options->route->from != NULL && *options->route->from != '\0';
}

static MailScope scope_of(const MailTendOptions *options, gint64 org_id) {
  return (MailScope){.pool = options->pool,
                     .deadline = clock_deadline(DATABASE_SECONDS),
                     .org_id = org_id,
                     .actor = "sync",
                     .channel = "sync"};
}

/* What one kind of notice came to, in the log. */
static void tell(const MailTendOptions *options, const char *org, const json_t *done) {
  const json_t *refused = json_object_get(done, "refused"), *row;
  gsize i;
  char sent[24];
  const char *kind = json_string_value(json_object_get(done, "kind"));
  json_int_t n = json_integer_value(json_object_get(done, "sent"));
  g_snprintf(sent, sizeof sent, "%" JSON_INTEGER_FORMAT, n);
  if (n > 0)
    log_event(options->log, LOG_INFO, "mail_notice", "org", org, "kind", kind, "sent", sent, NULL);
  json_array_foreach(refused, i, row) {
    log_event(options->log, LOG_WARNING, "mail_notice_failed", "org", org, "kind", kind, "code", "GP-5233",
              "why", json_string_value(json_object_get(row, "words")), NULL);
  }
}

/* *refused: somebody did not take one. FALSE only when the database is away. */
static gboolean send_kind(const MailTendOptions *options, const char *org, MailNoticePlan *plan,
                          MailNoticeKind kind, gboolean *refused, GError **error) {
  MailScope scope = scope_of(options, g_ascii_strtoll(org, NULL, 10));
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) done = NULL;
  plan->kind = kind;
  gboolean good = mail_notice_send(&scope, plan, &done, &failure);
  if (done != NULL) {
    tell(options, org, done);
    *refused = *refused || json_array_size(json_object_get(done, "refused")) > 0;
  }
  if (good)
    return TRUE;
  if (failure->domain == DB_ERROR) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  *refused = TRUE;
  log_event(options->log, LOG_WARNING, "mail_notice_failed", "org", org, "why", failure->message, NULL);
  return TRUE;
}

static MailNoticePlan plan_of(const MailTendOptions *options) {
  const MailRoute *route = options->route;
  return (MailNoticePlan){.server = route != NULL ? route->server : NULL,
                          .from = route != NULL ? route->from : NULL,
                          .host = route != NULL ? route->host : "localhost",
                          .seconds = LETTER_SECONDS};
}

static gboolean tell_alarms(const MailTendOptions *options, const char *org, gboolean at_once,
                            gboolean *refused, GError **error) {
  MailNoticePlan plan = plan_of(options);
  plan.at_once = at_once;
  return send_kind(options, org, &plan, MAIL_NOTICE_HELD_HOOK, refused, error) &&
         (!has_letters(options) || send_kind(options, org, &plan, MAIL_NOTICE_HELD, refused, error));
}

/* Once an hour, by one worker. */
static gboolean tell_people(const MailTendOptions *options, const char *org, GError **error) {
  MailScope scope = scope_of(options, g_ascii_strtoll(org, NULL, 10));
  MailNoticePlan plan = plan_of(options);
  gboolean mine = FALSE, refused = FALSE;
  if (!has_letters(options))
    return TRUE;
  if (!mail_store_notice_hour(&scope, &mine, error))
    return FALSE;
  return !mine || (send_kind(options, org, &plan, MAIL_NOTICE_EXPIRY, &refused, error) &&
                   send_kind(options, org, &plan, MAIL_NOTICE_REUSE, &refused, error));
}

static gboolean look_at_sessions(MailTend *tend, GError **error) {
  if (clock_now() < tend->drift_after)
    return TRUE;
  tend->drift_after = clock_now() + DRIFT_US;
  return mail_drift_repair(tend->options->pool, 0, tend->options->log, error);
}

static gboolean stopping(MailTend *tend) {
  thread_monitor_enter(&tend->lock);
  gboolean stop = tend->stopping;
  thread_monitor_leave(&tend->lock);
  return stop;
}

static gboolean look(MailTend *tend, GError **error) {
  const MailTendOptions *options = tend->options;
  gboolean alarms = clock_now() >= tend->alarm_after, refused = FALSE;
  g_auto(GStrv) orgs = mail_store_orgs(options->pool, clock_deadline(DATABASE_SECONDS), TRUE, error);
  if (orgs == NULL || !mail_waiting_tell(options->pool, options->log, error) ||
      !mail_store_notice_waves(options->pool, clock_deadline(DATABASE_SECONDS), 0, error))
    return FALSE;
  for (guint i = 0; orgs[i] != NULL && !stopping(tend); i++)
    if ((alarms && !tell_alarms(options, orgs[i], FALSE, &refused, error)) ||
        !tell_people(options, orgs[i], error))
      return FALSE;
  if (refused)
    tend->alarm_after = clock_now() + REST_US;
  return TRUE;
}

static void tick(gpointer data) {
  MailTend *tend = data;
  g_autoptr(GError) error = NULL;
  if (!stopping(tend) && !look(tend, &error))
    log_event(tend->options->log, LOG_ERROR, "sync_trouble", "where", "tend", "why", error->message, NULL);
}

static void tick_sessions(gpointer data) {
  MailTend *tend = data;
  g_autoptr(GError) error = NULL;
  if (!stopping(tend) && !look_at_sessions(tend, &error))
    log_event(tend->options->log, LOG_ERROR, "sync_trouble", "where", "sessions", "why", error->message,
              NULL);
}

MailTend *mail_tend_new(const MailTendOptions *options) {
  MailTend *tend = g_new0(MailTend, 1);
  tend->options = options;
  thread_monitor_init(&tend->lock);
  tend->timer = thread_timer_new("tend", TICK_MS, tick, tend);
  tend->sessions = thread_timer_new("sessions", TICK_MS, tick_sessions, tend);
  return tend;
}

void mail_tend_free(MailTend *tend) {
  if (tend == NULL)
    return;
  thread_monitor_enter(&tend->lock);
  tend->stopping = TRUE;
  thread_monitor_leave(&tend->lock);
  thread_timer_free(tend->timer);
  thread_timer_free(tend->sessions);
  thread_monitor_clear(&tend->lock);
  g_free(tend);
}

gboolean mail_tend_once(const MailTendOptions *options, gint64 org_id, GError **error) {
  g_autofree char *org = g_strdup_printf("%" G_GINT64_FORMAT, org_id);
  gboolean refused = FALSE;
  return mail_store_notice_waves(options->pool, clock_deadline(DATABASE_SECONDS), org_id, error) &&
         tell_alarms(options, org, TRUE, &refused, error) && tell_people(options, org, error);
}
