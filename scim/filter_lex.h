/* Filter text into tokens (RFC 7644 §3.4.2.2). For scim/filter*.c alone. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "scim/error.h"

typedef enum {
  SCIM_TOKEN_END,
  SCIM_TOKEN_WORD,       /* a name, an operator, a bare value */
  SCIM_TOKEN_STRING,     /* "…", quotes included */
  SCIM_TOKEN_APOSTROPHE, /* '…', as one example of the RFC has it */
  SCIM_TOKEN_OPEN,
  SCIM_TOKEN_CLOSE,
  SCIM_TOKEN_BRACKET,
  SCIM_TOKEN_BRACKET_END,
} ScimTokenKind;

/* The current token and what is left; text is borrowed and known to be UTF-8. */
typedef struct {
  const char *text;
  gsize n;
  gsize next; /* where the next token is looked for */
  ScimTokenKind kind;
  gsize start, length;
  gboolean spaced; /* white space before it */
} ScimLexer;

/* Steps to the next token; FALSE for an unterminated string. */
gboolean scim_lexer_next(ScimLexer *lexer, GError **error);
gboolean scim_lexer_is_word(const ScimLexer *lexer, const char *word);
/* The value a string token spells, or NULL with an error. */
json_t *scim_lexer_string(const ScimLexer *lexer, GError **error);
/* Sets "<message> at character N". */
void scim_lexer_refuse(const ScimLexer *lexer, GError **error, ScimErrorCode code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* The current token for a message: quoted and clipped, or "the end". Free with g_free. */
char *scim_lexer_quote(const ScimLexer *lexer);
