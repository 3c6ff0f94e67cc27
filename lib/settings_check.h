/* Is a value what its row asks for? For lib/settings.c. */
#pragma once

#include "lib/settings.h"

/* FALSE with SETTINGS_ERROR_VALUE naming the origin. list is NULL for anything but a list. */
gboolean settings_check(const SettingsRow *row, const char *origin, const char *text, const char *const *list,
                        GError **error);
/* "true", "yes", "on" and their opposites; FALSE when it is neither. */
gboolean settings_check_boolean(const char *text, gboolean *value);
