#include "saml/verifier/query.h"

#include <string.h>

#include "lib/limits.h"

#define ENCODING_DEFLATE "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

typedef enum {
  NAME_REQUEST,
  NAME_RESPONSE,
  NAME_RELAY_STATE,
  NAME_ALGORITHM,
  NAME_SIGNATURE,
  NAME_ENCODING,
  NAMES
} Name;

static const char *const names[NAMES] = {
    [NAME_REQUEST] = "SAMLRequest", [NAME_RESPONSE] = "SAMLResponse", [NAME_RELAY_STATE] = "RelayState",
    [NAME_ALGORITHM] = "SigAlg",    [NAME_SIGNATURE] = "Signature",   [NAME_ENCODING] = "SAMLEncoding",
};

/* The values as they stand, and what they mean. */
typedef struct {
  char *raw[NAMES], *decoded[NAMES];
} Parts;

static void parts_clear(Parts *parts) {
  for (gsize i = 0; i < NAMES; i++) {
    g_free(parts->raw[i]);
    g_free(parts->decoded[i]);
  }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

void saml_query_clear(SamlQuery *query) {
  g_clear_pointer(&query->message, g_free);
  g_clear_pointer(&query->relay_state, g_free);
  g_clear_pointer(&query->algorithm, g_free);
  g_clear_pointer(&query->signature, g_free);
  g_clear_pointer(&query->signed_octets, g_free);
}

/* RFC 3986 §3.4 and what browsers add; but no ';', which some read as '&'. */
static gboolean is_plain(const char *text, gsize n) {
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isgraph(text[i]) || strchr(";#\"<>\\^`{}|", text[i]) != NULL)
      return FALSE;
  return TRUE;
}

/* NULL: a '%' without two digits, or NUL. A '+' is a space. */
static char *decode(const char *raw) {
  g_autofree char *text = g_malloc(strlen(raw) + 1);
  char *to = text;
  for (const char *at = raw; *at != '\0'; at++) {
    if (*at != '%') {
      *to++ = *at == '+' ? ' ' : *at;
      continue;
    }
    int high = g_ascii_xdigit_value(at[1]);
    int low = high < 0 ? -1 : g_ascii_xdigit_value(at[2]);
    if (low < 0 || (high == 0 && low == 0))
      return NULL;
    *to++ = (char)(high << 4 | low);
    at += 2;
  }
  *to = '\0';
  return g_steal_pointer(&text);
}

/* Written otherwise than the standard does, a name would be one thing to us and another to whoever decodes first (A110). */
static gboolean is_disguised(const char *name) {
  if (strpbrk(name, "%+") != NULL || g_ascii_strncasecmp(name, "SAML", 4) == 0)
    return TRUE;
  gboolean same = FALSE;
  for (gsize i = 0; i < NAMES; i++)
    same = same || g_ascii_strcasecmp(name, names[i]) == 0;
  return same;
}

static gboolean take_part(Parts *parts, const char *part) {
  const char *equals = strchr(part, '=');
  if (equals == NULL || equals == part)
    return FALSE;
  g_autofree char *name = g_strndup(part, (gsize)(equals - part));
  gsize i = 0;
  while (i < NAMES && !g_str_equal(names[i], name))
    i++;
  if (i == NAMES)
    return !is_disguised(name);
  if (parts->raw[i] != NULL)
    return FALSE;
  parts->raw[i] = g_strdup(equals + 1);
  parts->decoded[i] = decode(equals + 1);
  return parts->decoded[i] != NULL;
}

static gboolean split(const char *text, gsize n, Parts *parts) {
  if (!is_plain(text, n))
    return FALSE;
  g_autofree char *copy = g_strndup(text, n);
  g_auto(GStrv) list = g_strsplit(copy, "&", -1);
  gboolean good = TRUE;
  for (char **part = list; *part != NULL && good; part++)
    good = take_part(parts, *part);
  return good;
}

static gboolean is_empty(const char *text) {
  return text == NULL || *text == '\0';
}

static SamlFailure check(const Parts *parts) {
  const char *request = parts->decoded[NAME_REQUEST], *response = parts->decoded[NAME_RESPONSE];
  if ((request == NULL) == (response == NULL) || is_empty(request != NULL ? request : response))
    return SAML_BAD_FORM;
  if (parts->decoded[NAME_ENCODING] != NULL && !g_str_equal(parts->decoded[NAME_ENCODING], ENCODING_DEFLATE))
    return SAML_BAD_FORM;
  if (is_empty(parts->decoded[NAME_SIGNATURE]) || is_empty(parts->decoded[NAME_ALGORITHM]))
    return SAML_SIG_MISSING;
  const char *relay_state = parts->decoded[NAME_RELAY_STATE];
  return relay_state == NULL || g_utf8_validate(relay_state, -1, NULL) ? SAML_OK : SAML_RELAY_INVALID;
}

/* Bindings §3.4.4.1: in this order, whatever the order they came in, and in the sender's own spelling. */
static char *signed_octets(const Parts *parts, Name message) {
  g_autoptr(GString) octets = g_string_new(NULL);
  g_string_append_printf(octets, "%s=%s", names[message], parts->raw[message]);
  if (parts->raw[NAME_RELAY_STATE] != NULL)
    g_string_append_printf(octets, "&%s=%s", names[NAME_RELAY_STATE], parts->raw[NAME_RELAY_STATE]);
  g_string_append_printf(octets, "&%s=%s", names[NAME_ALGORITHM], parts->raw[NAME_ALGORITHM]);
  return g_string_free(g_steal_pointer(&octets), FALSE);
}

gboolean saml_query_parse(const char *text, gsize n, SamlQuery *query, SamlFailure *failure) {
  g_auto(Parts) parts = {0};
  *failure = n > LIMIT_URI_BYTES ? SAML_TOO_LARGE : SAML_OK;
  if (*failure == SAML_OK && !split(text, n, &parts))
    *failure = SAML_BAD_FORM;
  if (*failure == SAML_OK)
    *failure = check(&parts);
  if (*failure != SAML_OK)
    return FALSE;
  Name message = parts.raw[NAME_REQUEST] != NULL ? NAME_REQUEST : NAME_RESPONSE;
  *query = (SamlQuery){
      .request = message == NAME_REQUEST,
      .message = g_steal_pointer(&parts.decoded[message]),
      .relay_state = g_steal_pointer(&parts.decoded[NAME_RELAY_STATE]),
      .algorithm = g_steal_pointer(&parts.decoded[NAME_ALGORITHM]),
      .signature = g_steal_pointer(&parts.decoded[NAME_SIGNATURE]),
      .signed_octets = signed_octets(&parts, message),
  };
  return TRUE;
}
