/* `gatepost session …`: where people are signed in with a browser, and its end. */
#pragma once

#include "cmd/verbs.h"

int verb_session_list(App *app, const VerbCall *call, GError **error);
int verb_session_revoke(App *app, const VerbCall *call, GError **error);
