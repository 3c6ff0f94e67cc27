/* `gatepost group`: the groups that identity providers pushed. */
#pragma once

#include "cmd/verbs.h"

int verb_group_list(App *app, const VerbCall *call, GError **error);
int verb_group_show(App *app, const VerbCall *call, GError **error);
