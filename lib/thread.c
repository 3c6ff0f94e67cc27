#include "lib/thread.h"

#include <signal.h>
#include <time.h>

#include "lib/clock.h"

#define NAME_BYTES 16 /* of the kernel, with the NUL */

void thread_monitor_init(ThreadMonitor *monitor) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&monitor->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&monitor->mutex, NULL);
}

void thread_monitor_clear(ThreadMonitor *monitor) {
  pthread_cond_destroy(&monitor->changed);
  pthread_mutex_destroy(&monitor->mutex);
}

void thread_monitor_enter(ThreadMonitor *monitor) {
  pthread_mutex_lock(&monitor->mutex);
}

void thread_monitor_leave(ThreadMonitor *monitor) {
  pthread_mutex_unlock(&monitor->mutex);
}

void thread_monitor_wait(ThreadMonitor *monitor, gint64 deadline) {
  if (deadline == G_MAXINT64) {
    pthread_cond_wait(&monitor->changed, &monitor->mutex);
    return;
  }
  gint64 at = MAX(deadline, 0);
  struct timespec until = {.tv_sec = at / G_USEC_PER_SEC, .tv_nsec = at % G_USEC_PER_SEC * 1000};
  pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);
}

void thread_monitor_notify(ThreadMonitor *monitor) {
  pthread_cond_signal(&monitor->changed);
}

void thread_monitor_notify_all(ThreadMonitor *monitor) {
  pthread_cond_broadcast(&monitor->changed);
}

/* Signals are for the main thread: a handler that runs here could interrupt a database call. */
static pthread_t start_thread(const char *name, void *(*loop)(void *), gpointer data) {
  sigset_t all, before;
  pthread_t thread;
  char clipped[NAME_BYTES];
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&thread, NULL, loop, data);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed != 0)
    g_error("cannot start thread %s: %s", name, g_strerror(failed));
  g_strlcpy(clipped, name, sizeof clipped);
  pthread_setname_np(thread, clipped);
  return thread;
}

typedef struct Job {
  struct Job *next;
  ThreadFunc func;
  gpointer data;
  char *key; /* NULL: none */
  gint64 due;
  guint64 number; /* keeps the order of jobs that are due together */
} Job;

typedef struct {
  Job *first, *last;
} Queue;

/* A job waits in exactly one place: behind another one of its key (lanes), until it is due (heap), or for a worker
 * (ready). A key has a lane while one of its jobs is in the heap, ready or running. */
struct ThreadPool {
  ThreadMonitor monitor;
  pthread_t *threads;
  guint n_threads, max_waiting, waiting, running;
  guint64 pushed;
  gboolean stopping;
  Queue ready;
  GHashTable *lanes; /* key (copied) to Queue */
  Job **heap;        /* max_waiting places, the earliest first */
  guint n_heap;
};

static void queue_put(Queue *queue, Job *job) {
  job->next = NULL;
  if (queue->first == NULL)
    queue->first = job;
  else
    queue->last->next = job;
  queue->last = job;
}

static Job *queue_take(Queue *queue) {
  Job *job = queue->first;
  if (job != NULL)
    queue->first = job->next;
  return job;
}

