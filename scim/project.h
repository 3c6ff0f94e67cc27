/* attributes and excludedAttributes (RFC 7644 §3.4.2.5, §3.9) over a rendered resource, by the returned characteristic (RFC 7643 §7). */
#pragma once

#include "scim/dialect.h"
#include "scim/schema.h"

typedef struct ScimProjection ScimProjection;

/* Both texts may be NULL or empty; both set is INVALID_VALUE. Unknown names are ignored (RFC 7644 §3.4.2: unknown is no value) and a filter in a
 * name ("emails[type eq \"work\"]") is cut. NULL only with an error. */
ScimProjection *scim_projection_parse(const ScimType *type, const char *attributes, const char *excluded, GError **error);
void scim_projection_free(ScimProjection *projection);
/* TRUE when it keeps everything that is returned by default: the stored text can pass through. */
gboolean scim_projection_is_default(const ScimProjection *projection);
/* Would this attribute be in the answer? Lets the store leave members or groups unread. `name` is a core attribute. */
gboolean scim_projection_wants(const ScimProjection *projection, const char *name);
/* Was `attributes` given? (A PATCH reply must then be 200, RFC 7644 §3.5.2.) */
gboolean scim_projection_is_explicit(const ScimProjection *projection);
/* A new, projected copy. */
json_t *scim_projection_apply(const ScimProjection *projection, const json_t *resource);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScimProjection, scim_projection_free)
