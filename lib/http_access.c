/* The library's callbacks. Everything that calls libmicrohttpd is here. */
#include "lib/http_internal.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "lib/clock.h"

#define POOL_THREADS 2u
/* The head at its limits, the table that the library makes of it, and the head of the reply. */
#define CONNECTION_BYTES ((gsize)49152)
#define REPLY_BYTES_PER_SECOND 65536 /* a reader that is slower is cut */

static HttpConnection *connection_of(struct MHD_Connection *handle) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info != NULL ? info->socket_context : NULL;
}

/* Connections. */

/* A Unix socket's peer is the front on this host. */
static gboolean peer_address(const struct sockaddr *from, IpAddress *peer) {
  static const IpAddress loopback = {{[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}};
  *peer = loopback;
  if (from == NULL || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
    return FALSE;
  if (from->sa_family == AF_INET6)
    memcpy(peer->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
  else
    memcpy(peer->bytes + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
  return TRUE;
}

static enum MHD_Result on_accept(void *data, const struct sockaddr *from, socklen_t n) {
  IpAddress peer;
  (void)n;
  return !peer_address(from, &peer) || http_connection_admit(data, &peer) ? MHD_YES : MHD_NO;
}

static void on_connection(void *data, struct MHD_Connection *handle, void **context,
                          enum MHD_ConnectionNotificationCode code) {
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    http_connection_close(g_steal_pointer(context));
    return;
  }
  const union MHD_ConnectionInfo *from = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  const struct sockaddr *address = from != NULL ? from->client_addr : NULL;
  const union MHD_ConnectionInfo *fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
  IpAddress peer;
  gboolean inet = peer_address(address, &peer);
  *context = http_connection_open(data, fd != NULL ? fd->connect_fd : -1, !inet, &peer);
}

/* Suspending. */

gboolean http_access_suspend(HttpRequest *request) {
  HttpServer *server = request->server;
  thread_monitor_enter(&server->lock);
  gboolean may = !server->stopping;
  if (may) {
    request->suspended = TRUE;
    request->connection->deadline = 0;
    g_queue_push_tail_link(&server->suspended, &request->link);
    MHD_suspend_connection(request->handle);
  }
  thread_monitor_leave(&server->lock);
  return may;
}

void http_access_resume_locked(HttpRequest *request) {
  if (!request->suspended)
    return;
  request->suspended = FALSE;
  request->connection->deadline = clock_deadline(LIMIT_BODY_SECONDS);
  g_queue_unlink(&request->server->suspended, &request->link);
  MHD_resume_connection(request->handle);
}

void http_access_resume(HttpRequest *request) {
  thread_monitor_enter(&request->server->lock);
  http_access_resume_locked(request);
  thread_monitor_leave(&request->server->lock);
}

/* The reply. */

static struct MHD_Response *make_response(HttpReply *reply) {
  if (reply->body == NULL)
    return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
  char *body = g_steal_pointer(&reply->body);
  return MHD_create_response_from_buffer_with_free_callback_cls(reply->n, body, g_free, body);
}

static void add_headers(struct MHD_Response *response, const HttpRequest *request) {
  const HttpReply *reply = request->reply;
  if (reply->type != NULL)
    MHD_add_response_header(response, "Content-Type", reply->type);
  MHD_add_response_header(response, "X-Request-Id", request->id);
  MHD_add_response_header(response, "Cache-Control", "no-store");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  if (request->close || g_atomic_int_get(&request->server->draining))
    MHD_add_response_header(response, "Connection", "close");
  for (guint i = 0; reply->headers != NULL && i + 1 < reply->headers->len; i += 2)
    MHD_add_response_header(response, reply->headers->pdata[i], reply->headers->pdata[i + 1]);
}

static enum MHD_Result send_reply(HttpRequest *request) {
  HttpReply *reply = request->reply;
  gsize n = reply->n;
  struct MHD_Response *response = make_response(reply);
  if (response == NULL)
    return MHD_NO;
  add_headers(response, request);
  request->status = reply->status;
  request->bytes_out = g_str_equal(request->method, "HEAD") ? 0 : n;
  http_connection_watch(request->connection, LIMIT_REPLY_SECONDS + (int)(n / REPLY_BYTES_PER_SECOND),
                        HTTP_ANSWERING);
  enum MHD_Result result = MHD_queue_response(request->handle, (unsigned int)reply->status, response);
  MHD_destroy_response(response);
  return result;
}

/* The head. */

typedef struct {
  HttpGateHeader rows[LIMIT_HEADERS + 1];
  gsize n, bytes;
} Table;

static enum MHD_Result on_header(void *data, enum MHD_ValueKind kind, const char *name, size_t name_bytes,
                                 const char *value, size_t value_bytes) {
  Table *table = data;
  (void)kind;
  if (table->n > LIMIT_HEADERS)
    return MHD_NO;
  HttpGateHeader row = {name, value != NULL ? value : name + name_bytes, name_bytes, value_bytes, 0, 0};
  table->rows[table->n++] = row;
  table->bytes += name_bytes + value_bytes + 2;
  return MHD_YES;
}

static gsize distance(const char *from, const char *to) {
  return (gsize)((guintptr)to - (guintptr)from);
}

/* The library parses in place: names, values, target and method still stand where they came in, so the distance between
 * two of them is what the bytes between them took on the wire, whatever the library made of these. */
static void measure(HttpRequest *request, Table *table, const char *method) {
  const char *end = method + request->head_bytes - 2;
  const char *first = table->n > 0 ? table->rows[0].name : end;
  request->line_bytes = distance(method, first);
  if (request->wire != method + strlen(method) + 1)
    request->line_bytes = 0; /* no line has no bytes: refused */
  for (gsize i = 0; i < table->n; i++) {
    HttpGateHeader *row = &table->rows[i];
    const char *next = i + 1 < table->n ? table->rows[i + 1].name : end;
    row->blank_bytes = distance(row->name + row->name_bytes + 1, row->value);
    row->line_bytes = distance(row->name, next);
  }
}

/* The request may outlive the library's buffer (a worker that is late at a stop), so it has its own copy. */
static void keep_headers(HttpRequest *request, const Table *table) {
  char *at = request->head = g_malloc(table->bytes + 1);
  request->copy_bytes = table->bytes;
  request->n_headers = table->n;
  request->headers = g_new(HttpGateHeader, table->n + 1);
  for (gsize i = 0; i < table->n; i++) {
    HttpGateHeader row = table->rows[i];
    memcpy(at, row.name, row.name_bytes);
    row.name = at;
    at += row.name_bytes;
    *at++ = '\0';
    memcpy(at, row.value, row.value_bytes);
    row.value = at;
    at += row.value_bytes;
    *at++ = '\0';
    request->headers[i] = row;
  }
}

static HttpNext begin(HttpRequest *request, const char *method, const char *version) {
  Table table = {.n = 0};
  const union MHD_ConnectionInfo *size =
      MHD_get_connection_info(request->handle, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  request->begun = TRUE;
  request->head_bytes = size != NULL ? size->header_size : 0;
  request->method = g_strdup(method);
  request->version = g_strdup(version);
  MHD_get_connection_values_n(request->handle, MHD_HEADER_KIND, on_header, &table);
  measure(request, &table, method);
  keep_headers(request, &table);
  http_connection_watch(request->connection, LIMIT_BODY_SECONDS, HTTP_READING);
  return http_dispatch_head(request);
}

/* Requests. */

static void *on_target(void *data, const char *target, struct MHD_Connection *handle) {
  HttpServer *server = data;
  HttpRequest *request = http_request_new(server, target);
  request->wire = target;
  request->handle = handle;
  request->connection = connection_of(handle);
  http_connection_watch(request->connection, LIMIT_HEADER_SECONDS, HTTP_READING);
  g_atomic_int_inc(&server->requests);
  return request;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *handle, const char *url,
                                  const char *method, const char *version, const char *bytes, size_t *n,
                                  void **context) {
  HttpRequest *request = *context;
  (void)data;
  (void)url;
  (void)handle;
  HttpNext next = HTTP_NEXT_CLOSE;
  if (request == NULL || g_atomic_int_get(&request->abandoned))
    return MHD_NO;
  if (!request->begun)
    next = begin(request, method, version);
  else if (request->at_head)
    next = http_dispatch_resumed(request);
  else if (*n > 0)
    next = http_body_take(request, bytes, n);
  else
    next = http_dispatch_end(request);
  if (next == HTTP_NEXT_REPLY)
    return send_reply(request);
  return next == HTTP_NEXT_CLOSE ? MHD_NO : MHD_YES;
}

/* A connection that waits for its next request is silent for LIMIT_IDLE_SECONDS at most (the library sees to that), so one
 * that waits longer than that and the time for a head is dribbling. */
static void on_completed(void *data, struct MHD_Connection *handle, void **context,
                         enum MHD_RequestTerminationCode code) {
  HttpServer *server = data;
  HttpRequest *request = g_steal_pointer(context);
  (void)handle;
  if (request == NULL)
    return;
  http_body_give_turn(request);
  gboolean abandoned = g_atomic_int_get(&request->abandoned) != 0; /* then a worker may still have it */
  if (request->begun && !abandoned)
    http_log_request(request);
  if (!abandoned)
    http_request_finish(request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
  http_connection_watch(request->connection, LIMIT_IDLE_SECONDS + LIMIT_HEADER_SECONDS, HTTP_IDLE);
  http_request_unref(request);
  g_atomic_int_add(&server->requests, -1);
}

/* We decode the raw target ourselves: the library's way cuts it at %00. */
static size_t on_unescape(void *data, struct MHD_Connection *handle, char *text) {
  (void)data;
  (void)handle;
  return strlen(text);
}

gboolean http_access_start(HttpServer *server, int fd) {
  server->daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0, on_accept, server,
      on_request, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, POOL_THREADS,
      MHD_OPTION_CONNECTION_LIMIT, (unsigned int)LIMIT_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned int)LIMIT_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
      MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
      MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, server, MHD_OPTION_END);
  return server->daemon != NULL;
}

/* The library's threads take the socket out of their epoll sets when they next wake, and abort when it is closed by then:
 * it stops to listen now and is closed after them. */
void http_access_quiesce(HttpServer *server) {
  server->listener = MHD_quiesce_daemon(server->daemon);
  if (server->listener >= 0)
    shutdown(server->listener, SHUT_RDWR);
}

void http_access_stop(HttpServer *server) {
  MHD_stop_daemon(g_steal_pointer(&server->daemon));
  if (server->listener >= 0)
    close(server->listener);
  server->listener = -1;
}
