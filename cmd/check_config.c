#include "cmd/check_config.h"

#include "cmd/settings.h"

static const OutputColumn columns[] = {{"name", "setting"}, {"value", "value"}, {"origin", "from"}, {NULL}};

static json_t *row_json(const Settings *settings, const char *name) {
  g_autofree char *shown = settings_shown(settings, name);
  return json_pack("{s:s, s:s, s:s}", "name", name, "value", shown, "origin",
                   settings_origin(settings, name));
}

int verb_check_config(App *app, const VerbCall *call, GError **error) {
  if (verb_given(call, "example")) {
    g_autofree char *text = settings_example(settings_rows());
    output_text(app_output(app), text);
    return APP_OK;
  }
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return APP_BAD_CONFIG;
  json_t *rows = json_array();
  for (const SettingsRow *row = settings_rows(); row->name != NULL; row++)
    json_array_append_new(rows, row_json(settings, row->name));
  output_records(app_output(app), columns, json_pack("{s:s, s:o}", "file", app_config(app), "settings", rows),
                 "settings");
  output_say(app_output(app), "The settings are good. Next: gatepost doctor");
  return APP_OK;
}
