/* `gatepost version`. */
#pragma once

#include "cmd/verbs.h"

int verb_version(App *app, const VerbCall *call, GError **error);
