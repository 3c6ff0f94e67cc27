#include "lib/thread.h"

#include <signal.h>

#include "lib/clock.h"

#define SECOND G_USEC_PER_SEC

/* What the jobs of one test did, in order. */
typedef struct {
  ThreadMonitor monitor;
  GString *order;
  guint running, most; /* at the same time */
  gboolean open;       /* a closed gate holds every job */
} Trace;

typedef struct {
  Trace *trace;
  char name;
  gint64 hold_us;
} Step;

static void trace_init(Trace *trace, gboolean open) {
  *trace = (Trace){.open = open};
  thread_monitor_init(&trace->monitor);
  trace->order = g_string_new(NULL);
}

static void trace_clear(Trace *trace) {
  g_string_free(trace->order, TRUE);
  thread_monitor_clear(&trace->monitor);
}

static void trace_open(Trace *trace) {
  thread_monitor_enter(&trace->monitor);
  trace->open = TRUE;
  thread_monitor_notify_all(&trace->monitor);
  thread_monitor_leave(&trace->monitor);
}

static void run_step(gpointer data) {
  Step *step = data;
  Trace *trace = step->trace;
  thread_monitor_enter(&trace->monitor);
  trace->running++;
  trace->most = MAX(trace->most, trace->running);
  while (!trace->open)
    thread_monitor_wait(&trace->monitor, G_MAXINT64);
  thread_monitor_leave(&trace->monitor);
  if (step->hold_us > 0)
    g_usleep((gulong)step->hold_us);
  thread_monitor_enter(&trace->monitor);
  g_string_append_c(trace->order, step->name);
  trace->running--;
  thread_monitor_leave(&trace->monitor);
}

/* Until `running` jobs run; a gate must be closed. */
static void wait_running(ThreadPool *pool, guint wanted) {
  guint waiting, running = 0;
  for (int i = 0; i < 5000 && running != wanted; i++) {
    thread_pool_load(pool, &waiting, &running);
    g_usleep(1000);
  }
  g_assert_cmpuint(running, ==, wanted);
}

typedef struct {
  char name;
  const char *key;
  int delay_ms;
} Push;

typedef struct {
  const char *title;
  guint workers;
  Push pushes[8];
  const char *order; /* NULL: any */
  guint most;        /* running at the same time; 0: any */
} PoolCase;

static const PoolCase pool_cases[] = {
    {"one-worker-in-order", 1, {{'a'}, {'b'}, {'c'}}, "abc", 1},
    {"equal-keys-in-order", 4, {{'a', "k"}, {'b', "k"}, {'c', "k"}, {'d', "k"}}, "abcd", 1},
    {"other-keys-together", 4, {{'a', "1"}, {'b', "2"}, {'c', "3"}, {'d', "4"}}, NULL, 4},
    {"no-key-together", 3, {{'a'}, {'b'}, {'c'}}, NULL, 3},
    {"a-waiting-key-holds-no-worker", 2, {{'a', "k"}, {'b', "k"}, {'c', "k"}, {'d', NULL}}, NULL, 2},
    {"postponed", 1, {{'a', NULL, 60}, {'b', NULL, 30}, {'c'}}, "cba", 1},
    {"due-together-in-order",
     1,
     {{'a', NULL, 20}, {'b', NULL, 20}, {'c', NULL, 20}, {'d', NULL, 20}},
     NULL,
     1},
    {"a-postponed-one-holds-its-key", 2, {{'a', "k", 50}, {'b', "k"}, {'c', "l"}}, "cab", 0},
    {"a-negative-delay-is-none", 1, {{'a', NULL, -50}, {'b'}}, "ab", 1},
};

static void push_all(ThreadPool *pool, Trace *trace, const Push *pushes, Step *steps) {
  for (int i = 0; pushes[i].name != '\0'; i++) {
    steps[i] = (Step){trace, pushes[i].name, 5000};
    g_assert_true(thread_pool_push(pool, run_step, &steps[i], pushes[i].key, pushes[i].delay_ms * 1000));
  }
}

static void wait_idle(ThreadPool *pool) {
  guint waiting = 1, running = 1;
  for (int i = 0; i < 5000 && waiting + running > 0; i++) {
    thread_pool_load(pool, &waiting, &running);
    g_usleep(1000);
  }
  g_assert_cmpuint(waiting + running, ==, 0);
}

