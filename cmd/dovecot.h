/* `gatepost dovecot`: what an admin puts into Dovecot, what Dovecot has already, and the proof that both work together. */
#pragma once

#include "cmd/verbs.h"

int verb_dovecot_config(App *app, const VerbCall *call, GError **error);
int verb_dovecot_inspect(App *app, const VerbCall *call, GError **error);
int verb_dovecot_verify(App *app, const VerbCall *call, GError **error);
