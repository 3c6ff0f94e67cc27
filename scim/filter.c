#include "scim/filter.h"

#include "lib/limits.h"
#include "lib/text.h"
#include "scim/filter_term.h"

static ScimFilter *parse_or(ScimFilterParser *parser, GError **error);

void scim_filter_free(ScimFilter *filter) {
  if (!filter)
    return;
  scim_filter_free(filter->left);
  scim_filter_free(filter->right);
  json_decref(filter->literal);
  g_free(filter);
}

static gboolean expect(ScimFilterParser *parser, ScimTokenKind kind, const char *what, GError **error) {
  if (parser->lexer.kind == kind)
    return TRUE;
  g_autofree char *got = scim_lexer_quote(&parser->lexer);
  scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER, "expected %s, found %s", what, got);
  return FALSE;
}

/* What stands between the current bracket and its partner; the closing one is the current token afterwards. */
static ScimFilter *parse_inside(ScimFilterParser *parser, ScimTokenKind close, const char *what,
                                GError **error) {
  if (++parser->depth > LIMIT_FILTER_DEPTH) {
    scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_TOO_MANY, "the filter nests deeper than %d",
                      LIMIT_FILTER_DEPTH);
    return NULL;
  }
  if (!scim_lexer_next(&parser->lexer, error))
    return NULL;
  g_autoptr(ScimFilter) inside = parse_or(parser, error);
  parser->depth--;
  return inside && expect(parser, close, what, error) ? g_steal_pointer(&inside) : NULL;
}

static ScimFilter *parse_group(ScimFilterParser *parser, GError **error) {
  g_autoptr(ScimFilter) inside = parse_inside(parser, SCIM_TOKEN_CLOSE, "and, or, or a closing )", error);
  return inside && scim_lexer_next(&parser->lexer, error) ? g_steal_pointer(&inside) : NULL;
}

static ScimFilter *parse_not(ScimFilterParser *parser, GError **error) {
  if (!scim_lexer_next(&parser->lexer, error) || !expect(parser, SCIM_TOKEN_OPEN, "( after not", error))
    return NULL;
  g_autoptr(ScimFilter) node = scim_filter_node(parser, SCIM_FILTER_NOT, error);
  if (!node)
    return NULL;
  node->left = parse_group(parser, error);
  return node->left ? g_steal_pointer(&node) : NULL;
}

static ScimFilter *join(ScimFilterParser *parser, ScimFilterKind kind, ScimFilter *left, ScimFilter *right,
                        GError **error) {
  g_autoptr(ScimFilter) first = left;
  g_autoptr(ScimFilter) second = right;
  if (!first || !second)
    return NULL;
  ScimFilter *node = scim_filter_node(parser, kind, error);
  if (!node)
    return NULL;
  node->left = g_steal_pointer(&first);
  node->right = g_steal_pointer(&second);
  return node;
}

/* emails[type eq "work"].value eq "x": both must hold for one element. Outside the grammar; Entra writes it. */
static ScimFilter *parse_after(ScimFilterParser *parser, ScimFilter *inside, const ScimRef *outer,
                               GError **error) {
  g_autoptr(ScimFilter) left = inside;
  if (!scim_dialect_allows(parser->dialect, SCIM_LENIENT_FILTER_SUBATTRIBUTE)) {
    scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER,
                      "expected and, or, or the end after ]");
    return NULL;
  }
  ScimRef ref;
  parser->outer = outer;
  ScimFilter *right = NULL;
  if (scim_filter_name(parser, 1, &ref, error) && scim_lexer_next(&parser->lexer, error))
    right = scim_filter_predicate(parser, &ref, error);
  parser->outer = NULL;
  return join(parser, SCIM_FILTER_AND, g_steal_pointer(&left), right, error);
}

static gboolean check_outer(const ScimFilterParser *parser, const ScimRef *ref, GError **error) {
  const ScimAttribute *attribute = ref->attribute;
  if (!parser->outer && !ref->sub && attribute->multi && attribute->type == SCIM_COMPLEX)
    return TRUE;
  g_autofree char *name = scim_ref_format(ref);
  scim_lexer_refuse(&parser->lexer, error, SCIM_ERROR_INVALID_FILTER,
                    "%s is no list of objects and takes no filter in brackets", name);
  return FALSE;
}

