#include "lib/db_pool.h"

#include <time.h>

#include "lib/clock.h"
#include "lib/db_internal.h"
#include "lib/thread.h"

/* While the server is away one connection at a time is tried, 0.3 to 0.7 s apart: two attempts a second a process. */
#define RETRY_MIN_US 300000
#define RETRY_MAX_US 700000
#define BACK_OFF_MIN_US 20000
#define BACK_OFF_MAX_US 1000000

struct DbPool {
  char *conninfo;
  char *application_name;
  char *role;
  guint size;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  GPtrArray *idle;  /* Db; the last used is on top */
  guint used;       /* handed out, or being made */
  guint generation; /* connections of an older one are closed when they come back */
  guint rotation;
  GError *outage; /* why the last attempt to connect failed; NULL while the server answers */
  gboolean probing;
  gint64 retry_at;
};

DbPool *db_pool_new(const DbPoolOptions *options) {
  DbPool *pool = g_new0(DbPool, 1);
  pool->conninfo = g_strdup(options->conninfo);
  pool->application_name = g_strdup(options->application_name);
  pool->role = g_strdup(options->role);
  pool->size = MAX(options->size, 1);
  pool->idle = g_ptr_array_new_with_free_func((GDestroyNotify)db_free);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&pool->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&pool->lock, NULL);
  return pool;
}

void db_pool_free(DbPool *pool) {
  if (pool == NULL)
    return;
  g_assert(pool->used == 0);
  g_ptr_array_unref(pool->idle);
  pthread_cond_destroy(&pool->changed);
  pthread_mutex_destroy(&pool->lock);
  g_clear_error(&pool->outage);
  g_free(pool->conninfo);
  g_free(pool->application_name);
  g_free(pool->role);
  g_free(pool);
}

void db_pool_load(DbPool *pool, guint *open, guint *used) {
  pthread_mutex_lock(&pool->lock);
  *open = pool->used + pool->idle->len;
  *used = pool->used;
  pthread_mutex_unlock(&pool->lock);
}

/* The functions below down to db_pool_acquire run under the lock. */

static void drop_idle(DbPool *pool) {
  g_ptr_array_set_size(pool->idle, 0);
  pool->generation++;
}

static gboolean may_connect(const DbPool *pool) {
  if (pool->used + pool->idle->len >= pool->size)
    return FALSE;
  return pool->outage == NULL || (!pool->probing && clock_now() >= pool->retry_at);
}

static void wait_for_change(DbPool *pool, gint64 deadline) {
  gint64 until = pool->outage != NULL && !pool->probing && pool->used + pool->idle->len < pool->size
                     ? MIN(deadline, pool->retry_at)
                     : deadline;
  struct timespec at = {.tv_sec = until / G_USEC_PER_SEC, .tv_nsec = (until % G_USEC_PER_SEC) * 1000};
  pthread_cond_timedwait(&pool->changed, &pool->lock, &at);
}

static void note_connected(DbPool *pool, const Db *db, const GError *error) {
  g_clear_error(&pool->outage);
  pool->probing = FALSE;
  pthread_cond_broadcast(&pool->changed);
  if (db != NULL)
    return;
  /* Of a list the next host is asked first: libpq itself cannot pass one that swallows packets. */
  pool->rotation++;
  pool->outage = g_error_copy(error);
  pool->retry_at = clock_now() + g_random_int_range(RETRY_MIN_US, RETRY_MAX_US);
}

