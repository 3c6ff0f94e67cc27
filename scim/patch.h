/* PATCH (RFC 7644 §3.5.2): a body into operations, operations onto a document. Atomic: on an error nothing has
 * changed. Pure. */
#pragma once

#include "scim/dialect.h"
#include "scim/members.h"
#include "scim/path.h"

typedef enum { SCIM_PATCH_ADD, SCIM_PATCH_REMOVE, SCIM_PATCH_REPLACE } ScimPatchOp;

typedef struct ScimPatch ScimPatch;

/* Checks the envelope and every operation's op, path and mutability; messages begin with "Operations[i]". `body` is kept
 * by reference. */
ScimPatch *scim_patch_parse(const ScimType *type, json_t *body, ScimDialect *dialect, GError **error);
void scim_patch_free(ScimPatch *patch);
/* TRUE when an operation selects members by something other than value (members[type eq "Group"]): scim_patch_apply then
 * needs `present`. */
gboolean scim_patch_needs_members(const ScimPatch *patch);

typedef struct {
  const char *id;        /* the resource's own, for the readOnly echo */
  json_t *doc;           /* in: the stored document; out: a changed copy, or the same when nothing changed. Owned by the caller */
  json_t *extra;         /* in/out: attributes kept aside; may be NULL */
  const json_t *present; /* the members now, array of {"value","display","type"}, when needed; else NULL */
  ScimMembers members;   /* out, set on success: the caller clears it */
  gboolean changed;      /* out: doc or extra differ from what came in (members are judged by the store) */
} ScimPatchTarget;

/* RFC 7644 §3.5.2.1–3 and the dialect's shapes E1–E18. The operations run in order, each on the result of the one
 * before. *target changes only on success. */
gboolean scim_patch_apply(const ScimPatch *patch, ScimPatchTarget *target, ScimDialect *dialect, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScimPatch, scim_patch_free)
