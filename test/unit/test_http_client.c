#include "lib/http_client.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"

#define HEAD "HTTP/1.1 200 OK\r\n"
#define SECOND G_USEC_PER_SEC

/* A peer that reads one request's head, says its piece, and then closes, goes on repeating it, or keeps silent. */
typedef enum { THEN_CLOSE, THEN_REPEAT, THEN_WAIT } Then;

typedef struct {
  const char *name, *says;
  Then then;
  int status; /* 0: an error */
  HttpClientErrorCode code;
  const char *body;
} Case;

static const Case cases[] = {
    {"sized", HEAD "Content-Length: 5\r\n\r\nhello", THEN_CLOSE, 200, 0, "hello"},
    {"chunked", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", THEN_CLOSE, 200, 0, "abc"},
    {"empty", "HTTP/1.1 204 No Content\r\n\r\n", THEN_CLOSE, 204, 0, ""},
    {"until-closed", HEAD "\r\nabc", THEN_CLOSE, 200, 0, "abc"},
    {"redirect-stays", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
     THEN_CLOSE, 302, 0, ""},
    {"redirect-to-file", "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
     THEN_CLOSE, 301, 0, ""},
    {"error-with-body", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", THEN_CLOSE, 500, 0, "no"},
    {"compressed-stays", HEAD "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", THEN_CLOSE, 200, 0,
     "abc"},
    {"said-too-large", HEAD "Content-Length: 1000000000\r\n\r\n0123456789", THEN_REPEAT, 0,
     HTTP_CLIENT_ERROR_TOO_LARGE, NULL},
    {"chunked-forever", HEAD "Transfer-Encoding: chunked\r\n\r\n", THEN_REPEAT, 0, HTTP_CLIENT_ERROR_LOST,
     NULL},
    {"headers-forever", HEAD "A: b\r\n", THEN_REPEAT, 0, HTTP_CLIENT_ERROR_TOO_LARGE, NULL},
    {"cut-short", HEAD "Content-Length: 50\r\n\r\nhello", THEN_CLOSE, 0, HTTP_CLIENT_ERROR_LOST, NULL},
    {"cut-chunk", HEAD "Transfer-Encoding: chunked\r\n\r\n30\r\nabc", THEN_CLOSE, 0, HTTP_CLIENT_ERROR_LOST,
     NULL},
    {"silent", "", THEN_WAIT, 0, HTTP_CLIENT_ERROR_LOST, NULL},
    {"half-silent", HEAD "Content-Length: 50\r\n\r\nhello", THEN_WAIT, 0, HTTP_CLIENT_ERROR_LOST, NULL},
    {"slammed", "", THEN_CLOSE, 0, HTTP_CLIENT_ERROR_LOST, NULL},
    {"not-http", "SSH-2.0-OpenSSH\r\n", THEN_CLOSE, 0, HTTP_CLIENT_ERROR_LOST, NULL},
};

typedef struct {
  const Case *c;
  int listener;
  char seen[8192];
} Peer;

static int listen_here(guint16 *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint(bind(listener, (struct sockaddr *)&address, n), ==, 0);
  g_assert_cmpint(listen(listener, 4), ==, 0);
  g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &n), ==, 0);
  *port = ntohs(address.sin_port);
  return listener;
}

static void read_head(int connection, char *seen, gsize most) {
  gsize n = 0;
  while (n < most - 1 && strstr(seen, "\r\n\r\n") == NULL) {
    ssize_t got = read(connection, seen + n, most - 1 - n);
    if (got <= 0)
      return;
    n += (gsize)got;
    seen[n] = '\0';
  }
}

/* The last line is repeated, until the client has had enough. */
static void repeat(int connection, const char *says) {
  gboolean chunked = strstr(says, "chunked") != NULL, headers = g_str_has_suffix(says, "b\r\n");
  const char *more = chunked ? "1\r\nx\r\n" : headers ? "A: b\r\n" : "0123456789";
  while (send(connection, more, strlen(more), MSG_NOSIGNAL) > 0)
    g_usleep(chunked ? 20000 : 1);
}

