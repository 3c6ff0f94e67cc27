/* `gatepost readiness` and `gatepost notice`: who is ready for tokens alone, and the letters that tell people. */
#pragma once

#include "cmd/verbs.h"

int verb_readiness(App *app, const VerbCall *call, GError **error);
int verb_notice_send(App *app, const VerbCall *call, GError **error);
