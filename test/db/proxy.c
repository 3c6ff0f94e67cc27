#include "test/db/proxy.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PORT 5999
#define DELAY_US 600000

struct Proxy {
  char *upstream; /* socket path */
  char *path;
  char *conninfo;
  int listener;
  int fault;       /* atomic */
  int connections; /* atomic */
  int stop;        /* atomic */
  pthread_t thread;
  GArray *threads; /* pthread_t, of the accepting thread alone */
};

typedef struct {
  Proxy *proxy;
  int client;
} Link;

static struct sockaddr_un address_of(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof address.sun_path), <, sizeof address.sun_path);
  return address;
}

static int dial(const char *path) {
  struct sockaddr_un address = address_of(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

static gboolean strike(Proxy *proxy, ProxyFault fault) {
  return g_atomic_int_compare_and_exchange(&proxy->fault, (int)fault, PROXY_PASS);
}

static gboolean forward(int to, const char *bytes, gssize n) {
  for (gssize done = 0; done < n;) {
    gssize sent = send(to, bytes + done, (gsize)(n - done), MSG_NOSIGNAL);
    if (sent <= 0)
      return FALSE;
    done += sent;
  }
  return TRUE;
}

/* FALSE when the link is over. */
static gboolean relay(Link *link, int server, gboolean from_client) {
  char bytes[65536];
  gssize n = recv(from_client ? link->client : server, bytes, sizeof bytes, 0);
  if (n <= 0 || strike(link->proxy, from_client ? PROXY_CUT_REQUEST : PROXY_CUT_REPLY))
    return FALSE;
  if (from_client && strike(link->proxy, PROXY_DELAY)) {
    shutdown(link->client, SHUT_RDWR);
    g_usleep(DELAY_US);
    forward(server, bytes, n);
    (void)recv(server, bytes, sizeof bytes, 0); /* the answer: closing before would be a lost client */
    return FALSE;
  }
  return forward(from_client ? server : link->client, bytes, n);
}

static void *serve(void *data) {
  g_autofree Link *link = data;
  int server = dial(link->proxy->upstream);
  gboolean going = server >= 0;
  while (going && g_atomic_int_get(&link->proxy->stop) == 0) {
    struct pollfd fds[2] = {{.fd = link->client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    if (poll(fds, 2, 100) <= 0)
      continue;
    if (fds[0].revents != 0)
      going = relay(link, server, TRUE);
    if (going && fds[1].revents != 0)
      going = relay(link, server, FALSE);
  }
  close(link->client);
  if (server >= 0)
    close(server);
  return NULL;
}

static void *accept_all(void *data) {
  Proxy *proxy = data;
  while (g_atomic_int_get(&proxy->stop) == 0) {
    struct pollfd wait = {.fd = proxy->listener, .events = POLLIN};
    if (poll(&wait, 1, 100) <= 0)
      continue;
    Link *link = g_new0(Link, 1);
    link->proxy = proxy;
    link->client = accept(proxy->listener, NULL, NULL);
    g_atomic_int_inc(&proxy->connections);
    pthread_t thread;
    g_assert_cmpint(pthread_create(&thread, NULL, serve, link), ==, 0);
    g_array_append_val(proxy->threads, thread);
  }
  return NULL;
}

Proxy *proxy_new(const char *dir) {
  Proxy *proxy = g_new0(Proxy, 1);
  proxy->upstream = g_strdup_printf("%s/.s.PGSQL.5432", dir);
  proxy->path = g_strdup_printf("%s/.s.PGSQL.%d", dir, PORT);
  proxy->conninfo = g_strdup_printf("host=%s port=%d user=gatepost dbname=postgres", dir, PORT);
  proxy->threads = g_array_new(FALSE, FALSE, sizeof(pthread_t));
  unlink(proxy->path);
  struct sockaddr_un address = address_of(proxy->path);
  proxy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint(bind(proxy->listener, (const struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint(listen(proxy->listener, 64), ==, 0);
  g_assert_cmpint(pthread_create(&proxy->thread, NULL, accept_all, proxy), ==, 0);
  return proxy;
}

void proxy_free(Proxy *proxy) {
  g_atomic_int_set(&proxy->stop, 1);
  pthread_join(proxy->thread, NULL);
  for (guint i = 0; i < proxy->threads->len; i++)
    pthread_join(g_array_index(proxy->threads, pthread_t, i), NULL);
  g_array_unref(proxy->threads);
  close(proxy->listener);
  unlink(proxy->path);
  g_free(proxy->upstream);
  g_free(proxy->path);
  g_free(proxy->conninfo);
  g_free(proxy);
}

const char *proxy_conninfo(const Proxy *proxy) {
  return proxy->conninfo;
}

void proxy_arm(Proxy *proxy, ProxyFault fault) {
  g_atomic_int_set(&proxy->fault, (int)fault);
}

int proxy_connections(const Proxy *proxy) {
  return g_atomic_int_get(&proxy->connections);
}
