/* The home of libcurl: one HTTP/1.1 call at a time to a peer that may be slow, broken or hostile. http and https alone; a
 * redirect is an answer like any other and never followed; no proxy, cookies or compression; a connection is kept only for
 * a caller who asks for that; time, headers and body are capped. A client is used by one thread at a time; process lifetime. */
#pragma once

#include <glib.h>

typedef struct HttpClient HttpClient;

typedef struct {
  const char *method;         /* "GET", "POST" */
  const char *url;            /* a URL that http_client_url accepts */
  const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
  const char *body;           /* NULL: none */
  gsize n;
  gsize most;      /* bytes of the answer's body; more is TOO_LARGE */
  gint64 deadline; /* of the whole call */
  gboolean
      keep; /* the connection may serve this client's next call to the same peer; one that died meanwhile is made again */
  gboolean
      public_only; /* connect to public addresses alone, whatever the name resolves to at that moment: else REFUSED */
} HttpClientCall;

typedef struct {
  int status;
  char *body; /* n bytes and a NUL; never NULL after success */
  gsize n;
  char *location, *etag; /* the headers of that name; NULL */
} HttpClientReply;

typedef enum {
  HTTP_CLIENT_ERROR_AWAY,      /* nothing was sent: no such host, refused, connecting took too long */
  HTTP_CLIENT_ERROR_LOST,      /* it may have been done: the answer was cut, late, or no HTTP */
  HTTP_CLIENT_ERROR_TOO_LARGE, /* the same, of an answer over its cap */
  HTTP_CLIENT_ERROR_TRUST,     /* TLS: the peer is not who it should be */
  HTTP_CLIENT_ERROR_CALL,      /* a URL or header that cannot be sent */
  HTTP_CLIENT_ERROR_REFUSED,   /* public_only: the name leads to an address that is not public */
} HttpClientErrorCode;
#define HTTP_CLIENT_ERROR (http_client_error_quark())
GQuark http_client_error_quark(void);

/* ca_file: the authorities that https peers are held to; NULL: the system's. */
HttpClient *http_client_new(const char *ca_file);
void http_client_free(HttpClient *client);
/* NULL when it may be called: http or https, a host, no user name or password, no fragment. Else what is wrong. */
const char *http_client_url(const char *url);
/* TRUE with the answer, whatever its status; reply is untouched else. */
gboolean http_client_call(HttpClient *client, const HttpClientCall *call, HttpClientReply *reply,
                          GError **error);
void http_client_reply_clear(HttpClientReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpClientReply, http_client_reply_clear)
