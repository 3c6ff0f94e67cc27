#include "lib/http_gate.h"

#include <string.h>

#include "lib/limits.h"

static const HttpGateVerdict verdicts[HTTP_GATE_CODES] = {
    [HTTP_GATE_VERSION] = {505, 2051, "this server speaks HTTP/1.1"},
    [HTTP_GATE_METHOD] = {405, 2052, "this method is not known here"},
    [HTTP_GATE_TARGET] = {400, 2053,
                          "the request target is not a plain path: dot segments, encoded slashes, ';', "
                          "NUL, broken escapes and bytes outside UTF-8 are refused"},
    [HTTP_GATE_TARGET_LONG] = {414, 2054, "the request target is longer than 16384 bytes"},
    [HTTP_GATE_HOST] = {400, 2055, "the request needs exactly one Host header that names a host"},
    [HTTP_GATE_LENGTH] = {400, 2056, "Content-Length must be given once, as a decimal number"},
    [HTTP_GATE_LENGTH_AND_CODING] = {400, 2057, "Content-Length and Transfer-Encoding exclude each other"},
    [HTTP_GATE_CODING] = {400, 2058, "the only Transfer-Encoding taken is chunked, once, in HTTP/1.1"},
    [HTTP_GATE_CONTENT_CODING] = {415, 2059,
                                  "compressed bodies are not taken: send without Content-Encoding"},
    [HTTP_GATE_AUTHORIZATION] = {400, 2060, "Authorization must be given once, in printable ASCII"},
    [HTTP_GATE_HEADER] = {400, 2061, "a header has a bad name, a control byte in its value, or is repeated"},
    [HTTP_GATE_HEADERS] = {431, 2062, "there are more than 64 headers, or they are longer than 16384 bytes"},
    [HTTP_GATE_SIZE] = {400, 2063, "a line of the head ends in a bare LF, is folded, or holds a NUL byte"},
    [HTTP_GATE_UPGRADE] = {400, 2064, "protocol upgrades are not offered: send without Upgrade"},
};

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL};

const HttpGateVerdict *http_gate_verdict(HttpGateCode code) {
  if (code <= HTTP_GATE_PASS || code >= HTTP_GATE_CODES)
    return NULL;
  return &verdicts[code];
}

/* Percent-encoding (RFC 3986 §2.1) and the path. */

static gboolean target_byte(char c) {
  return c > 32 && c < 127;
}

char *http_gate_unescape(const char *text, gsize n, gboolean plus) {
  g_autofree char *out = g_malloc(n + 1);
  gsize used = 0;
  for (gsize i = 0; i < n; i++) {
    char c = text[i];
    if (!target_byte(c))
      return NULL;
    if (c == '+' && plus)
      c = ' ';
    if (c == '%') {
      if (n - i < 3 || !g_ascii_isxdigit(text[i + 1]) || !g_ascii_isxdigit(text[i + 2]))
        return NULL;
      c = (char)(g_ascii_xdigit_value(text[i + 1]) * 16 + g_ascii_xdigit_value(text[i + 2]));
      i += 2;
    }
    if (c == '\0')
      return NULL;
    out[used++] = c;
  }
  out[used] = '\0';
  return g_utf8_validate(out, (gssize)used, NULL) ? g_steal_pointer(&out) : NULL;
}

static gboolean dot_segment(const char *segment, gsize n) {
  return (n == 1 && segment[0] == '.') || (n == 2 && segment[0] == '.' && segment[1] == '.');
}

/* One segment of the path, decoded. An escaped '/', '\' or control byte and a ';' in either spelling are what a front and
 * a server read differently. */
static gboolean append_segment(GString *path, const char *segment, gsize n) {
  if (n == 0)
    return TRUE;
  g_autofree char *text = http_gate_unescape(segment, n, FALSE);
  if (text == NULL || dot_segment(text, strlen(text)))
    return FALSE;
  for (const char *c = text; *c != '\0'; c++)
    if ((guchar)*c < 32 || *c == 127 || strchr("/\\;", *c) != NULL)
      return FALSE;
  g_string_append_c(path, '/');
  g_string_append(path, text);
  return TRUE;
}

