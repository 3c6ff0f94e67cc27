#include "lib/http_internal.h"

#include <string.h>

static gsize count(const HttpRoute *routes) {
  gsize n = 0;
  while (routes != NULL && routes[n].name != NULL)
    n++;
  return n;
}

static gboolean compile(HttpServer *server, const HttpRoute *routes, gpointer app) {
  gsize n = count(routes);
  for (gsize i = 0; i < n; i++) {
    const HttpRoute *row = &routes[i];
    if (row->policy == NULL || row->handler == NULL || row->method == NULL || row->pattern[0] != '/')
      return FALSE;
    HttpRouteEntry *entry = &server->routes[server->n_routes++];
    *entry = (HttpRouteEntry){row, app, g_strsplit(row->pattern[1] == '\0' ? "" : row->pattern + 1, "/", -1)};
    if (g_strv_length(entry->segments) > HTTP_SEGMENTS)
      return FALSE;
  }
  return TRUE;
}

gboolean http_route_compile(HttpServer *server, const HttpRoute *routes, const HttpTable *more) {
  gsize n = count(routes);
  for (const HttpTable *table = more; table != NULL && table->routes != NULL; table++)
    n += count(table->routes);
  server->routes = g_new0(HttpRouteEntry, n + 1);
  gboolean good = compile(server, routes, server->app);
  for (const HttpTable *table = more; good && table != NULL && table->routes != NULL; table++)
    good = compile(server, table->routes, table->app);
  return good && server->fallback != NULL;
}

void http_route_clear(HttpServer *server) {
  for (gsize i = 0; i < server->n_routes; i++)
    g_strfreev(server->routes[i].segments);
  g_clear_pointer(&server->routes, g_free);
}

/* FALSE when there are more than HTTP_SEGMENTS. */
static gboolean split(HttpRequest *request) {
  char *rest = request->split = g_strdup(request->path + 1);
  while (*rest != '\0') {
    if (request->n_segments == HTTP_SEGMENTS)
      return FALSE;
    request->segments[request->n_segments++] = rest;
    rest += strcspn(rest, "/");
    if (*rest == '/')
      *rest++ = '\0';
  }
  return TRUE;
}

/* How many leading segments fit the pattern. */
static guint common(const HttpRouteEntry *entry, const HttpRequest *request) {
  guint n = 0;
  while (n < request->n_segments && entry->segments[n] != NULL &&
         (entry->segments[n][0] == '{' || g_str_equal(entry->segments[n], request->segments[n])))
    n++;
  return n;
}

static gboolean fits(const HttpRouteEntry *entry, const HttpRequest *request) {
  return common(entry, request) == request->n_segments && entry->segments[request->n_segments] == NULL;
}

static gboolean serves(const HttpRoute *row, const char *method) {
  return g_str_equal(row->method, method) || (g_str_equal(method, "HEAD") && g_str_equal(row->method, "GET"));
}

/* The first row of the table that fits wins, so that "/Users/.search" may stand before "/Users/{id}". */
void http_route_find(HttpRequest *request) {
  const HttpServer *server = request->server;
  guint nearest = 0;
  request->policy = server->fallback;
  request->app = server->app;
  request->path = http_gate_path(request->target);
  gboolean good = request->path != NULL;
  if (!good)
    request->path = g_strndup(request->target, strcspn(request->target, "?"));
  if (request->path[0] != '/' || !split(request))
    good = FALSE;
  for (gsize i = 0; i < server->n_routes; i++) {
    const HttpRouteEntry *entry = &server->routes[i];
    guint n = common(entry, request);
    if (n > nearest) {
      nearest = n;
      request->policy = entry->row->policy;
      request->app = entry->app;
    }
    if (!good || !fits(entry, request) || !serves(entry->row, request->method))
      continue;
    request->route = entry->row;
    request->policy = entry->row->policy;
    request->app = entry->app;
    return;
  }
}

char *http_route_allow(HttpRequest *request) {
  const HttpServer *server = request->server;
  GString *allow = g_string_new(NULL);
  for (gsize i = 0; i < server->n_routes; i++) {
    if (!fits(&server->routes[i], request))
      continue;
    const char *method = server->routes[i].row->method;
    g_string_append_printf(allow, "%s%s", allow->len > 0 ? ", " : "", method);
    if (g_str_equal(method, "GET"))
      g_string_append(allow, ", HEAD");
  }
  return g_string_free(allow, allow->len == 0);
}

const char *http_request_segment(const HttpRequest *request, const char *name) {
  gsize n = strlen(name);
  for (gsize i = 0; i < request->server->n_routes; i++) {
    const HttpRouteEntry *entry = &request->server->routes[i];
    if (entry->row != request->route)
      continue;
    for (guint at = 0; at < request->n_segments; at++) {
      const char *word = entry->segments[at];
      if (word[0] == '{' && strncmp(word + 1, name, n) == 0 && g_str_equal(word + 1 + n, "}"))
        return request->segments[at];
    }
  }
  return NULL;
}
