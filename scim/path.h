/* A PATCH path: attrPath or valuePath [subAttr] (RFC 7644 §3.5.2 ABNF), or a bare extension URN. The dots inside a URN
 * ("2.0") separate nothing. Pure. */
#pragma once

#include "scim/dialect.h"
#include "scim/filter.h"

typedef struct {
  ScimRef ref;        /* attribute (and sub-attribute when there is no filter); attribute NULL: the whole extension */
  ScimFilter *filter; /* emails[…]; NULL */
  const ScimAttribute *after; /* emails[…].value: the sub-attribute behind the filter; NULL */
} ScimPath;

/* Errors INVALID_PATH naming the path and the nearest known attribute; INVALID_FILTER for what stands in the brackets
 * (RFC 7644 table 9); TOO_MANY over LIMIT_PATH_BYTES. *path changes only on success. */
gboolean scim_path_parse(const ScimType *type, const char *text, gsize n, ScimDialect *dialect, ScimPath *path,
                         GError **error);
void scim_path_clear(ScimPath *path);
/* Is it well formed, only that no schema of the type declares its attribute or sub-attribute? */
gboolean scim_path_is_undeclared(const ScimType *type, const char *text, gsize n);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimPath, scim_path_clear)