static void test_pool(gconstpointer data) {
  const PoolCase *c = data;
  Trace trace;
  Step steps[8];
  trace_init(&trace, TRUE);
  g_autoptr(ThreadPool) pool = thread_pool_new("test", c->workers, 10);
  push_all(pool, &trace, c->pushes, steps);
  wait_idle(pool);
  g_clear_pointer(&pool, thread_pool_free);
  if (c->order != NULL)
    g_assert_cmpstr(trace.order->str, ==, c->order);
  if (c->most > 0)
    g_assert_cmpuint(trace.most, <=, c->most);
  trace_clear(&trace);
}

/* With one of a key held at the gate, the others of it must leave the second worker free. */
static void test_key_holds_no_worker(void) {
  Trace held, free_way;
  trace_init(&held, FALSE);
  trace_init(&free_way, TRUE);
  Step blocked[3] = {{&held, 'a', 0}, {&held, 'b', 0}, {&held, 'c', 0}}, other = {&free_way, 'x', 0};
  g_autoptr(ThreadPool) pool = thread_pool_new("test", 2, 10);
  for (int i = 0; i < 3; i++)
    g_assert_true(thread_pool_push(pool, run_step, &blocked[i], "k", 0));
  g_assert_true(thread_pool_push(pool, run_step, &other, NULL, 0));
  guint waiting = 0, running = 0;
  for (int i = 0; i < 5000 && !(waiting == 2 && running == 1); i++) {
    thread_pool_load(pool, &waiting, &running);
    g_usleep(1000);
  }
  g_assert_cmpuint(waiting, ==, 2);
  g_assert_cmpstr(free_way.order->str, ==, "x");
  trace_open(&held);
  g_clear_pointer(&pool, thread_pool_free);
  g_assert_cmpstr(held.order->str, ==, "abc");
  trace_clear(&held);
  trace_clear(&free_way);
}

static void test_full(void) {
  Trace trace;
  trace_init(&trace, FALSE);
  Step steps[5];
  g_autoptr(ThreadPool) pool = thread_pool_new("test", 1, 3);
  for (int i = 0; i < 5; i++)
    steps[i] = (Step){&trace, (char)('a' + i), 0};
  g_assert_true(thread_pool_push(pool, run_step, &steps[0], NULL, 0));
  wait_running(pool, 1);
  g_assert_true(thread_pool_push(pool, run_step, &steps[1], NULL, 0));
  g_assert_true(thread_pool_push(pool, run_step, &steps[2], "k", 0));
  g_assert_true(thread_pool_push(pool, run_step, &steps[3], NULL, 1000));
  g_assert_false(thread_pool_push(pool, run_step, &steps[4], NULL, 0));
  g_assert_false(thread_pool_push(pool, run_step, &steps[4], "k", 1000));
  trace_open(&trace);
  wait_idle(pool);
  g_assert_true(thread_pool_push(pool, run_step, &steps[4], NULL, 0));
  g_clear_pointer(&pool, thread_pool_free);
  g_assert_cmpuint(trace.order->len, ==, 5);
  trace_clear(&trace);
}

/* Every accepted job runs, those of one key in order, and nobody waits for a far due time. */
static void test_drain(void) {
  Trace trace;
  trace_init(&trace, TRUE);
  Step steps[6];
  gint64 begin = clock_now();
  ThreadPool *pool = thread_pool_new("test", 3, 10);
  for (int i = 0; i < 6; i++) {
    steps[i] = (Step){&trace, (char)('a' + i), 1000};
    g_assert_true(thread_pool_push(pool, run_step, &steps[i], "k", i % 2 * 60 * SECOND));
  }
  thread_pool_free(pool);
  g_assert_cmpstr(trace.order->str, ==, "abcdef");
  g_assert_cmpint(clock_now() - begin, <, 30 * SECOND);
  trace_clear(&trace);
  thread_pool_free(NULL);
}

static void test_delay(void) {
  Trace trace;
  trace_init(&trace, TRUE);
  Step step = {&trace, 'a', 0};
  g_autoptr(ThreadPool) pool = thread_pool_new("test", 2, 10);
  gint64 begin = clock_now();
  g_assert_true(thread_pool_push(pool, run_step, &step, NULL, 50 * 1000));
  wait_idle(pool);
  g_assert_cmpint(clock_now() - begin, >=, 50 * 1000);
  trace_clear(&trace);
}

