#include <signal.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"
#include "test/db/cluster.h"

typedef struct {
  Cluster *cluster;
  Db *db;
} Fixture;

static void set_up(Fixture *f, gconstpointer cluster) {
  g_autoptr(GError) error = NULL;
  f->cluster = (Cluster *)cluster;
  f->db = db_open(f->cluster->conninfo, "gatepost-test", clock_deadline(20), &error);
  g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  db_free(f->db);
}

static DbResult *ask(Db *db, const char *sql) {
  DbStatement statement = {.sql = sql};
  g_autoptr(GError) error = NULL;
  DbResult *result = db_query(db, &statement, NULL, &error);
  g_assert_no_error(error);
  return result;
}

static void test_session(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const struct {
    const char *setting, *value;
  } cases[] = {{"statement_timeout", "10s"},
               {"lock_timeout", "3s"},
               {"idle_in_transaction_session_timeout", "15s"},
               {"search_path", "public"},
               {"TimeZone", "UTC"},
               {"client_encoding", "UTF8"},
               {"application_name", "gatepost-test"},
               {"default_transaction_isolation", "read committed"}};
  g_assert_cmpuint(f->db->round_trips, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *sql = g_strdup_printf("SELECT current_setting('%s')", cases[i].setting);
    g_autoptr(DbResult) result = ask(f->db, sql);
    g_assert_cmpstr(db_text(result, 0, 0), ==, cases[i].value);
  }
}

static void test_types(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const DbStatement echo = {
      .name = "echo",
      .sql = "SELECT $1::text, $2::bigint, $3::bool, $4::bytea, $5::text, $6::bigint, $7::bytea, $8::bool"};
  static const char bytes[] = {0, 1, (char)0xff, '\\', '\''};
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, "ü'\"\\\n");
  db_args_int(&args, G_MININT64);
  db_args_bool(&args, TRUE);
  db_args_bytes(&args, bytes, sizeof bytes);
  db_args_text(&args, NULL);
  db_args_text(&args, NULL);
  db_args_bytes(&args, NULL, 0);
  db_args_bool(&args, FALSE);
  g_autoptr(GError) error = NULL;
  g_autoptr(DbResult) result = db_query(f->db, &echo, &args, &error);
  g_assert_no_error(error);
  g_assert_cmpint(db_rows(result), ==, 1);
  g_assert_cmpstr(db_text(result, 0, 0), ==, "ü'\"\\\n");
  g_assert_cmpint(db_int(result, 0, 1), ==, G_MININT64);
  g_assert_true(db_bool(result, 0, 2));
  g_autoptr(GBytes) back = db_bytes(result, 0, 3);
  g_autoptr(GBytes) expected = g_bytes_new_static(bytes, sizeof bytes);
  g_assert_true(g_bytes_equal(back, expected));
  g_assert_null(db_text(result, 0, 4));
  g_assert_true(db_null(result, 0, 5));
  g_assert_cmpint(db_int(result, 0, 5), ==, 0);
  g_assert_false(db_bool(result, 0, 4));
  g_assert_null(db_bytes(result, 0, 4));
  g_autoptr(GBytes) empty = db_bytes(result, 0, 6);
  g_assert_cmpuint(g_bytes_get_size(empty), ==, 0);
  g_assert_false(db_bool(result, 0, 7));
}

static void test_text_array(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const char *const texts[] = {"", "NULL", "a,b", "{}", "\"", "\\", "ü\n\t ", "'", " lead"};
  static const DbStatement unnest = {
      .name = "unnest", .sql = "SELECT t FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n"};
  for (gsize n = 0; n <= G_N_ELEMENTS(texts); n += G_N_ELEMENTS(texts)) {
    DbArgs args = DB_ARGS_INIT;
    g_autofree char *keep = NULL;
    db_args_text_array(&args, texts, n, &keep);
    g_autoptr(GError) error = NULL;
    g_autoptr(DbResult) result = db_query(f->db, &unnest, &args, &error);
    g_assert_no_error(error);
    g_assert_cmpint(db_rows(result), ==, (int)n);
    for (int i = 0; i < db_rows(result); i++)
      g_assert_cmpstr(db_text(result, i, 0), ==, texts[i]);
  }
}

