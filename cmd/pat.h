/* `gatepost pat`: personal access tokens, made, listed and ended by an admin. */
#pragma once

#include "cmd/verbs.h"

int verb_pat_create(App *app, const VerbCall *call, GError **error);
int verb_pat_list(App *app, const VerbCall *call, GError **error);
int verb_pat_rename(App *app, const VerbCall *call, GError **error);
int verb_pat_revoke(App *app, const VerbCall *call, GError **error);
