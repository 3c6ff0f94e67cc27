/* From what a client sent to what is stored: names to their canonical spelling, values checked and coerced by the
 * schema tables, readOnly and null dropped as the RFCs say, the undeclared kept aside. Pure. */
#pragma once

#include "scim/dialect.h"
#include "scim/schema.h"

/* The clean form. doc: schemas + declared attributes, canonical names, in the order of the tables, without id, meta, groups, members,
 * password. An extension's URN is in schemas exactly when doc has attributes of it. doc may share values with the body. */
typedef struct {
  json_t *doc;
  json_t *extra;   /* undeclared attributes and foreign schemas, nested as sent; NULL when none */
  json_t *members; /* Group: array of {"value": …, "display"?, "type"?}, deduplicated by value, in order; NULL when the key was absent */
  gboolean active_given; /* User: the body said active; otherwise doc has true */
} ScimResource;

void scim_resource_clear(ScimResource *resource);

/* A POST or PUT body (RFC 7643 §2, RFC 7644 §3.3, §3.5.1). Required attributes present, types right, one primary at most, no duplicate
 * schemas; dateTimes kept as sent but checked. Errors name the attribute: INVALID_VALUE "emails[1].value must be a
 * string, got true". *resource changes only on success. */
gboolean scim_resource_read(const ScimType *type, const json_t *body, ScimDialect *dialect, ScimResource *resource, GError **error);

/* One attribute's value as a client sent it, checked and coerced: what PATCH puts in. `where` is for messages
 * ("Operations[2]: emails"). For ref.sub set: that sub-attribute's value; for ref.attribute NULL: the extension's object. Returns a new
 * reference; json_null() when the value means "no value" (also no members). NULL with an error; undeclared sub-attributes are one. */
json_t *scim_resource_value(const ScimRef *ref, const json_t *value, const char *where, ScimDialect *dialect, GError **error);
/* The same; undeclared sub-attributes go into the object `extra`, nested as in ScimResource. */
json_t *scim_resource_value_aside(const ScimRef *ref, const json_t *value, const char *where, ScimDialect *dialect,
    json_t *extra, GError **error);

/* After any change: puts doc in the tables' order without empty values, schemas in step with the extensions; then required
 * present, one primary, counts within lib/limits.h. */
gboolean scim_resource_check(const ScimType *type, json_t *doc, GError **error);
/* What is kept aside (may be NULL) fits LIMIT_EXTRA_BYTES; else TOO_MANY. */
gboolean scim_resource_check_extra(const json_t *extra, GError **error);

/* Two stored values mean the same (order of object keys aside). */
gboolean scim_resource_equal(const json_t *a, const json_t *b);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScimResource, scim_resource_clear)
