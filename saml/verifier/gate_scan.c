#include "saml/verifier/gate_scan.h"

#include <string.h>

#define BYTE_ORDER_MARK "\357\273\277"

/* Where the declaration is read: in it no text is longer than what remains. */
typedef struct {
  const char *at, *end;
} Cursor;

static gboolean is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static gboolean skip_blanks(Cursor *cursor) {
  const char *from = cursor->at;
  while (cursor->at < cursor->end && is_blank(*cursor->at))
    cursor->at++;
  return cursor->at > from;
}

static gboolean skip_word(Cursor *cursor, const char *word) {
  gsize n = strlen(word);
  if ((gsize)(cursor->end - cursor->at) < n || memcmp(cursor->at, word, n) != 0)
    return FALSE;
  cursor->at += n;
  return TRUE;
}

/* name = "value" or 'value'; the value without its quotes, to be freed; NULL when it is not there. */
static char *take_pair(Cursor *cursor, const char *name) {
  Cursor look = *cursor;
  if (!skip_blanks(&look) || !skip_word(&look, name))
    return NULL;
  skip_blanks(&look);
  if (!skip_word(&look, "="))
    return NULL;
  skip_blanks(&look);
  if (look.at == look.end || (*look.at != '"' && *look.at != '\''))
    return NULL;
  const char *from = look.at + 1;
  const char *to = memchr(from, *look.at, (gsize)(look.end - from));
  if (to == NULL)
    return NULL;
  cursor->at = to + 1;
  return g_strndup(from, (gsize)(to - from));
}

/* XML 1.0 §2.8: version 1.0, and no encoding but UTF-8 (C18). That it is well-formed is the parser's matter. */
static SamlFailure check_declaration(Cursor cursor) {
  if (!skip_word(&cursor, "<?xml") || cursor.at == cursor.end || !is_blank(*cursor.at))
    return SAML_OK;
  g_autofree char *version = take_pair(&cursor, "version");
  if (version == NULL)
    return SAML_BAD_XML;
  g_autofree char *encoding = take_pair(&cursor, "encoding");
  gboolean good =
      g_str_equal(version, "1.0") && (encoding == NULL || g_ascii_strcasecmp(encoding, "UTF-8") == 0);
  return good ? SAML_OK : SAML_ENCODING;
}

/* No value may hold '<', so each one begins a tag, whatever stands before it: no damage to the text hides one. */
static gboolean is_tame(Cursor cursor, guint most) {
  guint equals = 0;
  gboolean inside = FALSE;
  char quote = '\0';
  for (; cursor.at < cursor.end && equals <= most; cursor.at++) {
    char c = *cursor.at;
    if (c == '<') {
      inside = TRUE;
      quote = '\0';
      equals = 0;
    } else if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (inside) {
      quote = c == '"' || c == '\'' ? c : '\0';
      inside = c != '>';
      equals += c == '=';
    }
  }
  return equals <= most;
}

SamlFailure saml_gate_scan(const char *bytes, gsize n, guint most, gsize *begin) {
  if (n == 0 || memchr(bytes, '\0', n) != NULL)
    return SAML_BAD_XML;
  if (!g_utf8_validate_len(bytes, n, NULL))
    return SAML_ENCODING;
  Cursor cursor = {bytes, bytes + n};
  skip_word(&cursor, BYTE_ORDER_MARK);
  *begin = (gsize)(cursor.at - bytes);
  SamlFailure failure = check_declaration(cursor);
  if (failure != SAML_OK)
    return failure;
  return is_tame(cursor, most) ? SAML_OK : SAML_LIMIT_ATTRIBUTES;
}
