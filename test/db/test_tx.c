#include <pthread.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"
#include "lib/db_pool.h"
#include "test/db/cluster.h"
#include "test/db/proxy.h"

typedef struct {
  Cluster *cluster;
  Proxy *proxy;
  DbPool *pool; /* through the proxy */
  Db *side;     /* straight */
} Fixture;

static void script(Db *db, const char *sql) {
  g_autoptr(GError) error = NULL;
  db_script(db, sql, &error);
  g_assert_no_error(error);
}

static gint64 number(Db *db, const char *sql) {
  DbStatement statement = {.sql = sql};
  g_autoptr(GError) error = NULL;
  g_autoptr(DbResult) result = db_query(db, &statement, NULL, &error);
  g_assert_no_error(error);
  return db_int(result, 0, 0);
}

static void set_up(Fixture *f, gconstpointer cluster) {
  f->cluster = (Cluster *)cluster;
  f->proxy = proxy_new(f->cluster->dir);
  f->pool = db_pool_new(
      &(DbPoolOptions){.conninfo = proxy_conninfo(f->proxy), .application_name = "gatepost-pool", .size = 4});
  f->side = db_open(f->cluster->conninfo, "gatepost-side", clock_deadline(60), NULL);
  script(f->side, "DROP TABLE IF EXISTS t; CREATE TABLE t (v text CONSTRAINT t_once PRIMARY KEY, n int)");
}

static void tear_down(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  db_free(f->side);
  db_pool_free(f->pool);
  proxy_free(f->proxy);
}

static const DbStatement insert = {.name = "t_insert", .sql = "INSERT INTO t VALUES ($1, 0) RETURNING v"};
static const DbStatement count = {.name = "t_count", .sql = "SELECT count(*) FROM t"};

/* What a body is to do, step by step, and what was seen. */
typedef struct {
  Fixture *f;
  const char
      *steps; /* q: query a count; i: queue an insert; f: fail; s: fail, but say TRUE; I: query an insert */
  ProxyFault fault;                  /* armed at the end of the first run */
  void (*first)(Fixture *f, Db *db); /* done in the first run */
  int runs, settles;
  guint64 round_trips;
  DbResult *out;
} Body;

static gboolean step(Body *body, Db *db, char step, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, "x");
  g_autoptr(DbResult) result = NULL;
  if (step == 'q' || step == 'I')
    return (result = db_query(db, step == 'q' ? &count : &insert, step == 'q' ? NULL : &args, error)) != NULL;
  if (step == 'i')
    db_queue(db, &insert, &args, body->out == NULL ? &body->out : NULL);
  if (step == 's')
    g_assert_null(db_query(db, &(DbStatement){.sql = "SELECT 1/0"}, NULL, NULL));
  if (step == 'f')
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "the body's own");
  return step != 'f';
}

static gboolean run_steps(Db *db, gpointer data, GError **error) {
  Body *body = data;
  body->round_trips = db->round_trips;
  body->runs++;
  for (const char *p = body->steps; *p != '\0'; p++)
    if (!step(body, db, *p, error))
      return FALSE;
  if (body->runs == 1 && body->first != NULL)
    body->first(body->f, db);
  if (body->runs == 1 && body->fault != PROXY_PASS)
    proxy_arm(body->f->proxy, body->fault);
  return TRUE;
}

static gboolean settle(Db *db, gpointer data, DbSettled *settled, GError **error) {
  Body *body = data;
  body->settles++;
  g_autoptr(DbResult) result = db_query(db, &count, NULL, error);
  if (result == NULL)
    return FALSE;
  *settled = db_int(result, 0, 0) > 0 ? DB_SETTLED_YES : DB_SETTLED_NO;
  return TRUE;
}

static void test_round_trips(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const struct {
    const char *steps;
    guint64 trips;
  } cases[] = {{"", 0}, {"i", 1}, {"q", 2}, {"qi", 2}, {"qiq", 3}, {"iq", 2}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    script(f->side, "TRUNCATE t");
    Body body = {.f = f, .steps = cases[i].steps};
    g_autoptr(GError) error = NULL;
    g_assert_true(db_tx_run(f->pool, clock_deadline(10), run_steps, NULL, &body, &error));
    g_assert_no_error(error);
    Db *db = db_pool_acquire(f->pool, clock_deadline(10), FALSE, NULL);
    g_assert_cmpuint(db->round_trips - body.round_trips, ==, cases[i].trips);
    db_pool_release(f->pool, db);
    gboolean wrote = strchr(cases[i].steps, 'i') != NULL;
    g_assert_cmpint(number(f->side, "SELECT count(*) FROM t"), ==, wrote ? 1 : 0);
    g_assert_cmpstr(wrote ? db_text(body.out, 0, 0) : "x", ==, "x");
    db_result_free(body.out);
  }
}

