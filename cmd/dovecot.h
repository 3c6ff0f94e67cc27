/* `gatepost dovecot`: what an admin puts into Dovecot, and the proof that it works. */
#pragma once

#include "cmd/verbs.h"

int verb_dovecot_config(App *app, const VerbCall *call, GError **error);
enum { GP_DOVECONF = 5316 };
int verb_dovecot_inspect(App *app, const VerbCall *call, GError **error);
int verb_dovecot_verify(App *app, const VerbCall *call, GError **error);
