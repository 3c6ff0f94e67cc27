/* Token buckets by key, in memory, bounded: shaping before refusing (an IdP that is cut off may go into quarantine).
 * Thread-safe. */
#pragma once

#include <glib.h>

typedef struct Rate Rate; /* process lifetime */

/* A bucket per key fills at per_second up to burst; at most max_keys are kept, the least recently used goes first. */
Rate *rate_new(double per_second, double burst, guint max_keys);
void rate_free(Rate *rate);
/* Takes one token for the key now (monotonic us, see clock_now). Returns the microseconds to wait before going on, 0 for
 * at once, or -1 when the wait would exceed max_wait_us: refused, nothing taken; *retry_after_s, if asked for, says when
 * it would go on at once. */
gint64 rate_take(Rate *rate, const guint8 *key, gsize key_bytes, gint64 now, gint64 max_wait_us, int *retry_after_s);
/* From now on the key has a rate of its own, and a burst of as many seconds; 0: the general rate again. Forgotten with
 * the key, so say it before each rate_take. */
void rate_set_own(Rate *rate, const guint8 *key, gsize key_bytes, double per_second);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rate, rate_free)