/* Lets the lock go while connecting. */
static Db *connect_one(DbPool *pool, gint64 deadline, GError **error) {
  DbConnect connect = {.conninfo = pool->conninfo,
                       .application_name = pool->application_name,
                       .role = pool->role,
                       .rotation = pool->rotation};
  guint generation = pool->generation;
  pool->used++;
  pool->probing = TRUE;
  pthread_mutex_unlock(&pool->lock);
  g_autoptr(GError) failure = NULL;
  Db *db = db_connect(&connect, deadline, &failure);
  pthread_mutex_lock(&pool->lock);
  note_connected(pool, db, failure);
  if (db != NULL)
    db->generation = generation;
  else
    pool->used--;
  if (failure != NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return db;
}

static Db *take_idle(DbPool *pool) {
  while (pool->idle->len > 0) {
    g_autoptr(Db) db = g_ptr_array_steal_index(pool->idle, pool->idle->len - 1);
    if (db_alive(db)) {
      pool->used++;
      return g_steal_pointer(&db);
    }
  }
  return NULL;
}

static void deadline_error(const DbPool *pool, GError **error) {
  if (pool->outage != NULL)
    g_propagate_error(error, g_error_copy(pool->outage));
  else
    g_set_error(error, DB_ERROR, DB_ERROR_TIMEOUT,
                "all %u database connections stayed busy until the deadline", pool->size);
}

static Db *acquire_locked(DbPool *pool, gint64 deadline, gboolean fresh, GError **error) {
  if (fresh)
    drop_idle(pool);
  for (;;) {
    Db *db = fresh ? NULL : take_idle(pool);
    if (db != NULL)
      return db;
    if (clock_left_ms(deadline) == 0) {
      deadline_error(pool, error);
      return NULL;
    }
    if (fresh && pool->idle->len > 0)
      g_ptr_array_remove_index(pool->idle, 0);
    if (!may_connect(pool)) {
      wait_for_change(pool, deadline);
      continue;
    }
    g_autoptr(GError) failure = NULL;
    db = connect_one(pool, deadline, &failure);
    if (db != NULL)
      return db;
    if (g_error_matches(failure, DB_ERROR, DB_ERROR_SERVER)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
  }
}

Db *db_pool_acquire(DbPool *pool, gint64 deadline, gboolean fresh, GError **error) {
  pthread_mutex_lock(&pool->lock);
  Db *db = acquire_locked(pool, deadline, fresh, error);
  pthread_mutex_unlock(&pool->lock);
  if (db != NULL)
    db_set_deadline(db, deadline);
  return db;
}

void db_pool_release(DbPool *pool, Db *db) {
  g_autoptr(Db) dead = NULL;
  pthread_mutex_lock(&pool->lock);
  pool->used--;
  if (db_usable(db) && db->generation == pool->generation)
    g_ptr_array_add(pool->idle, db);
  else
    dead = db;
  if (!db_usable(db) && !db->timed_out && db->generation == pool->generation)
    drop_idle(pool);
  pthread_cond_broadcast(&pool->changed);
  pthread_mutex_unlock(&pool->lock);
}

gboolean db_pool_back_off(guint attempt, gint64 deadline) {
  gint64 most = MIN((gint64)BACK_OFF_MIN_US << MIN(attempt, 6), BACK_OFF_MAX_US);
  gint64 pause = g_random_int_range(0, (gint32)most);
  gint64 left = deadline - clock_now();
  if (left <= 0)
    return FALSE;
  g_usleep((gulong)MIN(pause, left));
  return clock_left_ms(deadline) > 0;
}

static gboolean try_again(const GError *error, guint attempt, gint64 deadline) {
  gboolean passing = g_error_matches(error, DB_ERROR, DB_ERROR_UNAVAILABLE) ||
                     (g_error_matches(error, DB_ERROR, DB_ERROR_CONFLICT) && attempt < DB_CONFLICTS_MAX);
  return passing && db_pool_back_off(attempt, deadline);
}

DbResult *db_pool_read(DbPool *pool, gint64 deadline, const DbStatement *statement, const DbArgs *args,
                       GError **error) {
  for (guint attempt = 0;; attempt++) {
    Db *db = db_pool_acquire(pool, deadline, FALSE, error);
    if (db == NULL)
      return NULL;
    g_autoptr(GError) failure = NULL;
    DbResult *result = db_query(db, statement, args, &failure);
    db_pool_release(pool, db);
    if (result != NULL)
      return result;
    if (!try_again(failure, attempt, deadline)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
  }
}
