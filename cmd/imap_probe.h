/* One IMAP session as a mail program on this host has it, for `dovecot verify`: plain text, so for loopback alone. Blocking; every
 * wait ends after ten seconds. */
#pragma once

#include <glib.h>

typedef struct ImapProbe ImapProbe;

/* place: "127.0.0.1:143". NULL with UNREACHABLE. */
ImapProbe *imap_probe_open(const char *place, GError **error);
void imap_probe_free(ImapProbe *probe);
/* *answer gets what the server said, without the tag; it begins with "OK" when the sign-in was taken. FALSE with UNREACHABLE. Free
 * with g_free. */
gboolean imap_probe_login(ImapProbe *probe, const char *login, const char *secret, char **answer,
                          GError **error);
/* Does the server end this session within the wait? */
gboolean imap_probe_ended(ImapProbe *probe);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapProbe, imap_probe_free)
