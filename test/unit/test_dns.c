#include "lib/dns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/thread.h"

/* A name server of our own at 127.0.0.1:53, in network and mount namespaces of our own, so that the system's resolver
 * is the one that is tested. */

#define HEADER_BYTES 12 /* RFC 1035 §4.1.1 */
#define NXDOMAIN 3
#define SERVFAIL 2

typedef struct {
  const char *name;
  guint8 rcode;
  guint8 answers;
  const char *rdata; /* of each answer: its strings, each behind its length */
  gsize rdata_bytes;
} Zone;

#define RDATA(text) text, sizeof text - 1

static const Zone zones[] = {
    {"one.example", 0, 1, RDATA("\x05hello")},
    {"joined.example", 0, 1,
     RDATA("\x04gate\x05post=\x03"
           "123")},
    {"twice.example", 0, 2, RDATA("\x05hello")},
    {"control.example", 0, 1,
     RDATA("\x07"
           "a\nb\x1b[1m")},
    {"none.example", NXDOMAIN, 0, RDATA("")},
    {"empty.example", 0, 0, RDATA("")},
    {"broken.example", SERVFAIL, 0, RDATA("")},
};

/* "\3one\7example\0" as "one.example"; returns its bytes on the wire. */
static gsize read_name(const guint8 *wire, gsize n, GString *name) {
  gsize at = 0;
  while (at < n && wire[at] != 0 && at + wire[at] < n) {
    g_string_append_len(name, (const char *)wire + at + 1, wire[at]);
    at += wire[at] + 1u;
    if (at < n && wire[at] != 0)
      g_string_append_c(name, '.');
  }
  return at + 1;
}

static void append_answer(GByteArray *reply, const Zone *zone) {
  guint8 length[2] = {(guint8)(zone->rdata_bytes >> 8), (guint8)zone->rdata_bytes};
  g_byte_array_append(reply, (const guint8 *)"\xc0\x0c\0\x10\0\x01\0\0\0\x01",
                      10); /* the name, TXT, IN, 1 s */
  g_byte_array_append(reply, length, sizeof length);
  g_byte_array_append(reply, (const guint8 *)zone->rdata, (guint)zone->rdata_bytes);
}

/* NULL for a name that is in no zone: no answer at all. */
static GByteArray *answer(const guint8 *query, gsize n) {
  g_autoptr(GString) name = g_string_new(NULL);
  gsize question = read_name(query + HEADER_BYTES, n - HEADER_BYTES, name) + 4;
  for (gsize i = 0; i < G_N_ELEMENTS(zones); i++) {
    if (strcmp(zones[i].name, name->str) != 0)
      continue;
    guint8 header[HEADER_BYTES] = {query[0], query[1], 0x81, (guint8)(0x80 | zones[i].rcode),
                                   0,        1,        0,    zones[i].answers};
    GByteArray *reply = g_byte_array_new();
    g_byte_array_append(reply, header, sizeof header);
    g_byte_array_append(reply, query + HEADER_BYTES, (guint)question);
    for (guint8 k = 0; k < zones[i].answers; k++)
      append_answer(reply, &zones[i]);
    return reply;
  }
  return NULL;
}

/* Until the empty datagram that ends it. */
static void serve(gpointer data) {
  int fd = *(int *)data;
  guint8 query[512];
  struct sockaddr_in client;
  for (;;) {
    socklen_t length = sizeof client;
    gssize n = recvfrom(fd, query, sizeof query, 0, (struct sockaddr *)&client, &length);
    if (n <= HEADER_BYTES)
      return;
    g_autoptr(GByteArray) reply = answer(query, (gsize)n);
    if (reply != NULL)
      sendto(fd, reply->data, reply->len, 0, (struct sockaddr *)&client, length);
  }
}

static gboolean write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  gboolean written = fd >= 0 && write(fd, text, strlen(text)) == (gssize)strlen(text);
  if (fd >= 0)
    close(fd);
  return written;
}

/* Root may do it as it is; anybody else as root of a user namespace, where the host allows these. */
static gboolean enter_namespaces(void) {
  g_autofree char *users = g_strdup_printf("0 %u 1", (guint)getuid());
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) == 0)
    return TRUE;
  return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0 && write_file("/proc/self/uid_map", users);
}

static gboolean raise_loopback(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean raised = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0)
    close(fd);
  return raised;
}

static gboolean point_resolver(void) {
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("gatepost-dns-XXXXXX", &path, NULL);
  if (fd < 0)
    return FALSE;
  close(fd);
  gboolean pointed = write_file(path, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n") &&
                     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                     mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
  unlink(path);
  return pointed;
}

static int listen_at(struct sockaddr_in *address) {
  *address = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && bind(fd, (struct sockaddr *)address, sizeof *address) == 0)
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

typedef struct {
  const char *name;
  int code;         /* a DnsErrorCode, or -1 for none */
  const char *text; /* the first record, or a part of the message */
  guint records;
} Case;

static const Case cases[] = {
    {"one.example", -1, "hello", 1},
    {"joined.example", -1, "gatepost=123", 1},
    {"twice.example", -1, "hello", 2},
    {"control.example", -1, "a?b?[1m", 1},
    {"none.example", DNS_ERROR_NONE, "\"none.example\" has no TXT record", 0},
    {"empty.example", DNS_ERROR_NONE, "\"empty.example\" has no TXT record", 0},
    {"broken.example", DNS_ERROR_UNAVAILABLE, "did not answer for \"broken.example\"", 0},
    {"silent.example", DNS_ERROR_UNAVAILABLE, "did not answer for \"silent.example\"", 0},
};

static void check(const Case *c) {
  g_autoptr(GError) error = NULL;
  g_test_message("%s", c->name);
  g_autoptr(GPtrArray) texts = dns_txt(c->name, &error);
  if (c->code >= 0) {
    g_assert_error(error, DNS_ERROR, c->code);
    g_assert_nonnull(strstr(error->message, c->text));
    return;
  }
  g_assert_no_error(error);
  g_assert_cmpuint(texts->len, ==, c->records);
  g_assert_cmpstr(texts->pdata[0], ==, c->text);
}

static void test_txt(void) {
  struct sockaddr_in address;
  int fd;
  if (!enter_namespaces() || !raise_loopback() || !point_resolver() || (fd = listen_at(&address)) < 0) {
    g_test_skip("this host allows no namespaces, which the name server of this test needs");
    return;
  }
  ThreadPool *server = thread_pool_new("name-server", 1, 1);
  g_assert_true(thread_pool_push(server, serve, &fd, NULL, 0));
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    check(&cases[i]);
  sendto(fd, "", 0, 0, (struct sockaddr *)&address, sizeof address);
  thread_pool_free(server);
  close(fd);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dns/txt", test_txt);
  return g_test_run();
}
