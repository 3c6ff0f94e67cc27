/* `gatepost sync …`: the worker, what it would do, what it did, and what waits for an admin. */
#pragma once

#include "cmd/verbs.h"
#include "mail/tend.h"

int verb_sync_run(App *app, const VerbCall *call, GError **error);
int verb_sync_once(App *app, const VerbCall *call, GError **error);
int verb_sync_plan(App *app, const VerbCall *call, GError **error);
int verb_sync_history(App *app, const VerbCall *call, GError **error);
int verb_sync_held(App *app, const VerbCall *call, GError **error);
int verb_sync_approve(App *app, const VerbCall *call, GError **error);
int verb_sync_reject(App *app, const VerbCall *call, GError **error);
/* Where letters leave, of the settings; *host owns what the route borrows. */
gboolean sync_route(const Settings *settings, MailRoute *route, char **host);
int verb_sync_alarm(App *app, const VerbCall *call, GError **error);
int verb_sync_pause(App *app, const VerbCall *call, GError **error);
int verb_sync_resume(App *app, const VerbCall *call, GError **error);