char *http_gate_path(const char *target) {
  if (target[0] != '/')
    return NULL;
  gsize n = strcspn(target, "?");
  GString *path = g_string_sized_new(n + 1);
  for (gsize at = 1; at <= n;) {
    gsize part = strcspn(target + at, "/?");
    if (!append_segment(path, target + at, part)) {
      g_string_free(path, TRUE);
      return NULL;
    }
    at += part + 1;
  }
  if (path->len == 0)
    g_string_append_c(path, '/');
  return g_string_free(path, FALSE);
}

static HttpGateCode check_target(const char *target) {
  gsize n = strlen(target);
  if (n > LIMIT_URI_BYTES)
    return HTTP_GATE_TARGET_LONG;
  g_autofree char *path = http_gate_path(target);
  if (path == NULL || strchr(target, '#') != NULL)
    return HTTP_GATE_TARGET;
  const char *query = strchr(target, '?');
  if (query == NULL)
    return HTTP_GATE_PASS;
  g_autofree char *decoded = http_gate_unescape(query + 1, strlen(query + 1), FALSE);
  return decoded != NULL ? HTTP_GATE_PASS : HTTP_GATE_TARGET;
}

/* Single headers. */

/* RFC 9110 §5.6.2 */
static gboolean is_token(const char *text, gsize n) {
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isalnum(text[i]) && (text[i] == '\0' || strchr("!#$%&'*+-.^_`|~", text[i]) == NULL))
      return FALSE;
  return n > 0;
}

static gboolean is_value(const char *text, gsize n) {
  for (gsize i = 0; i < n; i++)
    if (((guchar)text[i] < 32 && text[i] != '\t') || text[i] == 127)
      return FALSE;
  return TRUE;
}

static gboolean is_printable(const HttpGateHeader *header) {
  for (gsize i = 0; i < header->value_bytes; i++)
    if (header->value[i] < 32 || header->value[i] > 126)
      return FALSE;
  return TRUE;
}

static gboolean is_host(const HttpGateHeader *header) {
  for (gsize i = 0; i < header->value_bytes; i++)
    if (!g_ascii_isalnum(header->value[i]) && strchr(".-_:[]", header->value[i]) == NULL)
      return FALSE;
  return header->value_bytes > 0 && header->value_bytes <= 255;
}

/* Decimal without sign or leading zero; 18 digits are far above any limit and far below an overflow. */
static gboolean is_length(const HttpGateHeader *header) {
  if (header->value_bytes == 0 || header->value_bytes > 18)
    return FALSE;
  for (gsize i = 0; i < header->value_bytes; i++)
    if (!g_ascii_isdigit(header->value[i]))
      return FALSE;
  return header->value_bytes == 1 || header->value[0] != '0';
}

static gboolean is_chunked(const HttpGateHeader *header) {
  return header->value_bytes == 7 && g_ascii_strncasecmp(header->value, "chunked", 7) == 0;
}

static gboolean is_identity(const HttpGateHeader *header) {
  return header->value_bytes == 8 && g_ascii_strncasecmp(header->value, "identity", 8) == 0;
}

static gboolean any(const HttpGateHeader *header) {
  (void)header;
  return TRUE;
}

static gboolean none(const HttpGateHeader *header) {
  (void)header;
  return FALSE;
}

enum { SINGLE_HOST, SINGLE_LENGTH, SINGLE_CODING, SINGLE_COUNT = 9 };