static ScimFilter *parse_value_path(ScimFilterParser *parser, const ScimRef *ref, GError **error) {
  if (!check_outer(parser, ref, error))
    return NULL;
  g_autoptr(ScimFilter) node = scim_filter_node(parser, SCIM_FILTER_VALUE_PATH, error);
  if (!node)
    return NULL;
  node->ref = *ref;
  parser->outer = &node->ref;
  node->left = parse_inside(parser, SCIM_TOKEN_BRACKET_END, "and, or, or a closing ]", error);
  parser->outer = NULL;
  if (!node->left || !scim_lexer_next(&parser->lexer, error))
    return NULL;
  const ScimLexer *lexer = &parser->lexer;
  if (lexer->kind == SCIM_TOKEN_WORD && !lexer->spaced && lexer->text[lexer->start] == '.')
    node->left = parse_after(parser, g_steal_pointer(&node->left), &node->ref, error);
  return node->left ? g_steal_pointer(&node) : NULL;
}

static ScimFilter *parse_term(ScimFilterParser *parser, GError **error) {
  if (parser->lexer.kind == SCIM_TOKEN_OPEN)
    return parse_group(parser, error);
  if (scim_lexer_is_word(&parser->lexer, "not"))
    return parse_not(parser, error);
  ScimRef ref;
  if (!scim_filter_name(parser, 0, &ref, error) || !scim_lexer_next(&parser->lexer, error))
    return NULL;
  if (parser->lexer.kind == SCIM_TOKEN_BRACKET)
    return parse_value_path(parser, &ref, error);
  return scim_filter_predicate(parser, &ref, error);
}

static ScimFilter *parse_and(ScimFilterParser *parser, GError **error) {
  ScimFilter *left = parse_term(parser, error);
  while (left && scim_lexer_is_word(&parser->lexer, "and")) {
    ScimFilter *right = scim_lexer_next(&parser->lexer, error) ? parse_term(parser, error) : NULL;
    left = join(parser, SCIM_FILTER_AND, left, right, error);
  }
  return left;
}

static ScimFilter *parse_or(ScimFilterParser *parser, GError **error) {
  ScimFilter *left = parse_and(parser, error);
  while (left && scim_lexer_is_word(&parser->lexer, "or")) {
    ScimFilter *right = scim_lexer_next(&parser->lexer, error) ? parse_and(parser, error) : NULL;
    left = join(parser, SCIM_FILTER_OR, left, right, error);
  }
  return left;
}

static gboolean begin(ScimFilterParser *parser, GError **error) {
  const ScimLexer *lexer = &parser->lexer;
  if (lexer->n > LIMIT_FILTER_BYTES) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY,
                "the filter has %" G_GSIZE_FORMAT " bytes, at most %d are read", lexer->n,
                LIMIT_FILTER_BYTES);
    return FALSE;
  }
  if (!text_is_utf8(lexer->text, lexer->n)) {
    g_set_error_literal(error, SCIM_ERROR, SCIM_ERROR_INVALID_FILTER, "the filter is not UTF-8 text");
    return FALSE;
  }
  return scim_lexer_next(&parser->lexer, error);
}

ScimFilter *scim_filter_parse(const ScimType *type, const char *text, gsize n, ScimDialect *dialect,
                              GError **error) {
  ScimFilterParser parser = {.lexer = {.text = text, .n = n}, .type = type, .dialect = dialect};
  if (!begin(&parser, error))
    return NULL;
  g_autoptr(ScimFilter) filter = parse_or(&parser, error);
  return filter && expect(&parser, SCIM_TOKEN_END, "and, or, or the end", error) ? g_steal_pointer(&filter)
                                                                                 : NULL;
}

ScimFilter *scim_filter_parse_inner(const ScimRef *of, const char *text, gsize n, gsize *used,
                                    ScimDialect *dialect, GError **error) {
  ScimFilterParser parser = {.lexer = {.text = text, .n = n}, .outer = of, .dialect = dialect, .depth = 1};
  if (!begin(&parser, error))
    return NULL;
  g_autoptr(ScimFilter) filter = parse_or(&parser, error);
  if (!filter || !expect(&parser, SCIM_TOKEN_BRACKET_END, "and, or, or a closing ]", error))
    return NULL;
  *used = parser.lexer.start;
  return g_steal_pointer(&filter);
}
