/* THE settings: one table. Each row is read from the file, the environment or its default, checked here, and printed by
 * `gatepost check-config`. What is not here lives in PostgreSQL. */
#pragma once

#include "lib/settings.h"

/* Ends with name NULL. */
const SettingsRow *settings_rows(void);
/* What single rows cannot tell: an http public_url without leave, two listeners on one address, no database at all. */
gboolean settings_agree(const Settings *settings, GError **error);
/* The conninfo out of `database` or `database_file`. */
const char *settings_database(const Settings *settings);
