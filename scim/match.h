/* Entity tags in If-Match and If-None-Match (RFC 7644 §3.14, RFC 9110 §13.1), compared weakly. Pure. */
#pragma once

#include <glib.h>

/* Does the header value ("*", or a list of W/"7" and "7") name this version? A value that is no such list names none. */
gboolean scim_match_version(const char *header, gint64 version);
