/* pthreads, in this file alone (ThreadSanitizer cannot see into the distribution's GLib): a monitor, a worker pool whose
 * jobs may be serialised by key and postponed, and a periodic task. The threads made here block all signals. */
#pragma once

#include <glib.h>
#include <pthread.h>

typedef void (*ThreadFunc)(gpointer data);

/* A mutex with its condition, by value inside the structure that it guards. Not recursive. */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
} ThreadMonitor;

void thread_monitor_init(ThreadMonitor *monitor);
void thread_monitor_clear(ThreadMonitor *monitor);
void thread_monitor_enter(ThreadMonitor *monitor);
void thread_monitor_leave(ThreadMonitor *monitor);
/* Inside: leaves, sleeps until notified or `deadline` (clock_now; G_MAXINT64: none), enters. May wake without cause. */
void thread_monitor_wait(ThreadMonitor *monitor, gint64 deadline);
/* Wakes one, or all, of those who wait. */
void thread_monitor_notify(ThreadMonitor *monitor);
void thread_monitor_notify_all(ThreadMonitor *monitor);

typedef struct ThreadPool ThreadPool; /* process lifetime */

/* `workers` threads named `name`; at most max_waiting jobs wait. */
ThreadPool *thread_pool_new(const char *name, guint workers, guint max_waiting);
/* Runs every job that was accepted, the postponed ones at once, then joins. Accepts NULL. */
void thread_pool_free(ThreadPool *pool);
/* FALSE when the queue is full or the pool is being freed: nothing was taken. Jobs with an equal key (NULL: none; copied)
 * run one at a time in the order given and hold no worker while they wait. delay_us postpones. */
gboolean thread_pool_push(ThreadPool *pool, ThreadFunc func, gpointer data, const char *key, gint64 delay_us);
/* Jobs waiting, running. */
void thread_pool_load(ThreadPool *pool, guint *waiting, guint *running);

typedef struct ThreadTimer ThreadTimer;
/* Calls func every period_ms in a thread of its own until freed (which waits for a call in progress). The first call
 * comes after one period; a call that takes longer than a period delays the next ones. */
ThreadTimer *thread_timer_new(const char *name, int period_ms, ThreadFunc func, gpointer data);
void thread_timer_free(ThreadTimer *timer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ThreadPool, thread_pool_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ThreadTimer, thread_timer_free)
