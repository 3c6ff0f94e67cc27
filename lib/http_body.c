/* One large body at a time is worked on: what is made of a hostile one can take 80 times its size. The others are read meanwhile,
 * then wait suspended, so that a slow sender holds nobody up. */
#include "lib/http_internal.h"

#include "lib/clock.h"

gboolean http_body_take_turn(HttpRequest *request) {
  HttpServer *server = request->server;
  thread_monitor_enter(&server->lock);
  gboolean mine = request->has_turn || !server->big_busy;
  if (mine)
    server->big_busy = request->has_turn = TRUE;
  else
    g_queue_push_tail(&server->big_waiting, http_request_ref(request));
  thread_monitor_leave(&server->lock);
  return mine;
}

void http_body_give_turn(HttpRequest *request) {
  HttpServer *server = request->server;
  thread_monitor_enter(&server->lock);
  HttpRequest *next = NULL;
  if (request->has_turn) {
    request->has_turn = FALSE;
    next = g_queue_pop_head(&server->big_waiting);
    server->big_busy = next != NULL;
  }
  if (next != NULL) {
    next->has_turn = TRUE;
    http_access_resume_locked(next);
  }
  thread_monitor_leave(&server->lock);
  if (next != NULL)
    http_request_unref(next);
}

static HttpRequest *pop_overdue(HttpServer *server) {
  HttpRequest *overdue = NULL;
  thread_monitor_enter(&server->lock);
  HttpRequest *first = g_queue_peek_head(&server->big_waiting);
  if (first != NULL && first->deadline < clock_now())
    overdue = g_queue_pop_head(&server->big_waiting);
  thread_monitor_leave(&server->lock);
  return overdue;
}

/* The first has waited longest; who is late behind it hears so at his turn. */
void http_body_sweep(HttpServer *server) {
  for (HttpRequest *request; (request = pop_overdue(server)) != NULL;) {
    http_dispatch_refuse(request, 503, HTTP_GP_BUSY, "other large requests were in the way; try again later");
    request->discard = request->close = TRUE;
    http_access_resume(request);
    http_request_unref(request);
  }
}

/* Large bodies leave a share to the small ones. */
static gboolean fits_memory(HttpRequest *request, gsize total, gsize n) {
  HttpServer *server = request->server;
  gsize limit = total > LIMIT_SMALL_BODY_BYTES ? LIMIT_LARGE_BODIES_BYTES : LIMIT_BODIES_BYTES;
  thread_monitor_enter(&server->lock);
  gboolean fits = server->body_bytes + n <= limit;
  if (fits)
    server->body_bytes += n;
  thread_monitor_leave(&server->lock);
  return fits;
}

void http_body_drop(HttpRequest *request) {
  if (request->body == NULL)
    return;
  thread_monitor_enter(&request->server->lock);
  request->server->body_bytes -= request->body->len;
  thread_monitor_leave(&request->server->lock);
  g_clear_pointer(&request->body, g_byte_array_unref);
}

static void refuse(HttpRequest *request, int status, int gp_code, const char *message) {
  http_dispatch_refuse(request, status, gp_code, message);
  request->discard = request->close = TRUE;
  http_body_drop(request);
  http_body_give_turn(request);
}

/* The library lets us answer only before the body or after it. What follows a refusal is read and dropped, up to a limit. */
static HttpNext discard(HttpRequest *request, gsize *n) {
  request->bytes_in += *n;
  *n = 0;
  return request->bytes_in > 2 * (gsize)LIMIT_BODY_BYTES ? HTTP_NEXT_CLOSE : HTTP_NEXT_READ;
}

HttpNext http_body_take(HttpRequest *request, const char *bytes, gsize *n) {
  if (request->discard)
    return discard(request, n);
  gsize total = (request->body != NULL ? request->body->len : 0) + *n;
  if (total > LIMIT_BODY_BYTES) {
    refuse(request, 413, HTTP_GP_TOO_LARGE, HTTP_TOO_LARGE);
    return discard(request, n);
  }
  if (!fits_memory(request, total, *n)) {
    refuse(request, 503, HTTP_GP_BUSY, "too many large requests at once; try again later");
    return discard(request, n);
  }
  if (request->body == NULL)
    request->body = g_byte_array_sized_new((guint)CLAMP(request->length, (gint64)*n, HTTP_EARLY_BYTES));
  g_byte_array_append(request->body, (const guint8 *)bytes, (guint)*n);
  request->bytes_in += *n;
  *n = 0;
  return HTTP_NEXT_READ;
}
