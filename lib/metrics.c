#include "lib/metrics.h"

#include <stdarg.h>
#include <string.h>

#include "lib/text.h"
#include "lib/thread.h"

static const double bounds[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30};

#define BUCKETS (G_N_ELEMENTS(bounds) + 1) /* the last one is +Inf */
#define LABELS (G_N_ELEMENTS(((MetricsFamily *)NULL)->labels))

typedef struct {
  char *labels; /* as they are printed: method="GET",code="200"; also the key */
  double value; /* of a histogram the sum */
  guint64 counts[BUCKETS];
} Series;

typedef struct {
  const MetricsFamily *declared;
  guint n_labels;
  GPtrArray *series; /* in the order of their first use; owns them */
  GHashTable *by_labels;
} Family;

struct Metrics {
  ThreadMonitor monitor;
  GPtrArray *families; /* in the order of the table; owns them */
  GHashTable *by_name;
};

static void free_series(gpointer data) {
  Series *series = data;
  g_free(series->labels);
  g_free(series);
}

static void free_family(gpointer data) {
  Family *family = data;
  g_hash_table_unref(family->by_labels);
  g_ptr_array_unref(family->series);
  g_free(family);
}

static Series *add_series(Family *family, const char *labels) {
  Series *series = g_new0(Series, 1);
  series->labels = g_strdup(labels);
  g_ptr_array_add(family->series, series);
  g_hash_table_insert(family->by_labels, series->labels, series);
  return series;
}

static Family *new_family(const MetricsFamily *declared) {
  Family *family = g_new0(Family, 1);
  family->declared = declared;
  while (family->n_labels < LABELS && declared->labels[family->n_labels] != NULL)
    family->n_labels++;
  family->series = g_ptr_array_new_with_free_func(free_series);
  family->by_labels = g_hash_table_new(g_str_hash, g_str_equal);
  /* A counter that nothing has moved yet is 0, not absent: a rate over it then sees the first event. A gauge that
   * nobody has set is not known. */
  if (family->n_labels == 0 && declared->kind != METRICS_GAUGE)
    add_series(family, "");
  return family;
}

Metrics *metrics_new(const MetricsFamily *families) {
  Metrics *metrics = g_new0(Metrics, 1);
  thread_monitor_init(&metrics->monitor);
  metrics->families = g_ptr_array_new_with_free_func(free_family);
  metrics->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  for (; families->name != NULL; families++) {
    Family *family = new_family(families);
    g_ptr_array_add(metrics->families, family);
    if (!g_hash_table_insert(metrics->by_name, (gpointer)families->name, family))
      g_error("metric %s is declared twice", families->name);
  }
  return metrics;
}

void metrics_free(Metrics *metrics) {
  if (metrics == NULL)
    return;
  g_hash_table_unref(metrics->by_name);
  g_ptr_array_unref(metrics->families);
  thread_monitor_clear(&metrics->monitor);
  g_free(metrics);
}

/* Made from text that can be shown, so that only these two need an escape. */
static void append_label(GString *labels, const char *name, const char *value) {
  g_autofree char *clean = text_quote(value);
  g_string_append_printf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
  for (const char *c = clean; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c(labels, '\\');
    g_string_append_c(labels, *c);
  }
  g_string_append_c(labels, '"');
}

static GString *read_labels(const Family *family, va_list values) {
  GString *labels = g_string_sized_new(64);
  for (guint i = 0; i < family->n_labels; i++) {
    const char *value = va_arg(values, const char *);
    if (value == NULL)
      g_error("metric %s needs %u label values", family->declared->name, family->n_labels);
    append_label(labels, family->declared->labels[i], value);
  }
  if (va_arg(values, const char *) != NULL)
    g_error("metric %s has only %u labels", family->declared->name, family->n_labels);
  return labels;
}

/* Inside the monitor. */
static Series *find_series(Family *family, const GString *labels) {
  Series *series = g_hash_table_lookup(family->by_labels, labels->str);
  if (series != NULL || family->series->len < METRICS_LIMIT_SERIES)
    return series != NULL ? series : add_series(family, labels->str);
  g_autoptr(GString) other = g_string_new(NULL);
  for (guint i = 0; i < family->n_labels; i++)
    append_label(other, family->declared->labels[i], "other");
  series = g_hash_table_lookup(family->by_labels, other->str);
  return series != NULL ? series : add_series(family, other->str);
}

