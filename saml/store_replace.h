/* The same people from another identity provider: a dry run first (who would be found?), then both connections side by side, then finish
 * or undo. Nobody is deleted; what undo ends are the bindings and sessions of the newcomer. */
#pragma once

#include <jansson.h>

#include "saml/scope.h"

/* Who would be found through connection `slug` by the rule join ("userName", "externalId", "email"). subjects: what the new provider calls its
 * people, one each; NULL: only whether each person has a subject of their own. {"people", "matched", "unmatched", "colliding", "unknown":
 * counts, "examples": {"unmatched": [names], "colliding": [{"subject", "people"}], "unknown": [subjects]}}, at most 20 each. NULL with an
 * error; json_null when there is no such connection. */
json_t *saml_store_match(const SamlScope *scope, const char *slug, const char *join,
                         const char *const *subjects, GError **error);

typedef enum {
  SAML_REPLACED,
  SAML_REPLACE_NO_SUCH, /* no connection of that name */
  SAML_REPLACE_NOTHING, /* it does not take over from another */
} SamlReplaceResult;
/* finish: the former one is switched off, its sessions end. Else undo, also
 * after that: the newcomer is switched off, its bindings and sessions end, the former one works as before. */
gboolean saml_store_replace(const SamlScope *scope, const char *slug, gboolean finish,
                            SamlReplaceResult *result, GError **error);
