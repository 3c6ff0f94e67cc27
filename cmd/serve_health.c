#include "cmd/serve_health.h"

#include "cmd/serve_mail.h"
#include "cmd/serve_metrics.h"

typedef struct {
  gboolean running, database;
} Ready;

static const HttpPolicy policy = {.name = "admin"};

const HttpPolicy *serve_health_policy(void) {
  return &policy;
}

static HttpReply *livez(HttpRequest *request, gpointer app) {
  (void)request;
  (void)app;
  return http_reply_new(200, "text/plain", g_strdup("ok\n"), -1);
}

static Ready look(ServeState *state) {
  thread_monitor_enter(&state->lock);
  Ready ready = {state->server != NULL && !state->stopping, state->database_up};
  thread_monitor_leave(&state->lock);
  return ready;
}

static const char *mark(gboolean good) {
  return good ? "ok" : "failed";
}

static HttpReply *readyz(HttpRequest *request, gpointer app) {
  Ready ready = look(app);
  gboolean good = ready.running && ready.database;
  char *body = http_request_query(request, "verbose") == NULL
                   ? g_strdup(good ? "ok\n" : "not ready\n")
                   : g_strdup_printf("serving %s\ndatabase %s\n%s\n", mark(ready.running),
                                     mark(ready.database), good ? "ok" : "not ready");
  return http_reply_new(good ? 200 : 503, "text/plain", body, -1);
}

static HttpReply *metrics(HttpRequest *request, gpointer app) {
  (void)request;
  ServeState *state = app;
  thread_monitor_enter(&state->lock);
  serve_metrics_collect(state);
  thread_monitor_leave(&state->lock);
  return http_reply_new(200, "text/plain; version=0.0.4; charset=utf-8", metrics_format(state->metrics), -1);
}

static const HttpRoute routes[] = {
    {"livez", "GET", "/livez", &policy, TRUE, FALSE, livez},
    {"readyz", "GET", "/readyz", &policy, TRUE, FALSE, readyz},
    {"metrics", "GET", "/metrics", &policy, TRUE, FALSE, metrics},
    {"mail_policy", "POST", "/mail/policy", &serve_mail_key, FALSE, FALSE, serve_mail_policy},
    {"mail_check", "GET", "/mail/check", &serve_mail_check_rate, FALSE, FALSE, serve_mail_check},
    {NULL},
};

const HttpRoute *serve_health_routes(void) {
  return routes;
}
