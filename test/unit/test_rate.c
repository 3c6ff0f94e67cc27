#include "lib/rate.h"

#include <string.h>

#include "lib/thread.h"

#define MS G_GINT64_CONSTANT(1000)
#define S G_USEC_PER_SEC

typedef struct {
  gint64 at; /* ms */
  const char *key;
  int times;   /* taken in a row; the last answer counts */
  gint64 wait; /* ms; -1: refused */
  int retry_after;
} Take;

typedef struct {
  const char *title;
  double per_second, burst, own; /* own: of key "o", 0 none */
  gint64 max_wait;               /* ms */
  Take takes[6];
} RateCase;

static const RateCase rate_cases[] = {
    {"burst-then-shaped", 10, 5, 0, 1000, {{0, "a", 5, 0}, {0, "a", 1, 100}, {0, "a", 1, 200}}},
    {"refused-over-the-wait", 10, 5, 0, 1000, {{0, "a", 15, 1000}, {0, "a", 1, -1, 2}, {100, "a", 1, 1000}}},
    {"refusal-takes-nothing", 10, 5, 0, 1000, {{0, "a", 15, 1000}, {0, "a", 50, -1, 2}, {100, "a", 1, 1000}}},
    {"fills-up-again",
     10,
     5,
     0,
     0,
     {{0, "a", 5, 0},
      {0, "a", 1, -1, 1},
      {100, "a", 1, 0},
      {100, "a", 1, -1, 1},
      {100000, "a", 5, 0},
      {100000, "a", 1, -1, 1}}},
    {"keys-apart", 10, 1, 0, 0, {{0, "a", 1, 0}, {0, "b", 1, 0}, {0, "a", 1, -1, 1}, {0, "ab", 1, 0}}},
    {"a-token-a-second", 1, 1, 0, 0, {{0, "a", 1, 0}, {999, "a", 1, -1, 1}, {1000, "a", 1, 0}}},
    {"slow", 0.1, 1, 0, 0, {{0, "a", 1, 0}, {0, "a", 1, -1, 10}, {9000, "a", 1, -1, 1}, {10000, "a", 1, 0}}},
    {"the-clock-does-not-go-back", 10, 1, 0, 500, {{1000, "a", 1, 0}, {900, "a", 1, 200}}},
    {"a-slower-key",
     10,
     10,
     1,
     0,
     {{0, "o", 1, 0}, {0, "o", 1, -1, 1}, {1000, "o", 1, 0}, {1000, "a", 10, 0}}},
    {"a-faster-key", 10, 10, 100, 0, {{0, "o", 100, 0}, {0, "o", 1, -1, 1}, {10, "o", 1, 0}}},
};

static void test_case(gconstpointer data) {
  const RateCase *c = data;
  g_autoptr(Rate) rate = rate_new(c->per_second, c->burst, 100);
  if (c->own > 0)
    rate_set_own(rate, (const guint8 *)"o", 1, c->own);
  for (const Take *take = c->takes; take < c->takes + 6 && take->key != NULL; take++) {
    int retry_after = 0;
    gint64 wait = 0;
    for (int i = 0; i < take->times; i++)
      wait = rate_take(rate, (const guint8 *)take->key, strlen(take->key), take->at * MS + S,
                       c->max_wait * MS, &retry_after);
    g_assert_cmpint(wait, ==, take->wait < 0 ? -1 : take->wait * MS);
    g_assert_cmpint(retry_after, ==, take->retry_after);
  }
}

static gint64 take_number(Rate *rate, guint number) {
  return rate_take(rate, (const guint8 *)&number, sizeof number, S, 0, NULL);
}

/* Of three places the least recently used goes first, and with it its debt. */
static void test_bound(void) {
  g_autoptr(Rate) rate = rate_new(1, 1, 3);
  for (guint i = 1; i <= 3; i++)
    g_assert_cmpint(take_number(rate, i), ==, 0);
  g_assert_cmpint(take_number(rate, 1), ==, -1);
  g_assert_cmpint(take_number(rate, 4), ==, 0);
  g_assert_cmpint(take_number(rate, 1), ==, -1);
  g_assert_cmpint(take_number(rate, 3), ==, -1);
  g_assert_cmpint(take_number(rate, 2), ==, 0);
  for (guint i = 0; i < 100000; i++)
    g_assert_cmpint(take_number(rate, i + 10), ==, 0);
}

static void test_own_is_undone(void) {
  g_autoptr(Rate) rate = rate_new(1000, 1000, 1);
  rate_set_own(rate, (const guint8 *)"o", 1, 1);
  rate_set_own(rate, (const guint8 *)"o", 1, 0);
  for (int i = 0; i < 1000; i++)
    g_assert_cmpint(rate_take(rate, (const guint8 *)"o", 1, S, 0, NULL), ==, 0);
  g_assert_cmpint(rate_take(rate, (const guint8 *)"o", 1, S, 0, NULL), ==, -1);
}

typedef struct {
  Rate *rate;
  ThreadMonitor monitor;
  guint taken;
} Shared;

static void take_shared(gpointer data) {
  Shared *shared = data;
  guint taken = rate_take(shared->rate, (const guint8 *)"k", 1, S, 0, NULL) == 0;
  thread_monitor_enter(&shared->monitor);
  shared->taken += taken;
  thread_monitor_leave(&shared->monitor);
}

static void test_threads(void) {
  g_autoptr(Rate) rate = rate_new(100, 300, 2);
  Shared shared = {.rate = rate};
  thread_monitor_init(&shared.monitor);
  ThreadPool *pool = thread_pool_new("test", 4, 1000);
  for (int i = 0; i < 1000; i++)
    g_assert_true(thread_pool_push(pool, take_shared, &shared, NULL, 0));
  thread_pool_free(pool);
  g_assert_cmpuint(shared.taken, ==, 300);
  thread_monitor_clear(&shared.monitor);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(rate_cases); i++) {
    g_autofree char *path = g_strdup_printf("/rate/%s", rate_cases[i].title);
    g_test_add_data_func(path, &rate_cases[i], test_case);
  }
  g_test_add_func("/rate/bound", test_bound);
  g_test_add_func("/rate/own-is-undone", test_own_is_undone);
  g_test_add_func("/rate/threads", test_threads);
  return g_test_run();
}
