/* What the files of the HTTP server share. Locks: server->lock guards the lists of connections and requests, every
 * connection's and request's place in them, and the flags stopping and abandoned; it is never held while a room's code runs. */
#pragma once

#include "lib/http_gate.h"
#include "lib/http_server.h"
#include "lib/limits.h"
#include "lib/thread.h"

#define HTTP_SEGMENTS 16       /* deeper paths have no route */
#define HTTP_NOTES 8           /* a log line has a fixed shape */
#define HTTP_EARLY_BYTES 65536 /* a larger body is read only for somebody who may send it */

/* The codes of the server's own refusals (lib/explain.c). */
#define HTTP_GP_NO_ENDPOINT 2304
#define HTTP_GP_METHOD 2305
#define HTTP_GP_TOO_LARGE 2307
#define HTTP_GP_INTERNAL 2500
#define HTTP_GP_BUSY 2502
#define HTTP_TOO_LARGE "the body is larger than 16 MiB"

struct MHD_Connection;
struct MHD_Daemon;

typedef struct {
  const HttpRoute *row;
  gpointer app;
  char **segments; /* of the pattern */
} HttpRouteEntry;

typedef enum { HTTP_READING, HTTP_ANSWERING, HTTP_IDLE } HttpPhase;

typedef struct {
  HttpServer *server;
  GList link; /* in server->connections */
  int fd;
  gboolean local; /* a Unix socket's peer: the front on this host */
  IpAddress peer;
  gint64 deadline; /* the sweep cuts it then; 0: whoever holds the request watches over it */
  HttpPhase phase;
  gboolean ended; /* the last sweep found that the peer sends no more */
} HttpConnection;

struct HttpReply {
  int status;
  char *type, *body;
  gsize n;
  GPtrArray *headers; /* name, value, name, value … */
};

/* What the library is to do after a step. */
typedef enum { HTTP_NEXT_READ, HTTP_NEXT_REPLY, HTTP_NEXT_WAIT, HTTP_NEXT_CLOSE } HttpNext;

struct HttpRequest {
  HttpServer *server;
  gint refs;                     /* the connection's, and a worker's while it has the request */
  struct MHD_Connection *handle; /* valid while suspended or inside a callback */
  HttpConnection *connection;
  GList link; /* in server->suspended */
  gboolean suspended;
  gint abandoned; /* atomic: the server stops and waits no longer */
  gboolean begun, at_head, chunked, close, discard, authorised;
  gboolean has_turn; /* to hold a large body; under the lock */
  const char *wire;  /* where the target stood in the library's buffer; compared, never read */
  char *target;      /* as on the wire */
  char *method, *version, *path, *head; /* head: what the names and values point into */
  HttpGateHeader *headers;
  gsize n_headers, head_bytes, line_bytes, copy_bytes;
  char *split; /* path cut at its slashes */
  const char *segments[HTTP_SEGMENTS];
  guint n_segments;
  const HttpRoute *route;
  const HttpPolicy *policy; /* the route's, or the nearest route's */
  gpointer app;             /* of the room that has it */
  GHashTable *query;        /* made at the first question */
  GByteArray *body;
  gsize bytes_in, bytes_out;
  gint64 length; /* Content-Length, -1 when there is none */
  gint64 begin, deadline;
  char id[40];
  IpAddress client;
  gboolean forwarded_ignored; /* X-Forwarded-For from somebody who is not trusted */
  HttpReply *reply;
  int status;
  gpointer data;
  GDestroyNotify free_data;
  void (*done)(gboolean sent, gpointer data);
  gpointer done_data;
  GDestroyNotify free_done_data;
  char *notes[HTTP_NOTES][2];
  guint n_notes;
};

struct HttpServer {
  struct MHD_Daemon *daemon;
  int listener; /* after the library has let go of it; else -1 */
  char *address, *socket_path;
  gpointer app;
  Log *log;
  Metrics *metrics;
  const HttpPolicy *fallback;
  Cidr *proxies;
  gsize n_proxies;
  HttpRouteEntry *routes;
  gsize n_routes;
  ThreadPool *pool;
  ThreadTimer *sweep;
  ThreadMonitor lock;
  GQueue connections, suspended;
  GQueue big_waiting; /* requests whose large body has not had its turn */
  gboolean big_busy, stopping;
  gsize body_bytes;        /* of all bodies in memory */
  gint64 forwarded_told;   /* when GP-1212 was last logged; 0: never */
  gint draining, requests; /* atomic; requests: between request line and completion */
};

/* lib/http_listen.c: a bound, listening, non-blocking socket; *address and *path (of a Unix socket) are new. -1 on error. */
int http_listen(const char *listen, char **address, char **path, GError **error);

/* lib/http_route.c */
gboolean http_route_compile(HttpServer *server, const HttpRoute *routes, const HttpTable *more);
void http_route_clear(HttpServer *server);
/* Sets path, segments, route and policy. */
void http_route_find(HttpRequest *request);
/* "GET, HEAD, PUT" for the request's path, NULL when no route has it. */
char *http_route_allow(HttpRequest *request);

/* lib/http_connection.c */
gboolean http_connection_admit(HttpServer *server, const IpAddress *peer);
HttpConnection *http_connection_open(HttpServer *server, int fd, gboolean local, const IpAddress *peer);
void http_connection_close(HttpConnection *connection);
void http_connection_watch(HttpConnection *connection, int seconds, HttpPhase phase);
/* Cuts what is overdue; with idle_too also what waits between two requests. */
void http_connection_sweep(HttpServer *server, gboolean idle_too);

/* lib/http_request.c */
HttpRequest *http_request_new(HttpServer *server, const char *target);
void http_request_unref(HttpRequest *request);
HttpRequest *http_request_ref(HttpRequest *request);
/* The peer, or what a trusted one says. */
void http_request_find_client(HttpRequest *request);
void http_request_finish(HttpRequest *request, gboolean sent);

/* lib/http_access.c, the one file that calls the library. Suspending fails when the server stops. */
gboolean http_access_suspend(HttpRequest *request);
void http_access_resume(HttpRequest *request);
void http_access_resume_locked(HttpRequest *request);
/* Serves the listening socket fd, which the library owns from then on. */
gboolean http_access_start(HttpServer *server, int fd);
void http_access_quiesce(HttpServer *server);
void http_access_stop(HttpServer *server);

/* lib/http_dispatch.c */
HttpNext http_dispatch_head(HttpRequest *request);
HttpNext http_dispatch_resumed(HttpRequest *request);
HttpNext http_dispatch_end(HttpRequest *request);
/* Puts the server's own refusal into request->reply, in the policy's form. */
void http_dispatch_refuse(HttpRequest *request, int status, int gp_code, const char *message);

/* lib/http_body.c. *n is what is left untaken. */
HttpNext http_body_take(HttpRequest *request, const char *bytes, gsize *n);
void http_body_drop(HttpRequest *request);
/* One large body at a time. FALSE: the request stands in the line and is resumed when its turn comes. */
gboolean http_body_take_turn(HttpRequest *request);
void http_body_give_turn(HttpRequest *request);
/* Refuses those that have waited too long. */
void http_body_sweep(HttpServer *server);

/* lib/http_log.c */
void http_log_request(HttpRequest *request);

/* lib/http_server.c: everything but the socket, the workers and the library. */
HttpServer *http_server_prepare(const HttpServerOptions *options);

/* lib/http_selftest.c */
gboolean http_selftest(GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpRequest, http_request_unref)
