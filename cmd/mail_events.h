/* `gatepost mail-events run`: the reader of Dovecot's event log, a process of its own on the mail host. */
#pragma once

#include "cmd/verbs.h"

int verb_mail_events_run(App *app, const VerbCall *call, GError **error);
