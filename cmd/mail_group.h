/* `gatepost mail-group …`: the groups whose members get a mailbox, and how. */
#pragma once

#include "cmd/verbs.h"

int verb_mail_group_add(App *app, const VerbCall *call, GError **error);
int verb_mail_group_list(App *app, const VerbCall *call, GError **error);
int verb_mail_group_template(App *app, const VerbCall *call, GError **error);
int verb_mail_group_remove(App *app, const VerbCall *call, GError **error);
