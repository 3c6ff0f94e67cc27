/* `gatepost explain`. */
#pragma once

#include "cmd/verbs.h"

int verb_explain(App *app, const VerbCall *call, GError **error);
/* "2101", "GP-2101", "gp-2101"; -1 for anything else. */
int explain_parse(const char *text);
