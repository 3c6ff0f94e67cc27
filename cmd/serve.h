/* `gatepost serve`: where the rooms meet. Start: settings, the admin listener (so that /livez and /readyz speak while the
 * database is away), the database, the listener for the world. Stop: not ready at once, drain, out. */
#pragma once

#include "cmd/verbs.h"

int verb_serve(App *app, const VerbCall *call, GError **error);
