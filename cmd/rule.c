#include "cmd/rule.h"

#include <string.h>

#include "cmd/doors.h"
#include "lib/cidr.h"
#include "lib/text.h"
#include "mail/protocol.h"
#include "mail/rules.h"

/* An option and the member of the rule that it fills. */
typedef struct {
  const char *option, *member;
  enum { TEXT, LIST, COMMAS, NUMBERS } kind;
} Part;

static const Part parts[] = {
    {"effect", "effect", TEXT},
    {"about", "about", TEXT},
    {"message", "message", TEXT},
    {"from", "from", TEXT},
    {"to", "to", TEXT},
    {"zone", "zone", TEXT},
    {"action", "actions", COMMAS},
    {"not-action", "not_actions", COMMAS},
    {"ip", "cidrs", COMMAS},
    {"not-ip", "not_cidrs", COMMAS},
    {"user", "users", LIST},
    {"not-user", "not_users", LIST},
    {"group", "groups", LIST},
    {"not-group", "not_groups", LIST},
    {"token", "tokens", NUMBERS},
};

static void add_words(json_t *array, const char *text, gboolean commas) {
  if (!commas) {
    json_array_append_new(array, json_string(text));
    return;
  }
  g_auto(GStrv) words = g_strsplit(text, ",", MAIL_RULE_LIST_MAX + 1);
  for (char **word = words; *word != NULL; word++)
    json_array_append_new(array, json_string(g_strstrip(*word)));
}

/* What is no number stays a text, which the rule's own check refuses. */
static json_t *number(const char *text) {
  gint64 value;
  return g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, &value, NULL) ? json_integer(value)
                                                                         : json_string(text);
}

static void add_part(json_t *given, const VerbCall *call, const Part *part) {
  if (!verb_given(call, part->option))
    return;
  if (part->kind == TEXT) {
    json_object_set_new(given, part->member, json_string(verb_value(call, part->option)));
    return;
  }
  json_t *array = json_array();
  for (const char *const *text = verb_values(call, part->option); *text != NULL; text++) {
    if (part->kind == NUMBERS)
      json_array_append_new(array, number(*text));
    else
      add_words(array, *text, part->kind == COMMAS);
  }
  json_object_set_new(given, part->member, array);
}

static json_t *rule_of_options(const VerbCall *call, GError **error) {
  g_autoptr(json_t) given = json_object();
  json_object_set_new(given, "name", json_string(verb_argument(call, 0)));
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    add_part(given, call, &parts[i]);
  const char *days = verb_value(call, "days");
  if (days != NULL) {
    json_t *list = mail_rule_days(days);
    json_object_set_new(given, "days", list != NULL ? list : json_string(days));
  }
  return mail_rule_complete(given, error);
}

static void show_refused(Output *output, const json_t *replay) {
  gsize i;
  json_t *row;
  json_array_foreach(json_object_get(replay, "refused"), i, row) {
    output_say(
        output, "  %s by %s from %s, %d times, last %s: %s", json_string_value(json_object_get(row, "user")),
        json_string_value(json_object_get(row, "protocol")), json_string_value(json_object_get(row, "ip")),
        (int)json_integer_value(json_object_get(row, "times")),
        json_string_value(json_object_get(row, "last")), json_string_value(json_object_get(row, "by")));
  }
}

/* What a change came to, and whom it would have refused. Takes done. */
static void show_change(App *app, const VerbCall *call, json_t *done) {
  static const OutputColumn columns[] = {
      {"name", "Rule"}, {"done", "Done"}, {"locks_out", "Locks out"}, {"refused", "Refused lately"}, {NULL}};
  Output *output = app_output(app);
  gboolean plan = verb_given(call, "plan");
  if (output_is_json(output)) {
    json_object_set_new(done, "planned", json_boolean(plan));
    output_record(output, columns, done);
    return;
  }
  g_autoptr(json_t) replay = json_incref(json_object_get(done, "would_refuse"));
  gboolean gone = json_is_null(json_object_get(done, "rule"));
  const char *words = gone                                              ? "removed"
                      : json_is_true(json_object_get(done, "replaced")) ? "replaced"
                                                                        : "added";
  gsize n = json_array_size(json_object_get(replay, "refused"));
  json_object_set_new(done, "done", json_string(plan ? "nothing; this is the plan" : words));
  json_object_set_new(done, "refused", json_integer((json_int_t)n));
  doors_record(output, columns, done);
  if (n > 0)
    output_say(output, "Of the last seven days it would have refused:");
  show_refused(output, replay);
  if (plan)
    output_say(output, "Without --plan it is done.");
}

