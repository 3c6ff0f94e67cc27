#include "saml/verifier/gate.h"

#include <zlib.h>

#define BASE64_GROUP 4
#define INFLATE_STEP_BYTES 16384

/* One character of the text; what is good goes into digits. Identity providers wrap lines, so line breaks may stand anywhere. */
static SamlFailure take_digit(char c, GString *digits, gsize *padding) {
  if (c == '\r' || c == '\n')
    return SAML_OK;
  gboolean good = c == '=' ? *padding < 2 : *padding == 0 && (g_ascii_isalnum(c) || c == '+' || c == '/');
  if (!good)
    return SAML_BAD_BASE64;
  *padding += c == '=';
  g_string_append_c(digits, c);
  return SAML_OK;
}

char *saml_gate_base64(const char *text, gsize n, gsize most, gsize *decoded_n, SamlFailure *failure) {
  gsize digits_most = (most + 2) / 3 * BASE64_GROUP;
  g_autoptr(GString) digits = g_string_sized_new(MIN(n, digits_most));
  gsize padding = 0;
  *failure = SAML_OK;
  for (gsize i = 0; i < n && *failure == SAML_OK; i++) {
    *failure = take_digit(text[i], digits, &padding);
    if (digits->len > digits_most)
      *failure = SAML_TOO_LARGE;
  }
  if (*failure == SAML_OK && (digits->len == 0 || digits->len % BASE64_GROUP != 0))
    *failure = SAML_BAD_BASE64;
  if (*failure == SAML_OK && digits->len / BASE64_GROUP * 3 - padding > most)
    *failure = SAML_TOO_LARGE;
  if (*failure != SAML_OK)
    return NULL;
  g_base64_decode_inplace(digits->str, decoded_n);
  digits->str[*decoded_n] = '\0';
  return g_string_free(g_steal_pointer(&digits), FALSE);
}

/* One step of at most INFLATE_STEP_BYTES; *done at the stream's end, where the input must end too. */
static SamlFailure inflate_step(z_stream *stream, GByteArray *out, gsize most, gboolean *done) {
  guint8 step[INFLATE_STEP_BYTES];
  stream->next_out = step;
  stream->avail_out = sizeof step;
  int rc = inflate(stream, Z_NO_FLUSH);
  gsize got = sizeof step - stream->avail_out;
  if (out->len + got > most)
    return SAML_TOO_LARGE;
  g_byte_array_append(out, step, (guint)got);
  *done = rc == Z_STREAM_END;
  if (*done)
    return stream->avail_in == 0 ? SAML_OK : SAML_BAD_XML;
  return rc == Z_OK && got > 0 ? SAML_OK : SAML_BAD_XML; /* no progress: the stream was cut */
}

char *saml_gate_inflate(const char *bytes, gsize n, gsize most, gsize *inflated_n, SamlFailure *failure) {
  z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)n};
  *failure = n > G_MAXUINT32 || most > G_MAXINT32 ? SAML_TOO_LARGE : SAML_OK;
  if (*failure != SAML_OK || inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return NULL;
  g_autoptr(GByteArray) out = g_byte_array_new();
  gboolean done = FALSE;
  while (*failure == SAML_OK && !done)
    *failure = inflate_step(&stream, out, most, &done);
  inflateEnd(&stream);
  if (*failure != SAML_OK)
    return NULL;
  *inflated_n = out->len;
  g_byte_array_append(out, (const guint8 *)"", 1);
  return (char *)g_byte_array_free(g_steal_pointer(&out), FALSE);
}
