/* `gatepost user`: the people that identity providers pushed. */
#pragma once

#include "cmd/verbs.h"

int verb_user_list(App *app, const VerbCall *call, GError **error);
int verb_user_show(App *app, const VerbCall *call, GError **error);
