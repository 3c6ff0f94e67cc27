/* The leaves of a filter: a name, an operator, a value, each judged by the schema tables. For scim/filter*.c alone. */
#pragma once

#include "scim/filter.h"
#include "scim/filter_lex.h"

typedef struct {
  ScimLexer lexer;
  const ScimType *type;
  const ScimRef *outer; /* inside emails[…]: emails; names are its sub-attributes */
  ScimDialect *dialect;
  guint depth, nodes;
} ScimFilterParser;

/* A new node, or NULL with TOO_MANY. */
ScimFilter *scim_filter_node(ScimFilterParser *parser, ScimFilterKind kind, GError **error);
/* n bytes of the current token, from `skip` on, as a name. The token stays. */
gboolean scim_filter_name(ScimFilterParser *parser, gsize skip, ScimRef *ref, GError **error);
/* What follows a name: "pr", or an operator and a value. */
ScimFilter *scim_filter_predicate(ScimFilterParser *parser, const ScimRef *ref, GError **error);
/* "eq" */
const char *scim_filter_op_name(ScimOp op);
