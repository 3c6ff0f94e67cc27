/* `gatepost source`: the identity providers of an organisation. */
#pragma once

#include "cmd/store_source.h"
#include "cmd/verbs.h"

int verb_source_add(App *app, const VerbCall *call, GError **error);
int verb_source_list(App *app, const VerbCall *call, GError **error);

/* The source that --source names, or the only one there is. NULL with USAGE or NOT_FOUND. Free with store_source_free. */
StoreSource *source_chosen(const AdminScope *scope, const VerbCall *call, GError **error);
/* Is there such a profile? FALSE with USAGE and the nearest name. */
gboolean source_profile(const char *name, GError **error);
