#include "cmd/version.h"

#include <link.h>
#include <stdlib.h>

#include <jansson.h>

#include "lib/settings.h"

static const OutputColumn columns[] = {
    {"version", "gatepost"}, {"glib", "GLib"},     {"jansson", "jansson"},
    {"cyaml", "libcyaml"},   {"loaded", "loaded"}, {NULL},
};

/* What we use by name; their file names carry the version that the linker found, whatever the build saw. */
static const char *const libraries[] = {"libmicrohttpd", "libcurl", "libpq",   "libcrypto",
                                        "libutf8proc",   "libidn2", "libyaml"};

static int add_library(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  g_autofree char *base = g_path_get_basename(info->dlpi_name);
  for (gsize i = 0; i < G_N_ELEMENTS(libraries); i++) {
    if (!g_str_has_prefix(base, libraries[i]))
      continue;
    char *file = realpath(info->dlpi_name, NULL);
    json_array_append_new(data, json_string(file == NULL ? info->dlpi_name : file));
    free(file);
  }
  return 0;
}

int verb_version(App *app, const VerbCall *call, GError **error) {
  (void)call;
  (void)error;
  g_autofree char *glib =
      g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
  json_t *loaded = json_array();
  dl_iterate_phdr(add_library, loaded);
  output_record(app_output(app), columns,
                json_pack("{s:s, s:s, s:s, s:s, s:o}", "version", GATEPOST_VERSION, "glib", glib, "jansson",
                          jansson_version_str(), "cyaml", settings_library(), "loaded", loaded));
  return APP_OK;
}
