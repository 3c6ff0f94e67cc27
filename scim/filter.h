/* The filter grammar of RFC 7644 §3.4.2.2, whole, and its evaluation over a resource in memory: PATCH value paths use
 * it, and it is the oracle for the SQL compiler (scim/store_filter.c). Recursion is bounded by LIMIT_FILTER_DEPTH. */
#pragma once

#include "scim/dialect.h"
#include "scim/schema.h"

typedef enum { SCIM_FILTER_AND, SCIM_FILTER_OR, SCIM_FILTER_NOT, SCIM_FILTER_COMPARE, SCIM_FILTER_PRESENT, SCIM_FILTER_VALUE_PATH } ScimFilterKind;
typedef enum { SCIM_OP_EQ, SCIM_OP_NE, SCIM_OP_CO, SCIM_OP_SW, SCIM_OP_EW, SCIM_OP_GT, SCIM_OP_GE, SCIM_OP_LT, SCIM_OP_LE } ScimOp;

typedef struct ScimFilter ScimFilter;
struct ScimFilter {
  ScimFilterKind kind;
  ScimFilter *left;  /* AND, OR, NOT; the inside of VALUE_PATH, whose refs have attribute = the outer one and sub set */
  ScimFilter *right; /* AND, OR */
  ScimRef ref;       /* COMPARE, PRESENT, VALUE_PATH; a comparison with a complex attribute is resolved to its value sub-attribute */
  ScimOp op;
  json_t *literal;   /* COMPARE: string, number, true, false; coerced to the attribute's type. eq null is NOT PRESENT, ne null PRESENT */
};

/* The filter in n bytes for resources of the type. Errors (all INVALID_FILTER, or TOO_MANY over a limit, SENSITIVE for password) quote the place:
 * unknown attribute with the nearest known one, unknown operator, order operators on boolean or binary, a literal of the wrong type.
 * `emails[type eq "work"].value eq "x"` becomes a value path whose inside has both. */
ScimFilter *scim_filter_parse(const ScimType *type, const char *text, gsize n, ScimDialect *dialect, GError **error);
/* The inside of a value path ("type eq \"work\""), for PATCH: names are sub-attributes of `of`. *used is where the
 * closing ']' stood. */
ScimFilter *scim_filter_parse_inner(const ScimRef *of, const char *text, gsize n, gsize *used, ScimDialect *dialect, GError **error);
void scim_filter_free(ScimFilter *filter);
/* Canonical text, for tests and messages. Free with g_free. */
char *scim_filter_format(const ScimFilter *filter);

/* Does the rendered resource (canonical names, with id and meta) satisfy it? String case by the attribute's case_exact,
 * with text_key; instants for dateTime; ne on an absent attribute is true. */
gboolean scim_filter_matches(const ScimFilter *filter, const json_t *resource);
/* The same for one element of a multi-valued attribute and the inside of a value path. */
gboolean scim_filter_matches_element(const ScimFilter *inner, const json_t *element);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScimFilter, scim_filter_free)
