/* The library's own timeout sees silence only: a peer that sends one byte a second would stay for ever. So every
 * connection carries a deadline for what it is doing, and a sweep cuts those that are over. */
#include "lib/http_internal.h"

#include <string.h>
#include <sys/socket.h>

#include "lib/clock.h"

/* The table is short (LIMIT_CONNECTIONS), so counting is a walk. A front's connections all have its address. */
gboolean http_connection_admit(HttpServer *server, const IpAddress *peer) {
  static const IpAddress loopback6 = {{[15] = 1}};
  guint n = 0;
  gboolean loopback4 = peer->bytes[10] == 0xff && peer->bytes[12] == 127;
  if (loopback4 || memcmp(peer, &loopback6, sizeof loopback6) == 0 ||
      cidr_any_contains(server->proxies, server->n_proxies, peer))
    return TRUE;
  thread_monitor_enter(&server->lock);
  for (GList *link = server->connections.head; link != NULL; link = link->next) {
    HttpConnection *connection = link->data;
    n += memcmp(&connection->peer, peer, sizeof *peer) == 0;
  }
  thread_monitor_leave(&server->lock);
  return n < LIMIT_CONNECTIONS_PER_ADDRESS;
}

HttpConnection *http_connection_open(HttpServer *server, int fd, gboolean local, const IpAddress *peer) {
  HttpConnection *connection = g_new0(HttpConnection, 1);
  connection->server = server;
  connection->link.data = connection;
  connection->fd = fd;
  connection->local = local;
  connection->peer = *peer;
  connection->deadline = clock_deadline(LIMIT_HEADER_SECONDS);
  thread_monitor_enter(&server->lock);
  g_queue_push_tail_link(&server->connections, &connection->link);
  thread_monitor_leave(&server->lock);
  return connection;
}

/* The library tells before it closes the descriptor: while an entry stands in the list its descriptor is the right one. */
void http_connection_close(HttpConnection *connection) {
  HttpServer *server = connection->server;
  thread_monitor_enter(&server->lock);
  g_queue_unlink(&server->connections, &connection->link);
  thread_monitor_leave(&server->lock);
  g_free(connection);
}

void http_connection_watch(HttpConnection *connection, int seconds, HttpPhase phase) {
  thread_monitor_enter(&connection->server->lock);
  connection->deadline = seconds > 0 ? clock_deadline(seconds) : 0;
  connection->phase = phase;
  connection->ended = FALSE;
  thread_monitor_leave(&connection->server->lock);
}

/* The library waits out its time for the rest of a request whose sender has closed. Two sweeps must agree: a whole request
 * may have come together with the end, and is about to be answered. */
static gboolean is_cut_short(HttpConnection *connection) {
  char byte;
  gboolean before = connection->ended;
  connection->ended = connection->phase == HTTP_READING && connection->deadline != 0 &&
                      recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  return before && connection->ended;
}

/* SHUT_RD of an idle connection: a request that is already in the receive buffer is still read and answered. */
void http_connection_sweep(HttpServer *server, gboolean idle_too) {
  gint64 now = clock_now();
  thread_monitor_enter(&server->lock);
  for (GList *link = server->connections.head; link != NULL; link = link->next) {
    HttpConnection *connection = link->data;
    if ((connection->deadline != 0 && connection->deadline < now) || is_cut_short(connection))
      shutdown(connection->fd, SHUT_RDWR);
    else if (idle_too && connection->phase == HTTP_IDLE)
      shutdown(connection->fd, SHUT_RD);
  }
  thread_monitor_leave(&server->lock);
}

void http_server_load(HttpServer *server, guint *connections, guint *waiting, guint *running) {
  thread_monitor_enter(&server->lock);
  *connections = server->connections.length;
  thread_monitor_leave(&server->lock);
  thread_pool_load(server->pool, waiting, running);
}
