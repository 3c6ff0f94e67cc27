#include "lib/http_internal.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"

HttpRequest *http_request_new(HttpServer *server, const char *target) {
  HttpRequest *request = g_new0(HttpRequest, 1);
  request->server = server;
  request->refs = 1;
  request->link.data = request;
  request->target = g_strdup(target);
  request->length = -1;
  request->begin = clock_now();
  request->deadline = request->begin + (gint64)LIMIT_REQUEST_SECONDS * G_USEC_PER_SEC;
  crypto_uuid(request->id);
  return request;
}

HttpRequest *http_request_ref(HttpRequest *request) {
  g_atomic_int_inc(&request->refs);
  return request;
}

/* Whoever asked for the end of the request hears of it exactly once. */
void http_request_finish(HttpRequest *request, gboolean sent) {
  if (request->done != NULL)
    request->done(sent, request->done_data);
  request->done = NULL;
  if (request->free_done_data != NULL)
    request->free_done_data(request->done_data);
  request->free_done_data = NULL;
}

void http_request_unref(HttpRequest *request) {
  if (!g_atomic_int_dec_and_test(&request->refs))
    return;
  http_request_finish(request, FALSE);
  if (request->free_data != NULL)
    request->free_data(request->data);
  g_clear_pointer(&request->query, g_hash_table_unref);
  http_body_drop(request);
  for (guint i = 0; i < request->n_notes; i++) {
    g_free(request->notes[i][0]);
    g_free(request->notes[i][1]);
  }
  http_reply_free(request->reply);
  g_free(request->headers);
  g_free(request->target);
  g_free(request->method);
  g_free(request->version);
  g_free(request->path);
  g_free(request->split);
  if (request->head != NULL)
    crypto_wipe(request->head, request->copy_bytes); /* holds the Authorization header */
  g_free(request->head);
  g_free(request);
}

const char *http_request_method(const HttpRequest *request) {
  return request->method;
}

const HttpRoute *http_request_route(const HttpRequest *request) {
  return request->route;
}

const char *http_request_path(const HttpRequest *request) {
  return request->path;
}

const char *http_request_id(const HttpRequest *request) {
  return request->id;
}

const IpAddress *http_request_client(const HttpRequest *request) {
  return &request->client;
}

gint64 http_request_deadline(const HttpRequest *request) {
  return request->deadline;
}

gpointer http_request_data(const HttpRequest *request) {
  return request->data;
}

void http_request_set_data(HttpRequest *request, gpointer data, GDestroyNotify free_data) {
  if (request->free_data != NULL)
    request->free_data(request->data);
  request->data = data;
  request->free_data = free_data;
}

void http_request_on_done(HttpRequest *request, void (*done)(gboolean sent, gpointer data), gpointer data,
                          GDestroyNotify free_data) {
  g_return_if_fail(request->done == NULL);
  request->done = done;
  request->done_data = data;
  request->free_done_data = free_data;
}

/* A key said twice keeps its last value; what exceeds the fixed shape of the line is dropped. */
void http_request_note(HttpRequest *request, const char *key, const char *value) {
  guint at = 0;
  while (at < request->n_notes && !g_str_equal(request->notes[at][0], key))
    at++;
  if (at == HTTP_NOTES)
    return;
  if (at == request->n_notes) {
    request->notes[at][0] = g_strdup(key);
    request->n_notes++;
  }
  g_free(request->notes[at][1]);
  request->notes[at][1] = g_strdup(value);
}

const char *http_request_header(const HttpRequest *request, const char *name) {
  for (gsize i = 0; i < request->n_headers; i++)
    if (g_ascii_strcasecmp(request->headers[i].name, name) == 0)
      return request->headers[i].value;
  return NULL;
}

const char *http_request_body(const HttpRequest *request, gsize *n) {
  *n = request->body != NULL ? request->body->len : 0;
  return *n > 0 ? (const char *)request->body->data : "";
}

/* application/x-www-form-urlencoded, as clients write their queries. The gate has refused what does not decode. */
static void parse_query(HttpRequest *request) {
  const char *rest = strchr(request->target, '?');
  request->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  while (rest != NULL && *rest != '\0') {
    rest++;
    gsize n = strcspn(rest, "&");
    const char *equals = memchr(rest, '=', n);
    gsize name_bytes = equals != NULL ? (gsize)(equals - rest) : n;
    g_autofree char *name = http_gate_unescape(rest, name_bytes, TRUE);
    g_autofree char *value =
        equals != NULL ? http_gate_unescape(equals + 1, n - name_bytes - 1, TRUE) : g_strdup("");
    rest += n;
    if (name == NULL || value == NULL)
      continue;
    char *key = g_ascii_strdown(name, -1);
    if (g_hash_table_contains(request->query, key))
      g_free(key);
    else
      g_hash_table_insert(request->query, key, g_steal_pointer(&value));
  }
}

const char *http_request_raw_query(const HttpRequest *request) {
  const char *mark = strchr(request->target, '?');
  return mark != NULL ? mark + 1 : "";
}

const char *http_request_query(const HttpRequest *request, const char *name) {
  if (request->query == NULL)
    parse_query((HttpRequest *)request); /* a cache: a request is held by one thread at a time */
  g_autofree char *key = g_ascii_strdown(name, -1);
  return g_hash_table_lookup(request->query, key);
}

/* X-Forwarded-For grows at its end: walk from there through the proxies that we trust; the first other one is the client.
 * Anything that is no address makes the whole header worthless. */
void http_request_find_client(HttpRequest *request) {
  const HttpServer *server = request->server;
  const HttpConnection *connection = request->connection;
  request->client = connection->peer;
  if (!connection->local && !cidr_any_contains(server->proxies, server->n_proxies, &connection->peer)) {
    request->forwarded_ignored = http_request_header(request, "X-Forwarded-For") != NULL;
    return;
  }
  GString *all = g_string_new(NULL);
  for (gsize i = 0; i < request->n_headers; i++)
    if (g_ascii_strcasecmp(request->headers[i].name, "X-Forwarded-For") == 0)
      g_string_append_printf(all, "%s%s", all->len > 0 ? "," : "", request->headers[i].value);
  g_autofree char *text = g_string_free(all, FALSE);
  if (text[0] == '\0')
    return;
  g_auto(GStrv) hops = g_strsplit(text, ",", -1);
  IpAddress hop = {{0}};
  for (guint i = g_strv_length(hops); i > 0; i--) {
    if (!cidr_address_parse(g_strstrip(hops[i - 1]), &hop))
      return;
    if (!cidr_any_contains(server->proxies, server->n_proxies, &hop))
      break;
  }
  request->client = hop;
}
