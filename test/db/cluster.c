#include "test/db/cluster.h"

#include <pwd.h>
#include <unistd.h>

/* PostgreSQL refuses to run as root. */
static const char *const unprivileged[] = {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"};

static void run(const char *tool, ...) G_GNUC_NULL_TERMINATED;

static void run(const char *tool, ...) {
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  for (gsize i = 0; geteuid() == 0 && i < G_N_ELEMENTS(unprivileged); i++)
    g_ptr_array_add(argv, (char *)unprivileged[i]);
  va_list args;
  va_start(args, tool);
  for (const char *arg = tool; arg != NULL; arg = va_arg(args, const char *))
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

/* The newest of Debian's /usr/lib/postgresql/N/bin. */
static char *find_bin(void) {
  const char *base = "/usr/lib/postgresql";
  g_autoptr(GDir) versions = g_dir_open(base, 0, NULL);
  gint64 best = 0;
  for (const char *name; versions != NULL && (name = g_dir_read_name(versions)) != NULL;)
    best = MAX(best, g_ascii_strtoll(name, NULL, 10));
  if (best == 0)
    g_error("no PostgreSQL server under %s: install the package postgresql", base);
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

void cluster_start(const Cluster *cluster) {
  g_autofree char *ctl = g_build_filename(cluster->bin, "pg_ctl", NULL);
  g_autofree char *data = g_build_filename(cluster->dir, "data", NULL);
  g_autofree char *log = g_build_filename(cluster->dir, "log", NULL);
  g_autofree char *options = g_strdup_printf(
      "-k %s -c listen_addresses= -c shared_buffers=16MB -c max_connections=30 -c deadlock_timeout=100ms", cluster->dir);
  run(ctl, "start", "-w", "-D", data, "-l", log, "-o", options, NULL);
}

void cluster_stop(const Cluster *cluster, const char *mode) {
  g_autofree char *ctl = g_build_filename(cluster->bin, "pg_ctl", NULL);
  g_autofree char *data = g_build_filename(cluster->dir, "data", NULL);
  run(ctl, "stop", "-w", "-D", data, "-m", mode, NULL);
}

void cluster_free(Cluster *cluster) {
  if (cluster == NULL)
    return;
  cluster_stop(cluster, "immediate");
  run("rm", "-rf", "--", cluster->dir, NULL);
  if (geteuid() == 0)
    (void)rmdir(cluster->dir);
  g_free(cluster->bin);
  g_free(cluster->dir);
  g_free(cluster->conninfo);
  g_free(cluster);
}
