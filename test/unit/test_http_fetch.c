#include "lib/http_fetch.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"

#define SECOND G_USEC_PER_SEC
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define MOVED "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "

/* A peer that answers each request with its next piece. */
typedef struct {
  const char *name, *etag;
  const char *says[6];
  const char *body; /* NULL: an error, or unchanged */
  gboolean unchanged;
  HttpClientErrorCode code;
} Case;

static const Case cases[] = {
    {"plain", NULL, {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}, "hi", FALSE, 0},
    {"after-two-hops",
     NULL,
     {MOVED "/a\r\n\r\n", MOVED "b?c\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
     "hi",
     FALSE,
     0},
    {"too-many-hops",
     NULL,
     {MOVED "/a\r\n\r\n", MOVED "/a\r\n\r\n", MOVED "/a\r\n\r\n", MOVED "/a\r\n\r\n"},
     NULL,
     FALSE,
     HTTP_CLIENT_ERROR_LOST},
    {"to-a-file", NULL, {MOVED "file:///etc/passwd\r\n\r\n"}, NULL, FALSE, HTTP_CLIENT_ERROR_CALL},
    {"to-nowhere",
     NULL,
     {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
     NULL,
     FALSE,
     HTTP_CLIENT_ERROR_LOST},
    {"unchanged", "\"one\"", {"HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\n\r\n"}, NULL, TRUE, 0},
    {"unchanged-unasked", NULL, {"HTTP/1.1 304 Not Modified\r\n\r\n"}, NULL, FALSE, HTTP_CLIENT_ERROR_LOST},
    {"gone",
     NULL,
     {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"},
     NULL,
     FALSE,
     HTTP_CLIENT_ERROR_LOST},
    {"too-large", NULL, {"HTTP/1.1 200 OK\r\n\r\n" HUNDRED "x"}, NULL, FALSE, HTTP_CLIENT_ERROR_TOO_LARGE},
};

typedef struct {
  const Case *c;
  int listener;
} Peer;

static void *serve(void *data) {
  const Peer *peer = data;
  char head[4096];
  for (gsize i = 0; i < G_N_ELEMENTS(peer->c->says) && peer->c->says[i] != NULL; i++) {
    int connection = accept(peer->listener, NULL, NULL);
    ssize_t n = read(connection, head, sizeof head - 1);
    head[MAX(n, 0)] = '\0';
    if (peer->c->etag != NULL)
      g_assert_nonnull(strstr(head, "If-None-Match: \"one\"\r\n"));
    (void)!send(connection, peer->c->says[i], strlen(peer->c->says[i]), MSG_NOSIGNAL);
    close(connection);
  }
  return NULL;
}

static void test_peer(gconstpointer data) {
  Peer peer = {.c = data, .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof address;
  g_assert_cmpint(bind(peer.listener, (struct sockaddr *)&address, n), ==, 0);
  g_assert_cmpint(listen(peer.listener, 8), ==, 0);
  g_assert_cmpint(getsockname(peer.listener, (struct sockaddr *)&address, &n), ==, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, serve, &peer);
  g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/metadata", ntohs(address.sin_port));
  g_autoptr(HttpClient) client = http_client_new(NULL);
  HttpFetch fetch = {url, peer.c->etag, 100, clock_now() + 5 * SECOND, TRUE};
  g_auto(HttpFetched) fetched = {0};
  g_autoptr(GError) error = NULL;
  gboolean done = http_fetch(client, &fetch, &fetched, &error);
  pthread_join(thread, NULL);
  close(peer.listener);
  g_assert_cmpint(done, ==, peer.c->body != NULL || peer.c->unchanged);
  g_assert_cmpstr(fetched.body, ==, peer.c->body);
  if (!done)
    g_assert_error(error, HTTP_CLIENT_ERROR, (int)peer.c->code);
}

static const struct {
  const char *url;
  HttpClientErrorCode code;
} refused[] = {
    {"http://127.0.0.1/", HTTP_CLIENT_ERROR_CALL},
    {"https://127.0.0.1/", HTTP_CLIENT_ERROR_REFUSED},
    {"https://localhost/", HTTP_CLIENT_ERROR_REFUSED},
    {"https://[::1]/", HTTP_CLIENT_ERROR_REFUSED},
    {"https://169.254.169.254/latest/", HTTP_CLIENT_ERROR_REFUSED},
    {"https://[::ffff:10.0.0.1]/", HTTP_CLIENT_ERROR_REFUSED},
    {"https://2130706433/", HTTP_CLIENT_ERROR_REFUSED},
    {"https://0x7f.1/", HTTP_CLIENT_ERROR_REFUSED},
    {"https://user@example.org/", HTTP_CLIENT_ERROR_CALL},
    {"ftp://example.org/", HTTP_CLIENT_ERROR_CALL},
};

static void test_refused(void) {
  g_autoptr(HttpClient) client = http_client_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
    HttpFetch fetch = {refused[i].url, NULL, 100, clock_now() + 2 * SECOND, FALSE};
    g_auto(HttpFetched) fetched = {0};
    g_autoptr(GError) error = NULL;
    g_test_message("%s", fetch.url);
    g_assert_false(http_fetch(client, &fetch, &fetched, &error));
    g_assert_error(error, HTTP_CLIENT_ERROR, (int)refused[i].code);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/http_fetch/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_peer);
  }
  g_test_add_func("/http_fetch/refused", test_refused);
  return g_test_run();
}
