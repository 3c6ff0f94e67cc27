#include "scim/filter_term.h"

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/limits.h"
#include "lib/text.h"

static const char *const operators[] = {
    [SCIM_OP_EQ] = "eq", [SCIM_OP_NE] = "ne", [SCIM_OP_CO] = "co", [SCIM_OP_SW] = "sw", [SCIM_OP_EW] = "ew",
    [SCIM_OP_GT] = "gt", [SCIM_OP_GE] = "ge", [SCIM_OP_LT] = "lt", [SCIM_OP_LE] = "le",
};

#define OPS(op) (1u << SCIM_OP_##op)
#define EQUALITY (OPS(EQ) | OPS(NE))
#define SUBSTRING (OPS(CO) | OPS(SW) | OPS(EW))
#define ORDER (OPS(GT) | OPS(GE) | OPS(LT) | OPS(LE))

/* Order on boolean and binary is refused by RFC 7644 table 3; parts of what is no text make no sense. */
static const struct {
  const char *wanted;
  guint operators;
} types[] = {
    [SCIM_STRING] = {"a string in double quotes", EQUALITY | SUBSTRING | ORDER},
    [SCIM_BOOLEAN] = {"true or false", EQUALITY},
    [SCIM_DECIMAL] = {"a number", EQUALITY | ORDER},
    [SCIM_INTEGER] = {"an integer", EQUALITY | ORDER},
    [SCIM_DATETIME] = {"a date and time such as \"2026-11-24T10:14:03Z\"", EQUALITY | ORDER},
    [SCIM_BINARY] = {"a string in double quotes", EQUALITY | SUBSTRING},
    [SCIM_REFERENCE] = {"a string in double quotes", EQUALITY | SUBSTRING | ORDER},
    [SCIM_COMPLEX] = {"null", EQUALITY},
};

const char *scim_filter_op_name(ScimOp op) {
  return operators[op];
}

ScimFilter *scim_filter_node(ScimFilterParser *parser, ScimFilterKind kind, GError **error) {
  if (++parser->nodes > LIMIT_FILTER_NODES) {
    scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_TOO_MANY, "the filter has more than %d terms",
                      LIMIT_FILTER_NODES);
    return NULL;
  }
  ScimFilter *node = g_new0(ScimFilter, 1);
  node->kind = kind;
  return node;
}

static void refuse_name(ScimFilterParser *parser, const char *name, gsize n, GError **error) {
  g_autofree char *raw = g_strndup(name, n);
  g_autofree char *quoted = text_quote(raw);
  g_autofree char *nearest = parser->outer ? NULL : scim_ref_suggest(parser->type, name, n);
  g_autofree char *of = parser->outer ? scim_ref_format(parser->outer) : g_strdup(parser->type->name);
  g_autofree char *hint = nearest ? g_strdup_printf("; did you mean %s?", nearest) : g_strdup("");
  scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER, "\"%s\" is not an attribute of %s%s",
                    quoted, of, hint);
}

static gboolean resolve(ScimFilterParser *parser, const char *name, gsize n, ScimRef *ref) {
  if (!parser->outer && scim_ref_resolve(parser->type, name, n, ref))
    return ref->attribute != NULL;
  if (!parser->outer)
    return scim_ref_resolve_extension(parser->type, name, n, ref) &&
           scim_dialect_allows(parser->dialect, SCIM_LENIENT_EXTENSION_NAMES);
  g_autofree char *sub = g_strndup(name, n);
  *ref = *parser->outer;
  ref->sub = scim_attribute_sub(ref->attribute, sub);
  return ref->sub != NULL;
}

gboolean scim_filter_name(ScimFilterParser *parser, gsize skip, ScimRef *ref, GError **error) {
  const ScimLexer *lexer = &parser->lexer;
  if (lexer->kind != SCIM_TOKEN_WORD) {
    g_autofree char *got = scim_lexer_quote(lexer);
    scim_lexer_refuse(lexer, error, SCIM_ERROR_INVALID_FILTER, "expected an attribute name, found %s", got);
    return FALSE;
  }
  const char *name = lexer->text + lexer->start + skip;
  gsize n = lexer->length - skip;
  if (!resolve(parser, name, n, ref)) {
    refuse_name(parser, name, n, error);
    return FALSE;
  }
  if (ref->attribute->mutability != SCIM_WRITE_ONLY)
    return TRUE;
  scim_lexer_refuse(lexer, error, SCIM_ERROR_SENSITIVE, "%s cannot be searched for", ref->attribute->name);
  return FALSE;
}