/* Also the one that prepares is one round trip. */
static void test_one_round_trip(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const DbStatement one = {.name = "one", .sql = "SELECT 1"};
  for (guint i = 1; i <= 3; i++) {
    g_autoptr(DbResult) result = db_query(f->db, &one, NULL, NULL);
    g_assert_cmpint(db_int(result, 0, 0), ==, 1);
    g_assert_cmpuint(f->db->round_trips, ==, i);
  }
  g_autoptr(DbResult) prepared = ask(f->db, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'one'");
  g_assert_cmpint(db_int(prepared, 0, 0), ==, 1);
}

static void test_error_codes(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const struct {
    const char *sql;
    int code;
    const char *sqlstate, *constraint;
  } cases[] = {
      {"INSERT INTO parent VALUES (1)", DB_ERROR_UNIQUE, "23505", "parent_pkey"},
      {"INSERT INTO child VALUES (7)", DB_ERROR_REFERENCE, "23503", "child_fk"},
      {"INSERT INTO parent VALUES (-1)", DB_ERROR_CHECK, "23514", "parent_positive"},
      {"INSERT INTO parent VALUES (NULL)", DB_ERROR_CHECK, "23502", ""},
      {"SELECT 'x'::uuid", DB_ERROR_CHECK, "22P02", ""},
      {"SELECT 1/0", DB_ERROR_CHECK, "22012", ""},
      {"SELEKT", DB_ERROR_STATEMENT, "42601", ""},
      {"SELECT * FROM nowhere", DB_ERROR_STATEMENT, "42P01", ""},
      {"INSERT INTO long SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i", DB_ERROR_CHECK,
       "54000", ""},
  };
  db_script(
      f->db,
      "DROP TABLE IF EXISTS child, parent, long; CREATE TABLE parent (id int PRIMARY KEY CONSTRAINT "
      "parent_positive CHECK (id > 0));"
      "CREATE TABLE child (id int CONSTRAINT child_fk REFERENCES parent); INSERT INTO parent VALUES (1);"
      "CREATE TABLE long (v text PRIMARY KEY)",
      NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = g_strdup_printf("case_%zu", i);
    DbStatement statement = {.name = i % 2 == 0 ? name : NULL, .sql = cases[i].sql};
    g_autoptr(GError) error = NULL;
    g_autoptr(DbResult) result = db_query(f->db, &statement, NULL, &error);
    g_assert_null(result);
    g_assert_error(error, DB_ERROR, cases[i].code);
    g_assert_cmpstr(db_error_sqlstate(error), ==, cases[i].sqlstate);
    g_assert_cmpstr(db_error_constraint(error), ==, cases[i].constraint);
    g_assert_true(db_usable(f->db));
  }
  g_autoptr(GError) copied = NULL;
  g_assert_false(db_script(f->db, "SELECT 1; SELECT 1/0; SELECT 2", &copied));
  g_assert_error(copied, DB_ERROR, DB_ERROR_CHECK);
  g_autoptr(DbResult) after = ask(f->db, "SELECT 42");
  g_assert_cmpint(db_int(after, 0, 0), ==, 42);
}

/* A statement that could not be prepared is prepared anew at its next use. */
static void test_failed_prepare(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const DbStatement late = {.name = "late", .sql = "SELECT a FROM late"};
  db_script(f->db, "DROP TABLE IF EXISTS late", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_null(db_query(f->db, &late, NULL, &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_STATEMENT);
  g_clear_error(&error);
  db_script(f->db, "CREATE TABLE late (a int); INSERT INTO late VALUES (5)", NULL);
  g_autoptr(DbResult) result = db_query(f->db, &late, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(db_int(result, 0, 0), ==, 5);
}

/* Both cost the connection, and may be tried again on another. */
static void test_out_of_step(Fixture *f, gconstpointer cluster) {
  static const char *const breaks[] = {"DEALLOCATE ALL", "ALTER TABLE plan ADD COLUMN b int"};
  static const DbStatement plan = {.name = "plan", .sql = "SELECT * FROM plan"};
  for (gsize i = 0; i < G_N_ELEMENTS(breaks); i++) {
    db_script(f->db, "DROP TABLE IF EXISTS plan; CREATE TABLE plan (a int)", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(DbResult) first G_GNUC_UNUSED = db_query(f->db, &plan, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(db_script(f->db, breaks[i], NULL));
    g_assert_null(db_query(f->db, &plan, NULL, &error));
    g_assert_error(error, DB_ERROR, DB_ERROR_UNAVAILABLE);
    g_assert_false(db_usable(f->db));
    tear_down(f, cluster);
    set_up(f, cluster);
  }
}

static void test_timeouts(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const DbStatement sleeping = {.name = "sleep", .sql = "SELECT pg_sleep(30)"};
  g_autoptr(GError) error = NULL;
  db_script(f->db, "SET statement_timeout = '100ms'", NULL);
  g_assert_null(db_query(f->db, &sleeping, NULL, &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_TIMEOUT);
  g_assert_cmpstr(db_error_sqlstate(error), ==, "57014");
  g_assert_true(db_usable(f->db));
  g_clear_error(&error);
  db_script(f->db, "SET statement_timeout = 0", NULL);
  db_set_deadline(f->db, clock_now() + 200000);
  gint64 start = clock_now();
  g_assert_null(db_query(f->db, &sleeping, NULL, &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_TIMEOUT);
  g_assert_cmpint(clock_now() - start, <, 2000000);
  g_assert_false(db_usable(f->db));
}

/* A server that no longer runs, but whose socket is open. */
static void test_frozen_server(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  g_autoptr(DbResult) backend = ask(f->db, "SELECT pg_backend_pid()");
  pid_t pid = (pid_t)db_int(backend, 0, 0);
  kill(pid, SIGSTOP);
  db_set_deadline(f->db, clock_now() + 300000);
  static const DbStatement one = {.sql = "SELECT 1"};
  g_autoptr(GError) error = NULL;
  g_assert_null(db_query(f->db, &one, NULL, &error));
  kill(pid, SIGCONT);
  g_assert_error(error, DB_ERROR, DB_ERROR_TIMEOUT);
  kill(f->cluster->postmaster, SIGSTOP);
  g_autoptr(GError) connecting = NULL;
  gint64 start = clock_now();
  g_assert_null(db_open(f->cluster->conninfo, "t", clock_now() + 300000, &connecting));
  kill(f->cluster->postmaster, SIGCONT);
  g_assert_error(connecting, DB_ERROR, DB_ERROR_UNAVAILABLE);
  g_assert_cmpint(clock_now() - start, <, 2000000);
}

static void test_big_pipeline(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const DbStatement echo = {.name = "big", .sql = "SELECT $1::text, repeat('x', 8000000)"};
  g_autofree char *big = g_strnfill(8000000, 'y');
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, big);
  g_autoptr(GError) error = NULL;
  g_autoptr(DbResult) result = db_query(f->db, &echo, &args, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(strlen(db_text(result, 0, 0)), ==, 8000000);
}

static void test_refused_servers(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const struct {
    const char *conninfo, *word;
    int code;
  } cases[] = {
      {"host=/nowhere password='secret", "connection string", DB_ERROR_SERVER},
      {"nokeyword=secret", "connection string", DB_ERROR_SERVER},
      {"host=/nowhere dbname=x", "cannot connect", DB_ERROR_UNAVAILABLE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(db_open(cases[i].conninfo, "t", clock_deadline(5), &error));
    g_assert_error(error, DB_ERROR, cases[i].code);
    g_assert_nonnull(strstr(error->message, cases[i].word));
    g_assert_null(strstr(error->message, "secret"));
  }
  db_script(f->db, "DROP DATABASE IF EXISTS latin", NULL);
  g_assert_true(
      db_script(f->db, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", NULL));
  g_autofree char *latin = cluster_conninfo(f->cluster, "latin");
  g_autoptr(GError) error = NULL;
  g_assert_null(db_open(latin, "t", clock_deadline(5), &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_SERVER);
  g_assert_nonnull(strstr(error->message, "LATIN1"));
}

/* As a standby does after a failover that we did not see. */
static void test_read_only_server(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  db_script(f->db, "DROP DATABASE IF EXISTS standby", NULL);
  g_assert_true(db_script(f->db, "CREATE DATABASE standby", NULL));
  g_assert_true(db_script(f->db, "ALTER DATABASE standby SET default_transaction_read_only = on", NULL));
  g_autofree char *standby = cluster_conninfo(f->cluster, "standby");
  g_autoptr(GError) error = NULL;
  g_assert_null(db_open(standby, "t", clock_deadline(5), &error));
  g_assert_error(error, DB_ERROR, DB_ERROR_UNAVAILABLE);
  g_assert_nonnull(strstr(error->message, "read-only"));
}

/* The first host of a list is asked, then the next; a rotation begins later in the list. */
static void test_host_list(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  g_autofree char *list = g_strdup_printf("host=/nowhere,%s port=5432,5432 user=gatepost dbname=postgres "
                                          "target_session_attrs=read-write options='-c work_mem=5MB'",
                                          f->cluster->dir);
  for (guint rotation = 0; rotation < 3; rotation++) {
    DbConnect connect = {.conninfo = list, .application_name = "t", .rotation = rotation};
    g_autoptr(GError) error = NULL;
    g_autoptr(Db) db = db_connect(&connect, clock_deadline(10), &error);
    g_assert_no_error(error);
    g_autoptr(DbResult) own =
        ask(db, "SELECT current_setting('work_mem') || current_setting('lock_timeout')");
    g_assert_cmpstr(db_text(own, 0, 0), ==, "5MB3s");
  }
}

#define ADD(name, func) g_test_add("/db/" name, Fixture, cluster, set_up, func, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Cluster *cluster = cluster_new();
  ADD("session", test_session);
  ADD("types", test_types);
  ADD("text-array", test_text_array);
  ADD("one-round-trip", test_one_round_trip);
  ADD("error-codes", test_error_codes);
  ADD("failed-prepare", test_failed_prepare);
  ADD("out-of-step", test_out_of_step);
  ADD("timeouts", test_timeouts);
  ADD("frozen-server", test_frozen_server);
  ADD("big-pipeline", test_big_pipeline);
  ADD("refused-servers", test_refused_servers);
  ADD("read-only-server", test_read_only_server);
  ADD("host-list", test_host_list);
  int status = g_test_run();
  cluster_free(cluster);
  return status;
}