static void apply_add(Series *series, double value) {
  series->value += value;
}

static void apply_set(Series *series, double value) {
  series->value = value;
}

static void apply_observe(Series *series, double seconds) {
  gsize bucket = 0;
  while (bucket < G_N_ELEMENTS(bounds) && seconds > bounds[bucket])
    bucket++;
  series->counts[bucket]++;
  series->value += seconds;
}

typedef struct {
  void (*apply)(Series *series, double value);
  guint kinds; /* a bit for each MetricsKind that it is for */
} Change;

static const Change change_add = {apply_add, 1 << METRICS_COUNTER | 1 << METRICS_GAUGE};
static const Change change_set = {apply_set, 1 << METRICS_GAUGE};
static const Change change_observe = {apply_observe, 1 << METRICS_HISTOGRAM};

static void change(Metrics *metrics, const Change *by, const char *name, double value, va_list labels) {
  /* The table of families does not change: no lock. */
  Family *family = g_hash_table_lookup(metrics->by_name, name);
  if (family == NULL || (by->kinds & 1u << family->declared->kind) == 0)
    g_error("metric %s is not declared for this use", name);
  g_autoptr(GString) text = read_labels(family, labels);
  thread_monitor_enter(&metrics->monitor);
  by->apply(find_series(family, text), value);
  thread_monitor_leave(&metrics->monitor);
}

void metrics_add(Metrics *metrics, const char *name, double value, ...) {
  va_list labels;
  va_start(labels, value);
  change(metrics, &change_add, name, value, labels);
  va_end(labels);
}

void metrics_set(Metrics *metrics, const char *name, double value, ...) {
  va_list labels;
  va_start(labels, value);
  change(metrics, &change_set, name, value, labels);
  va_end(labels);
}

void metrics_observe(Metrics *metrics, const char *name, double seconds, ...) {
  va_list labels;
  va_start(labels, seconds);
  change(metrics, &change_observe, name, seconds, labels);
  va_end(labels);
}

/* name_suffix{labels,more} value */
static void append_sample(GString *out, const char *name, const char *labels, const char *more,
                          double value) {
  char text[TEXT_REAL_BYTES];
  g_string_append(out, name);
  if (*labels != '\0' || *more != '\0')
    g_string_append_printf(out, "{%s%s%s}", labels, *labels != '\0' && *more != '\0' ? "," : "", more);
  g_string_append_printf(out, " %s\n", text_real(value, text));
}

static void append_histogram(GString *out, const char *name, const Series *series) {
  char bound[TEXT_REAL_BYTES];
  g_autofree char *bucket = g_strconcat(name, "_bucket", NULL);
  g_autofree char *sum = g_strconcat(name, "_sum", NULL);
  g_autofree char *count = g_strconcat(name, "_count", NULL);
  guint64 total = 0;
  for (gsize i = 0; i < BUCKETS; i++) {
    const char *le = i < G_N_ELEMENTS(bounds) ? text_real(bounds[i], bound) : "+Inf";
    g_autofree char *more = g_strdup_printf("le=\"%s\"", le);
    total += series->counts[i];
    append_sample(out, bucket, series->labels, more, (double)total);
  }
  append_sample(out, sum, series->labels, "", series->value);
  append_sample(out, count, series->labels, "", (double)total);
}

static void append_family(GString *out, const Family *family) {
  static const char *const types[] = {
      [METRICS_COUNTER] = "counter", [METRICS_GAUGE] = "gauge", [METRICS_HISTOGRAM] = "histogram"};
  const MetricsFamily *declared = family->declared;
  g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", declared->name, declared->help, declared->name,
                         types[declared->kind]);
  for (guint i = 0; i < family->series->len; i++) {
    const Series *series = family->series->pdata[i];
    if (declared->kind == METRICS_HISTOGRAM)
      append_histogram(out, declared->name, series);
    else
      append_sample(out, declared->name, series->labels, "", series->value);
  }
}

char *metrics_format(Metrics *metrics) {
  GString *out = g_string_sized_new(4096);
  thread_monitor_enter(&metrics->monitor);
  for (guint i = 0; i < metrics->families->len; i++)
    append_family(out, metrics->families->pdata[i]);
  thread_monitor_leave(&metrics->monitor);
  return g_string_free(out, FALSE);
}
