/* Secrets of mail stores and alarms, which stand in files that an admin named. */
#pragma once

#include <glib.h>

/* The file's text without white space at its end. NULL: it cannot be read, or is over 4 KiB. Free with crypto_free_secret. */
char *mail_secret_read(const char *path, GError **error);
