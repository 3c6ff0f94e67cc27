#include <string.h>

#include "cmd/doors.h"
#include "cmd/saml.h"
#include "cmd/saml_common.h"
#include "cmd/settings.h"
#include "cmd/verifier.h"
#include "lib/jsontext.h"
#include "lib/limits.h"
#include "saml/refresher.h"
#include "saml/door.h"
#include "saml/store_replace.h"
#include "saml/trace.h"

#define TRACES 20

/* ---- traces */

static const char *mark_of(const char *state) {
  static const struct {
    const char *state, *mark;
  } marks[] = {{"passed", "✓"}, {"failed", "✗"}, {"not_needed", "–"}, {"not_reached", " "}};
  for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
    if (strcmp(marks[i].state, state) == 0)
      return marks[i].mark;
  return "?";
}

static const char *text_of_check(const char *name) {
  for (guint i = 0; i < SAML_CHECKS; i++)
    if (strcmp(saml_check_name((SamlCheck)i), name) == 0)
      return saml_check_text((SamlCheck)i);
  return name;
}

/* Each check on a line of its own. */
static json_t *check_lines(const json_t *checks) {
  json_t *lines = json_array(), *check;
  gsize i;
  json_array_foreach(checks, i, check) {
    const char *name = json_string_value(json_object_get(check, "check")),
               *state = json_string_value(json_object_get(check, "state"));
    json_array_append_new(lines, json_sprintf("%s %s", mark_of(state), text_of_check(name)));
  }
  return lines;
}

static void print_trace(Output *output, json_t *trace) {
  static const OutputColumn columns[] = {{"trace", "Trace"},
                                         {"at", "At"},
                                         {"connection", "Connection"},
                                         {"what", "What"},
                                         {"person", "Person"},
                                         {"from", "From"},
                                         {"checks", "Checks"},
                                         {"failure", "Refused"},
                                         {"saw", "It has"},
                                         {"wanted", "Expected"},
                                         {"skew_ms", "Clock differs, ms"},
                                         {NULL}};
  const char *failure = json_string_value(json_object_get(trace, "failure"));
  g_autofree char *next = failure == NULL ? NULL : g_strdup(saml_failure_text(saml_failure_find(failure)));
  int code = failure == NULL ? 0 : saml_failure_code(saml_failure_find(failure));
  if (output_is_json(output)) {
    output_record(output, columns, trace);
    return;
  }
  json_t *row = doors_row(trace, "-");
  json_object_set_new(row, "checks", check_lines(json_object_get(trace, "checks")));
  json_decref(trace);
  output_record(output, columns, row);
  if (next != NULL)
    output_say(output, "%s (GP-%d; gatepost explain GP-%d)", next, code, code);
}

static int print_traces(App *app, const VerbCall *call, const SamlScope *scope, GError **error) {
  gint64 limit = TRACES;
  if (!verb_integer(call, "limit", 1, 1000, &limit, error))
    return APP_USAGE;
  json_t *list = saml_admin_traces(scope, verb_argument(call, 0), limit, error);
  if (list == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {
      {"trace", "Trace"}, {"at", "At"},           {"what", "What"},         {"person", "Person"},
      {"from", "From"},   {"failure", "Refused"}, {"skew_ms", "Clock, ms"}, {NULL}};
  doors_table(app_output(app), columns, list, "traces");
  return APP_OK;
}

/* A connection's name has no number at its end that a trace's has, but may look like one: the trace is tried first. */
int verb_saml_trace(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  g_autofree char *name = NULL;
  g_autoptr(GError) none = NULL;
  if (!saml_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  json_t *trace =
      saml_trace_name_parse(verb_argument(call, 0), &name) ? saml_admin_trace(&scope, name, &none) : NULL;
  if (trace != NULL) {
    print_trace(app_output(app), trace);
    return APP_OK;
  }
  int exit = print_traces(app, call, &scope, error);
  if (name != NULL && g_error_matches(*error, SAML_ERROR, SAML_ERROR_NOT_FOUND)) {
    g_clear_error(error);
    g_propagate_error(error, g_steal_pointer(&none));
  }
  return exit;
}

/* ---- metadata */

static const char *const step_words[][2] = {
    [SAML_REFRESH_KEY_ADD] = {"a new certificate is trusted", "a new certificate"},
    [SAML_REFRESH_KEY_REMOVE] = {"a certificate is no longer trusted", "a certificate is gone"},
    [SAML_REFRESH_SSO] = {"people sign in at", "another sign-in address"},
    [SAML_REFRESH_SLO] = {"logout is at", "another logout address"},
};

static json_t *steps_json(const SamlRefreshPlan *plan) {
  json_t *steps = json_array();
  for (guint i = 0; plan->steps != NULL && i < plan->steps->len; i++) {
    const SamlRefreshStep *step = &g_array_index(plan->steps, SamlRefreshStep, i);
    json_array_append_new(steps, json_pack("{s:s, s:s*, s:b}", "what", step_words[step->kind][step->waits],
                                           "to", step->text, "waits", step->waits));
  }
  return steps;
}

static gboolean find_item(const SamlScope *scope, const char *slug, SamlRefreshItem **item, GError **error) {
  json_t *found = saml_admin_show(scope, slug, error);
  if (found == NULL)
    return FALSE;
  json_decref(found);
  if (!saml_store_refresh_find(scope->pool, scope->deadline, scope->org_id, slug, item, error))
    return FALSE;
  if (*item != NULL)
    return TRUE;
  saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_FETCH,
                 "the metadata of \"%s\" was given by hand: there is no URL to fetch it from", slug);
  return FALSE;
}

static gboolean refresh(App *app, const VerbCall *call, const SamlScope *scope, const SamlRefreshItem *item,
                        SamlRefreshPlan *plan, GError **error) {
  const Settings *settings = app_settings(app, error);
  g_autoptr(SamlVerifier) verifier =
      settings == NULL ? NULL : verifier_new(settings, 1, FALSE, app_log_quiet(app), NULL, error);
  if (verifier == NULL)
    return FALSE;
  SamlRefresher refresher = {scope->pool, verifier, app_log(app)};
  g_autoptr(GError) why = NULL;
  if (saml_refresher_one(&refresher, item, scope->actor, verb_given(call, "accept"), plan, &why))
    return TRUE;
  if (why->domain == DB_ERROR)
    g_propagate_error(error, g_steal_pointer(&why));
  else
    saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_FETCH, "%s", why->message);
  return FALSE;
}

