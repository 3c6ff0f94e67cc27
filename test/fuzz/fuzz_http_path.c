/* A target that is accepted gives a path without NUL, dot segments, doubled slashes or backslashes. */
#include "lib/http_gate.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autofree char *target = g_strndup((const char *)data, size);
  g_autofree char *path = http_gate_path(target);
  g_autofree char *decoded = http_gate_unescape(target, strlen(target), TRUE);
  g_assert_true(decoded == NULL || g_utf8_validate(decoded, -1, NULL));
  if (path == NULL)
    return 0;
  g_assert_true(path[0] == '/' && g_utf8_validate(path, -1, NULL));
  g_assert_true(strstr(path, "//") == NULL && strpbrk(path, "\\;\r\n") == NULL);
  g_auto(GStrv) segments = g_strsplit(path, "/", -1);
  g_assert_false(g_strv_contains((const char *const *)segments, "."));
  g_assert_false(g_strv_contains((const char *const *)segments, ".."));
  return 0;
}
