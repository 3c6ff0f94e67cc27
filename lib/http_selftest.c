/* The gate is written against what one version of the library lets through. Whether that still holds is asked of the
 * library that is loaded, before the first byte is accepted. */
#include "lib/http_internal.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#include "lib/clock.h"

#define WAIT_SECONDS 5

#define HOST "Host: a\r\n"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
  const char *what, *bytes;
  gsize n;
  gboolean good;
} cases[] = {
    {"a plain request", BYTES("GET / HTTP/1.1\r\n" HOST "\r\n"), TRUE},
    {"blanks before a value", BYTES("GET /?a=b HTTP/1.1\r\nHost:a\r\nX-A:  \t b\r\nCookie: a=b; c=d\r\n\r\n"),
     TRUE},
    {"a body", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"), TRUE},
    {"a bare LF", BYTES("GET / HTTP/1.1\r\n" HOST "X-A: b\nX-B: c\r\n\r\n"), FALSE},
    {"a bare LF after the request line", BYTES("GET / HTTP/1.1\n" HOST "\r\n"), FALSE},
    {"a bare LF at the end of the head", BYTES("GET / HTTP/1.1\r\n" HOST "\n"), FALSE},
    {"a NUL in a value", BYTES("GET / HTTP/1.1\r\n" HOST "X-A: b\0c\r\n\r\n"), FALSE},
    {"two bare LF and a NUL that hide each other",
     BYTES("GET / HTTP/1.1\r\n" HOST "X-A: b\nX-B: c\n"
           "X-C: d\0e\r\n\r\n"),
     FALSE},
    {"a NUL in a name", BYTES("GET / HTTP/1.1\r\n" HOST "X-A\0: b\r\n\r\n"), FALSE},
    {"a NUL in the target", BYTES("GET /\0a HTTP/1.1\r\n" HOST "\r\n"), FALSE},
    {"a folded header", BYTES("GET / HTTP/1.1\r\n" HOST "X-A: b\r\n c\r\n\r\n"), FALSE},
    {"an empty header name", BYTES("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n"), FALSE},
    {"a blank before the colon", BYTES("GET / HTTP/1.1\r\n" HOST "X-A : b\r\n\r\n"), FALSE},
    {"a header without a colon", BYTES("GET / HTTP/1.1\r\n" HOST "X-A\r\n\r\n"), FALSE},
    {"a bare CR", BYTES("GET / HTTP/1.1\r\n" HOST "X-A: b\rc\r\n\r\n"), FALSE},
    {"two blanks in the request line", BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), FALSE},
    {"%00 in the target", BYTES("GET /%00 HTTP/1.1\r\n" HOST "\r\n"), FALSE},
    {"Content-Length and Transfer-Encoding",
     BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
           "0\r\n\r\n"),
     FALSE},
    {"two Content-Length",
     BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"), FALSE},
};

static HttpReply *answer(HttpRequest *request, gpointer app) {
  (void)request;
  (void)app;
  return http_reply_new(204, NULL, NULL, 0);
}

/* A socket with a name that the kernel picks, in the abstract space: no port, no file. */
static int open_listener(struct sockaddr_un *where, socklen_t *n) {
  *where = (struct sockaddr_un){.sun_family = AF_UNIX};
  *n = sizeof *where;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -1;
  if (bind(fd, (struct sockaddr *)where, sizeof(sa_family_t)) == 0 && listen(fd, 8) == 0 &&
      getsockname(fd, (struct sockaddr *)where, n) == 0)
    return fd;
  close(fd);
  return -1;
}

/* The first bytes of the reply; an end without any is a refusal too. FALSE: no answer in time. */
static gboolean ask(const struct sockaddr_un *where, socklen_t n, gsize row, gboolean *passed) {
  char reply[16] = "";
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  gboolean ok = fd >= 0 && connect(fd, (const struct sockaddr *)where, n) == 0 &&
                send(fd, cases[row].bytes, cases[row].n, MSG_NOSIGNAL) == (gssize)cases[row].n &&
                poll(&wait, 1, WAIT_SECONDS * 1000) == 1;
  if (ok)
    ok = recv(fd, reply, sizeof reply - 1, 0) >= 0;
  *passed = g_str_has_prefix(reply, "HTTP/1.1 204");
  if (fd >= 0)
    close(fd);
  return ok;
}

static gboolean fail(GError **error, const char *what) {
  g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
              "the loaded libmicrohttpd does not treat %s as the gate expects, so requests could be "
              "smuggled; nothing "
              "is served. Install the version this gatepost was built for (GP-1205)",
              what);
  return FALSE;
}

gboolean http_selftest(GError **error) {
  static const HttpPolicy policy = {.name = "selftest"};
  static const HttpRoute routes[] = {
      {"selftest_get", "GET", "/", &policy, TRUE, FALSE, answer},
      {"selftest_post", "POST", "/", &policy, TRUE, FALSE, answer},
      {0},
  };
  const HttpServerOptions options = {.routes = routes, .fallback = &policy};
  struct sockaddr_un where;
  socklen_t n;
  int fd = open_listener(&where, &n);
  if (fd < 0)
    return fail(error, "a local socket");
  g_autoptr(HttpServer) server = http_server_prepare(&options);
  if (!http_access_start(server, fd))
    return fail(error, "its own start");
  for (gsize row = 0; row < G_N_ELEMENTS(cases); row++) {
    gboolean passed = FALSE;
    if (!ask(&where, n, row, &passed) || passed != cases[row].good)
      return fail(error, cases[row].what);
  }
  return TRUE;
}
