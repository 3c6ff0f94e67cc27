/* The inside of PATCH, for scim/patch*.c alone: a body becomes steps, each of one attribute; a no-path value with five
 * keys is five steps. */
#pragma once

#include "scim/error.h"
#include "scim/patch.h"

typedef struct {
  gsize index; /* in Operations */
  ScimPatchOp op;
  char *name;       /* path or key as sent */
  gboolean known;   /* FALSE: no schema declares it, it goes to extra and path is empty */
  ScimPath path;
  json_t *value; /* owned; NULL when the operation has none */
} ScimPatchStep;

struct ScimPatch {
  const ScimType *type;
  json_t *body;
  GPtrArray *steps; /* ScimPatchStep */
  gboolean needs_members;
};

/* "Operations[2]: emails", for messages. Free with g_free. */
char *scim_patch_where(const ScimPatchStep *step);
/* Sets "Operations[2]: …" and returns FALSE. */
gboolean scim_patch_fail(const ScimPatchStep *step, GError **error, ScimErrorCode code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Is it the members attribute of a group? */
gboolean scim_patch_is_members(const ScimType *type, const ScimPath *path);

/* scim/patch_value.c: one step onto a document, in place; undeclared sub-attributes go into the object `aside`. */
gboolean scim_patch_value(const ScimPatchStep *step, json_t *doc, json_t *aside, ScimDialect *dialect, GError **error);
/* scim/patch_elements.c: the same for a multi-valued attribute of `home`. value is the clean one, json null for no value. */
gboolean scim_patch_elements(const ScimPatchStep *step, json_t *home, json_t *value, ScimDialect *dialect, GError **error);
/* Takes elements, sub-attributes, or those that `listed` (NULL: all) names out. */
void scim_patch_take_out(const ScimPatchStep *step, json_t *home, const json_t *listed);
/* Puts src into the complex value dst. A $ref that belonged to another value goes. */
void scim_patch_merge(json_t *dst, json_t *src);
/* scim/patch_members.c: one step onto the deltas, in place. */
gboolean scim_patch_members(const ScimPatchStep *step, const json_t *present, ScimMembers *members,
                            ScimDialect *dialect, GError **error);
/* TRUE when the filter is value eq "a" [or value eq "b" …]: nobody needs to know the members. */
gboolean scim_patch_members_by_value(const ScimFilter *filter);