static void test_failures(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const struct {
    const char *steps;
    const char *word;
  } cases[] = {
      {"f", "the body's own"}, {"if", "the body's own"},  {"qif", "the body's own"},
      {"s", "division"},       {"is", "division"},        {"si", "division"},
      {"ii", "t_once"},        {"qii", "t_once"},         {"iiq", "t_once"},
      {"II", "t_once"},        {"iif", "the body's own"}, {"qiif", "the body's own"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    Body body = {.f = f, .steps = cases[i].steps};
    g_autoptr(GError) error = NULL;
    g_assert_false(db_tx_run(f->pool, clock_deadline(10), run_steps, settle, &body, &error));
    g_assert_nonnull(strstr(error->message, cases[i].word));
    if (error->domain == DB_ERROR && error->code == DB_ERROR_UNIQUE)
      g_assert_cmpstr(db_error_constraint(error), ==, "t_once");
    g_assert_null(body.out);
    g_assert_cmpint(body.runs, ==, 1);
    g_assert_cmpint(body.settles, ==, 0);
    g_assert_cmpint(number(f->side, "SELECT count(*) FROM t"), ==, 0);
  }
  g_assert_cmpint(proxy_connections(f->proxy), ==, 1);
}

/* The commit itself may refuse: a deferred constraint, with and without BEGIN. */
static void test_deferred(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  script(
      f->side,
      "DROP TABLE t; CREATE TABLE t (v text CONSTRAINT t_once UNIQUE DEFERRABLE INITIALLY DEFERRED, n int)");
  for (int explicit = 0; explicit < 2; explicit ++) {
    Body body = {.f = f, .steps = explicit != 0 ? "qii" : "ii"};
    g_autoptr(GError) error = NULL;
    g_assert_false(db_tx_run(f->pool, clock_deadline(10), run_steps, settle, &body, &error));
    g_assert_error(error, DB_ERROR, DB_ERROR_UNIQUE);
    g_assert_cmpstr(db_error_constraint(error), ==, "t_once");
    g_assert_cmpint(body.settles, ==, 0);
  }
}

static void kill_backend(Fixture *f, Db *db) {
  g_autofree char *sql =
      g_strdup_printf("SELECT pg_terminate_backend(%d, 5000)::int", PQbackendPID(db->conn));
  g_assert_cmpint(number(f->side, sql), ==, 1);
}

static void crash(Fixture *f, Db *db) {
  (void)db;
  cluster_stop(f->cluster);
  cluster_start(f->cluster);
  db_free(f->side);
  f->side = db_open(f->cluster->conninfo, "gatepost-side", clock_deadline(60), NULL);
}

/* Lost before COMMIT was sent: run again, nothing to settle. Lost after: in doubt, asked, right either way. */
static void test_lost(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const struct {
    const char *steps;
    ProxyFault fault;
    void (*first)(Fixture *f, Db *db);
    int runs, settles;
  } cases[] = {
      {"qI", PROXY_PASS, kill_backend, 2, 1}, {"qI", PROXY_PASS, crash, 2, 1},
      {"i", PROXY_CUT_REQUEST, NULL, 2, 1},   {"qi", PROXY_CUT_REQUEST, NULL, 2, 1},
      {"i", PROXY_CUT_REPLY, NULL, 1, 1},     {"qi", PROXY_CUT_REPLY, NULL, 1, 1},
      {"I", PROXY_DELAY, NULL, 2, 2}, /* the first one commits while the second waits for its row */
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    script(f->side, "TRUNCATE t");
    Body body = {.f = f, .steps = cases[i].steps, .fault = cases[i].fault, .first = cases[i].first};
    g_autoptr(GError) error = NULL;
    gboolean done = db_tx_run(f->pool, clock_deadline(20), run_steps, settle, &body, &error);
    g_assert_no_error(error);
    g_assert_true(done);
    g_assert_cmpint(body.runs, ==, cases[i].runs);
    g_assert_cmpint(body.settles, ==, cases[i].settles);
    g_assert_cmpint(number(f->side, "SELECT count(*) FROM t"), ==, 1);
    db_result_free(body.out);
  }
}

static gboolean lose_then_query(Db *db, gpointer data, GError **error) {
  Body *body = data;
  if (body->runs++ == 0)
    body->first(body->f, db);
  return step(body, db, 'I', error);
}

/* The connection dies in the body's own statement: no doubt at all. */
static void test_lost_before_commit(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static void (*const losses[])(Fixture * f, Db * db) = {kill_backend, crash};
  for (gsize i = 0; i < G_N_ELEMENTS(losses); i++) {
    script(f->side, "TRUNCATE t");
    Body body = {.f = f, .first = losses[i]};
    g_autoptr(GError) error = NULL;
    g_assert_true(db_tx_run(f->pool, clock_deadline(20), lose_then_query, settle, &body, &error));
    g_assert_no_error(error);
    g_assert_cmpint(body.runs, ==, 2);
    g_assert_cmpint(body.settles, ==, 0);
  }
}

/* Idle connections of a server that restarted are noticed before they are used. */
static void test_stale_idle(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  Body body = {.f = f, .steps = "q"};
  g_assert_true(db_tx_run(f->pool, clock_deadline(20), run_steps, settle, &body, NULL));
  crash(f, NULL);
  g_usleep(50000);
  body = (Body){.f = f, .steps = "i"};
  g_assert_true(db_tx_run(f->pool, clock_deadline(20), run_steps, settle, &body, NULL));
  g_assert_cmpint(body.runs, ==, 1);
  g_assert_cmpint(body.settles, ==, 0);
  db_result_free(body.out);
}

static void test_nobody_settles(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  Body body = {.f = f, .steps = "i", .fault = PROXY_CUT_REPLY};
  g_autoptr(GError) error = NULL;
  g_assert_false(db_tx_run(f->pool, clock_deadline(20), run_steps, NULL, &body, &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_IN_DOUBT);
  g_assert_null(body.out);
}

static void *cancel_waiting_commit(void *data) {
  Fixture *f = data;
  g_autoptr(Db) db = db_open(f->cluster->conninfo, "gatepost-cancel", clock_deadline(20), NULL);
  const char *cancel =
      "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  while (number(db, cancel) == 0)
    g_usleep(20000);
  return NULL;
}

/* COMMIT says it succeeded, and a warning that no standby has it. */
static void test_not_replicated(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  script(f->side, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  script(f->side, "SELECT pg_reload_conf()");
  g_usleep(200000);
  pthread_t thread;
  pthread_create(&thread, NULL, cancel_waiting_commit, f);
  Body body = {.f = f, .steps = "i"};
  g_autoptr(GError) error = NULL;
  gboolean done = db_tx_run(f->pool, clock_deadline(20), run_steps, NULL, &body, &error);
  pthread_join(thread, NULL);
  script(f->side, "ALTER SYSTEM RESET synchronous_standby_names");
  script(f->side, "SELECT pg_reload_conf()");
  g_assert_false(done);
  g_assert_error(error, DB_ERROR, DB_ERROR_IN_DOUBT);
}

typedef struct {
  Fixture *f;
  int order; /* which row first */
  int runs;
  pthread_barrier_t *both;
} Crossing;

static gboolean update_two(Db *db, gpointer data, GError **error) {
  Crossing *crossing = data;
  static const DbStatement update = {.name = "t_update", .sql = "UPDATE t SET n = n + 1 WHERE v = $1"};
  for (int i = 0; i < 2; i++) {
    DbArgs args = DB_ARGS_INIT;
    db_args_text(&args, (crossing->order + i) % 2 == 0 ? "a" : "b");
    g_autoptr(DbResult) result = db_query(db, &update, &args, error);
    if (result == NULL)
      return FALSE;
    if (i == 0 && crossing->runs++ == 0)
      pthread_barrier_wait(crossing->both);
  }
  return TRUE;
}

static void *cross(void *data) {
  Crossing *crossing = data;
  g_autoptr(GError) error = NULL;
  db_tx_run(crossing->f->pool, clock_deadline(20), update_two, NULL, crossing, &error);
  g_assert_no_error(error);
  return NULL;
}

static void test_deadlock(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  script(f->side, "INSERT INTO t VALUES ('a', 0), ('b', 0)");
  pthread_barrier_t both;
  pthread_barrier_init(&both, NULL, 2);
  Crossing crossings[2] = {{.f = f, .order = 0, .both = &both}, {.f = f, .order = 1, .both = &both}};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    pthread_create(&threads[i], NULL, cross, &crossings[i]);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&both);
  g_assert_cmpint(number(f->side, "SELECT sum(n) FROM t"), ==, 4);
  g_assert_cmpint(crossings[0].runs + crossings[1].runs, ==, 3);
}

/* Read, then write what was read plus one: the row lock keeps writers apart. */
static gboolean increment(Db *db, gpointer data, GError **error) {
  (void)data;
  static const DbStatement lock = {.name = "t_lock", .sql = "SELECT n FROM t WHERE v = 'a' FOR UPDATE"};
  static const DbStatement set = {.name = "t_set", .sql = "UPDATE t SET n = $1 WHERE v = 'a'"};
  g_autoptr(DbResult) row = db_query(db, &lock, NULL, error);
  if (row == NULL)
    return FALSE;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, db_int(row, 0, 0) + 1);
  db_queue(db, &set, &args, NULL);
  return TRUE;
}

static void *increment_often(void *data) {
  Fixture *f = data;
  for (int i = 0; i < 50; i++)
    g_assert_true(db_tx_run(f->pool, clock_deadline(20), increment, NULL, NULL, NULL));
  return NULL;
}

/* Six threads, four connections. */
static void test_writers(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  script(f->side, "INSERT INTO t VALUES ('a', 0)");
  pthread_t threads[6];
  for (int i = 0; i < 6; i++)
    pthread_create(&threads[i], NULL, increment_often, f);
  for (int i = 0; i < 6; i++)
    pthread_join(threads[i], NULL);
  g_assert_cmpint(number(f->side, "SELECT n FROM t"), ==, 300);
  guint open, used;
  db_pool_load(f->pool, &open, &used);
  g_assert_cmpuint(open, <=, 4);
  g_assert_cmpuint(used, ==, 0);
}

static void test_exhausted(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  Db *held[4];
  for (int i = 0; i < 4; i++)
    held[i] = db_pool_acquire(f->pool, clock_deadline(10), FALSE, NULL);
  gint64 start = clock_now();
  g_autoptr(GError) error = NULL;
  g_assert_null(db_pool_read(f->pool, start + 200000, &count, NULL, &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_TIMEOUT);
  g_assert_nonnull(strstr(error->message, "busy"));
  g_assert_cmpint(clock_now() - start, >=, 200000);
  for (int i = 0; i < 4; i++)
    db_pool_release(f->pool, held[i]);
  g_autoptr(DbResult) result = db_pool_read(f->pool, clock_deadline(10), &count, NULL, NULL);
  g_assert_nonnull(result);
}

static void *read_in_outage(void *data) {
  Fixture *f = data;
  g_autoptr(GError) error = NULL;
  g_assert_null(db_pool_read(f->pool, clock_now() + 2000000, &count, NULL, &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_UNAVAILABLE);
  return NULL;
}

/* However many wait, the lost server is asked about twice a second; back again, it is used again. */
static void test_outage(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  cluster_stop(f->cluster);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    pthread_create(&threads[i], NULL, read_in_outage, f);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  /* Those that were waiting when it went, and then about four. */
  g_assert_cmpint(proxy_connections(f->proxy), <=, 4 + 7);
  cluster_start(f->cluster);
  g_autoptr(GError) error = NULL;
  g_autoptr(DbResult) result G_GNUC_UNUSED = db_pool_read(f->pool, clock_deadline(10), &count, NULL, &error);
  g_assert_no_error(error);
}

#define ADD(name, func) g_test_add("/db/tx/" name, Fixture, cluster, set_up, func, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Cluster *cluster = cluster_new();
  ADD("round-trips", test_round_trips);
  ADD("failures", test_failures);
  ADD("deferred", test_deferred);
  ADD("lost", test_lost);
  ADD("lost-before-commit", test_lost_before_commit);
  ADD("stale-idle", test_stale_idle);
  ADD("nobody-settles", test_nobody_settles);
  ADD("not-replicated", test_not_replicated);
  ADD("deadlock", test_deadlock);
  ADD("writers", test_writers);
  ADD("exhausted", test_exhausted);
  ADD("outage", test_outage);
  int status = g_test_run();
  cluster_free(cluster);
  return status;
}
