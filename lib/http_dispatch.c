/* The way of a request: gate, route, before_body, [authorise early,] body, authorise, handler, reply. */
#include "lib/http_internal.h"

#include <string.h>

#include "lib/clock.h"

static HttpReply *plain_refusal(int gp_code, const char *message) {
  return http_reply_new(0, "text/plain; charset=utf-8", g_strdup_printf("%s (GP-%04d)\n", message, gp_code),
                        -1);
}

void http_dispatch_refuse(HttpRequest *request, int status, int gp_code, const char *message) {
  const HttpPolicy *policy = request->policy;
  HttpReply *reply = NULL;
  if (policy != NULL && policy->refuse != NULL)
    reply = policy->refuse(request, request->app, status, gp_code, message);
  if (reply == NULL)
    reply = plain_refusal(gp_code, message);
  reply->status = status;
  g_autofree char *allow = status == 405 ? http_route_allow(request) : NULL;
  if (status == 405)
    http_reply_header(reply, "Allow", allow != NULL ? allow : "");
  if (status == 503)
    http_reply_header(reply, "Retry-After", "5");
  http_reply_free(request->reply);
  request->reply = reply;
  char code[16];
  g_snprintf(code, sizeof code, "GP-%04d", gp_code);
  http_request_note(request, "code", code);
}

static gboolean has_body(const HttpRequest *request) {
  return request->chunked || request->length > 0;
}

/* The reply stands before the body was read. A short body is read and dropped and the connection lives on; for a long one,
 * an endless one, or one that the client offers to hold back, the answer goes out now and the connection ends. */
static HttpNext answer_early(HttpRequest *request) {
  request->discard = TRUE;
  if (!has_body(request) && !request->close)
    return HTTP_NEXT_READ;
  if (!request->close && !request->chunked && request->length <= HTTP_EARLY_BYTES &&
      http_request_header(request, "Expect") == NULL)
    return HTTP_NEXT_READ;
  request->close = TRUE;
  return HTTP_NEXT_REPLY;
}

static HttpNext refuse_early(HttpRequest *request, int status, int gp_code, const char *message) {
  http_dispatch_refuse(request, status, gp_code, message);
  return answer_early(request);
}

static HttpNext no_route(HttpRequest *request) {
  g_autofree char *allow = http_route_allow(request);
  if (allow != NULL)
    return refuse_early(request, 405, HTTP_GP_METHOD,
                        "this method is not offered here; see the header Allow");
  return refuse_early(request, 404, HTTP_GP_NO_ENDPOINT, "there is nothing at this path");
}

static HttpReply *missing_reply(HttpRequest *request) {
  http_dispatch_refuse(request, 500, HTTP_GP_INTERNAL, "the request could not be answered");
  return g_steal_pointer(&request->reply);
}

/* In a worker. FALSE: answered. */
static gboolean authorise(HttpRequest *request) {
  const HttpPolicy *policy = request->policy;
  HttpReply *reply = NULL;
  if (request->authorised || policy->authorise == NULL)
    return TRUE;
  if (policy->authorise(request, request->app, &reply) == HTTP_GO) {
    request->authorised = TRUE;
    return TRUE;
  }
  request->reply = reply != NULL ? reply : missing_reply(request);
  return FALSE;
}

/* In a worker, before the body: who may send that much. */
static void early_job(gpointer data) {
  g_autoptr(HttpRequest) request = data;
  if (g_atomic_int_get(&request->abandoned))
    return;
  gboolean large = request->chunked || request->length > HTTP_EARLY_BYTES;
  if (large)
    authorise(request);
  http_access_resume(request);
}

static void work(HttpRequest *request) {
  if (request->deadline < clock_now()) {
    http_dispatch_refuse(request, 503, HTTP_GP_BUSY,
                         "the server was too busy to answer in time; try again later");
    return;
  }
  if (!authorise(request))
    return;
  request->reply = request->route->handler(request, request->app);
  if (request->reply == NULL)
    request->reply = missing_reply(request);
}

static void work_job(gpointer data) {
  g_autoptr(HttpRequest) request = data;
  if (!g_atomic_int_get(&request->abandoned))
    work(request);
  http_body_drop(request);
  http_body_give_turn(request);
  http_access_resume(request);
}

