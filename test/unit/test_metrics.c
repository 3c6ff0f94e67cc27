#include "lib/metrics.h"

#include <string.h>

#include "lib/thread.h"

static const MetricsFamily families[] = {
    {"gatepost_requests_total", "Requests answered.", METRICS_COUNTER, {"method", "code"}},
    {"gatepost_starts_total", "Starts.", METRICS_COUNTER, {NULL}},
    {"gatepost_connections", "Open connections.", METRICS_GAUGE, {NULL}},
    {"gatepost_duration_seconds", "Time to answer.", METRICS_HISTOGRAM, {"route"}},
    {"gatepost_four_total", "Four labels.", METRICS_COUNTER, {"a", "b", "c", "d"}},
    {NULL},
};

static void test_format(void) {
  g_autoptr(Metrics) metrics = metrics_new(families);
  metrics_add(metrics, "gatepost_requests_total", 1, "GET", "200", NULL);
  metrics_add(metrics, "gatepost_requests_total", 1, "POST", "201", NULL);
  metrics_add(metrics, "gatepost_requests_total", 2, "GET", "200", NULL);
  metrics_add(metrics, "gatepost_four_total", 0.1, "1", "2", "3", "4", NULL);
  metrics_set(metrics, "gatepost_connections", 7.0, NULL);
  metrics_add(metrics, "gatepost_connections", -2, NULL);
  g_autofree char *text = metrics_format(metrics);
  g_assert_cmpstr(text, ==,
                  "# HELP gatepost_requests_total Requests answered.\n"
                  "# TYPE gatepost_requests_total counter\n"
                  "gatepost_requests_total{method=\"GET\",code=\"200\"} 3\n"
                  "gatepost_requests_total{method=\"POST\",code=\"201\"} 1\n"
                  "# HELP gatepost_starts_total Starts.\n"
                  "# TYPE gatepost_starts_total counter\n"
                  "gatepost_starts_total 0\n"
                  "# HELP gatepost_connections Open connections.\n"
                  "# TYPE gatepost_connections gauge\n"
                  "gatepost_connections 5\n"
                  "# HELP gatepost_duration_seconds Time to answer.\n"
                  "# TYPE gatepost_duration_seconds histogram\n"
                  "# HELP gatepost_four_total Four labels.\n"
                  "# TYPE gatepost_four_total counter\n"
                  "gatepost_four_total{a=\"1\",b=\"2\",c=\"3\",d=\"4\"} 0.1\n");
}

typedef struct {
  double seconds;
  const char *first; /* the first bucket that counts it, and the one before */
  const char *before;
} BucketCase;

static const BucketCase bucket_cases[] = {
    {0, "le=\"0.001\"} 1\n", NULL},
    {0.001, "le=\"0.001\"} 1\n", NULL},
    {0.0011, "le=\"0.002\"} 1\n", "le=\"0.001\"} 0\n"},
    {0.3, "le=\"0.5\"} 1\n", "le=\"0.2\"} 0\n"},
    {30, "le=\"30\"} 1\n", "le=\"10\"} 0\n"},
    {31, "le=\"+Inf\"} 1\n", "le=\"30\"} 0\n"},
};

static void test_bucket(gconstpointer data) {
  const BucketCase *c = data;
  g_autoptr(Metrics) metrics = metrics_new(families);
  metrics_observe(metrics, "gatepost_duration_seconds", c->seconds, "/Users", NULL);
  g_autofree char *text = metrics_format(metrics);
  g_assert_nonnull(strstr(text, c->first));
  g_assert_true(c->before == NULL || strstr(text, c->before) != NULL);
  g_assert_nonnull(strstr(text, "gatepost_duration_seconds_bucket{route=\"/Users\",le=\"+Inf\"} 1\n"));
  g_assert_nonnull(strstr(text, "gatepost_duration_seconds_count{route=\"/Users\"} 1\n"));
  g_autofree char *sum = g_strdup_printf("gatepost_duration_seconds_sum{route=\"/Users\"} %g\n", c->seconds);
  g_assert_nonnull(strstr(text, sum));
}

