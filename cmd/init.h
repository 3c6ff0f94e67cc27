/* `gatepost init`: settings file, folder for keys, database roles, migrations. The plan comes first; a second run finds
 * everything there. */
#pragma once

#include "cmd/verbs.h"

int verb_init(App *app, const VerbCall *call, GError **error);