/* Hands the suspended request to a worker, or answers 503 when the line is full. */
static HttpNext hand_over(HttpRequest *request, ThreadFunc job, const char *key, gint64 delay_us) {
  if (!http_access_suspend(request))
    return HTTP_NEXT_CLOSE;
  http_request_ref(request);
  if (thread_pool_push(request->server->pool, job, request, key, delay_us))
    return HTTP_NEXT_WAIT;
  http_dispatch_refuse(request, 503, HTTP_GP_BUSY, "too many requests are waiting; try again later");
  http_body_drop(request);
  http_body_give_turn(request);
  http_access_resume(request);
  http_request_unref(request);
  return HTTP_NEXT_WAIT;
}

static void read_framing(HttpRequest *request) {
  const char *length = http_request_header(request, "Content-Length");
  request->chunked = http_request_header(request, "Transfer-Encoding") != NULL;
  if (length != NULL)
    request->length = g_ascii_strtoll(length, NULL, 10);
  request->close = request->chunked;
}

static HttpNext gate_refusal(HttpRequest *request, HttpGateCode code) {
  const HttpGateVerdict *verdict = http_gate_verdict(code);
  http_dispatch_refuse(request, verdict->status, verdict->gp_code, verdict->words);
  request->discard = request->close = TRUE;
  return HTTP_NEXT_REPLY;
}

static HttpNext before_body(HttpRequest *request) {
  const HttpPolicy *policy = request->policy;
  HttpReply *reply = NULL;
  gint64 delay_us = 0;
  HttpVerdict verdict = HTTP_GO;
  if (policy->before_body != NULL)
    verdict = policy->before_body(request, request->app, &reply, &delay_us);
  if (verdict == HTTP_ANSWERED) {
    request->reply = reply != NULL ? reply : missing_reply(request);
    return answer_early(request);
  }
  gboolean large = request->chunked || request->length > HTTP_EARLY_BYTES;
  if (verdict == HTTP_POSTPONED || (large && policy->authorise != NULL)) {
    request->at_head = TRUE;
    return hand_over(request, early_job, NULL, verdict == HTTP_POSTPONED ? delay_us : 0);
  }
  return HTTP_NEXT_READ;
}

/* A connection that was suspended at its head is asked once more at the same point: the body is still to come. */
HttpNext http_dispatch_resumed(HttpRequest *request) {
  request->at_head = FALSE;
  return request->reply != NULL ? answer_early(request) : HTTP_NEXT_READ;
}

HttpNext http_dispatch_head(HttpRequest *request) {
  HttpGateHead head = {request->method,    request->target,     request->version,   request->headers,
                       request->n_headers, request->line_bytes, request->head_bytes};
  http_route_find(request);
  http_request_find_client(request);
  HttpGateCode code = http_gate_check(&head);
  if (code != HTTP_GATE_PASS)
    return gate_refusal(request, code);
  read_framing(request);
  if (request->route == NULL)
    return no_route(request);
  if (request->length > LIMIT_BODY_BYTES)
    return refuse_early(request, 413, HTTP_GP_TOO_LARGE, HTTP_TOO_LARGE);
  return before_body(request);
}

/* The library asks again at the same point when the turn has come. */
static HttpNext await_turn(HttpRequest *request) {
  if (!http_access_suspend(request))
    return HTTP_NEXT_CLOSE;
  if (http_body_take_turn(request))
    http_access_resume(request);
  return HTTP_NEXT_WAIT;
}

/* The body is complete. A row that is at_once does no I/O; a policy that may (authorise) still goes to a worker. */
HttpNext http_dispatch_end(HttpRequest *request) {
  const HttpRoute *route = request->route;
  if (request->reply != NULL)
    return HTTP_NEXT_REPLY;
  if (request->body != NULL && request->body->len > LIMIT_SMALL_BODY_BYTES && !request->has_turn)
    return await_turn(request);
  if (!route->at_once || route->policy->authorise != NULL)
    return hand_over(request, work_job, route->one_by_one ? request->path : NULL, 0);
  work(request);
  return HTTP_NEXT_REPLY;
}
