#include "lib/rate.h"

#include <string.h>

#include "lib/thread.h"

/* The bucket as one number (GCRA): the time at which it would be full again. Full is that time in the past; a token
 * moves it on by one interval; it may lie burst intervals ahead. */
typedef struct Bucket {
  struct Bucket *older, *newer;
  gint64 full_at, interval_us; /* interval 0: the general one */
  gsize key_bytes;
  const guint8 *key; /* of a bucket in the table: behind this structure */
} Bucket;

struct Rate {
  ThreadMonitor monitor;
  gint64 interval_us;
  double burst;
  guint max_keys;
  GHashTable *buckets; /* a set, owns them */
  Bucket ring;         /* newer is the least recently used, older the most */
};

static guint hash_bucket(gconstpointer data) {
  const Bucket *bucket = data;
  guint32 hash = 5381;
  for (gsize i = 0; i < bucket->key_bytes; i++)
    hash = hash * 33 + bucket->key[i];
  return hash;
}

static gboolean equal_buckets(gconstpointer a, gconstpointer b) {
  const Bucket *left = a, *right = b;
  return left->key_bytes == right->key_bytes && memcmp(left->key, right->key, left->key_bytes) == 0;
}

static gint64 interval_of(double per_second) {
  return MAX((gint64)((double)G_USEC_PER_SEC / per_second), 1);
}

Rate *rate_new(double per_second, double burst, guint max_keys) {
  Rate *rate = g_new0(Rate, 1);
  thread_monitor_init(&rate->monitor);
  rate->interval_us = interval_of(per_second);
  rate->burst = burst;
  rate->max_keys = MAX(max_keys, 1);
  rate->buckets = g_hash_table_new_full(hash_bucket, equal_buckets, g_free, NULL);
  rate->ring.older = rate->ring.newer = &rate->ring;
  return rate;
}

void rate_free(Rate *rate) {
  if (rate == NULL)
    return;
  g_hash_table_unref(rate->buckets);
  thread_monitor_clear(&rate->monitor);
  g_free(rate);
}

static void unlink_bucket(Bucket *bucket) {
  bucket->older->newer = bucket->newer;
  bucket->newer->older = bucket->older;
}

static void link_newest(Rate *rate, Bucket *bucket) {
  bucket->older = rate->ring.older;
  bucket->newer = &rate->ring;
  bucket->older->newer = bucket;
  rate->ring.older = bucket;
}

static Bucket *new_bucket(const guint8 *key, gsize key_bytes) {
  Bucket *bucket = g_malloc0(sizeof *bucket + key_bytes);
  memcpy(bucket + 1, key, key_bytes);
  bucket->key = (const guint8 *)(bucket + 1);
  bucket->key_bytes = key_bytes;
  return bucket;
}

/* The key's bucket, now the most recently used. Inside the monitor. */
static Bucket *use_bucket(Rate *rate, const guint8 *key, gsize key_bytes) {
  const Bucket wanted = {.key = key, .key_bytes = key_bytes};
  Bucket *bucket = g_hash_table_lookup(rate->buckets, &wanted);
  if (bucket != NULL) {
    unlink_bucket(bucket);
    link_newest(rate, bucket);
    return bucket;
  }
  if (g_hash_table_size(rate->buckets) >= rate->max_keys) {
    Bucket *oldest = rate->ring.newer;
    unlink_bucket(oldest);
    g_hash_table_remove(rate->buckets, oldest);
  }
  bucket = new_bucket(key, key_bytes);
  g_hash_table_add(rate->buckets, bucket);
  link_newest(rate, bucket);
  return bucket;
}

static gint64 take(const Rate *rate, Bucket *bucket, gint64 now, gint64 max_wait_us, int *retry_after_s) {
  gint64 interval = bucket->interval_us > 0 ? bucket->interval_us : rate->interval_us;
  gint64 full_at = MAX(bucket->full_at, now) + interval;
  /* In proportion: a key of its own rate has the burst of as many seconds. */
  gint64 ahead = (gint64)(rate->burst * (double)rate->interval_us);
  gint64 wait = full_at - now - MAX(ahead, interval);
  if (wait > max_wait_us) {
    if (retry_after_s != NULL)
      *retry_after_s = (int)CLAMP((wait + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC, 1, G_MAXINT);
    return -1;
  }
  bucket->full_at = full_at;
  return MAX(wait, 0);
}

gint64 rate_take(Rate *rate, const guint8 *key, gsize key_bytes, gint64 now, gint64 max_wait_us,
                 int *retry_after_s) {
  thread_monitor_enter(&rate->monitor);
  gint64 wait = take(rate, use_bucket(rate, key, key_bytes), now, max_wait_us, retry_after_s);
  thread_monitor_leave(&rate->monitor);
  return wait;
}

void rate_set_own(Rate *rate, const guint8 *key, gsize key_bytes, double per_second) {
  thread_monitor_enter(&rate->monitor);
  use_bucket(rate, key, key_bytes)->interval_us = per_second > 0 ? interval_of(per_second) : 0;
  thread_monitor_leave(&rate->monitor);
}
