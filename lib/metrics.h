/* Counters, gauges and histograms in Prometheus text form. Families are declared by a static table at start-up; a series is
 * made at its first use (at most METRICS_LIMIT_SERIES a family, then it counts into label value "other"). Labels never hold
 * a person. Thread-safe. */
#pragma once

#include <glib.h>

#define METRICS_LIMIT_SERIES 512

typedef enum { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM } MetricsKind;

typedef struct {
  const char *name; /* gatepost_…, base units, counters end with _total */
  const char *help;
  MetricsKind kind;
  const char *labels[4]; /* names; NULL after the last when there are fewer */
} MetricsFamily;

typedef struct Metrics Metrics; /* process lifetime */

/* families ends with a row whose name is NULL. */
Metrics *metrics_new(const MetricsFamily *families);
void metrics_free(Metrics *metrics);
/* The label values, in the family's order, then NULL. A programming error aborts: an unknown family, a wrong number of
 * values, add to a histogram, set of anything but a gauge. */
void metrics_add(Metrics *metrics, const char *name, double value, ...) G_GNUC_NULL_TERMINATED;
void metrics_set(Metrics *metrics, const char *name, double value, ...) G_GNUC_NULL_TERMINATED;
/* A histogram observation, seconds; buckets 0.001 … 30. */
void metrics_observe(Metrics *metrics, const char *name, double seconds, ...) G_GNUC_NULL_TERMINATED;
/* Prometheus text 0.0.4; free with g_free. */
char *metrics_format(Metrics *metrics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Metrics, metrics_free)
