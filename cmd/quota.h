/* Amounts of storage as people type them: "5G", "500M", "none". */
#pragma once

#include <glib.h>

/* Bytes; 0 for none. FALSE with a USAGE error that names the option. */
gboolean quota_parse(const char *option, const char *text, gint64 *bytes, GError **error);
