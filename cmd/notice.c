#include "cmd/notice.h"

#include <string.h>

#include "cmd/doors.h"
#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/notice.h"
#include "mail/person.h"
#include "mail/readiness.h"

#define DAYS_DEFAULT 14
#define LETTER_SECONDS 20

static json_t *not_ready(const json_t *people) {
  json_t *some = json_array(), *person;
  gsize i;
  json_array_foreach(people, i, person) {
    if (g_strcmp0(json_string_value(json_object_get(person, "state")), "ready") != 0)
      json_array_append(some, person);
  }
  return some;
}

int verb_readiness(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  gint64 days = DAYS_DEFAULT;
  if (!verb_integer(call, "days", 1, 365, &days, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  g_autoptr(json_t) report = mail_readiness(&scope, days, error);
  if (report == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"address", "Address"},
                                         {"state", "State"},
                                         {"tokens", "Tokens"},
                                         {"by_token", "By token"},
                                         {"by_webmail", "By webmail"},
                                         {"by_password", "By password"},
                                         {"last", "Last"},
                                         {"client", "Client"},
                                         {"ip", "From"},
                                         {NULL}};
  if (verb_given(call, "not-ready"))
    json_object_set_new(report, "people", not_ready(json_object_get(report, "people")));
  Output *output = app_output(app);
  if (output_is_json(output)) {
    output_record(output, columns, json_incref(report));
    return APP_OK;
  }
  doors_table(output, columns, json_incref(json_object_get(report, "people")), "people");
  const json_t *counts = json_object_get(report, "counts");
  output_say(output, "Ready %d, both %d, password alone %d, not seen in %d days %d.",
             (int)json_integer_value(json_object_get(counts, "ready")),
             (int)json_integer_value(json_object_get(counts, "both")),
             (int)json_integer_value(json_object_get(counts, "password")), (int)days,
             (int)json_integer_value(json_object_get(counts, "silent")));
  return APP_OK;
}

/* "2027-01-12", and such a day there must be. */
static gboolean is_date(const char *text) {
  gint64 at;
  g_autofree char *moment = g_strconcat(text, "T00:00:00Z", NULL);
  return strlen(text) == 10 && text[4] == '-' && clock_parse(moment, &at);
}

static gboolean read_plan(const VerbCall *call, MailNoticePlan *plan, GError **error) {
  const char *kind = verb_value(call, "kind");
  plan->date = verb_value(call, "date");
  plan->not_ready = verb_given(call, "not-ready");
  int whom = verb_given(call, "to") + verb_given(call, "all") + plan->not_ready;
  if (kind == NULL || !mail_notice_kind(kind, &plan->kind))
    app_error_set(error, APP_USAGE, 0, "--kind takes switchover, expiry or reuse");
  else if (whom > 1)
    app_error_set(error, APP_USAGE, 0, "--to, --all and --not-ready exclude each other");
  else if (plan->kind == MAIL_NOTICE_SWITCHOVER && (plan->date == NULL || !is_date(plan->date)))
    app_error_set(error, APP_USAGE, 0,
                  "--date is missing: the day from which passwords end, such as 2027-01-12");
  else if (plan->kind == MAIL_NOTICE_SWITCHOVER && whom == 0)
    app_error_set(error, APP_USAGE, 0, "say to whom: --to PERSON, --not-ready or --all");
  else if (plan->kind != MAIL_NOTICE_SWITCHOVER && (plan->date != NULL || plan->not_ready))
    app_error_set(error, APP_USAGE, 0, "--date and --not-ready are for --kind switchover alone");
  else
    return TRUE;
  return FALSE;
}

/* *keep owns our host name. */
static gboolean read_settings(App *app, MailNoticePlan *plan, gboolean sending, char **keep, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return FALSE;
  g_autoptr(GUri) uri = g_uri_parse(settings_string(settings, "public_url"), G_URI_FLAGS_NONE, NULL);
  *keep = g_strdup(g_uri_get_host(uri));
  plan->host = *keep;
  plan->server = settings_string(settings, "mail_smtp");
  plan->from = settings_string(settings, "mail_from");
  plan->seconds = LETTER_SECONDS;
  if (*plan->from != '\0' || !sending)
    return TRUE;
  app_error_set(error, APP_BAD_CONFIG, GP_MAIL_SENDER, "mail_from is not set");
  return FALSE;
}

static int show_plan(App *app, const MailScope *scope, const MailNoticePlan *plan, GError **error) {
  static const OutputColumn columns[] = {{"to", "To"}, {"subject", "Subject"}, {NULL}};
  json_t *due = mail_notice_due(scope, plan, error);
  if (due == NULL)
    return APP_FAILED;
  Output *output = app_output(app);
  const char *body = json_string_value(json_object_get(json_array_get(due, 0), "body"));
  if (body != NULL)
    output_say(output, "The first of them:\n\n%s", body);
  doors_table(output, columns, due, "notices");
  return APP_OK;
}

static int show_done(App *app, json_t *done) {
  static const OutputColumn columns[] = {
      {"kind", "Kind"}, {"sent", "Sent"}, {"skipped", "Skipped"}, {"refused", "Refused"}, {NULL}};
  Output *output = app_output(app);
  json_t *refused = json_object_get(done, "refused"), *row;
  gsize n = json_array_size(refused), i;
  json_array_foreach(refused, i, row) {
    output_say(output, "%s: %s", json_string_value(json_object_get(row, "to")),
               json_string_value(json_object_get(row, "words")));
  }
  if (!output_is_json(output))
    json_object_set_new(done, "refused", json_integer((json_int_t)n));
  output_record(output, columns, done);
  return n > 0 ? APP_PARTLY : APP_OK;
}

static int send(App *app, const MailScope *scope, const MailNoticePlan *plan, GError **error) {
  json_t *done = NULL;
  gboolean good = mail_notice_send(scope, plan, &done, error);
  if (!good && done != NULL && json_integer_value(json_object_get(done, "sent")) > 0)
    output_say(app_output(app), "%d had been sent before.",
               (int)json_integer_value(json_object_get(done, "sent")));
  if (good)
    return show_done(app, done);
  json_decref(done);
  return APP_FAILED;
}

int verb_notice_send(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  MailNoticePlan plan = {0};
  gboolean only_plan = verb_given(call, "plan");
  g_autofree char *host = NULL;
  if (!read_plan(call, &plan, error))
    return APP_USAGE;
  if (!read_settings(app, &plan, !only_plan, &host, error) || !doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  const char *to = verb_value(call, "to");
  g_autoptr(MailPerson) person = to == NULL ? NULL : mail_person_find(&scope, to, error);
  if (to != NULL && person == NULL)
    return APP_FAILED;
  plan.user_id = person != NULL ? person->user_id : NULL;
  if (only_plan)
    return show_plan(app, &scope, &plan, error);
  if (plan.kind == MAIL_NOTICE_SWITCHOVER &&
      !output_confirm(app_output(app), "Write to these people?", verb_given(call, "yes"), error))
    return APP_REFUSED;
  scope.deadline = app_deadline(app);
  return send(app, &scope, &plan, error);
}