static const ScimAttribute *leaf_of(const ScimRef *ref) {
  return ref->sub ? ref->sub : ref->attribute;
}

/* emails co "x" is the RFC's own; manager eq "x" goes beyond it. */
static gboolean compare_by_value(ScimFilterParser *parser, ScimRef *ref, GError **error) {
  if (leaf_of(ref)->type != SCIM_COMPLEX)
    return TRUE;
  const ScimAttribute *value = scim_attribute_sub(ref->attribute, "value");
  if (value && (ref->attribute->multi || scim_dialect_allows(parser->dialect, SCIM_LENIENT_FILTER_COMPLEX))) {
    ref->sub = value;
    return TRUE;
  }
  g_autofree char *name = scim_ref_format(ref);
  scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER,
                    "%s has parts; compare one of them, such as %s.%s,", name, name,
                    ref->attribute->sub[0].name);
  return FALSE;
}

static gboolean read_operator(ScimFilterParser *parser, ScimOp *op, GError **error) {
  for (gsize i = 0; i < G_N_ELEMENTS(operators); i++) {
    if (!scim_lexer_is_word(&parser->lexer, operators[i]))
      continue;
    *op = (ScimOp)i;
    return TRUE;
  }
  g_autofree char *got = scim_lexer_quote(&parser->lexer);
  scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER,
                    "expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found %s", got);
  return FALSE;
}

static gboolean check_operator(const ScimFilterParser *parser, const ScimRef *ref, ScimOp op,
                               GError **error) {
  if (types[leaf_of(ref)->type].operators & (1u << op))
    return TRUE;
  g_autofree char *name = scim_ref_format(ref);
  scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER, "%s cannot be compared with %s", name,
                    operators[op]);
  return FALSE;
}

/* eq"x" */
static gboolean check_spacing(const ScimFilterParser *parser, GError **error) {
  const ScimLexer *lexer = &parser->lexer;
  if (lexer->spaced || lexer->kind != SCIM_TOKEN_STRING ||
      scim_dialect_allows(parser->dialect, SCIM_LENIENT_FILTER_SPACING))
    return TRUE;
  scim_lexer_refuse(lexer, error, SCIM_ERROR_INVALID_FILTER, "expected a space between operator and value");
  return FALSE;
}

/* The value as written: a string, or what an unquoted word is in JSON; NULL for a word that is neither. */
static json_t *read_json(const ScimLexer *lexer, GError **error) {
  if (lexer->kind == SCIM_TOKEN_STRING)
    return scim_lexer_string(lexer, error);
  json_error_t cause;
  json_t *value = lexer->kind == SCIM_TOKEN_WORD
                      ? json_loadb(lexer->text + lexer->start, lexer->length, JSON_DECODE_ANY, &cause)
                      : NULL;
  if (json_is_object(value) || json_is_array(value))
    g_clear_pointer(&value, json_decref);
  return value;
}

static json_t *bare_string(const ScimFilterParser *parser) {
  const ScimLexer *lexer = &parser->lexer;
  if (lexer->kind == SCIM_TOKEN_APOSTROPHE)
    return scim_lexer_string(lexer, NULL);
  return json_stringn(lexer->text + lexer->start, lexer->length);
}

static json_t *text_literal(const ScimFilterParser *parser, const json_t *value) {
  gboolean word = !value || json_is_number(value);
  if (json_is_string(value))
    return json_incref((json_t *)value);
  return word && scim_dialect_allows(parser->dialect, SCIM_LENIENT_FILTER_BARE_VALUE) ? bare_string(parser)
                                                                                      : NULL;
}

static json_t *boolean_literal(const ScimFilterParser *parser, const json_t *value) {
  if (json_is_boolean(value))
    return json_incref((json_t *)value);
  if (value && !json_is_string(value))
    return NULL;
  g_autoptr(json_t) text = value ? json_incref((json_t *)value) : bare_string(parser);
  gboolean yes = g_ascii_strcasecmp(json_string_value(text), "true") == 0;
  gboolean no = g_ascii_strcasecmp(json_string_value(text), "false") == 0;
  if ((!yes && !no) || !scim_dialect_allows(parser->dialect, SCIM_LENIENT_FILTER_BOOLEAN_STRING))
    return NULL;
  return json_boolean(yes);
}