static MailRuleHow how_of(const VerbCall *call) {
  return (MailRuleHow){.lock_out = verb_given(call, "yes-lock-out"), .plan = verb_given(call, "plan")};
}

int verb_rule_add(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  MailRuleHow how = how_of(call);
  g_autoptr(json_t) rule = rule_of_options(call, error);
  if (rule == NULL)
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *done = mail_rules_set(&scope, rule, &how, error);
  if (done == NULL)
    return APP_FAILED;
  show_change(app, call, done);
  return APP_OK;
}

int verb_rule_remove(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  MailRuleHow how = how_of(call);
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *done = mail_rules_remove(&scope, verb_argument(call, 0), &how, error);
  if (done == NULL)
    return APP_FAILED;
  show_change(app, call, done);
  return APP_OK;
}

/* The conditions in a few words: "imap, pop3; from 192.0.2.0/24; not ada@…". */
static void condition(GString *text, const json_t *rule, const char *member, const char *before) {
  const json_t *array = json_object_get(rule, member);
  gsize i;
  json_t *value;
  json_array_foreach(array, i, value) {
    g_string_append(text, i > 0 ? ", " : text->len > 0 ? "; " : "");
    if (i == 0)
      g_string_append(text, before);
    if (json_is_integer(value))
      g_string_append_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
      g_string_append(text, json_string_value(value));
  }
}

static char *conditions(const json_t *rule) {
  static const char *const words[][2] = {
      {"actions", ""},      {"not_actions", "not "},   {"cidrs", "from "}, {"not_cidrs", "not from "},
      {"users", "for "},    {"not_users", "not for "}, {"groups", "in "},  {"not_groups", "not in "},
      {"tokens", "token "}, {"days", "weekdays "}};
  GString *text = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    condition(text, rule, words[i][0], words[i][1]);
  const char *from = json_string_value(json_object_get(rule, "from"));
  if (from != NULL)
    g_string_append_printf(text, "%s%s to %s %s", text->len > 0 ? "; " : "", from,
                           json_string_value(json_object_get(rule, "to")),
                           json_string_value(json_object_get(rule, "zone")));
  if (text->len == 0)
    g_string_append(text, "everything");
  return g_string_free(text, FALSE);
}

int verb_rule_list(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *rules = mail_rules_list(&scope, error), *rule;
  if (rules == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"id", "Id"},     {"name", "Name"},   {"effect", "Effect"},
                                         {"when", "When"}, {"about", "About"}, {NULL}};
  gsize i;
  json_array_foreach(rules, i, rule) {
    g_autofree char *when = conditions(rule);
    if (!output_is_json(app_output(app)))
      json_object_set_new(rule, "when", json_string(when));
  }
  doors_table(app_output(app), columns, rules, "rules");
  return APP_OK;
}

static gboolean read_try(const VerbCall *call, MailRuleTry *try, char ip[CIDR_TEXT_BYTES], GError **error) {
  IpAddress address;
  gint64 at;
  const char *given = verb_value(call, "ip");
  try->protocol = verb_value(call, "protocol");
  try->at = verb_value(call, "at");
  if (verb_value(call, "user") == NULL || try->protocol == NULL || given == NULL)
    app_error_set(error, APP_USAGE, 0, "a sign-in to test needs --user, --protocol and --ip");
  else if (!mail_protocol_known(try->protocol))
    app_error_set(error, APP_USAGE, 0, "--protocol takes one of: " MAIL_PROTOCOL_ALL);
  else if (!cidr_address_parse(given, &address))
    app_error_set(error, APP_USAGE, 0, "--ip is not an IP address such as 203.0.113.7");
  else if (try->at != NULL && !clock_parse(try->at, &at))
    app_error_set(error, APP_USAGE, 0, "--at is not a moment such as 2026-11-24T09:30:00+01:00");
  else {
    try->ip = cidr_address_format(&address, ip);
    return verb_integer(call, "token", 1, G_MAXINT64, &try->token_id, error);
  }
  return FALSE;
}

