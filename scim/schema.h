/* RFC 7643 as tables: schemas, their attributes with every characteristic (§2.2, §7), and resource types. Validation,
 * PATCH, filters, projection and discovery read these and nothing else. Immutable, process lifetime; the built-in
 * ones are static. */
#pragma once

#include <glib.h>
#include <jansson.h>

#define SCIM_URN_USER "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_URN_GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"
#define SCIM_URN_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define SCIM_URN_LIST "urn:ietf:params:scim:api:messages:2.0:ListResponse"
#define SCIM_URN_PATCH "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define SCIM_URN_ERROR "urn:ietf:params:scim:api:messages:2.0:Error"

typedef enum { SCIM_STRING, SCIM_BOOLEAN, SCIM_DECIMAL, SCIM_INTEGER, SCIM_DATETIME, SCIM_BINARY, SCIM_REFERENCE, SCIM_COMPLEX } ScimValueType;
typedef enum { SCIM_READ_WRITE, SCIM_READ_ONLY, SCIM_IMMUTABLE, SCIM_WRITE_ONLY } ScimMutability;
typedef enum { SCIM_RETURNED_DEFAULT, SCIM_RETURNED_ALWAYS, SCIM_RETURNED_NEVER, SCIM_RETURNED_REQUEST } ScimReturned;
typedef enum { SCIM_UNIQUE_NONE, SCIM_UNIQUE_SERVER, SCIM_UNIQUE_GLOBAL } ScimUniqueness;

typedef struct ScimAttribute ScimAttribute;
struct ScimAttribute {
  const char *name;
  const char *about;
  ScimValueType type;
  gboolean multi, required, case_exact;
  ScimMutability mutability;
  ScimReturned returned;
  ScimUniqueness uniqueness;
  const char *const *canonical;       /* canonicalValues, NULL-terminated; suggestions, not a closed list (§7) */
  const char *const *reference_types; /* NULL-terminated */
  const ScimAttribute *sub;           /* sub-attributes of a complex one */
  gsize n_sub;
  gboolean lookup; /* the store finds by it: short, visible, without control characters */
};

typedef struct {
  const char *urn;
  const char *name;
  const char *about;
  const ScimAttribute *attributes;
  gsize n_attributes;
} ScimSchema;

typedef struct {
  const ScimSchema *schema;
  gboolean required;
} ScimExtension;

typedef enum { SCIM_KIND_USER, SCIM_KIND_GROUP } ScimKind;

typedef struct {
  ScimKind kind;
  const char *name;     /* "User" */
  const char *endpoint; /* "/Users" */
  const char *about;
  const ScimSchema *schema;
  const ScimExtension *extensions;
  gsize n_extensions;
} ScimType;

const ScimType *scim_type_user(void);
const ScimType *scim_type_group(void);
/* NULL-terminated. */
const ScimType *const *scim_type_all(void);

/* Attribute of a schema, or of the common ones (id, externalId, meta, schemas: §3.1), by name in any case; NULL. */
const ScimAttribute *scim_schema_attribute(const ScimSchema *schema, const char *name);
const ScimAttribute *scim_schema_common(const char *name);
const ScimAttribute *scim_attribute_sub(const ScimAttribute *attribute, const char *name);
/* The base or extension schema of a type with this URN, without case (RFC 7644 §3.10); NULL. */
const ScimSchema *scim_type_schema(const ScimType *type, const char *urn);

/* A reference to an attribute: what a name in a filter, path, attributes list or dotted key resolves to. */
typedef struct {
  const ScimSchema *extension;    /* NULL: core or common */
  const ScimAttribute *attribute; /* NULL: the whole extension */
  const ScimAttribute *sub;       /* NULL: the whole attribute */
} ScimRef;

/* "userName", "name.givenName", "urn:…:enterprise:2.0:User:manager.value", "members.$ref", any case; the URN is split from
 * the name at the last ':' after a known URN. FALSE when no schema of the type declares it. `n` bytes of text. */
gboolean scim_ref_resolve(const ScimType *type, const char *text, gsize n, ScimRef *ref);
/* The known name nearest to one that does not resolve, or the URN-qualified one of an extension's attribute named without its
 * URN: for "did you mean". NULL when none is near. Free with g_free. */
char *scim_ref_suggest(const ScimType *type, const char *text, gsize n);
/* The same for a name without a URN that only an extension of the type declares ("manager.value"). */
gboolean scim_ref_resolve_extension(const ScimType *type, const char *text, gsize n, ScimRef *ref);
/* The canonical spelling. Free with g_free. */
char *scim_ref_format(const ScimRef *ref);
/* The value a reference has in a resource (canonical names), borrowed; NULL when absent. For a sub-attribute of a multi-valued attribute:
 * the whole array (the caller walks it). */
json_t *scim_ref_get(const ScimRef *ref, const json_t *resource);
