/* The home of libmicrohttpd: a strict HTTP/1.1 server. A request passes the gate (lib/http_gate.h) before its body is
 * read, then finds its row in the table of routes, then its policy. What needs no database is answered at once; the
 * rest is handed to the worker pool, the connection suspended, so a slow statement stalls nobody else. */
#pragma once

#include <glib.h>

#include "lib/cidr.h"
#include "lib/log.h"
#include "lib/metrics.h"

typedef struct HttpServer HttpServer;   /* process lifetime */
typedef struct HttpRequest HttpRequest; /* request lifetime: valid until the handler returns its reply */
typedef struct HttpReply HttpReply;     /* made by a handler, given to the server, which frees it */

/* What happens to a request before its handler may see it. */
typedef enum { HTTP_GO, HTTP_ANSWERED, HTTP_POSTPONED } HttpVerdict;

/* Who may. One of these stands in every row of the table of routes. */
typedef struct {
  const char *name; /* "scim", "public" */
  /* On the connection's thread, after the headers, before the body: no I/O. ANSWERED: *reply is sent and the body is
   * not read; POSTPONED: go on after *delay_us (rate shaping). NULL: GO. */
  HttpVerdict (*before_body)(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us);
  /* In a worker, before the handler (and, for bodies above 64 KiB, before the body is read). GO or ANSWERED. NULL: GO. */
  HttpVerdict (*authorise)(HttpRequest *request, gpointer app, HttpReply **reply);
  /* The reply to something refused on this route by the server itself: the gate, 404, 405, 413, 415-like, 503 when the queue is
   * full. status and a sentence for the peer with its GP code. NULL: text/plain. */
  HttpReply *(*refuse)(HttpRequest *request, gpointer app, int status, int gp_code, const char *message);
} HttpPolicy;

typedef struct {
  const char *name;   /* for logs and metrics: "scim_user_get" */
  const char *method; /* "GET"; HEAD is served from GET */
  const char *
      pattern; /* "/scim/v2/Users/{id}"; a trailing slash and doubled slashes in the path are tolerated after prefix match */
  const HttpPolicy *policy;
  gboolean at_once; /* answered on the connection's thread: the handler does no I/O and no waiting */
  gboolean
      one_by_one; /* requests with the same path run one at a time (a hot group makes a line here, not in row locks) */
  HttpReply *(*handler)(HttpRequest *request, gpointer app);
} HttpRoute;

/* Routes of another room, with what their handlers get as `app`. */
typedef struct {
  const HttpRoute *routes; /* ends with a row whose name is NULL */
  gpointer app;
} HttpTable;

typedef struct {
  const char *listen; /* "127.0.0.1:8025", "[::1]:8025", "unix:/run/gatepost/http.sock"; port 0 picks one */
  const HttpRoute *routes;    /* ends with a row whose name is NULL */
  const HttpPolicy *fallback; /* for paths that no route has */
  gpointer app;
  const HttpTable *more; /* ends with a row whose routes are NULL; NULL: none */
  Log *log;
  Metrics *metrics;
  const Cidr *trusted_proxies; /* whose X-Forwarded-For is believed */
  gsize n_trusted_proxies;
  guint workers, queue; /* 0: LIMIT_WORKERS, LIMIT_QUEUE */
} HttpServerOptions;

/* Starts to serve. NULL with a G_IO_ERROR that names the address (GP-1203 for a taken port, 1204 for
 * another, 1205 when the gate cannot be proved). Asserts that every route
 * has a policy, and proves the gate on the loaded library before the first byte is accepted. */
HttpServer *http_server_new(const HttpServerOptions *options, GError **error);
/* "127.0.0.1:40123": the address that was bound. */
const char *http_server_address(const HttpServer *server);
/* Stops accepting, waits for what is in flight up to the deadline, then closes. */
void http_server_drain(HttpServer *server, gint64 deadline);
void http_server_free(HttpServer *server);
void http_server_load(HttpServer *server, guint *connections, guint *waiting, guint *running);

/* The request. Strings live as long as it does. */
const char *http_request_method(const HttpRequest *request);
const HttpRoute *http_request_route(const HttpRequest *request); /* NULL when no route matched */
const char *http_request_path(const HttpRequest *request); /* decoded; never holds NUL or a dot segment */
/* A {name} of the pattern, percent-decoded; NULL when the pattern has none. */
const char *http_request_segment(const HttpRequest *request, const char *name);
/* A header by name (any case), its first value; NULL. */
const char *http_request_header(const HttpRequest *request, const char *name);
/* A query parameter by name in any case, '+' read as space; NULL when absent. */
const char *http_request_query(const HttpRequest *request, const char *name);
/* The query as it came, undecoded, without its question mark; "" when there is none. */
const char *http_request_raw_query(const HttpRequest *request);
/* The body's bytes (empty when there is none); bodies are always read whole first. */
const char *http_request_body(const HttpRequest *request, gsize *n);
/* "deadbeef-…": made here, echoed as X-Request-Id. */
const char *http_request_id(const HttpRequest *request);
/* The peer's address, or through a trusted proxy what it forwards. */
const IpAddress *http_request_client(const HttpRequest *request);
gint64 http_request_deadline(const HttpRequest *request);
/* Something a policy keeps for the handler; freed with the request. */
void http_request_set_data(HttpRequest *request, gpointer data, GDestroyNotify free_data);
gpointer http_request_data(const HttpRequest *request);
/* A key=value for the request's log line; value is copied. */
void http_request_note(HttpRequest *request, const char *key, const char *value);
/* Called when the reply's last byte was handed to the kernel (sent TRUE) or the connection died first; on another thread, and
 * request is not valid there. */
void http_request_on_done(HttpRequest *request, void (*done)(gboolean sent, gpointer data), gpointer data,
                          GDestroyNotify free_data);

/* Replies. body is taken (g_free); n -1 is strlen; NULL is empty. type is the Content-Type or NULL. */
HttpReply *http_reply_new(int status, const char *type, char *body, gssize n);
void http_reply_header(HttpReply *reply, const char *name, const char *value);
int http_reply_status(const HttpReply *reply);
void http_reply_free(HttpReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpServer, http_server_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpReply, http_reply_free)
