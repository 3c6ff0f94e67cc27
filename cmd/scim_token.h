/* `gatepost scim-token`: the keys of identity providers. */
#pragma once

#include "cmd/verbs.h"

int verb_scim_token_create(App *app, const VerbCall *call, GError **error);
/* The leniencies that --without takes, for --help. Free with g_free. */
char *scim_token_create_help(void);
int verb_scim_token_list(App *app, const VerbCall *call, GError **error);
int verb_scim_token_rotate(App *app, const VerbCall *call, GError **error);
int verb_scim_token_revoke(App *app, const VerbCall *call, GError **error);
