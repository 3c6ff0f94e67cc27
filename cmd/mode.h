/* `gatepost mode` and `gatepost mail-setting`: how an organisation lets people sign in to mail; `user contain` and `release`. */
#pragma once

#include "cmd/verbs.h"

int verb_mode_show(App *app, const VerbCall *call, GError **error);
int verb_mode_set(App *app, const VerbCall *call, GError **error);
int verb_mode_undo(App *app, const VerbCall *call, GError **error);
int verb_mail_setting_show(App *app, const VerbCall *call, GError **error);
int verb_mail_setting_set(App *app, const VerbCall *call, GError **error);
int verb_user_contain(App *app, const VerbCall *call, GError **error);
int verb_user_release(App *app, const VerbCall *call, GError **error);