static void *serve(void *data) {
  Peer *peer = data;
  int connection = accept(peer->listener, NULL, NULL);
  read_head(connection, peer->seen, sizeof peer->seen);
  (void)!send(connection, peer->c->says, strlen(peer->c->says), MSG_NOSIGNAL);
  if (peer->c->then == THEN_REPEAT)
    repeat(connection, peer->c->says);
  char byte;
  if (peer->c->then == THEN_WAIT)
    (void)!read(connection, &byte, 1);
  close(connection);
  return NULL;
}

static void test_peer(gconstpointer data) {
  Peer peer = {.c = data};
  guint16 port;
  pthread_t thread;
  peer.listener = listen_here(&port);
  pthread_create(&thread, NULL, serve, &peer);
  g_autoptr(HttpClient) client = http_client_new(NULL);
  g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/path?a=b", port);
  const char *headers[] = {"X-Key: secret", NULL};
  HttpClientCall call = {"POST", url, headers, "body", 4, 4096, clock_now() + SECOND};
  g_auto(HttpClientReply) reply = {0};
  g_autoptr(GError) error = NULL;
  gboolean answered = http_client_call(client, &call, &reply, &error);
  g_assert_cmpint(clock_now(), <, call.deadline + SECOND / 2);
  pthread_join(thread, NULL);
  close(peer.listener);
  g_assert_nonnull(strstr(peer.seen, "POST /path?a=b HTTP/1.1\r\n"));
  g_assert_nonnull(strstr(peer.seen, "X-Key: secret\r\n"));
  g_assert_null(strstr(peer.seen, "Expect:"));
  g_assert_cmpint(answered, ==, peer.c->status != 0);
  if (!answered) {
    g_assert_error(error, HTTP_CLIENT_ERROR, (int)peer.c->code);
    return;
  }
  g_assert_cmpint(reply.status, ==, peer.c->status);
  g_assert_cmpstr(reply.body, ==, peer.c->body);
}

typedef struct {
  const char *url, *header;
  HttpClientErrorCode code;
} NoCall;

static const NoCall no_calls[] = {
    {"file:///etc/passwd", NULL, HTTP_CLIENT_ERROR_CALL},
    {"gopher://127.0.0.1/", NULL, HTTP_CLIENT_ERROR_CALL},
    {"http://user:secret@127.0.0.1/", NULL, HTTP_CLIENT_ERROR_CALL},
    {"http:///x", NULL, HTTP_CLIENT_ERROR_CALL},
    {"http://127.0.0.1/#x", NULL, HTTP_CLIENT_ERROR_CALL},
    {"http://127.0.0.1/ \r\nX: y", NULL, HTTP_CLIENT_ERROR_CALL},
    {"", NULL, HTTP_CLIENT_ERROR_CALL},
    {"http://127.0.0.1:1/", "A: b\r\nC: d", HTTP_CLIENT_ERROR_CALL},
    {"http://127.0.0.1:1/", NULL, HTTP_CLIENT_ERROR_AWAY},
    {"http://no-such-host.invalid/", NULL, HTTP_CLIENT_ERROR_AWAY},
};

static void test_no_calls(void) {
  g_autoptr(HttpClient) client = http_client_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(no_calls); i++) {
    const char *headers[] = {no_calls[i].header, NULL};
    HttpClientCall call = {"GET", no_calls[i].url, headers, NULL, 0, 100, clock_now() + SECOND};
    g_auto(HttpClientReply) reply = {0};
    g_autoptr(GError) error = NULL;
    g_test_message("%s", call.url);
    g_assert_false(http_client_call(client, &call, &reply, &error));
    g_assert_error(error, HTTP_CLIENT_ERROR, (int)no_calls[i].code);
    g_assert_null(reply.body);
  }
}

static void test_no_time(void) {
  g_autoptr(HttpClient) client = http_client_new(NULL);
  HttpClientCall call = {"GET", "http://127.0.0.1:1/", NULL, NULL, 0, 100, clock_now() - 1};
  HttpClientReply reply;
  g_autoptr(GError) error = NULL;
  g_assert_false(http_client_call(client, &call, &reply, &error));
  g_assert_error(error, HTTP_CLIENT_ERROR, HTTP_CLIENT_ERROR_AWAY);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/http_client/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_peer);
  }
  g_test_add_func("/http_client/no-calls", test_no_calls);
  g_test_add_func("/http_client/no-time", test_no_time);
  return g_test_run();
}
