/* The protocols of mail, as tokens, templates and rules name them. */
#pragma once

#include <glib.h>

#define MAIL_PROTOCOL_ALL "imap, pop3, smtp, sieve, dav"

gboolean mail_protocol_known(const char *name);
/* "imap, SMTP" as names in lower case, each once, in the order given; NULL with *wrong (free with g_free) when one is
 * unknown, empty, or none is there. Free with g_strfreev. */
char **mail_protocol_list(const char *text, char **wrong);