static gboolean is_before(const Job *a, const Job *b) {
  return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void heap_put(ThreadPool *pool, Job *job) {
  guint at = pool->n_heap++;
  for (; at > 0 && is_before(job, pool->heap[(at - 1) / 2]); at = (at - 1) / 2)
    pool->heap[at] = pool->heap[(at - 1) / 2];
  pool->heap[at] = job;
}

static Job *heap_take(ThreadPool *pool) {
  Job *first = pool->heap[0], *last = pool->heap[--pool->n_heap];
  guint at = 0;
  for (guint child = 1; child < pool->n_heap; child = 2 * at + 1) {
    if (child + 1 < pool->n_heap && is_before(pool->heap[child + 1], pool->heap[child]))
      child++;
    if (!is_before(pool->heap[child], last))
      break;
    pool->heap[at] = pool->heap[child];
    at = child;
  }
  pool->heap[at] = last;
  return first;
}

static void make_ready(ThreadPool *pool, Job *job) {
  queue_put(&pool->ready, job);
  thread_monitor_notify(&pool->monitor);
}

/* The job's turn in its lane has come, or it has none. */
static void admit(ThreadPool *pool, Job *job, gint64 now) {
  if (job->due <= now || pool->stopping) {
    make_ready(pool, job);
    return;
  }
  heap_put(pool, job);
  /* Some worker must sleep no longer than until this one is due. */
  if (pool->heap[0] == job)
    thread_monitor_notify(&pool->monitor);
}

static void promote_due(ThreadPool *pool, gint64 now) {
  while (pool->n_heap > 0 && (pool->stopping || pool->heap[0]->due <= now))
    make_ready(pool, heap_take(pool));
}

static void free_job(Job *job) {
  g_free(job->key);
  g_free(job);
}

/* Lets the next job of the same key go on. */
static void release_lane(ThreadPool *pool, const Job *done) {
  if (done->key == NULL)
    return;
  Queue *lane = g_hash_table_lookup(pool->lanes, done->key);
  Job *next = queue_take(lane);
  if (next != NULL)
    admit(pool, next, clock_now());
  else
    g_hash_table_remove(pool->lanes, done->key);
}

/* Inside the monitor; outside it while the job runs. */
static void run_job(ThreadPool *pool, Job *job) {
  pool->waiting--;
  pool->running++;
  thread_monitor_leave(&pool->monitor);
  job->func(job->data);
  thread_monitor_enter(&pool->monitor);
  pool->running--;
  release_lane(pool, job);
  free_job(job);
  if (pool->stopping)
    thread_monitor_notify_all(&pool->monitor);
}

static void *work(void *data) {
  ThreadPool *pool = data;
  thread_monitor_enter(&pool->monitor);
  while (!pool->stopping || pool->waiting > 0) {
    promote_due(pool, clock_now());
    Job *job = queue_take(&pool->ready);
    if (job != NULL)
      run_job(pool, job);
    else
      thread_monitor_wait(&pool->monitor, pool->n_heap > 0 ? pool->heap[0]->due : G_MAXINT64);
  }
  thread_monitor_leave(&pool->monitor);
  return NULL;
}

ThreadPool *thread_pool_new(const char *name, guint workers, guint max_waiting) {
  ThreadPool *pool = g_new0(ThreadPool, 1);
  thread_monitor_init(&pool->monitor);
  pool->max_waiting = max_waiting;
  pool->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  pool->heap = g_new0(Job *, max_waiting);
  pool->n_threads = workers;
  pool->threads = g_new0(pthread_t, workers);
  for (guint i = 0; i < workers; i++)
    pool->threads[i] = start_thread(name, work, pool);
  return pool;
}

void thread_pool_free(ThreadPool *pool) {
  if (pool == NULL)
    return;
  thread_monitor_enter(&pool->monitor);
  pool->stopping = TRUE;
  thread_monitor_notify_all(&pool->monitor);
  thread_monitor_leave(&pool->monitor);
  for (guint i = 0; i < pool->n_threads; i++)
    pthread_join(pool->threads[i], NULL);
  g_hash_table_unref(pool->lanes);
  g_free(pool->heap);
  g_free(pool->threads);
  thread_monitor_clear(&pool->monitor);
  g_free(pool);
}

/* Inside the monitor. */
static void accept_job(ThreadPool *pool, Job *job, gint64 now) {
  Queue *lane = job->key != NULL ? g_hash_table_lookup(pool->lanes, job->key) : NULL;
  job->number = pool->pushed++;
  pool->waiting++;
  if (lane != NULL) {
    queue_put(lane, job);
    return;
  }
  if (job->key != NULL)
    g_hash_table_insert(pool->lanes, g_strdup(job->key), g_new0(Queue, 1));
  admit(pool, job, now);
}

gboolean thread_pool_push(ThreadPool *pool, ThreadFunc func, gpointer data, const char *key,
                          gint64 delay_us) {
  gint64 now = clock_now();
  thread_monitor_enter(&pool->monitor);
  gboolean accepted = !pool->stopping && pool->waiting < pool->max_waiting;
  if (accepted) {
    Job *job = g_new0(Job, 1);
    *job = (Job){.func = func, .data = data, .key = g_strdup(key), .due = now + MAX(delay_us, 0)};
    accept_job(pool, job, now);
  }
  thread_monitor_leave(&pool->monitor);
  return accepted;
}

void thread_pool_load(ThreadPool *pool, guint *waiting, guint *running) {
  thread_monitor_enter(&pool->monitor);
  *waiting = pool->waiting;
  *running = pool->running;
  thread_monitor_leave(&pool->monitor);
}

struct ThreadTimer {
  ThreadMonitor monitor;
  pthread_t thread;
  gint64 period;
  gboolean stopping;
  ThreadFunc func;
  gpointer data;
};

static void *tick(void *data) {
  ThreadTimer *timer = data;
  gint64 due = clock_now() + timer->period;
  thread_monitor_enter(&timer->monitor);
  while (!timer->stopping) {
    if (clock_now() < due) {
      thread_monitor_wait(&timer->monitor, due);
      continue;
    }
    thread_monitor_leave(&timer->monitor);
    timer->func(timer->data);
    due = MAX(due, clock_now() - timer->period) + timer->period;
    thread_monitor_enter(&timer->monitor);
  }
  thread_monitor_leave(&timer->monitor);
  return NULL;
}

ThreadTimer *thread_timer_new(const char *name, int period_ms, ThreadFunc func, gpointer data) {
  ThreadTimer *timer = g_new0(ThreadTimer, 1);
  thread_monitor_init(&timer->monitor);
  timer->period = period_ms * (gint64)1000;
  timer->func = func;
  timer->data = data;
  timer->thread = start_thread(name, tick, timer);
  return timer;
}

void thread_timer_free(ThreadTimer *timer) {
  if (timer == NULL)
    return;
  thread_monitor_enter(&timer->monitor);
  timer->stopping = TRUE;
  thread_monitor_notify(&timer->monitor);
  thread_monitor_leave(&timer->monitor);
  pthread_join(timer->thread, NULL);
  thread_monitor_clear(&timer->monitor);
  g_free(timer);
}
