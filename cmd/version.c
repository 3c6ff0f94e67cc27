#include "cmd/version.h"

#include <jansson.h>

static const OutputColumn columns[] = {
    {"version", "gatepost"},
    {"glib", "GLib"},
    {"jansson", "jansson"},
    {NULL},
};

int verb_version(App *app, const VerbCall *call, GError **error) {
  (void)call;
  (void)error;
  g_autofree char *glib =
      g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
  output_record(app_output(app), columns,
                json_pack("{s:s, s:s, s:s}", "version", GATEPOST_VERSION, "glib", glib, "jansson",
                          jansson_version_str()));
  return APP_OK;
}