static json_t *datetime_literal(const ScimFilterParser *parser, const json_t *value) {
  g_autoptr(json_t) text = text_literal(parser, value);
  gint64 wall;
  return text && clock_parse(json_string_value(text), &wall) ? g_steal_pointer(&text) : NULL;
}

static json_t *typed(const ScimFilterParser *parser, ScimValueType type, const json_t *value) {
  switch (type) {
  case SCIM_BOOLEAN:
    return boolean_literal(parser, value);
  case SCIM_INTEGER:
    return json_is_integer(value) ? json_incref((json_t *)value) : NULL;
  case SCIM_DECIMAL:
    return json_is_number(value) ? json_incref((json_t *)value) : NULL;
  case SCIM_DATETIME:
    return datetime_literal(parser, value);
  case SCIM_COMPLEX:
    return NULL;
  default:
    return text_literal(parser, value);
  }
}

static gboolean is_value(const ScimLexer *lexer) {
  return lexer->kind == SCIM_TOKEN_WORD || lexer->kind == SCIM_TOKEN_STRING ||
         lexer->kind == SCIM_TOKEN_APOSTROPHE;
}

/* The value that is compared with; json_null() for null. */
static json_t *read_literal(const ScimFilterParser *parser, const ScimRef *ref, GError **error) {
  const ScimLexer *lexer = &parser->lexer;
  GError *cause = NULL;
  g_autoptr(json_t) value = is_value(lexer) ? read_json(lexer, &cause) : NULL;
  if (cause) {
    g_propagate_error(error, cause);
    return NULL;
  }
  if (json_is_null(value))
    return json_null();
  ScimValueType type = leaf_of(ref)->type;
  json_t *literal = is_value(lexer) ? typed(parser, type, value) : NULL;
  if (literal)
    return literal;
  g_autofree char *name = scim_ref_format(ref);
  g_autofree char *got = scim_lexer_quote(lexer);
  scim_lexer_refuse(lexer, error, SCIM_ERROR_INVALID_FILTER, "%s is compared with %s, found %s", name,
                    types[type].wanted, got);
  return NULL;
}

/* "eq null" is "not present" (RFC 7643 §2.5), so no null is left for those who read the tree. */
static ScimFilter *null_comparison(ScimFilterParser *parser, const ScimRef *ref, ScimOp op, GError **error) {
  if (op != SCIM_OP_EQ && op != SCIM_OP_NE) {
    scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER,
                      "null is compared with eq or ne only");
    return NULL;
  }
  g_autoptr(ScimFilter) present = scim_filter_node(parser, SCIM_FILTER_PRESENT, error);
  if (!present)
    return NULL;
  present->ref = *ref;
  if (op == SCIM_OP_NE)
    return g_steal_pointer(&present);
  ScimFilter *absent = scim_filter_node(parser, SCIM_FILTER_NOT, error);
  if (absent)
    absent->left = g_steal_pointer(&present);
  return absent;
}

static ScimFilter *comparison(ScimFilterParser *parser, ScimRef ref, ScimOp op, GError **error) {
  if (scim_lexer_is_word(&parser->lexer, "null"))
    return null_comparison(parser, &ref, op, error);
  if (!compare_by_value(parser, &ref, error) || !check_operator(parser, &ref, op, error))
    return NULL;
  g_autoptr(json_t) literal = read_literal(parser, &ref, error);
  if (!literal)
    return NULL;
  ScimFilter *node = scim_filter_node(parser, SCIM_FILTER_COMPARE, error);
  if (!node)
    return NULL;
  node->ref = ref;
  node->op = op;
  node->literal = g_steal_pointer(&literal);
  return node;
}

ScimFilter *scim_filter_predicate(ScimFilterParser *parser, const ScimRef *ref, GError **error) {
  g_autoptr(ScimFilter) node = NULL;
  if (scim_lexer_is_word(&parser->lexer, "pr")) {
    node = scim_filter_node(parser, SCIM_FILTER_PRESENT, error);
    if (node)
      node->ref = *ref;
  } else {
    ScimOp op;
    if (!read_operator(parser, &op, error) || !scim_lexer_next(&parser->lexer, error) ||
        !check_spacing(parser, error))
      return NULL;
    node = comparison(parser, *ref, op, error);
  }
  if (!node || !scim_lexer_next(&parser->lexer, error))
    return NULL;
  return g_steal_pointer(&node);
}
