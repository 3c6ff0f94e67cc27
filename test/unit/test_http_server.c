#include "lib/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "test/unit/http_server_app.h"

#define CLOSE "Host: a\r\nConnection: close\r\n"

/* A server and raw sockets. */

static void set_up(App *app, const char *listen, guint workers, guint queue) {
  static const Cidr proxies[] = {{{{[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}}, 128},
                                 {{{[10] = 0xff, [11] = 0xff, 10, 0, 0, 0}}, 104}};
  g_autoptr(GError) error = NULL;
  HttpServerOptions options = {.listen = listen,
                               .routes = routes,
                               .fallback = &open_policy,
                               .app = app,
                               .trusted_proxies = proxies,
                               .n_trusted_proxies = 2,
                               .workers = workers,
                               .queue = queue};
  *app = (App){0};
  app->server = http_server_new(&options, &error);
  g_assert_no_error(error);
  const char *colon = strrchr(http_server_address(app->server), ':');
  app->port = (guint16)g_ascii_strtoull(colon + 1, NULL, 10);
}

static void tear_down(App *app) {
  g_clear_pointer(&app->server, http_server_free);
}

static int dial(const App *app) {
  struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(app->port)};
  struct timeval limit = {10, 0};
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  g_assert_cmpint(connect(fd, (struct sockaddr *)&where, sizeof where), ==, 0);
  return fd;
}

static void say(int fd, const char *bytes, gsize n) {
  for (gsize done = 0; done < n;) {
    gssize part = send(fd, bytes + done, n - done, MSG_NOSIGNAL);
    if (part <= 0)
      return;
    done += (gsize)part;
  }
}

static char *hear(int fd) {
  GString *all = g_string_new(NULL);
  char part[65536];
  for (gssize n; (n = recv(fd, part, sizeof part, 0)) > 0;)
    g_string_append_len(all, part, n);
  close(fd);
  return g_string_free(all, FALSE);
}

/* Reads until `end` was seen. */
static char *hear_until(int fd, const char *end) {
  GString *all = g_string_new(NULL);
  char c;
  while (!g_str_has_suffix(all->str, end) && recv(fd, &c, 1, 0) == 1)
    g_string_append_c(all, c);
  return g_string_free(all, FALSE);
}

static char *talk(const App *app, const char *request) {
  int fd = dial(app);
  say(fd, request, strlen(request));
  return hear(fd);
}

static guint count(const char *haystack, const char *needle) {
  guint n = 0;
  for (const char *at = haystack; (at = strstr(at, needle)) != NULL; at += strlen(needle))
    n++;
  return n;
}

/* One request, and what its answer holds. */

typedef struct {
  const char *name, *request;
  const char *holds[4];
  const char *lacks;
} Talk;

