#include <pthread.h>
#include <string.h>

#include "audit/audit.h"
#include "lib/clock.h"
#include "lib/db_migrate.h"
#include "lib/db_pool.h"
#include "lib/jsontext.h"
#include "test/db/cluster.h"

/* Each case has a database of its own in one cluster. */
typedef struct {
  Cluster *cluster;
  Db *super;
  char *conninfo;
  Db *db;
} Fixture;

static char *text(Db *db, const char *sql) {
  DbStatement statement = {.sql = sql};
  g_autoptr(GError) error = NULL;
  g_autoptr(DbResult) result = db_query(db, &statement, NULL, &error);
  g_assert_no_error(error);
  return g_strdup(db_rows(result) == 0 ? "" : db_text(result, 0, 0));
}

static void script(Db *db, const char *sql) {
  g_autoptr(GError) error = NULL;
  db_script(db, sql, &error);
  g_assert_no_error(error);
}

static Db *open_as(const Cluster *cluster, const char *user, const char *database) {
  g_autoptr(GError) error = NULL;
  g_autofree char *conninfo = g_strdup_printf("host=%s user=%s dbname=%s", cluster->dir, user, database);
  Db *db = db_open(conninfo, "test", clock_deadline(30), &error);
  g_assert_no_error(error);
  return db;
}

static void set_up(Fixture *f, gconstpointer cluster) {
  f->cluster = (Cluster *)cluster;
  f->super = open_as(f->cluster, "gatepost", "postgres");
  script(f->super,
         "DROP ROLE IF EXISTS gatepost_app; DROP ROLE IF EXISTS gp_owner; CREATE ROLE gp_owner LOGIN");
  script(f->super, "CREATE DATABASE house OWNER gp_owner");
  f->db = open_as(f->cluster, "gp_owner", "house");
}

static void tear_down(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  db_free(f->db);
  script(f->super, "DROP DATABASE house WITH (FORCE)");
  script(f->super, "DROP ROLE IF EXISTS gatepost_app; DROP ROLE gp_owner");
  db_free(f->super);
}

static void migrate(Db *db, guint expected) {
  g_autoptr(GError) error = NULL;
  guint applied = 99;
  gboolean done = db_migrate_run(db, &applied, &error);
  g_assert_no_error(error);
  g_assert_true(done);
  g_assert_cmpuint(applied, ==, expected);
}

static guint known(Db *db) {
  g_autoptr(GPtrArray) all = db_migrate_status(db, NULL);
  g_assert_nonnull(all);
  return all->len;
}

static void test_fresh_then_again(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  g_autoptr(GError) error = NULL;
  g_assert_false(db_migrate_check(f->db, &error));
  g_assert_error(error, DB_MIGRATE_ERROR, DB_MIGRATE_ERROR_FAILED);
  g_assert_nonnull(strstr(error->message, "gatepost db migrate"));
  migrate(f->db, known(f->db));
  migrate(f->db, 0);
  g_autoptr(GPtrArray) all = db_migrate_status(f->db, NULL);
  const DbMigration *first = g_ptr_array_index(all, 0);
  g_assert_cmpint(first->number, ==, 1);
  g_assert_cmpstr(first->name, ==, "0001_house");
  g_assert_cmpuint(strlen(first->sha256), ==, 64);
  g_assert_nonnull(first->applied_at);
  g_assert_true(db_migrate_check(f->db, NULL));
  g_autofree char *org = text(f->db, "SELECT name FROM org");
  g_assert_cmpstr(org, ==, "default");
}

static void test_refusals(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const struct {
    const char *change;
    int code;
    const char *word;
  } cases[] = {
      {"UPDATE schema_migration SET sha256 = 'x' WHERE number = 1", DB_MIGRATE_ERROR_CHANGED, "(GP-8102)"},
      {"INSERT INTO schema_migration VALUES (9999, '9999_later', 'y')", DB_MIGRATE_ERROR_NEWER, "9999_later"},
  };
  migrate(f->db, known(f->db));
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    script(f->db, "BEGIN; CREATE TEMP TABLE IF NOT EXISTS kept AS SELECT * FROM schema_migration; COMMIT");
    script(f->db, cases[i].change);
    g_autoptr(GError) run = NULL;
    g_autoptr(GError) check = NULL;
    g_assert_false(db_migrate_run(f->db, NULL, &run));
    g_assert_error(run, DB_MIGRATE_ERROR, cases[i].code);
    g_assert_nonnull(strstr(run->message, cases[i].word));
    g_assert_false(db_migrate_check(f->db, &check));
    g_assert_error(check, DB_MIGRATE_ERROR, cases[i].code);
    script(f->db, "DELETE FROM schema_migration; INSERT INTO schema_migration SELECT * FROM kept");
  }
  g_assert_true(db_migrate_check(f->db, NULL));
}

