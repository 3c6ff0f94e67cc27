/* The gate: what libmicrohttpd lets through or swallows and a front could read otherwise (request smuggling). Pure: it
 * sees the method, the raw request target, the version, the header table as the library gives it, and how many bytes of
 * the wire each of these took. Whatever the library swallowed (NUL, bare LF, obs-fold, empty names) leaves a line that is
 * longer or shorter than its parts. */
#pragma once

#include <glib.h>

typedef struct {
  const char *name, *value;
  gsize name_bytes, value_bytes;
  gsize blank_bytes; /* between the colon and the value */
  gsize line_bytes;  /* from the name to the next line, CRLF included */
} HttpGateHeader;

typedef struct {
  const char *method, *target, *version; /* as on the wire, target undecoded with its query */
  const HttpGateHeader *headers;
  gsize n_headers;
  gsize line_bytes; /* the request line, CRLF included */
  gsize head_bytes; /* request line to the empty line, as MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE */
} HttpGateHead;

typedef enum {
  HTTP_GATE_PASS = 0,
  HTTP_GATE_VERSION, /* not HTTP/1.0 or 1.1 */
  HTTP_GATE_METHOD,  /* not an upper-case method we know */
  HTTP_GATE_TARGET, /* not origin-form; in the path a dot segment, an encoded slash or backslash, ';'; anywhere %00,
                                * a broken escape, bytes above 126, bad UTF-8 */
  HTTP_GATE_TARGET_LONG,       /* over LIMIT_URI_BYTES */
  HTTP_GATE_HOST,              /* none in 1.1, several, or not a host */
  HTTP_GATE_LENGTH,            /* Content-Length repeated, a list, signed, not decimal, too large a number */
  HTTP_GATE_LENGTH_AND_CODING, /* Content-Length and Transfer-Encoding */
  HTTP_GATE_CODING,            /* Transfer-Encoding other than one "chunked", or in HTTP/1.0 */
  HTTP_GATE_CONTENT_CODING,    /* Content-Encoding: no compressed bodies */
  HTTP_GATE_AUTHORIZATION,     /* repeated, or not printable ASCII */
  HTTP_GATE_HEADER,  /* a name that is no token, a value with a control byte, Content-Type repeated */
  HTTP_GATE_HEADERS, /* too many or too large */
  HTTP_GATE_SIZE, /* a line is not the sum of its parts: bare LF, NUL, obs-fold, empty name was swallowed */
  HTTP_GATE_UPGRADE, /* Upgrade or HTTP2-Settings: ignored by us, so refused */
  HTTP_GATE_CODES
} HttpGateCode;

/* The first thing wrong with the head; its status and words come from the table below. */
HttpGateCode http_gate_check(const HttpGateHead *head);

typedef struct {
  int status;        /* 400, 405, 414, 415, 431, 505 */
  int gp_code;       /* 2050 + the HttpGateCode */
  const char *words; /* for the peer */
} HttpGateVerdict;
/* NULL for HTTP_GATE_PASS. */
const HttpGateVerdict *http_gate_verdict(HttpGateCode code);

/* A request target's path, decoded once and without its query: repeated slashes become one, a trailing one goes. NULL when
 * it is not acceptable (see HTTP_GATE_TARGET). Free with g_free. */
char *http_gate_path(const char *target);
/* n bytes of percent-encoded text, decoded once ('+' as space when plus). NULL for a broken escape, %00, bytes outside
 * 33 … 126 or a result that is not UTF-8. Free with g_free. */
char *http_gate_unescape(const char *text, gsize n, gboolean plus);
