/* `gatepost domain`: mail domains, claimed and proved. */
#pragma once

#include "cmd/verbs.h"

int verb_domain_add(App *app, const VerbCall *call, GError **error);
int verb_domain_verify(App *app, const VerbCall *call, GError **error);
int verb_domain_list(App *app, const VerbCall *call, GError **error);