int verb_saml_refresh(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  const char *slug = verb_argument(call, 0);
  g_autoptr(SamlRefreshItem) item = NULL;
  g_auto(SamlRefreshPlan) plan = {0};
  if (!saml_scope(app, call, &scope, &admin, error) || !find_item(&scope, slug, &item, error) ||
      !refresh(app, call, &scope, item, &plan, error))
    return APP_FAILED;
  static const OutputColumn columns[] = {{"what", "What"}, {"to", "To"}, {"waits", "Waits"}, {NULL}};
  gboolean changed = plan.steps != NULL && plan.steps->len > 0;
  output_records(app_output(app), columns, json_pack("{s:o}", "changes", steps_json(&plan)), "changes");
  if (!changed)
    output_say(app_output(app), "Nothing has changed.");
  else if (saml_refresh_waits(&plan))
    output_say(app_output(app),
               "Nobody signed that, so it waits for you. If the provider's admin confirms it: gatepost saml "
               "connection refresh %s "
               "--accept",
               slug);
  return APP_OK;
}

/* ---- the same people by another provider */

static gboolean read_subjects(const VerbCall *call, char ***subjects, GError **error) {
  const char *path = verb_value(call, "subjects");
  g_autofree char *text = NULL;
  g_autoptr(GError) why = NULL;
  gsize n = 0;
  if (path == NULL)
    return TRUE;
  if (!g_file_get_contents(path, &text, &n, &why) || n > LIMIT_SAML_METADATA_BYTES ||
      !g_utf8_validate(text, (gssize)n, NULL)) {
    app_error_set(error, APP_USAGE, GP_SAML_INPUT, "--subjects %s: %s", path,
                  why != NULL ? why->message : "too large, or not UTF-8");
    return FALSE;
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (char **line = lines; *line != NULL; line++)
    if (*g_strstrip(*line) != '\0')
      g_strv_builder_add(builder, *line);
  *subjects = g_strv_builder_end(builder);
  return TRUE;
}

static json_t *match(const VerbCall *call, const SamlScope *scope, const char *const *subjects,
                     GError **error) {
  const char *slug = verb_argument(call, 0), *join = verb_value(call, "join");
  g_autoptr(json_t) connection = saml_admin_show(scope, slug, error);
  if (connection == NULL)
    return NULL;
  if (join == NULL)
    join = json_string_value(json_object_get(connection, "join"));
  if (saml_join_find(join) != SAML_JOINS)
    return saml_store_match(scope, slug, join, subjects, error);
  saml_error_set(error, SAML_ERROR_INPUT, GP_SAML_INPUT, "--join is userName, externalId or email");
  return NULL;
}

int verb_saml_match(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  g_auto(GStrv) subjects = NULL;
  if (!read_subjects(call, &subjects, error))
    return APP_USAGE;
  if (!saml_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  json_t *found = match(call, &scope, (const char *const *)subjects, error);
  if (found == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {
      {"people", "People"},       {"matched", "Matched"},       {"unmatched", "Without a match"},
      {"colliding", "Colliding"}, {"unknown", "Unknown to us"}, {NULL}};
  gboolean all = json_integer_value(json_object_get(found, "people")) ==
                 json_integer_value(json_object_get(found, "matched"));
  output_record(app_output(app), columns, found);
  if (!all)
    output_say(app_output(app), "Nothing was changed. Who they are: the same with --json");
  return all ? APP_OK : APP_PARTLY;
}

static int replace(App *app, const VerbCall *call, gboolean finish, GError **error) {
  SamlScope scope;
  AdminScope admin;
  SamlReplaceResult result;
  const char *slug = verb_argument(call, 0);
  const char *question = finish ? "The former connection is switched off and its sessions end. Go ahead?"
                                : "The new connection is switched off, its sessions end, and its people are "
                                  "bound by the former one. Go ahead?";
  if (!saml_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  if (!output_confirm(app_output(app), question, verb_given(call, "yes"), error))
    return APP_REFUSED;
  scope.deadline = app_deadline(app);
  if (!saml_store_replace(&scope, slug, finish, &result, error))
    return APP_FAILED;
  if (result == SAML_REPLACE_NO_SUCH)
    saml_error_set(error, SAML_ERROR_NOT_FOUND, GP_SAML_NO_CONNECTION, "there is no connection \"%s\"", slug);
  else if (result == SAML_REPLACE_NOTHING)
    saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_NOTHING_REPLACED,
                   "\"%s\" does not take over from another connection", slug);
  if (result != SAML_REPLACED)
    return APP_FAILED;
  json_t *connection = saml_admin_show(&scope, slug, error);
  return connection != NULL && saml_print(app, connection, error) ? APP_OK : APP_FAILED;
}

int verb_saml_finish(App *app, const VerbCall *call, GError **error) {
  return replace(app, call, TRUE, error);
}

int verb_saml_undo(App *app, const VerbCall *call, GError **error) {
  return replace(app, call, FALSE, error);
}
