#include "cmd/source.h"

#include "lib/text.h"
#include "scim/dialect.h"

gboolean source_profile(const char *name, GError **error) {
  if (scim_profile_find(name) != NULL)
    return TRUE;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const ScimProfile *profile = scim_profile_all(); profile->name != NULL; profile++)
    g_ptr_array_add(names, (char *)profile->name);
  g_ptr_array_add(names, NULL);
  g_autofree char *quoted = text_quote(name);
  g_autofree char *nearest = admin_nearest(name, (const char *const *)names->pdata);
  app_error_set(error, APP_USAGE, 0, "there is no profile \"%s\"%s", quoted, nearest);
  return FALSE;
}

int verb_source_add(App *app, const VerbCall *call, GError **error) {
  const char *name = verb_argument(call, 0);
  const char *profile = verb_given(call, "profile") ? verb_value(call, "profile") : "any";
  if (!admin_name("a source", name, error) || !source_profile(profile, error))
    return APP_USAGE;
  AdminScope scope;
  gint64 source_id = 0;
  if (!admin_scope(app, call, &scope, error) || !store_source_add(&scope, name, profile, &source_id, error))
    return APP_FAILED;
  static const OutputColumn columns[] = {{"id", "Id"}, {"name", "Name"}, {"profile", "Profile"}, {NULL}};
  output_record(app_output(app), columns,
                json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t)source_id, "name", name, "org",
                          scope.org_name, "profile", profile));
  g_autofree char *quoted = g_shell_quote(name);
  g_autofree char *org = admin_org_option(&scope);
  output_say(app_output(app), "Next: gatepost scim-token create --source %s --name NAME%s", quoted, org);
  return APP_OK;
}

static json_t *view(const StoreSource *source) {
  json_t *object = json_object();
  json_object_set_new(object, "id", json_integer(source->source_id));
  json_object_set_new(object, "name", json_string(source->name));
  json_object_set_new(object, "profile", json_string(source->profile));
  json_object_set_new(object, "created", admin_time(source->created_us));
  json_object_set_new(object, "people", json_integer(source->people));
  json_object_set_new(object, "groups", json_integer(source->groups));
  json_object_set_new(object, "tokens", json_integer(source->tokens));
  return object;
}

int verb_source_list(App *app, const VerbCall *call, GError **error) {
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  g_autoptr(GPtrArray) sources = store_source_list(&scope, error);
  if (sources == NULL)
    return APP_FAILED;
  json_t *array = json_array();
  for (guint i = 0; i < sources->len; i++)
    json_array_append_new(array, view(sources->pdata[i]));
  static const OutputColumn columns[] = {{"id", "Id"},
                                         {"name", "Name"},
                                         {"profile", "Profile"},
                                         {"people", "People"},
                                         {"groups", "Groups"},
                                         {"tokens", "Tokens"},
                                         {NULL}};
  output_records(app_output(app), columns, json_pack("{s:o}", "sources", array), "sources");
  if (sources->len == 0)
    output_say(app_output(app), "Next: gatepost source add Okta --profile okta");
  return APP_OK;
}

static void fail_source(const GPtrArray *sources, const char *name, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < sources->len; i++)
    g_ptr_array_add(names, ((StoreSource *)sources->pdata[i])->name);
  g_ptr_array_add(names, NULL);
  if (sources->len == 0) {
    app_error_set(error, APP_NOT_FOUND, GP_NO_SOURCE, "there is no source yet");
    return;
  }
  if (name == NULL) {
    g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);
    app_error_set(error, APP_USAGE, 0, "there are several sources (%s); say which with --source", list);
    return;
  }
  g_autofree char *quoted = text_quote(name);
  g_autofree char *nearest = admin_nearest(name, (const char *const *)names->pdata);
  app_error_set(error, APP_NOT_FOUND, GP_NO_SOURCE, "there is no source \"%s\"%s", quoted, nearest);
}

StoreSource *source_chosen(const AdminScope *scope, const VerbCall *call, GError **error) {
  const char *name = verb_value(call, "source");
  g_autoptr(GPtrArray) sources = store_source_list(scope, error);
  if (sources == NULL)
    return NULL;
  if (name == NULL && sources->len == 1)
    return g_ptr_array_steal_index(sources, 0);
  for (guint i = 0; name != NULL && i < sources->len; i++) {
    StoreSource *source = sources->pdata[i];
    if (g_str_equal(source->name, name))
      return g_ptr_array_steal_index(sources, i);
  }
  fail_source(sources, name, error);
  return NULL;
}
