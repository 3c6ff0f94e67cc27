/* Amounts of storage as people type them: "5G", "500M", "none". */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Bytes; 0 for none. FALSE with a USAGE error that names the option. */
gboolean quota_parse(const char *option, const char *text, gint64 *bytes, GError **error);
/* The record's member "quota", of bytes, as people type it: "5G". Left alone where it is none. */
void quota_show(json_t *record);