/* What may stand once at most, and how. */
static const struct {
  const char *name;
  gboolean (*valid)(const HttpGateHeader *header);
  HttpGateCode code;
} singles[SINGLE_COUNT] = {
    [SINGLE_HOST] = {"Host", is_host, HTTP_GATE_HOST},
    [SINGLE_LENGTH] = {"Content-Length", is_length, HTTP_GATE_LENGTH},
    [SINGLE_CODING] = {"Transfer-Encoding", is_chunked, HTTP_GATE_CODING},
    {"Content-Encoding", is_identity, HTTP_GATE_CONTENT_CODING},
    {"Authorization", is_printable, HTTP_GATE_AUTHORIZATION},
    {"Content-Type", any, HTTP_GATE_HEADER},
    {"Expect", any, HTTP_GATE_HEADER},
    {"Upgrade", none, HTTP_GATE_UPGRADE},
    {"HTTP2-Settings", none, HTTP_GATE_UPGRADE},
};

static HttpGateCode check_single(const HttpGateHeader *header, guint seen[SINGLE_COUNT]) {
  for (gsize i = 0; i < SINGLE_COUNT; i++) {
    if (header->name_bytes != strlen(singles[i].name) ||
        g_ascii_strcasecmp(header->name, singles[i].name) != 0)
      continue;
    return seen[i]++ == 0 && singles[i].valid(header) ? HTTP_GATE_PASS : singles[i].code;
  }
  return HTTP_GATE_PASS;
}

static HttpGateCode check_headers(const HttpGateHead *head) {
  guint seen[SINGLE_COUNT] = {0};
  HttpGateCode first = HTTP_GATE_PASS;
  for (gsize i = 0; i < head->n_headers; i++) {
    const HttpGateHeader *header = &head->headers[i];
    if (!is_token(header->name, header->name_bytes) || !is_value(header->value, header->value_bytes))
      return HTTP_GATE_HEADER;
    HttpGateCode code = check_single(header, seen);
    if (first == HTTP_GATE_PASS)
      first = code;
  }
  gboolean old = g_str_equal(head->version, "HTTP/1.0");
  if (seen[SINGLE_LENGTH] > 0 && seen[SINGLE_CODING] > 0)
    return HTTP_GATE_LENGTH_AND_CODING;
  if (first != HTTP_GATE_PASS)
    return first;
  if (seen[SINGLE_HOST] == 0 && !old)
    return HTTP_GATE_HOST;
  return seen[SINGLE_CODING] > 0 && old ? HTTP_GATE_CODING : HTTP_GATE_PASS;
}

/* The size equation, line by line and over the head. A total alone could be balanced: each bare LF is one byte short, a
 * NUL in a value hides one byte or more. Blanks before a value are part of the grammar (RFC 9112 §5.1); more than one or
 * a tab do no harm, as every reader trims them. */
static gboolean adds_up(const HttpGateHead *head) {
  gsize total = strlen(head->method) + strlen(head->target) + strlen(head->version) + 4;
  if (head->line_bytes != total)
    return FALSE;
  for (gsize i = 0; i < head->n_headers; i++) {
    const HttpGateHeader *header = &head->headers[i];
    if (strlen(header->name) != header->name_bytes || strlen(header->value) != header->value_bytes)
      return FALSE;
    gsize line = header->name_bytes + 1 + header->blank_bytes + header->value_bytes + 2;
    if (header->blank_bytes > LIMIT_HEADER_BYTES || header->line_bytes != line)
      return FALSE;
    total += line;
  }
  return total + 2 == head->head_bytes;
}

HttpGateCode http_gate_check(const HttpGateHead *head) {
  if (!g_str_equal(head->version, "HTTP/1.1") && !g_str_equal(head->version, "HTTP/1.0"))
    return HTTP_GATE_VERSION;
  if (!g_strv_contains(methods, head->method))
    return HTTP_GATE_METHOD;
  HttpGateCode code = check_target(head->target);
  if (code != HTTP_GATE_PASS)
    return code;
  if (head->n_headers > LIMIT_HEADERS || head->head_bytes > head->line_bytes + LIMIT_HEADER_BYTES)
    return HTTP_GATE_HEADERS;
  code = check_headers(head);
  if (code != HTTP_GATE_PASS)
    return code;
  return adds_up(head) ? HTTP_GATE_PASS : HTTP_GATE_SIZE;
}
