#include "scim/filter_lex.h"

#include <string.h>

#include "lib/text.h"

static ScimTokenKind kind_of(char c) {
  switch (c) {
  case '(':
    return SCIM_TOKEN_OPEN;
  case ')':
    return SCIM_TOKEN_CLOSE;
  case '[':
    return SCIM_TOKEN_BRACKET;
  case ']':
    return SCIM_TOKEN_BRACKET_END;
  case '"':
    return SCIM_TOKEN_STRING;
  case '\'':
    return SCIM_TOKEN_APOSTROPHE;
  default:
    return SCIM_TOKEN_WORD;
  }
}

static gsize word_length(const ScimLexer *lexer) {
  gsize i = lexer->start;
  while (i < lexer->n && !strchr(" \t\r\n()[]\"", lexer->text[i]))
    i++;
  return i - lexer->start;
}

/* Up to and with the closing quote; 0 when there is none. */
static gsize quoted_length(const ScimLexer *lexer, char quote) {
  for (gsize i = lexer->start + 1; i < lexer->n; i++) {
    if (lexer->text[i] == quote)
      return i + 1 - lexer->start;
    if (lexer->text[i] == '\\' && quote == '"')
      i++;
  }
  return 0;
}

gboolean scim_lexer_next(ScimLexer *lexer, GError **error) {
  lexer->start = lexer->next;
  while (lexer->start < lexer->n && strchr(" \t\r\n", lexer->text[lexer->start]))
    lexer->start++;
  lexer->spaced = lexer->start > lexer->next;
  lexer->kind = lexer->start == lexer->n ? SCIM_TOKEN_END : kind_of(lexer->text[lexer->start]);
  lexer->length = lexer->kind == SCIM_TOKEN_END ? 0 : 1;
  if (lexer->kind == SCIM_TOKEN_WORD)
    lexer->length = word_length(lexer);
  if (lexer->kind == SCIM_TOKEN_STRING || lexer->kind == SCIM_TOKEN_APOSTROPHE)
    lexer->length = quoted_length(lexer, lexer->text[lexer->start]);
  lexer->next = lexer->start + lexer->length;
  if (lexer->length > 0 || lexer->kind == SCIM_TOKEN_END)
    return TRUE;
  scim_lexer_refuse(lexer, error, SCIM_ERROR_INVALID_FILTER, "the filter has a quote that is never closed");
  return FALSE;
}

gboolean scim_lexer_is_word(const ScimLexer *lexer, const char *word) {
  return lexer->kind == SCIM_TOKEN_WORD && strlen(word) == lexer->length &&
         g_ascii_strncasecmp(lexer->text + lexer->start, word, lexer->length) == 0;
}

json_t *scim_lexer_string(const ScimLexer *lexer, GError **error) {
  const char *at = lexer->text + lexer->start;
  if (lexer->kind == SCIM_TOKEN_APOSTROPHE)
    return json_stringn(at + 1, lexer->length - 2);
  json_error_t cause;
  json_t *string = json_loadb(at, lexer->length, JSON_DECODE_ANY, &cause);
  if (!string) {
    g_autofree char *quoted = scim_lexer_quote(lexer);
    scim_lexer_refuse(lexer, error, SCIM_ERROR_INVALID_FILTER, "the filter has %s, which is no JSON string,",
                      quoted);
  }
  return string;
}

void scim_lexer_refuse(const ScimLexer *lexer, GError **error, ScimErrorCode code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  glong place = g_utf8_strlen(lexer->text, (gssize)lexer->start) + 1;
  g_set_error(error, SCIM_ERROR, (int)code, "%s at character %ld", message, place);
}

char *scim_lexer_quote(const ScimLexer *lexer) {
  if (lexer->kind == SCIM_TOKEN_END)
    return g_strdup("the end");
  g_autofree char *raw = g_strndup(lexer->text + lexer->start, lexer->length);
  g_autofree char *clean = text_quote(raw);
  return lexer->kind == SCIM_TOKEN_STRING ? g_steal_pointer(&clean) : g_strdup_printf("\"%s\"", clean);
}
