#include "lib/http_internal.h"

#include <unistd.h>

#include <gio/gio.h>

#include "lib/clock.h"

#define SWEEP_MS 500
#define DRAIN_STEP_US 10000

HttpServer *http_server_prepare(const HttpServerOptions *options) {
  g_autoptr(HttpServer) server = g_new0(HttpServer, 1);
  thread_monitor_init(&server->lock);
  server->listener = -1;
  server->app = options->app;
  server->log = options->log;
  server->metrics = options->metrics;
  server->fallback = options->fallback;
  server->proxies = g_memdup2(options->trusted_proxies, options->n_trusted_proxies * sizeof(Cidr));
  server->n_proxies = options->n_trusted_proxies;
  gboolean complete = http_route_compile(server, options->routes, options->more);
  g_assert(complete); /* a route without a policy must not start */
  return g_steal_pointer(&server);
}

static void sweep(gpointer data) {
  HttpServer *server = data;
  http_connection_sweep(server, g_atomic_int_get(&server->draining) != 0);
  http_body_sweep(server);
}

HttpServer *http_server_new(const HttpServerOptions *options, GError **error) {
  if (!http_selftest(error))
    return NULL;
  g_autoptr(HttpServer) server = http_server_prepare(options);
  int fd = http_listen(options->listen, &server->address, &server->socket_path, error);
  if (fd < 0)
    return NULL;
  server->pool = thread_pool_new("http", options->workers > 0 ? options->workers : LIMIT_WORKERS,
                                 options->queue > 0 ? options->queue : LIMIT_QUEUE);
  server->sweep = thread_timer_new("http-sweep", SWEEP_MS, sweep, server);
  if (!http_access_start(server, fd)) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the HTTP library cannot serve %s (GP-1204)",
                server->address);
    return NULL;
  }
  return g_steal_pointer(&server);
}

const char *http_server_address(const HttpServer *server) {
  return server->address;
}

/* The library must not be stopped with suspended connections, and a worker may still hold their requests. */
static void abandon(HttpServer *server) {
  thread_monitor_enter(&server->lock);
  server->stopping = TRUE;
  for (GList *link; (link = server->suspended.head) != NULL;) {
    HttpRequest *request = link->data;
    g_atomic_int_set(&request->abandoned, TRUE);
    http_access_resume_locked(request);
  }
  thread_monitor_leave(&server->lock);
}

void http_server_drain(HttpServer *server, gint64 deadline) {
  if (server->daemon == NULL)
    return;
  if (!g_atomic_int_get(&server->draining)) {
    g_atomic_int_set(&server->draining, TRUE);
    http_access_quiesce(server);
  }
  http_connection_sweep(server, TRUE);
  while (g_atomic_int_get(&server->requests) > 0 && clock_now() < deadline)
    g_usleep(DRAIN_STEP_US); /* meanwhile the sweep closes what becomes idle */
  abandon(server);
  http_access_stop(server);
}

void http_server_free(HttpServer *server) {
  if (server == NULL)
    return;
  http_server_drain(server, 0);
  g_clear_pointer(&server->sweep, thread_timer_free);
  g_clear_pointer(&server->pool, thread_pool_free);
  g_queue_clear_full(&server->big_waiting, (GDestroyNotify)http_request_unref);
  http_route_clear(server);
  if (server->socket_path != NULL)
    unlink(server->socket_path);
  thread_monitor_clear(&server->lock);
  g_free(server->socket_path);
  g_free(server->address);
  g_free(server->proxies);
  g_free(server);
}
