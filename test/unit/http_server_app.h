/* What the server under test serves: handlers, policies and routes, each for one behaviour, and the App that counts what
 * they saw. For test_http_server.c alone; handlers run on the server's threads, so counters are atomic. */
#pragma once

#include <string.h>

#include "lib/http_server.h"

typedef struct {
  HttpServer *server;
  guint16 port;
  gint running, most; /* of /line at once */
  gint sent, unsent, freed;
  gint early; /* calls of authorise */
} App;

/* Handlers. */

static HttpReply *text(const char *words) {
  return http_reply_new(200, "text/plain", g_strdup(words), -1);
}

static HttpReply *on_now(HttpRequest *request, gpointer app) {
  (void)app;
  (void)request;
  return text("now");
}

static HttpReply *on_echo(HttpRequest *request, gpointer app) {
  gsize n;
  const char *body = http_request_body(request, &n);
  (void)app;
  return http_reply_new(200, "text/plain", g_memdup2(body, n), (gssize)n);
}

static HttpReply *on_slow(HttpRequest *request, gpointer app) {
  (void)app;
  g_usleep((gulong)g_ascii_strtoull(http_request_query(request, "MS"), NULL, 10) * 1000);
  return text("slow");
}

static HttpReply *on_line(HttpRequest *request, gpointer data) {
  App *app = data;
  gint now = g_atomic_int_add(&app->running, 1) + 1;
  if (now > g_atomic_int_get(&app->most))
    g_atomic_int_set(&app->most, now);
  g_usleep(20000);
  g_atomic_int_add(&app->running, -1);
  return text(http_request_segment(request, "name"));
}

static HttpReply *on_segments(HttpRequest *request, gpointer app) {
  char from[CIDR_TEXT_BYTES];
  (void)app;
  g_assert_null(http_request_segment(request, "none"));
  char *words = g_strdup_printf("%s %s %s %s", http_request_segment(request, "org"),
                                http_request_segment(request, "id"), http_request_path(request),
                                cidr_address_format(http_request_client(request), from));
  return http_reply_new(200, "text/plain", words, -1);
}

static HttpReply *on_big(HttpRequest *request, gpointer app) {
  (void)request;
  (void)app;
  return http_reply_new(200, "text/plain", g_strnfill(8u << 20, 'x'), 8 << 20);
}

static void count_done(gboolean sent, gpointer data) {
  App *app = data;
  g_atomic_int_inc(sent ? &app->sent : &app->unsent);
}

static void count_freed(gpointer data) {
  App *app = data;
  g_atomic_int_inc(&app->freed);
}

static HttpReply *on_done(HttpRequest *request, gpointer data) {
  http_request_on_done(request, count_done, data, count_freed);
  return on_big(request, data);
}

/* Policies. */

static HttpVerdict postpone(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  (void)request;
  (void)app;
  (void)reply;
  *delay_us = 200000;
  return HTTP_POSTPONED;
}

static HttpVerdict shut(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  (void)request;
  (void)app;
  (void)delay_us;
  *reply = http_reply_new(401, NULL, NULL, 0);
  http_reply_header(*reply, "WWW-Authenticate", "Bearer");
  return HTTP_ANSWERED;
}

static HttpVerdict ask(HttpRequest *request, gpointer data, HttpReply **reply) {
  App *app = data;
  g_atomic_int_inc(&app->early);
  if (http_request_header(request, "x-allow") != NULL)
    return HTTP_GO;
  *reply = http_reply_new(403, NULL, NULL, 0);
  return HTTP_ANSWERED;
}

static HttpReply *refuse(HttpRequest *request, gpointer app, int status, int gp_code, const char *message) {
  (void)request;
  (void)app;
  return http_reply_new(status, "application/json",
                        g_strdup_printf("{\"refused\":%d,\"m\":\"%s\"}", gp_code, message), -1);
}

static const HttpPolicy open_policy = {"open", NULL, NULL, NULL};
static const HttpPolicy late_policy = {"late", postpone, NULL, NULL};
static const HttpPolicy shut_policy = {"shut", shut, NULL, NULL};
static const HttpPolicy asked_policy = {"asked", NULL, ask, refuse};

static const HttpRoute routes[] = {
    {"now", "GET", "/now", &open_policy, TRUE, FALSE, on_now},
    {"echo", "POST", "/echo", &open_policy, FALSE, FALSE, on_echo},
    {"echo_get", "GET", "/echo", &open_policy, FALSE, FALSE, on_echo},
    {"slow", "GET", "/slow", &open_policy, FALSE, FALSE, on_slow},
    {"line", "GET", "/line/{name}", &open_policy, FALSE, TRUE, on_line},
    {"segments", "GET", "/o/{org}/x/{id}", &open_policy, FALSE, FALSE, on_segments},
    {"late", "GET", "/late", &late_policy, FALSE, FALSE, on_now},
    {"late_post", "POST", "/late", &late_policy, FALSE, FALSE, on_echo},
    {"shut", "POST", "/shut", &shut_policy, FALSE, FALSE, on_echo},
    {"asked", "POST", "/asked/echo", &asked_policy, FALSE, FALSE, on_echo},
    {"big", "GET", "/big", &open_policy, FALSE, FALSE, on_big},
    {"done", "GET", "/done", &open_policy, FALSE, FALSE, on_done},
    {0},
};
