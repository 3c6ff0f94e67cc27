#include "cmd/sync.h"

#include <unistd.h>

#include "cmd/doors.h"
#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/limits.h"
#include "mail/admin.h"
#include "mail/drift.h"
#include "mail/notice.h"
#include "mail/store_house.h"
#include "mail/worker.h"

#define ALARM_SECONDS 20
#define TELL_SECONDS 10
#define DIFFERENCES 6 /* what sync plan --exit-code says of them: APP_PARTLY */

static gint64 number(const json_t *object, const char *name) {
  return json_integer_value(json_object_get(object, name));
}

/* ---- once */

static const OutputColumn count_columns[] = {{"create", "Made"},
                                             {"enable", "Enabled"},
                                             {"disable", "Disabled"},
                                             {"rename", "Renamed"},
                                             {"change", "Changed"},
                                             {"keep", "Kept"},
                                             {"unmanaged", "Not ours"},
                                             {"collide", "Addresses taken"},
                                             {"applied", "Told to the store"},
                                             {"failed", "Failed"},
                                             {"held", "Waiting for you"},
                                             {"why", "First failure"},
                                             {NULL}};

static int tell_once(App *app, const MailScope *scope, const MailTally *tally, GError **error) {
  g_autoptr(json_t) guard = mail_admin_guard(scope, error);
  if (guard == NULL)
    return APP_FAILED;
  gint64 held = number(guard, "held");
  json_t *counts = mail_tally_json(tally);
  json_object_set_new(counts, "held", json_integer(held));
  if (tally->error != NULL)
    json_object_set_new(counts, "why", json_string(tally->error));
  output_record(app_output(app), count_columns, counts);
  if (json_is_true(json_object_get(guard, "paused")))
    output_say(app_output(app), "The worker is paused: nothing was done. gatepost sync resume");
  if (held > 0)
    output_say(app_output(app), "Next: gatepost sync held");
  if (tally->failed > 0)
    return APP_PARTLY;
  return held > 0 ? APP_REFUSED : APP_OK;
}

int verb_sync_once(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  g_autofree char *name = g_strdup_printf("%s:%d", g_get_host_name(), (int)getpid()), *host = NULL;
  MailRoute route;
  sync_route(app_settings(app, NULL), &route, &host);
  MailWorkerOptions options = {.pool = scope.pool, .name = name, .log = app_log(app)};
  MailTendOptions tend = {.pool = scope.pool, .log = app_log(app), .route = &route};
  g_auto(MailTally) tally = {0};
  if (!mail_drift_repair(scope.pool, scope.org_id, options.log, error) ||
      !mail_worker_once(&options, scope.org_id, &tally, error) || !mail_tend_once(&tend, scope.org_id, error))
    return APP_FAILED;
  scope.deadline = clock_deadline(TELL_SECONDS); /* slow stores may have used up the command's own */
  return tell_once(app, &scope, &tally, error);
}

/* ---- plan */

static const OutputColumn plan_columns[] = {
    {"action", "Action"}, {"address", "Address"}, {"person", "Person"}, {"why", "Why"}, {NULL}};

static void say_guard(Output *output, const json_t *guard, const MailTally *tally) {
  guint64 losses = tally->steps[MAIL_STEP_DISABLE];
  output_say(output, "keep %d, unmanaged %d", (int)tally->steps[MAIL_STEP_KEEP],
             (int)(tally->steps[MAIL_STEP_UNMANAGED] + (guint64)number(guard, "unmanaged")));
  if (losses > 0)
    output_say(output, "Guard: %d of %d managed would be disabled (limit %d an hour, %d so far): %s.",
               (int)losses, (int)number(guard, "managed"), (int)number(guard, "cap"),
               (int)number(guard, "lost"),
               (gint64)losses + number(guard, "lost") > number(guard, "cap") ? "what is over it would be held"
                                                                             : "would run by itself");
}

static gboolean differs(const MailTally *tally) {
  return tally->steps[MAIL_STEP_CREATE] + tally->steps[MAIL_STEP_ENABLE] + tally->steps[MAIL_STEP_DISABLE] +
             tally->steps[MAIL_STEP_RENAME] + tally->steps[MAIL_STEP_CHANGE] >
         0;
}

int verb_sync_plan(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  g_autoptr(MailHouse) house = mail_store_house(scope.pool, scope.deadline, scope.org_id, error);
  g_autoptr(json_t) guard = house != NULL ? mail_admin_guard(&scope, error) : NULL;
  if (guard == NULL)
    return APP_FAILED;
  g_auto(MailTally) tally = {0};
  json_t *steps = json_array();
  MailSync sync = {
      .pool = scope.pool, .house = house, .mode = MAIL_SYNC_SHOW, .tally = &tally, .shown = steps};
  if (!mail_sync_everybody(&sync, error)) {
    json_decref(steps);
    return APP_FAILED;
  }
  json_t *envelope =
      json_pack("{s:o, s:o, s:O}", "steps", steps, "counts", mail_tally_json(&tally), "guard", guard);
  output_records(app_output(app), plan_columns, envelope, "steps");
  say_guard(app_output(app), guard, &tally);
  return verb_given(call, "exit-code") && differs(&tally) ? DIFFERENCES : APP_OK;
}

/* ---- what was, what waits */

/* "create 9", "disable 2" */
static json_t *count_words(const json_t *counts) {
  json_t *words = json_array();
  const char *what;
  json_t *n;
  json_object_foreach((json_t *)counts, what, n) {
    g_autofree char *text = g_strdup_printf("%s %" JSON_INTEGER_FORMAT, what, json_integer_value(n));
    json_array_append_new(words, json_string(text));
  }
  return words;
}

