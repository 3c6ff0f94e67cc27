/* `gatepost check-config`. */
#pragma once

#include "cmd/verbs.h"

int verb_check_config(App *app, const VerbCall *call, GError **error);