static void test_escape(void) {
  g_autoptr(Metrics) metrics = metrics_new(families);
  metrics_add(metrics, "gatepost_requests_total", 1, "a\"b\\c\nd\xFF", "", NULL);
  g_autofree char *text = metrics_format(metrics);
  g_assert_nonnull(strstr(text, "{method=\"a\\\"b\\\\c?d?\",code=\"\"} 1\n"));
}

static void test_series_are_bounded(void) {
  g_autoptr(Metrics) metrics = metrics_new(families);
  for (int i = 0; i < METRICS_LIMIT_SERIES + 10; i++) {
    g_autofree char *code = g_strdup_printf("%d", i);
    metrics_add(metrics, "gatepost_requests_total", 1, "GET", code, NULL);
  }
  metrics_add(metrics, "gatepost_requests_total", 1, "GET", "0", NULL);
  g_autofree char *text = metrics_format(metrics);
  g_assert_nonnull(strstr(text, "{method=\"other\",code=\"other\"} 10\n"));
  g_assert_nonnull(strstr(text, "{method=\"GET\",code=\"0\"} 2\n"));
  g_assert_null(strstr(text, "code=\"512\""));
}

static void count(gpointer metrics) {
  metrics_add(metrics, "gatepost_starts_total", 1, NULL);
  metrics_observe(metrics, "gatepost_duration_seconds", 0.5, "/Users", NULL);
}

static void test_threads(void) {
  g_autoptr(Metrics) metrics = metrics_new(families);
  ThreadPool *pool = thread_pool_new("test", 4, 1000);
  for (int i = 0; i < 1000; i++)
    g_assert_true(thread_pool_push(pool, count, metrics, NULL, 0));
  thread_pool_free(pool);
  g_autofree char *text = metrics_format(metrics);
  g_assert_nonnull(strstr(text, "gatepost_starts_total 1000\n"));
  g_assert_nonnull(strstr(text, "gatepost_duration_seconds_sum{route=\"/Users\"} 500\n"));
}

typedef struct {
  const char *title, *pattern;
} MisuseCase;

static const MisuseCase misuse_cases[] = {
    {"/metrics/misuse/unknown", "*gatepost_nothing_total is not declared for this use*"},
    {"/metrics/misuse/kind", "*gatepost_starts_total is not declared for this use*"},
    {"/metrics/misuse/few", "*gatepost_requests_total needs 2 label values*"},
    {"/metrics/misuse/many", "*gatepost_starts_total has only 0 labels*"},
};

static void misuse(gsize i) {
  g_autoptr(Metrics) metrics = metrics_new(families);
  switch (i) {
  case 0:
    metrics_add(metrics, "gatepost_nothing_total", 1, NULL);
    break;
  case 1:
    metrics_set(metrics, "gatepost_starts_total", 1, NULL);
    break;
  case 2:
    metrics_add(metrics, "gatepost_requests_total", 1, "GET", NULL);
    break;
  default:
    metrics_add(metrics, "gatepost_starts_total", 1, "GET", NULL);
    break;
  }
}

static void test_misuse(gconstpointer data) {
  const MisuseCase *c = data;
  if (g_test_subprocess()) {
    misuse((gsize)(c - misuse_cases));
    return;
  }
  g_test_trap_subprocess(c->title, 10 * G_USEC_PER_SEC, 0);
  g_test_trap_assert_failed();
  g_test_trap_assert_stderr(c->pattern);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/metrics/format", test_format);
  for (gsize i = 0; i < G_N_ELEMENTS(bucket_cases); i++) {
    g_autofree char *path = g_strdup_printf("/metrics/bucket/%" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &bucket_cases[i], test_bucket);
  }
  g_test_add_func("/metrics/escape", test_escape);
  g_test_add_func("/metrics/bounded", test_series_are_bounded);
  g_test_add_func("/metrics/threads", test_threads);
  for (gsize i = 0; i < G_N_ELEMENTS(misuse_cases); i++)
    g_test_add_data_func(misuse_cases[i].title, &misuse_cases[i], test_misuse);
  return g_test_run();
}
