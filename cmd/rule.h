/* `gatepost rule`: who may use which protocol from where and when. */
#pragma once

#include "cmd/verbs.h"

int verb_rule_add(App *app, const VerbCall *call, GError **error);
int verb_rule_list(App *app, const VerbCall *call, GError **error);
int verb_rule_test(App *app, const VerbCall *call, GError **error);
int verb_rule_replay(App *app, const VerbCall *call, GError **error);
int verb_rule_remove(App *app, const VerbCall *call, GError **error);
