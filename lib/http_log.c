/* What is left of a request: one log line and two metrics. Never its query, header values or body. */
#include "lib/http_internal.h"

#include "lib/clock.h"

#define FORWARDED_TOLD_US (60 * G_USEC_PER_SEC)

static const char *key(const HttpRequest *request, guint i) {
  return i < request->n_notes ? request->notes[i][0] : "note";
}

static const char *value(const HttpRequest *request, guint i) {
  return i < request->n_notes ? request->notes[i][1] : NULL;
}

static void write_line(HttpRequest *r, double seconds, const char *code, const char *route) {
  char ms[G_ASCII_DTOSTR_BUF_SIZE], in[24], out[24], from[CIDR_TEXT_BYTES];
  g_ascii_formatd(ms, sizeof ms, "%.1f", seconds * 1000);
  g_snprintf(in, sizeof in, "%" G_GSIZE_FORMAT, r->bytes_in);
  g_snprintf(out, sizeof out, "%" G_GSIZE_FORMAT, r->bytes_out);
  log_event(r->server->log, r->status >= 500 ? LOG_WARNING : LOG_INFO, "http_request", "route", route,
            "method", r->method, "status", code, "ms", ms, "bytes_in", in, "bytes_out", out, "from",
            cidr_address_format(&r->client, from), "request_id", r->id, key(r, 0), value(r, 0), key(r, 1),
            value(r, 1), key(r, 2), value(r, 2), key(r, 3), value(r, 3), key(r, 4), value(r, 4), key(r, 5),
            value(r, 5), key(r, 6), value(r, 6), key(r, 7), value(r, 7), NULL);
}

/* A label holds only what our own tables say: a method the gate refused is "other". */
static const char *method_label(const char *method) {
  static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
    if (g_str_equal(known[i], method))
      return known[i];
  return "other";
}

static gboolean may_tell(HttpServer *server) {
  gint64 now = clock_now();
  thread_monitor_enter(&server->lock);
  gboolean may = server->forwarded_told == 0 || now - server->forwarded_told >= FORWARDED_TOLD_US;
  if (may)
    server->forwarded_told = now;
  thread_monitor_leave(&server->lock);
  return may;
}

/* GP-1212: either a front that the settings do not name, or somebody who would like to be another. */
static void note_forwarded(HttpServer *server, const HttpRequest *request) {
  char from[CIDR_TEXT_BYTES];
  if (server->metrics != NULL)
    metrics_add(server->metrics, "gatepost_http_forwarded_ignored_total", 1, NULL);
  if (server->log != NULL && may_tell(server))
    log_event(server->log, LOG_WARNING, "http_forwarded_ignored", "code", "GP-1212", "from",
              cidr_address_format(&request->client, from), "request_id", request->id, NULL);
}

void http_log_request(HttpRequest *request) {
  HttpServer *server = request->server;
  double seconds = (double)(clock_now() - request->begin) / G_USEC_PER_SEC;
  const char *route = request->route != NULL ? request->route->name : "none";
  char code[8];
  g_snprintf(code, sizeof code, "%d", request->status);
  if (request->forwarded_ignored)
    note_forwarded(server, request);
  if (server->log != NULL)
    write_line(request, seconds, code, route);
  if (server->metrics == NULL)
    return;
  metrics_add(server->metrics, "gatepost_http_requests_total", 1, route, method_label(request->method), code,
              NULL);
  metrics_observe(server->metrics, "gatepost_http_request_duration_seconds", seconds, route, NULL);
}
