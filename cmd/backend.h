/* `gatepost backend …`: the mail stores of this installation. */
#pragma once

#include "cmd/verbs.h"

int verb_backend_add(App *app, const VerbCall *call, GError **error);
int verb_backend_list(App *app, const VerbCall *call, GError **error);
