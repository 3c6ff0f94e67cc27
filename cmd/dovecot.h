/* `gatepost dovecot config`: what an admin puts into Dovecot. */
#pragma once

#include "cmd/verbs.h"

int verb_dovecot_config(App *app, const VerbCall *call, GError **error);