static const Talk talks[] = {
    {"at_once",
     "GET /now HTTP/1.1\r\n" CLOSE "\r\n",
     {"HTTP/1.1 200", "\r\nX-Request-Id: ", "nosniff", "\r\n\r\nnow"}},
    {"no_store",
     "GET /now HTTP/1.1\r\n" CLOSE "\r\n",
     {"Cache-Control: no-store", "Content-Type: text/plain\r\n"}},
    {"slashes", "GET //now/?a HTTP/1.1\r\n" CLOSE "\r\n", {"HTTP/1.1 200"}},
    {"head", "HEAD /now HTTP/1.1\r\n" CLOSE "\r\n", {"HTTP/1.1 200", "Content-Length: 3\r\n"}, "\r\n\r\nnow"},
    {"old", "GET /now HTTP/1.0\r\n\r\n", {" 200 OK", "\r\n\r\nnow"}},
    {"body",
     "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello",
     {"HTTP/1.1 200", "\r\n\r\nhello"}},
    {"body_of_get",
     "GET /now HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello",
     {"HTTP/1.1 200", "\r\n\r\nnow"}},
    {"chunked",
     "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: "
     "y\r\n\r\n",
     {"HTTP/1.1 200", "Connection: close", "\r\n\r\nabcde"}},
    {"segments", "GET /o/acme/x/%41b HTTP/1.1\r\n" CLOSE "\r\n", {"\r\n\r\nacme Ab /o/acme/x/Ab 127.0.0.1"}},
    {"forwarded",
     "GET /o/a/x/b HTTP/1.1\r\n" CLOSE
     "X-Forwarded-For: 6.6.6.6, 192.0.2.9\r\nX-Forwarded-For: 10.1.1.1\r\n\r\n",
     {"/o/a/x/b 192.0.2.9"}},
    {"forwarded_badly",
     "GET /o/a/x/b HTTP/1.1\r\n" CLOSE "X-Forwarded-For: 192.0.2.9, unknown\r\n\r\n",
     {"x/b 127.0.0.1"}},
    {"nothing_here", "GET /none HTTP/1.1\r\n" CLOSE "\r\n", {"HTTP/1.1 404", "(GP-2304)"}},
    {"refused_by_policy",
     "GET /asked/none HTTP/1.1\r\n" CLOSE "\r\n",
     {"HTTP/1.1 404", "{\"refused\":2304,"}},
    {"method",
     "DELETE /echo HTTP/1.1\r\n" CLOSE "\r\n",
     {"HTTP/1.1 405", "Allow: POST, GET, HEAD\r\n", "(GP-2305)"}},
    {"method_unknown",
     "BREW /echo HTTP/1.1\r\n" CLOSE "\r\n",
     {"HTTP/1.1 405", "Allow: POST, GET, HEAD\r\n", "(GP-2052)"}},
    {"gate",
     "GET /now/../echo HTTP/1.1\r\n" CLOSE "\r\n",
     {"HTTP/1.1 400", "(GP-2053)", "Connection: close"}},
    {"gate_with_body",
     "PATCH /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
     {"HTTP/1.1 400", "(GP-2056)", "Connection: close"}},
    {"too_large",
     "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
     {"HTTP/1.1 413", "(GP-2307)"}},
    {"too_large_patch",
     "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n",
     {"HTTP/1.1 413"},
     "100 Continue"},
    {"continue",
     "POST /echo HTTP/1.1\r\n" CLOSE "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
     {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200", "\r\n\r\nhi"}},
    {"shut",
     "POST /shut HTTP/1.1\r\n" CLOSE "Content-Length: 2\r\n\r\nhi",
     {"HTTP/1.1 401", "WWW-Authenticate: Bearer"}},
    {"shut_before_continue",
     "POST /shut HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
     {"HTTP/1.1 401", "Connection: close"},
     "100 Continue"},
    {"forbidden", "POST /asked/echo HTTP/1.1\r\n" CLOSE "Content-Length: 2\r\n\r\nhi", {"HTTP/1.1 403"}},
    {"allowed",
     "POST /asked/echo HTTP/1.1\r\n" CLOSE "X-Allow: y\r\nContent-Length: 2\r\n\r\nhi",
     {"HTTP/1.1 200", "hi"}},
    {"keep_alive",
     "GET /now HTTP/1.1\r\nHost: a\r\n\r\nPOST /shut HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
     "GET /echo HTTP/1.1\r\n" CLOSE "\r\n",
     {"\r\n\r\nnowHTTP/1.1 401", "HTTP/1.1 200"}},
};

static void test_talk(gconstpointer data) {
  const Talk *c = data;
  App app;
  set_up(&app, "127.0.0.1:0", 2, 0);
  g_autofree char *answer = talk(&app, c->request);
  for (gsize i = 0; i < G_N_ELEMENTS(c->holds) && c->holds[i] != NULL; i++)
    if (strstr(answer, c->holds[i]) == NULL)
      g_error("no \"%s\" in \"%s\"", c->holds[i], answer);
  if (c->lacks != NULL)
    g_assert_null(strstr(answer, c->lacks));
  tear_down(&app);
}

static void test_pipeline(void) {
  App app;
  set_up(&app, "127.0.0.1:0", 2, 0);
  GString *all = g_string_new(NULL);
  for (guint i = 0; i < 200; i++)
    g_string_append(all, i % 2 == 0 ? "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"
                                    : "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  g_string_append(all, "GET /now HTTP/1.1\r\n" CLOSE "\r\n");
  g_autofree char *answer = talk(&app, all->str);
  g_assert_cmpuint(count(answer, "HTTP/1.1 200"), ==, 201);
  g_string_free(all, TRUE);
  tear_down(&app);
}

static void send_body(int fd, const char *path, gsize n, const char *header) {
  g_autofree char *head =
      g_strdup_printf("POST %s HTTP/1.1\r\n" CLOSE "%sContent-Length: %zu\r\n\r\n", path, header, n);
  g_autofree char *body = g_strnfill(n, 'b');
  say(fd, head, strlen(head));
  say(fd, body, n);
}

static int begin_large(const App *app, gsize n, gsize sent) {
  int fd = dial(app);
  g_autofree char *head = g_strdup_printf("POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: %zu\r\n\r\n", n);
  g_autofree char *body = g_strnfill(sent, 'b');
  say(fd, head, strlen(head));
  say(fd, body, sent);
  return fd;
}

/* Two large bodies at once: the one that is sent slowly does not hold up the other. */
static void test_large(void) {
  App app;
  set_up(&app, "127.0.0.1:0", 4, 0);
  gsize n = LIMIT_SMALL_BODY_BYTES * 2;
  int slow = begin_large(&app, n, n - 1);
  g_usleep(100000);
  gint64 begin = g_get_monotonic_time();
  int quick = begin_large(&app, n, n);
  g_autofree char *two = hear(quick);
  g_assert_cmpuint(strlen(strstr(two, "\r\n\r\n")), ==, n + 4);
  g_assert_cmpint(g_get_monotonic_time() - begin, <, 5 * G_USEC_PER_SEC);
  say(slow, "b", 1);
  g_autofree char *one = hear(slow);
  g_assert_cmpuint(strlen(strstr(one, "\r\n\r\n")), ==, n + 4);
  tear_down(&app);
}

/* Slow large bodies fill their share of the memory, not that of the small ones. */
static void test_large_share(void) {
  App app;
  set_up(&app, "127.0.0.1:0", 2, 0);
  int slow[LIMIT_LARGE_BODIES_BYTES / LIMIT_BODY_BYTES];
  for (gsize i = 0; i < G_N_ELEMENTS(slow); i++)
    slow[i] = begin_large(&app, LIMIT_BODY_BYTES, LIMIT_BODY_BYTES - 1);
  g_usleep(500000);
  gsize n = LIMIT_SMALL_BODY_BYTES * 2;
  g_autofree char *large = hear(begin_large(&app, n, n));
  g_assert_true(g_str_has_prefix(large, "HTTP/1.1 503"));
  n = LIMIT_SMALL_BODY_BYTES;
  g_autofree char *small = hear(begin_large(&app, n, n));
  g_assert_true(g_str_has_prefix(small, "HTTP/1.1 200"));
  for (gsize i = 0; i < G_N_ELEMENTS(slow); i++)
    close(slow[i]);
  tear_down(&app);
}

static void test_early(void) {
  App app;
  set_up(&app, "127.0.0.1:0", 2, 0);
  int fd = dial(&app);
  send_body(fd, "/asked/echo", 100000, "X-Allow: y\r\n");
  g_autofree char *good = hear(fd);
  g_assert_true(g_str_has_prefix(good, "HTTP/1.1 200"));
  g_assert_cmpint(app.early, ==, 1);
  fd = dial(&app);
  send_body(fd, "/asked/echo", 100000, "");
  g_autofree char *bad = hear(fd);
  g_assert_true(g_str_has_prefix(bad, "HTTP/1.1 403"));
  tear_down(&app);
}

/* Chunked bodies are counted while they arrive. */
static void test_chunked_large(void) {
  App app;
  set_up(&app, "127.0.0.1:0", 2, 0);
  int fd = dial(&app);
  g_autofree char *chunk = g_strnfill(1u << 20, 'c');
  const char *head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  say(fd, head, strlen(head));
  for (guint i = 0; i < 17; i++) {
    say(fd, "100000\r\n", 8);
    say(fd, chunk, 1u << 20);
    say(fd, "\r\n", 2);
  }
  say(fd, "0\r\n\r\n", 5);
  g_autofree char *answer = hear(fd);
  g_assert_true(g_str_has_prefix(answer, "HTTP/1.1 413"));
  tear_down(&app);
}

static void test_one_by_one(void) {
  App app;
  int fds[8];
  set_up(&app, "127.0.0.1:0", 4, 0);
  for (guint i = 0; i < 8; i++) {
    fds[i] = dial(&app);
    const char *request =
        i % 2 == 0 ? "GET /line/a HTTP/1.1\r\n" CLOSE "\r\n" : "GET /line/a/ HTTP/1.1\r\n" CLOSE "\r\n";
    say(fds[i], request, strlen(request));
  }
  for (guint i = 0; i < 8; i++) {
    g_autofree char *answer = hear(fds[i]);
    g_assert_true(g_str_has_suffix(answer, "\r\n\r\na"));
  }
  g_assert_cmpint(app.most, ==, 1);
  tear_down(&app);
}

static void test_postponed(void) {
  App app;
  set_up(&app, "127.0.0.1:0", 1, 0);
  gint64 begin = clock_now();
  g_autofree char *get = talk(&app, "GET /late HTTP/1.1\r\n" CLOSE "\r\n");
  g_assert_nonnull(strstr(get, "\r\n\r\nnow"));
  g_autofree char *post = talk(&app, "POST /late HTTP/1.1\r\n" CLOSE "Content-Length: 2\r\n\r\nhi");
  g_assert_nonnull(strstr(post, "\r\n\r\nhi"));
  g_assert_cmpint(clock_now() - begin, >=, 400000);
  tear_down(&app);
}

static void test_queue_full(void) {
  App app;
  int fds[6];
  guint busy = 0, served = 0;
  const char *request = "GET /slow?ms=300 HTTP/1.1\r\n" CLOSE "\r\n";
  set_up(&app, "127.0.0.1:0", 1, 1);
  for (guint i = 0; i < 6; i++) {
    fds[i] = dial(&app);
    say(fds[i], request, strlen(request));
  }
  g_autofree char *inline_answer = talk(&app, "GET /now HTTP/1.1\r\n" CLOSE "\r\n");
  g_assert_nonnull(strstr(inline_answer, "\r\n\r\nnow"));
  for (guint i = 0; i < 6; i++) {
    g_autofree char *answer = hear(fds[i]);
    served += g_str_has_prefix(answer, "HTTP/1.1 200") ? 1 : 0;
    busy += strstr(answer, "Retry-After: 5\r\n") != NULL ? 1 : 0;
  }
  g_assert_cmpuint(served, >=, 1);
  g_assert_cmpuint(busy, >=, 3);
  g_assert_cmpuint(served + busy, ==, 6);
  tear_down(&app);
}

static void wait_for(gint *counter) {
  for (guint i = 0; i < 500 && g_atomic_int_get(counter) == 0; i++)
    g_usleep(10000);
  g_assert_cmpint(g_atomic_int_get(counter), ==, 1);
}

static void test_done(void) {
  App app;
  const char *request = "GET /done HTTP/1.1\r\n" CLOSE "\r\n";
  set_up(&app, "127.0.0.1:0", 1, 0);
  g_autofree char *answer = talk(&app, request);
  g_assert_cmpuint(strlen(strstr(answer, "\r\n\r\n")), ==, (8u << 20) + 4);
  wait_for(&app.sent);
  int fd = dial(&app);
  say(fd, request, strlen(request));
  g_autofree char *some G_GNUC_UNUSED = hear_until(fd, "HTTP/1.1 200");
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
  close(fd);
  wait_for(&app.unsent);
  tear_down(&app);
  g_assert_cmpint(app.freed, ==, 2);
}

/* What is in flight ends, what is idle goes at once, nothing new comes in. */
static void test_drain(void) {
  App app;
  const char *keep = "GET /now HTTP/1.1\r\nHost: a\r\n\r\n",
             *slow = "GET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n";
  set_up(&app, "127.0.0.1:0", 1, 0);
  int idle = dial(&app), busy = dial(&app);
  say(idle, keep, strlen(keep));
  g_autofree char *first G_GNUC_UNUSED = hear_until(idle, "now");
  say(busy, slow, strlen(slow));
  g_usleep(100000);
  http_server_drain(app.server, clock_deadline(5));
  g_autofree char *rest = hear(idle), *answer = hear(busy);
  g_assert_cmpstr(rest, ==, "");
  g_assert_nonnull(strstr(answer, "Connection: close"));
  g_assert_true(g_str_has_suffix(answer, "slow"));
  tear_down(&app);
}

/* Half a request whose sender has gone holds up nobody. */
static void test_drain_half(void) {
  App app;
  const char *halves[] = {"GET /now HTTP/1.1\r\nHost: a\r\n",
                          "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"};
  set_up(&app, "127.0.0.1:0", 1, 0);
  for (guint i = 0; i < 2; i++) {
    int fd = dial(&app);
    say(fd, halves[i], strlen(halves[i]));
    close(fd);
  }
  g_usleep(50000);
  gint64 begin = clock_now();
  http_server_drain(app.server, clock_deadline(10));
  g_assert_cmpint(clock_now() - begin, <, 4 * G_USEC_PER_SEC);
  tear_down(&app);
}

static void test_drain_late(void) {
  App app;
  const char *slow = "GET /slow?ms=1000 HTTP/1.1\r\nHost: a\r\n\r\n";
  set_up(&app, "127.0.0.1:0", 1, 0);
  int fds[3] = {dial(&app), dial(&app), dial(&app)};
  for (guint i = 0; i < 3; i++)
    say(fds[i], slow, strlen(slow));
  g_usleep(100000);
  gint64 begin = clock_now();
  http_server_drain(app.server, clock_now() + 100000);
  g_assert_cmpint(clock_now() - begin, <, 800000);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *answer = hear(fds[i]);
    g_assert_cmpstr(answer, ==, "");
  }
  tear_down(&app);
}

/* One byte a second is not silence, but the head is over its time. */
static void test_dribble(void) {
  App app;
  set_up(&app, "127.0.0.1:0", 1, 0);
  gint64 begin = clock_now();
  int fd = dial(&app);
  say(fd, "GET /now HTTP/1.1\r\n", 19);
  while (send(fd, "X", 1, MSG_NOSIGNAL) == 1 && clock_now() - begin < 20 * G_USEC_PER_SEC)
    g_usleep(500000);
  g_assert_cmpint(clock_now() - begin, <, (LIMIT_HEADER_SECONDS + 3) * G_USEC_PER_SEC);
  close(fd);
  tear_down(&app);
}

static void test_unix_socket(void) {
  g_autofree char *folder = g_dir_make_tmp("gatepost-http-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "http.sock", NULL);
  g_autofree char *listen = g_strconcat("unix:", path, NULL);
  struct sockaddr_un where = {.sun_family = AF_UNIX};
  g_strlcpy(where.sun_path, path, sizeof where.sun_path);
  int stale = socket(AF_UNIX, SOCK_STREAM, 0); /* left by a killed process */
  g_assert_cmpint(bind(stale, (struct sockaddr *)&where, sizeof where), ==, 0);
  close(stale);
  App app;
  set_up(&app, listen, 1, 0);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  g_assert_cmpint(connect(fd, (struct sockaddr *)&where, sizeof where), ==, 0);
  const char *request = "GET /o/a/x/b HTTP/1.1\r\n" CLOSE "X-Forwarded-For: 192.0.2.7\r\n\r\n";
  say(fd, request, strlen(request));
  g_autofree char *answer = hear(fd);
  g_assert_true(g_str_has_suffix(answer, " 192.0.2.7"));
  tear_down(&app);
  g_assert_cmpint(access(path, F_OK), !=, 0);
  g_assert_cmpint(rmdir(folder), ==, 0);
}

static void test_port_taken(void) {
  App app;
  g_autoptr(GError) error = NULL;
  set_up(&app, "127.0.0.1:0", 1, 0);
  HttpServerOptions options = {
      .listen = http_server_address(app.server), .routes = routes, .fallback = &open_policy};
  g_assert_null(http_server_new(&options, &error));
  g_assert_nonnull(strstr(error->message, options.listen));
  g_assert_nonnull(strstr(error->message, "GP-1203"));
  tear_down(&app);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(talks); i++) {
    g_autofree char *name = g_strconcat("/http_server/talk/", talks[i].name, NULL);
    g_test_add_data_func(name, &talks[i], test_talk);
  }
  g_test_add_func("/http_server/pipeline", test_pipeline);
  g_test_add_func("/http_server/large", test_large);
  g_test_add_func("/http_server/large_share", test_large_share);
  g_test_add_func("/http_server/early", test_early);
  g_test_add_func("/http_server/chunked_large", test_chunked_large);
  g_test_add_func("/http_server/one_by_one", test_one_by_one);
  g_test_add_func("/http_server/postponed", test_postponed);
  g_test_add_func("/http_server/queue_full", test_queue_full);
  g_test_add_func("/http_server/done", test_done);
  g_test_add_func("/http_server/drain", test_drain);
  g_test_add_func("/http_server/drain_half", test_drain_half);
  g_test_add_func("/http_server/drain_late", test_drain_late);
  g_test_add_func("/http_server/dribble", test_dribble);
  g_test_add_func("/http_server/unix_socket", test_unix_socket);
  g_test_add_func("/http_server/port_taken", test_port_taken);
  return g_test_run();
}
