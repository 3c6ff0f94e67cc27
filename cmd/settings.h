/* THE settings: one table. Each row is read from the file, the environment or its default, checked here, and printed by
 * `gatepost check-config`. What is not here lives in PostgreSQL. */
#pragma once

#include "lib/settings.h"

/* Ends with name NULL. */
const SettingsRow *settings_rows(void);
/* What single rows cannot tell: an http public_url without leave (GP-1210), two listeners on one address. */
gboolean settings_agree(const Settings *settings, GError **error);
/* public_url without a slash at its end. Free with g_free. */
char *settings_public_url(const Settings *settings);