static json_t *verdict_lines(const json_t *rules) {
  json_t *lines = json_array(), *rule;
  gsize i;
  json_array_foreach(rules, i, rule) {
    const char *why = json_string_value(json_object_get(rule, "why_not"));
    const char *words = json_is_true(json_object_get(rule, "decides")) ? "decides"
                        : why != NULL                                  ? why
                                      : "matches, but another is asked first";
    json_array_append_new(lines, json_sprintf("%s (%s): %s", json_string_value(json_object_get(rule, "name")),
                                              json_string_value(json_object_get(rule, "effect")), words));
  }
  return lines;
}

int verb_rule_test(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  MailRuleTry try = {0};
  char ip[CIDR_TEXT_BYTES];
  if (!read_try(call, &try, ip, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  g_autoptr(MailPerson) person = mail_person_find(&scope, verb_value(call, "user"), error);
  try.person = person;
  json_t *found = person == NULL ? NULL : mail_rules_test(&scope, &try, error);
  if (found == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"effect", "Effect"},
                                         {"rule", "Decided by"},
                                         {"message", "They read"},
                                         {"door", "Mailbox"},
                                         {"mode", "Mode"},
                                         {"rules", "Rules"},
                                         {NULL}};
  Output *output = app_output(app);
  gboolean only_logged = g_strcmp0(json_string_value(json_object_get(found, "mode")), "observe") == 0 &&
                         g_strcmp0(json_string_value(json_object_get(found, "effect")), "deny") == 0;
  if (!output_is_json(output)) {
    json_object_set_new(found, "rules", verdict_lines(json_object_get(found, "rules")));
    if (json_is_null(json_object_get(found, "rule")))
      json_object_set_new(found, "rule", json_string("no rule matches, and what no rule allows is denied"));
  }
  output_record(output, columns, found);
  if (only_logged)
    output_say(output, "In mode observe this refusal is only logged.");
  return APP_OK;
}

/* A file's rule; *file FALSE when there is no such file, and it must be a name. */
static json_t *rule_of_file(const char *path, gboolean *file, GError **error) {
  g_autofree char *text = NULL;
  gsize n;
  *file = g_file_test(path, G_FILE_TEST_IS_REGULAR);
  if (!*file)
    return NULL;
  if (!g_file_get_contents(path, &text, &n, NULL)) {
    app_error_set(error, APP_USAGE, 0, "the file cannot be read");
    return NULL;
  }
  return mail_rule_read(text, n, error);
}

int verb_rule_replay(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  gboolean file = FALSE;
  g_autoptr(json_t) rule = rule_of_file(verb_argument(call, 0), &file, error);
  if (file && rule == NULL)
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *replay = file ? mail_rules_replay_new(&scope, rule, error)
                        : mail_rules_replay(&scope, verb_argument(call, 0), error);
  if (replay == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {
      {"user", "User"},   {"protocol", "Protocol"}, {"ip", "From"}, {"client", "Client"},
      {"times", "Times"}, {"last", "Last"},         {"by", "By"},   {NULL}};
  Output *output = app_output(app);
  if (output_is_json(output)) {
    output_record(output, columns, replay);
    return APP_OK;
  }
  gint64 looked_at = json_integer_value(json_object_get(replay, "looked_at"));
  gboolean complete = json_is_true(json_object_get(replay, "complete"));
  json_t *refused = json_incref(json_object_get(replay, "refused"));
  json_decref(replay);
  doors_table(output, columns, refused, "refused");
  output_say(output, "Looked at %" G_GINT64_FORMAT " sign-ins of the last seven days%s.", looked_at,
             complete ? "" : ", the newest; there are more");
  return APP_OK;
}