typedef struct {
  Db *db;
  GError *error;
  gboolean done;
} Runner;

static void *run_migration(void *data) {
  Runner *runner = data;
  runner->done = db_migrate_run(runner->db, NULL, &runner->error);
  return NULL;
}

/* A name that another session has taken but not committed stops the migration in its middle; there it is killed. */
static void test_killed_half_way(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  g_autoptr(Db) blocker = open_as(f->cluster, "gp_owner", "house");
  Runner runner = {.db = open_as(f->cluster, "gp_owner", "house")};
  script(blocker, "BEGIN; CREATE TABLE scim_token (a int)");
  pthread_t thread;
  g_assert_cmpint(pthread_create(&thread, NULL, run_migration, &runner), ==, 0);
  const char *waiting = "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE datname = 'house'"
                        " AND wait_event_type = 'Lock' AND query LIKE '-- The house%'";
  g_autofree char *pid = text(f->super, waiting);
  for (int i = 0; i < 100 && strcmp(pid, "0") == 0; i++) {
    g_usleep(20000);
    g_free(pid);
    pid = text(f->super, waiting);
  }
  g_assert_cmpstr(pid, !=, "0");
  g_autofree char *kill = g_strdup_printf("SELECT pg_terminate_backend(%s)", pid);
  script(f->super, kill);
  pthread_join(thread, NULL);
  g_assert_false(runner.done);
  g_assert_error(runner.error, DB_MIGRATE_ERROR, DB_MIGRATE_ERROR_FAILED);
  g_clear_error(&runner.error);
  db_free(runner.db);
  g_autofree char *org = text(f->db, "SELECT coalesce(to_regclass('public.org')::text, 'none')");
  g_assert_cmpstr(org, ==, "none");
  script(blocker, "ROLLBACK");
  migrate(f->db, known(f->db));
}

/* A lock held longer than lock_timeout: the migration steps back and tries again. */
static void test_waits_for_a_lock(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  g_autoptr(Db) blocker = open_as(f->cluster, "gp_owner", "house");
  Runner runner = {.db = open_as(f->cluster, "gp_owner", "house")};
  script(blocker, "BEGIN; CREATE TABLE scim_token (a int)");
  pthread_t thread;
  g_assert_cmpint(pthread_create(&thread, NULL, run_migration, &runner), ==, 0);
  g_usleep(3500000);
  script(blocker, "ROLLBACK");
  pthread_join(thread, NULL);
  g_assert_no_error(runner.error);
  g_assert_true(runner.done);
  db_free(runner.db);
}

/* Two at once: one applies, the other finds nothing left to do. */
static void test_two_at_once(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  pthread_t threads[2];
  Runner runners[2] = {{.db = open_as(f->cluster, "gp_owner", "house")},
                       {.db = open_as(f->cluster, "gp_owner", "house")}};
  for (int i = 0; i < 2; i++)
    g_assert_cmpint(pthread_create(&threads[i], NULL, run_migration, &runners[i]), ==, 0);
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    g_assert_no_error(runners[i].error);
    g_assert_true(runners[i].done);
    db_free(runners[i].db);
  }
  g_assert_true(db_migrate_check(f->db, NULL));
}

static gboolean audit_body(Db *db, gpointer data, GError **error) {
  (void)data;
  (void)error;
  g_autoptr(json_t) detail = json_pack("{s:s}", "userName", "q\"uote\\");
  audit_queue(db, &(AuditRecord){.org_id = 1,
                                 .kind = AUDIT_SCIM,
                                 .request_id = "00000000-0000-4000-8000-000000000001",
                                 .actor = "scim-token:7",
                                 .source_ip = "192.0.2.7",
                                 .action = "user.create",
                                 .subject = "x",
                                 .detail = detail});
  audit_queue(
      db, &(AuditRecord){.org_id = 1, .kind = AUDIT_ADMIN, .actor = "admin:root", .action = "org.create"});
  return TRUE;
}

