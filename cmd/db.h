/* `gatepost db migrate | status`. */
#pragma once

#include "cmd/verbs.h"

int verb_db_migrate(App *app, const VerbCall *call, GError **error);
int verb_db_status(App *app, const VerbCall *call, GError **error);
