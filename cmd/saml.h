/* gatepost saml connection …: how people of a source sign in. */
#pragma once

#include "cmd/verbs.h"

int verb_saml_create(App *app, const VerbCall *call, GError **error);
int verb_saml_list(App *app, const VerbCall *call, GError **error);
int verb_saml_show(App *app, const VerbCall *call, GError **error);
int verb_saml_set(App *app, const VerbCall *call, GError **error);
int verb_saml_remove(App *app, const VerbCall *call, GError **error);
int verb_saml_test(App *app, const VerbCall *call, GError **error);
int verb_saml_trace(App *app, const VerbCall *call, GError **error);
int verb_saml_refresh(App *app, const VerbCall *call, GError **error);
int verb_saml_rotate(App *app, const VerbCall *call, GError **error);
int verb_saml_trust(App *app, const VerbCall *call, GError **error);
int verb_saml_distrust(App *app, const VerbCall *call, GError **error);
int verb_saml_match(App *app, const VerbCall *call, GError **error);
int verb_saml_finish(App *app, const VerbCall *call, GError **error);
int verb_saml_undo(App *app, const VerbCall *call, GError **error);
