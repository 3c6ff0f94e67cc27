/* `gatepost mailbox …`: mailboxes and whose they are. */
#pragma once

#include "cmd/verbs.h"

int verb_mailbox_list(App *app, const VerbCall *call, GError **error);
int verb_mailbox_show(App *app, const VerbCall *call, GError **error);
int verb_mailbox_set(App *app, const VerbCall *call, GError **error);
int verb_mailbox_pair(App *app, const VerbCall *call, GError **error);
int verb_mailbox_scan(App *app, const VerbCall *call, GError **error);
int verb_mailbox_adopt(App *app, const VerbCall *call, GError **error);
int verb_mailbox_check(App *app, const VerbCall *call, GError **error);
