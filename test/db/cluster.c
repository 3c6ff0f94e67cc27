#include "test/db/cluster.h"

#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/db.h"

#define START_SECONDS 30

/* PostgreSQL refuses to run as root; and what an aborted test leaves must not go on running. */
static GPtrArray *command(const char *tool) {
  static const char *const always[] = {"setpriv", "--pdeathsig=QUIT"};
  static const char *const root[] = {"--reuid=nobody", "--regid=nogroup", "--clear-groups"};
  GPtrArray *argv = g_ptr_array_new();
  for (gsize i = 0; i < G_N_ELEMENTS(always); i++)
    g_ptr_array_add(argv, (char *)always[i]);
  for (gsize i = 0; geteuid() == 0 && i < G_N_ELEMENTS(root); i++)
    g_ptr_array_add(argv, (char *)root[i]);
  g_ptr_array_add(argv, (char *)"--");
  g_ptr_array_add(argv, (char *)tool);
  return argv;
}

static void run(const char *tool, ...) G_GNUC_NULL_TERMINATED;

static void run(const char *tool, ...) {
  g_autoptr(GPtrArray) argv = command(tool);
  va_list args;
  va_start(args, tool);
  for (const char *arg; (arg = va_arg(args, const char *)) != NULL;)
    g_ptr_array_add(argv, (char *)arg);
  va_end(args);
  g_ptr_array_add(argv, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *words = NULL;
  int status = 0;
  GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL;
  if (!g_spawn_sync("/", (char **)argv->pdata, NULL, flags, NULL, NULL, NULL, &words, &status, &error) ||
      !g_spawn_check_wait_status(status, &error))
    g_error("%s: %s %s", tool, error->message, words != NULL ? words : "");
}

/* The folder the caller names, as it may have unpacked the server, else the newest of Debian's. */
static char *find_bin(void) {
  const char *told = g_getenv("GATEPOST_POSTGRES_BIN");
  if (told != NULL)
    return g_strdup(told);
  const char *base = "/usr/lib/postgresql";
  g_autoptr(GDir) versions = g_dir_open(base, 0, NULL);
  gint64 best = 0;
  for (const char *name; versions != NULL && (name = g_dir_read_name(versions)) != NULL;)
    best = MAX(best, g_ascii_strtoll(name, NULL, 10));
  if (best == 0)
    g_error(
        "no PostgreSQL server under %s: install postgresql, or name its bin folder in GATEPOST_POSTGRES_BIN",
        base);
  return g_strdup_printf("%s/%d/bin", base, (int)best);
}

char *cluster_conninfo(const Cluster *cluster, const char *database) {
  return g_strdup_printf("host=%s user=gatepost dbname=%s", cluster->dir, database);
}

Cluster *cluster_new(void) {
  Cluster *cluster = g_new0(Cluster, 1);
  cluster->bin = find_bin();
  cluster->dir = g_dir_make_tmp("gatepost-db-XXXXXX", NULL);
  g_assert_nonnull(cluster->dir);
  const struct passwd *nobody = geteuid() == 0 ? getpwnam("nobody") : NULL;
  if (nobody != NULL)
    g_assert_cmpint(chown(cluster->dir, nobody->pw_uid, nobody->pw_gid), ==, 0);
  cluster->conninfo = cluster_conninfo(cluster, "postgres");
  g_autofree char *initdb = g_build_filename(cluster->bin, "initdb", NULL);
  g_autofree char *data = g_build_filename(cluster->dir, "data", NULL);
  run(initdb, "-D", data, "-A", "trust", "-U", "gatepost", "-E", "UTF8", "--locale=C.UTF-8", "-N", NULL);
  cluster_start(cluster);
  return cluster;
}

/* The socket's lock file is complete before connections are taken: ask until one is. */
static void wait_until_ready(const Cluster *cluster) {
  g_autoptr(GError) error = NULL;
  gint64 deadline = clock_deadline(START_SECONDS);
  for (;;) {
    g_autoptr(Db) db = db_open(cluster->conninfo, "test", deadline, &error);
    if (db != NULL)
      return;
    if (clock_left_ms(deadline) == 0)
      g_error("PostgreSQL in %s does not start: %s", cluster->dir, error->message);
    g_clear_error(&error);
    g_usleep(20000);
  }
}

void cluster_start(Cluster *cluster) {
  g_autofree char *postgres = g_build_filename(cluster->bin, "postgres", NULL);
  g_autofree char *data = g_build_filename(cluster->dir, "data", NULL);
  static const char *const settings[] = {"-c", "listen_addresses=",  "-c", "shared_buffers=16MB",
                                         "-c", "max_connections=30", "-c", "deadlock_timeout=100ms",
                                         "-c", "fsync=off"};
  g_autoptr(GPtrArray) argv = command(postgres);
  g_ptr_array_add(argv, (char *)"-D");
  g_ptr_array_add(argv, data);
  g_ptr_array_add(argv, (char *)"-k");
  g_ptr_array_add(argv, cluster->dir);
  for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
    g_ptr_array_add(argv, (char *)settings[i]);
  g_ptr_array_add(argv, NULL);
  g_autoptr(GError) error = NULL;
  GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                      G_SPAWN_STDERR_TO_DEV_NULL;
  if (!g_spawn_async("/", (char **)argv->pdata, NULL, flags, NULL, NULL, &cluster->postmaster, &error))
    g_error("%s: %s", postgres, error->message);
  wait_until_ready(cluster);
}

void cluster_stop(Cluster *cluster) {
  if (cluster->postmaster == 0)
    return;
  kill(cluster->postmaster, SIGQUIT);
  waitpid(cluster->postmaster, NULL, 0);
  cluster->postmaster = 0;
}

void cluster_free(Cluster *cluster) {
  if (cluster == NULL)
    return;
  cluster_stop(cluster);
  run("rm", "-rf", "--", cluster->dir, NULL);
  g_free(cluster->bin);
  g_free(cluster->dir);
  g_free(cluster->conninfo);
  g_free(cluster);
}
