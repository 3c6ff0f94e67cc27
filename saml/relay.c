#include "saml/relay.h"

#include <string.h>

#include "lib/limits.h"

/* What browsers and servers read as something else than a letter of the path: "/%2f/evil.example". */
static gboolean hides(const char *at) {
  int high = g_ascii_xdigit_value(at[1]);
  int low = high < 0 ? -1 : g_ascii_xdigit_value(at[2]);
  if (low < 0)
    return TRUE;
  int byte = high * 16 + low;
  return byte < ' ' || byte == 0x7f || byte == '/' || byte == '\\';
}

static gboolean begins(const char *path, const char *room) {
  gsize n = strlen(room);
  return g_ascii_strncasecmp(path, room, n) == 0 && strchr("/?", path[n]) != NULL;
}

gboolean saml_relay_target(const char *text) {
  if (text == NULL || text[0] != '/' || strlen(text) > LIMIT_SAML_TARGET_BYTES)
    return FALSE;
  for (const char *at = text; *at != '\0'; at++) {
    if (*at <= ' ' || *at >= 0x7f || strchr("\\\"'<>`^{|}#", *at) != NULL)
      return FALSE;
    if (*at == '%' && hides(at))
      return FALSE;
    if (at[0] == '/' && at[1] == '/')
      return FALSE;
  }
  return strstr(text, "/.") == NULL && !begins(text, "/saml") && !begins(text, "/scim");
}
