/* A connection string taken apart, in either of its spellings. Pure. */
#pragma once

#include <glib.h>

/* The value of one libpq keyword ("host"); "" when the string does not give it. NULL with SERVER when it is none. Free with g_free. */
char *db_conninfo_value(const char *conninfo, const char *keyword, GError **error);