#define MANY 2000
#define KEYS 7

typedef struct {
  guint *next; /* of its key: not locked, the key must do that */
  guint number;
} Numbered;

static void check_number(gpointer data) {
  Numbered *numbered = data;
  g_assert_cmpuint(*numbered->next, ==, numbered->number);
  (*numbered->next)++;
}

static void test_many(void) {
  guint next[KEYS] = {0};
  g_autofree Numbered *jobs = g_new0(Numbered, MANY);
  ThreadPool *pool = thread_pool_new("test", 4, MANY);
  for (guint i = 0; i < MANY; i++) {
    g_autofree char *key = g_strdup_printf("key %u", i % KEYS);
    jobs[i] = (Numbered){&next[i % KEYS], i / KEYS};
    g_assert_true(thread_pool_push(pool, check_number, &jobs[i], key, i % 5 == 0 ? 300 : 0));
  }
  thread_pool_free(pool);
  guint sum = 0;
  for (guint i = 0; i < KEYS; i++)
    sum += next[i];
  g_assert_cmpuint(sum, ==, MANY);
}

static void record_mask(gpointer data) {
  pthread_sigmask(SIG_SETMASK, NULL, data);
}

static void test_signals_are_blocked(void) {
  sigset_t mask, own;
  sigemptyset(&mask);
  ThreadPool *pool = thread_pool_new("a name of more than fifteen bytes", 1, 1);
  g_assert_true(thread_pool_push(pool, record_mask, &mask, NULL, 0));
  thread_pool_free(pool);
  pthread_sigmask(SIG_SETMASK, NULL, &own);
  g_assert_cmpint(sigismember(&mask, SIGTERM), ==, 1);
  g_assert_cmpint(sigismember(&own, SIGTERM), ==, 0);
}

static void test_timer(void) {
  Trace trace;
  trace_init(&trace, TRUE);
  Step step = {&trace, 't', 0};
  gint64 begin = clock_now();
  ThreadTimer *timer = thread_timer_new("test", 10, run_step, &step);
  for (gsize n = 0; n < 3; g_usleep(1000)) {
    thread_monitor_enter(&trace.monitor);
    n = trace.order->len;
    thread_monitor_leave(&trace.monitor);
  }
  g_assert_cmpint(clock_now() - begin, >=, 30 * 1000);
  thread_timer_free(timer);
  gsize n = trace.order->len;
  g_usleep(30 * 1000);
  g_assert_cmpuint(trace.order->len, ==, n);
  trace_clear(&trace);
  thread_timer_free(NULL);
}

static void test_timer_stops_at_once(void) {
  Trace trace;
  trace_init(&trace, TRUE);
  Step step = {&trace, 't', 0};
  gint64 begin = clock_now();
  g_autoptr(ThreadTimer) timer = thread_timer_new("test", 60000, run_step, &step);
  g_clear_pointer(&timer, thread_timer_free);
  g_assert_cmpint(clock_now() - begin, <, 30 * SECOND);
  g_assert_cmpstr(trace.order->str, ==, "");
  trace_clear(&trace);
}

static void test_monitor_deadline(void) {
  ThreadMonitor monitor;
  thread_monitor_init(&monitor);
  thread_monitor_enter(&monitor);
  gint64 deadline = clock_now() + 20 * 1000;
  while (clock_now() < deadline)
    thread_monitor_wait(&monitor, deadline);
  thread_monitor_wait(&monitor, -1);
  thread_monitor_leave(&monitor);
  thread_monitor_clear(&monitor);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(pool_cases); i++) {
    g_autofree char *path = g_strdup_printf("/thread/pool/%s", pool_cases[i].title);
    g_test_add_data_func(path, &pool_cases[i], test_pool);
  }
  g_test_add_func("/thread/key-holds-no-worker", test_key_holds_no_worker);
  g_test_add_func("/thread/full", test_full);
  g_test_add_func("/thread/drain", test_drain);
  g_test_add_func("/thread/delay", test_delay);
  g_test_add_func("/thread/many", test_many);
  g_test_add_func("/thread/signals", test_signals_are_blocked);
  g_test_add_func("/thread/timer", test_timer);
  g_test_add_func("/thread/timer-stops", test_timer_stops_at_once);
  g_test_add_func("/thread/monitor-deadline", test_monitor_deadline);
  return g_test_run();
}
