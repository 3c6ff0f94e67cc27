/* `gatepost org`: organisations. */
#pragma once

#include "cmd/verbs.h"

int verb_org_create(App *app, const VerbCall *call, GError **error);
int verb_org_list(App *app, const VerbCall *call, GError **error);
