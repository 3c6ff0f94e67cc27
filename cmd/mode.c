#include "cmd/mode.h"

#include <string.h>

#include "cmd/doors.h"
#include "lib/jsontext.h"
#include "lib/text.h"
#include "mail/contain.h"
#include "mail/mode.h"
#include "mail/person.h"
#include "mail/setting.h"

#define WHY_BYTES 400

static json_t *lines(const json_t *array, const char *who) {
  json_t *out = json_array();
  gsize i;
  json_t *row;
  json_array_foreach(array, i, row) {
    json_array_append_new(out, json_sprintf("%s: %s", json_string_value(json_object_get(row, who)),
                                            json_string_value(json_object_get(row, "mode"))));
  }
  return out;
}

int verb_mode_show(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *modes = mail_mode_show(&scope, error);
  if (modes == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {
      {"organisation", "Organisation"}, {"groups", "Groups"}, {"people", "People"}, {NULL}};
  if (!output_is_json(app_output(app))) {
    json_object_set_new(modes, "groups", lines(json_object_get(modes, "groups"), "group"));
    json_object_set_new(modes, "people", lines(json_object_get(modes, "people"), "user"));
  }
  output_record(app_output(app), columns, modes);
  return APP_OK;
}

/* What is changed: *keep owns the id. */
static gboolean read_target(const VerbCall *call, const MailScope *scope, MailModeTarget *target, char **keep,
                            GError **error) {
  const char *group = verb_value(call, "group"), *user = verb_value(call, "user");
  if (group != NULL) {
    *keep = mail_person_group(scope, group, error);
    *target = (MailModeTarget){MAIL_MODE_GROUP, *keep, group};
    return *keep != NULL;
  }
  if (user != NULL) {
    g_autoptr(MailPerson) person = mail_person_find(scope, user, error);
    *keep = person == NULL ? NULL : g_strdup(person->user_id);
    *target = (MailModeTarget){MAIL_MODE_USER, *keep, user};
    return *keep != NULL;
  }
  *target = (MailModeTarget){MAIL_MODE_ORG, NULL, NULL};
  return TRUE;
}

static void show_change(App *app, json_t *done) {
  static const OutputColumn columns[] = {
      {"scope", "For"}, {"name", "Name"}, {"before", "Before"}, {"after", "Now"}, {NULL}};
  Output *output = app_output(app);
  gboolean strict = g_strcmp0(json_string_value(json_object_get(done, "after")), "idp") == 0;
  if (!output_is_json(output)) {
    json_object_set_new(done, "name",
                        json_object_get(done, "name") == NULL || json_is_null(json_object_get(done, "name"))
                            ? json_string("all")
                            : json_incref(json_object_get(done, "name")));
    if (json_is_null(json_object_get(done, "before")))
      json_object_set_new(done, "before", json_string("default"));
    if (json_is_null(json_object_get(done, "after")))
      json_object_set_new(done, "after", json_string("default"));
  }
  output_record(output, columns, done);
  if (strict)
    output_say(output, "Old passwords are refused from now on. To go back: gatepost mode undo");
}

int verb_mode_set(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  MailModeTarget target;
  const char *mode = NULL;
  g_autofree char *keep = NULL;
  gboolean group = verb_given(call, "group"), user = verb_given(call, "user");
  if (group && user) {
    app_error_set(error, APP_USAGE, 0, "--group and --user cannot both be");
    return APP_USAGE;
  }
  MailModeScope which = group ? MAIL_MODE_GROUP : user ? MAIL_MODE_USER : MAIL_MODE_ORG;
  if (!mail_mode_parse(verb_argument(call, 0), which, &mode, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error) || !read_target(call, &scope, &target, &keep, error))
    return APP_FAILED;
  json_t *done = mail_mode_set(&scope, &target, mode, error);
  if (done == NULL)
    return APP_FAILED;
  show_change(app, done);
  return APP_OK;
}

int verb_mode_undo(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *done = mail_mode_undo(&scope, error);
  if (done == NULL)
    return APP_FAILED;
  show_change(app, done);
  return APP_OK;
}

static void show_settings(App *app, json_t *settings) {
  OutputColumn columns[32] = {{NULL}};
  gsize n = 0;
  for (const char *const *key = mail_setting_keys(); *key != NULL && n + 1 < G_N_ELEMENTS(columns); key++)
    columns[n++] = (OutputColumn){*key, *key};
  if (!output_is_json(app_output(app)) && json_is_null(json_object_get(settings, "send_per_hour")))
    json_object_set_new(settings, "send_per_hour", json_string("none"));
  output_record(app_output(app), columns, settings);
}

int verb_mail_setting_show(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *settings = mail_setting_get(&scope, error);
  if (settings == NULL)
    return APP_FAILED;
  show_settings(app, settings);
  return APP_OK;
}

static gboolean read_changes(const VerbCall *call, json_t *changes, GError **error) {
  for (gsize i = 0; i < verb_arguments(call); i++) {
    const char *key = NULL;
    json_t *value = NULL;
    if (!mail_setting_parse(verb_argument(call, i), &key, &value, error))
      return FALSE;
    json_object_set_new(changes, key, value);
  }
  return TRUE;
}

int verb_mail_setting_set(App *app, const VerbCall *call, GError **error) {
  MailScope scope;
  g_autoptr(json_t) changes = json_object();
  if (!read_changes(call, changes, error))
    return APP_USAGE;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  json_t *settings = mail_setting_set(&scope, changes, error);
  if (settings == NULL)
    return APP_FAILED;
  show_settings(app, settings);
  return APP_OK;
}

static int contain(App *app, const VerbCall *call, const char *why, GError **error) {
  MailScope scope;
  if (!doors_scope(app, call, &scope, NULL, error))
    return APP_FAILED;
  g_autoptr(MailPerson) person = mail_person_find(&scope, verb_argument(call, 0), error);
  if (person == NULL)
    return APP_FAILED;
  json_t *done = why != NULL ? mail_contain(&scope, person, why, error) : mail_release(&scope, person, error);
  if (done == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"user", "User name"},
                                         {"address", "Address"},
                                         {"contained", "Contained"},
                                         {"since", "Since"},
                                         {"by", "By"},
                                         {"why", "Why"},
                                         {NULL}};
  doors_record(app_output(app), columns, done);
  output_say(app_output(app),
             why != NULL
                 ? "Every door is shut; open sessions are being cut. To give it back: gatepost user release"
                 : "The doors follow the directory again.");
  return APP_OK;
}

int verb_user_contain(App *app, const VerbCall *call, GError **error) {
  const char *text = verb_value(call, "why");
  g_autofree char *why = text == NULL ? NULL : text_clean(text, WHY_BYTES);
  if (why != NULL && *why != '\0')
    return contain(app, call, why, error);
  app_error_set(error, APP_USAGE, 0, "--why is missing; it is kept, and shown to whoever looks");
  return APP_USAGE;
}

int verb_user_release(App *app, const VerbCall *call, GError **error) {
  return contain(app, call, NULL, error);
}
