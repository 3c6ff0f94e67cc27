/* `gatepost postfix config`: what an admin puts into Postfix. */
#pragma once

#include "cmd/verbs.h"

int verb_postfix_config(App *app, const VerbCall *call, GError **error);
