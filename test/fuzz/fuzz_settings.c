#include <stdint.h>
#include <string.h>

#include "lib/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *mask(const char *value) {
  return strstr(value, "password") == NULL ? NULL : g_strdup("********");
}

static const SettingsRow rows[] = {
    {"public_url", SETTINGS_STRING, "https://gp.example.org", 1, 64, NULL, NULL, "A URL.",
     "https://gp.example.org"},
    {"workers", SETTINGS_INTEGER, "8", 1, 100, NULL, NULL, "A number.", "8"},
    {"strict", SETTINGS_BOOLEAN, "false", 0, 0, NULL, NULL, "A switch.", "true"},
    {"trusted_proxies", SETTINGS_LIST, "", 0, 8, NULL, NULL, "A list.", "[10.0.0.1]"},
    {"secret", SETTINGS_STRING, "", 0, 64, mask, NULL, "A secret.", "x"},
    {NULL},
};

/* A refusal names its file and ends with its code; what is accepted keeps the promises of its rows. A secret's file is
 * not followed: the bytes could name any. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (g_strstr_len((const char *)data, (gssize)size, "secret_file") != NULL)
    return 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(Settings) settings = settings_parse(rows, "gatepost.yaml", (const char *)data, size, &error);
  if (settings == NULL) {
    g_assert_true(g_str_has_prefix(error->message, "gatepost.yaml"));
    g_assert_true(g_str_has_suffix(error->message, ")"));
    return 0;
  }
  g_assert_cmpint(settings_integer(settings, "workers"), >=, 1);
  g_assert_cmpint(settings_integer(settings, "workers"), <=, 100);
  g_assert_cmpuint(strlen(settings_string(settings, "public_url")), <=, 64);
  g_assert_cmpuint(g_strv_length((char **)settings_list(settings, "trusted_proxies")), <=, 8);
  g_autofree char *shown = settings_shown(settings, "secret");
  g_assert_null(strstr(shown, "password"));
  return 0;
}
