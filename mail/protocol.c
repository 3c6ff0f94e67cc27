#include "mail/protocol.h"

static const char *const names[] = {"imap", "pop3", "smtp", "sieve", "dav", NULL};

gboolean mail_protocol_known(const char *name) {
  return g_strv_contains(names, name);
}

char **mail_protocol_list(const char *text, char **wrong) {
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  g_auto(GStrv) words = g_strsplit(text, ",", -1);
  guint seen = 0;
  for (char **word = words; *word != NULL; word++) {
    g_autofree char *name = g_ascii_strdown(g_strstrip(*word), -1);
    guint at = 0;
    while (names[at] != NULL && !g_str_equal(names[at], name))
      at++;
    if (names[at] == NULL) {
      *wrong = g_steal_pointer(&name);
      return NULL;
    }
    if ((seen & 1u << at) == 0)
      g_strv_builder_add(builder, name);
    seen |= 1u << at;
  }
  if (seen == 0) {
    *wrong = g_strdup("");
    return NULL;
  }
  return g_strv_builder_end(builder);
}