int verb_sync_history(App *app, const VerbCall *call, GError **error) {
  gint64 limit = LIMIT_PAGE_DEFAULT;
  MailScope scope;
  if (!verb_integer(call, "limit", 1, G_MAXINT32, &limit, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *runs = mail_admin_history(&scope, limit, error);
  if (runs == NULL)
    return APP_FAILED;
  size_t i;
  json_t *run;
  json_array_foreach(runs, i, run) {
    if (output_is_json(app_output(app)))
      continue;
    json_object_set_new(run, "counts", count_words(json_object_get(run, "counts")));
  }
  static const OutputColumn columns[] = {
      {"id", "Run"},        {"started", "Started"}, {"trigger", "Because of"},
      {"worker", "Worker"}, {"counts", "Did"},      {NULL}};
  doors_table(app_output(app), columns, runs, "runs");
  return APP_OK;
}

int verb_sync_held(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *held = mail_admin_held(&scope, error);
  if (held == NULL)
    return APP_FAILED;
  gboolean any = json_array_size(held) > 0;
  static const OutputColumn columns[] = {{"id", "Id"},
                                         {"action", "Would"},
                                         {"address", "Mailbox"},
                                         {"person", "Of"},
                                         {"why", "Because"},
                                         {"since", "Since"},
                                         {NULL}};
  if (any || output_is_json(app_output(app)))
    doors_table(app_output(app), columns, held, "held");
  else
    json_decref(held);
  output_say(app_output(app), any ? "Next: gatepost sync approve ID… | --all, or gatepost sync reject ID… | "
                                    "--all. Purges are approved by "
                                    "their ids alone."
                                  : "Nothing is held.");
  return APP_OK;
}

static int decide(App *app, const VerbCall *call, gboolean approve, GError **error) {
  gsize n = verb_arguments(call);
  if ((n == 0) != verb_given(call, "all")) {
    app_error_set(error, APP_USAGE, 0, "name the numbers of gatepost sync held, or --all");
    return APP_USAGE;
  }
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  g_autofree const char **ids = g_new0(const char *, n + 1);
  for (gsize i = 0; i < n; i++)
    ids[i] = verb_argument(call, i);
  if (verb_given(call, "plan")) {
    output_say(app_output(app), "%s what gatepost sync held lists; nothing was changed.",
               approve ? "Would do" : "Would drop");
    return verb_sync_held(app, call, error);
  }
  json_t *result = mail_admin_decide(&scope, n > 0 ? ids : NULL, approve, error);
  if (result == NULL)
    return APP_FAILED;
  if (json_integer_value(json_object_get(result, "purges_left")) > 0)
    output_say(app_output(app),
               "Purges are still held: --all never destroys mail. Approve them by their ids: "
               "gatepost sync held");
  static const OutputColumn columns[] = {
      {"approved", "Approved"}, {"purges_left", "Purges still held"}, {"rejected", "Rejected"}, {NULL}};
  output_record(app_output(app), columns, result);
  return APP_OK;
}

int verb_sync_approve(App *app, const VerbCall *call, GError **error) {
  return decide(app, call, TRUE, error);
}

int verb_sync_reject(App *app, const VerbCall *call, GError **error) {
  return decide(app, call, FALSE, error);
}

/* ---- where alarms go */

gboolean sync_route(const Settings *settings, MailRoute *route, char **host) {
  g_autoptr(GUri) uri = g_uri_parse(settings_string(settings, "public_url"), G_URI_FLAGS_NONE, NULL);
  *host = g_strdup(uri != NULL && g_uri_get_host(uri) != NULL ? g_uri_get_host(uri) : "localhost");
  *route = (MailRoute){.server = settings_string(settings, "mail_smtp"),
                       .from = settings_string(settings, "mail_from"),
                       .host = *host};
  return *route->from != '\0';
}

int verb_sync_alarm(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  MailRoute route;
  g_autofree char *host = NULL;
  gboolean letters = sync_route(app_settings(app, NULL), &route, &host);
  MailNoticePlan plan = {
      .server = route.server, .from = letters ? route.from : NULL, .host = host, .seconds = ALARM_SECONDS};
  json_t *done = NULL;
  if (!mail_notice_trial(&scope, &plan, &done, error))
    return APP_FAILED;
  static const OutputColumn columns[] = {{"letter", "Letter to"}, {"call", "Call to"}, {NULL}};
  doors_record(app_output(app), columns, done);
  return APP_OK;
}

static int set_pause(App *app, const VerbCall *call, gboolean pause, GError **error) {
  MailScope scope;
  gboolean was = FALSE;
  if (!doors_scope(app, call, &scope, NULL, error) || !mail_admin_pause(&scope, pause, &was, error))
    return APP_FAILED;
  static const OutputColumn columns[] = {{"paused", "Paused"}, {"was", "It was so already"}, {NULL}};
  output_record(app_output(app), columns, json_pack("{s:b, s:b}", "paused", pause, "was", was));
  if (pause)
    output_say(app_output(app),
               "Sign-ins still follow the directory at once. Go on with: gatepost sync resume");
  return APP_OK;
}

int verb_sync_pause(App *app, const VerbCall *call, GError **error) {
  return set_pause(app, call, TRUE, error);
}

int verb_sync_resume(App *app, const VerbCall *call, GError **error) {
  return set_pause(app, call, FALSE, error);
}
