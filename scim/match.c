#include "scim/match.h"

#include <string.h>

/* One entity-tag at *at: its opaque text, and *at behind it. FALSE when there is none. */
static gboolean next_tag(const char **at, const char **opaque, gsize *n) {
  const char *p = *at;
  if (g_str_has_prefix(p, "W/") || g_str_has_prefix(p, "w/"))
    p += 2;
  if (*p != '"')
    return FALSE;
  const char *end = strchr(p + 1, '"');
  if (end == NULL)
    return FALSE;
  *opaque = p + 1;
  *n = (gsize)(end - p - 1);
  *at = end + 1;
  return TRUE;
}

gboolean scim_match_version(const char *header, gint64 version) {
  g_autofree char *want = g_strdup_printf("%" G_GINT64_FORMAT, version);
  const char *at = header + strspn(header, " \t");
  if (at[0] == '*' && at[1 + strspn(at + 1, " \t")] == '\0')
    return TRUE;
  const char *opaque;
  gsize n;
  while (next_tag(&at, &opaque, &n)) {
    if (n == strlen(want) && memcmp(opaque, want, n) == 0)
      return TRUE;
    at += strspn(at, " \t");
    if (*at != ',')
      return FALSE;
    at += 1 + strspn(at + 1, " \t");
  }
  return FALSE;
}
