#include "saml/channel.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/thread.h"

#define MS G_GINT64_CONSTANT(1000)
#define LARGE (1u << 20) /* more than the socket holds */

typedef struct {
  int ours, theirs;
} Pair;

static Pair pair_new(void) {
  int ends[2];
  g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return (Pair){ends[0], ends[1]};
}

static void pair_clear(Pair *pair) {
  close(pair->ours);
  if (pair->theirs >= 0)
    close(pair->theirs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

static GByteArray *payload(guint n) {
  GByteArray *bytes = g_byte_array_new();
  g_byte_array_set_size(bytes, n);
  memset(bytes->data, 'x', n);
  return bytes;
}

static void echo(gpointer data) {
  Pair *pair = data;
  g_autoptr(GByteArray) got = saml_channel_receive(pair->theirs, LARGE, G_MAXINT64);
  g_assert_nonnull(got);
  g_assert_true(saml_channel_send(pair->theirs, got, G_MAXINT64));
}

static void test_large(void) {
  g_auto(Pair) pair = pair_new();
  g_autoptr(ThreadPool) thread = thread_pool_new("echo", 1, 1);
  g_autoptr(GByteArray) bytes = payload(LARGE);
  thread_pool_push(thread, echo, &pair, NULL, 0);
  g_assert_true(saml_channel_send(pair.ours, bytes, clock_deadline(10)));
  g_autoptr(GByteArray) back = saml_channel_receive(pair.ours, LARGE, clock_deadline(10));
  g_assert_cmpuint(back->len, ==, bytes->len);
  g_assert_true(memcmp(back->data, bytes->data, bytes->len) == 0);
}

/* Who says nothing, or half of it, or takes nothing, holds us until the deadline and no longer. */
static void test_deadline(void) {
  g_auto(Pair) pair = pair_new();
  g_autoptr(GByteArray) bytes = payload(LARGE);
  g_assert_null(saml_channel_receive(pair.ours, LARGE, clock_now() + 20 * MS));
  g_assert_false(saml_channel_send(pair.ours, bytes, clock_now() + 20 * MS));
  g_assert_cmpint(write(pair.theirs, "\5\0\0\0half", 8), ==, 8);
  g_assert_null(saml_channel_receive(pair.ours, LARGE, clock_now() + 20 * MS));
}

static void test_refuses(void) {
  static const struct {
    const char *bytes;
    gsize n;
  } cases[] = {{"\0\0\0\0", 4}, {"\5\0\0\0four", 8}, {"\xff\xff\xff\xff....", 8}, {"\1\0\0", 3}, {"", 0}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(Pair) pair = pair_new();
    g_assert_cmpint(write(pair.theirs, cases[i].bytes, cases[i].n), ==, (gssize)cases[i].n);
    close(pair.theirs);
    pair.theirs = -1;
    g_assert_null(saml_channel_receive(pair.ours, 4, clock_deadline(10)));
    g_autoptr(GByteArray) bytes = payload(1);
    g_assert_false(saml_channel_send(pair.ours, bytes, clock_deadline(10)));
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/channel/large", test_large);
  g_test_add_func("/saml/channel/deadline", test_deadline);
  g_test_add_func("/saml/channel/refuses", test_refuses);
  return g_test_run();
}