/* The role may be made after the migration; then the program works, and can do no more than it must. */
static void test_app_role(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  static const char *const refused[] = {
      "UPDATE audit SET actor = 'x'",
      "DELETE FROM audit",
      "DELETE FROM audit_other",
      "TRUNCATE audit",
      "CREATE TABLE t (a int)",
      "ALTER TABLE scim_user ADD COLUMN x int",
      "DROP TABLE scim_member",
      "SELECT gatepost_grant()",
      "UPDATE schema_migration SET sha256 = 'x'",
      "SELECT setval('audit_id', 1)",
  };
  migrate(f->db, known(f->db));
  script(f->super, "CREATE ROLE gatepost_app; GRANT gatepost_app TO gp_owner");
  script(f->db, "SELECT gatepost_grant(); SELECT gatepost_grant()");
  g_autofree char *conninfo = g_strdup_printf("host=%s user=gp_owner dbname=house", f->cluster->dir);
  g_autoptr(DbPool) pool = db_pool_new(
      &(DbPoolOptions){.conninfo = conninfo, .application_name = "t", .role = "gatepost_app", .size = 2});
  g_autoptr(GError) error = NULL;
  g_assert_true(db_tx_run(pool, clock_deadline(10), audit_body, NULL, NULL, &error));
  g_assert_no_error(error);
  g_autofree char *seen =
      text(f->db, "SELECT count(*) || ' ' || min(source_ip::text) || ' ' || min(detail->>'userName')"
                  " || ' ' || min(tableoid::regclass::text) FROM audit");
  g_autofree char *month =
      text(f->db, "SELECT '2 192.0.2.7/32 q\"uote\\ audit_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')");
  g_assert_cmpstr(seen, ==, month);
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
    DbStatement statement = {.sql = refused[i]};
    g_autoptr(GError) no = NULL;
    g_autoptr(DbResult) result = db_pool_read(pool, clock_deadline(10), &statement, NULL, &no);
    g_assert_null(result);
    g_assert_error(no, DB_ERROR, DB_ERROR_STATEMENT);
    g_assert_cmpstr(db_error_sqlstate(no), ==, "42501");
  }
  static const DbStatement may = {.sql = "SELECT audit_prepare() FROM (SELECT 1 FROM org FOR UPDATE) o"};
  g_autoptr(DbResult) done G_GNUC_UNUSED = db_pool_read(pool, clock_deadline(10), &may, NULL, &error);
  g_assert_no_error(error);
}

/* Records of a month without a partition wait in audit_other and move when the partition is made. */
static void test_audit_partitions(Fixture *f, gconstpointer cluster) {
  (void)cluster;
  migrate(f->db, known(f->db));
  g_autofree char *drop =
      text(f->db, "SELECT format('DROP TABLE %I', 'audit_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM'))");
  script(f->db, drop);
  script(f->db, "INSERT INTO audit (org_id, kind, actor, action) VALUES (1, 'admin', 'admin:x', 'a.b')");
  g_autofree char *before = text(f->db, "SELECT count(*) FROM audit_other");
  g_assert_cmpstr(before, ==, "1");
  g_autoptr(GError) error = NULL;
  g_assert_true(audit_prepare_partitions(f->db, &error));
  g_assert_true(audit_prepare_partitions(f->db, &error));
  g_autofree char *after =
      text(f->db, "SELECT (SELECT count(*) FROM audit_other) || ' ' || count(*) FROM audit");
  g_assert_cmpstr(after, ==, "0 1");
  g_autofree char *parts =
      text(f->db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit'::regclass");
  g_assert_cmpstr(parts, ==, "4");
}

#define ADD(name, func) g_test_add("/db/migrate/" name, Fixture, cluster, set_up, func, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  Cluster *cluster = cluster_new();
  ADD("fresh-then-again", test_fresh_then_again);
  ADD("refusals", test_refusals);
  ADD("killed-half-way", test_killed_half_way);
  ADD("waits-for-a-lock", test_waits_for_a_lock);
  ADD("two-at-once", test_two_at_once);
  ADD("app-role", test_app_role);
  ADD("audit-partitions", test_audit_partitions);
  int status = g_test_run();
  cluster_free(cluster);
  return status;
}
