#include "saml/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTINGS_MOST 8

/* A locale and a time zone that read no file, and nothing that a library would take orders from. Where to find libraries stays as it
 * is for us, and so does what a sanitizer is told. */
static void make_environment(GPtrArray *environment) {
  static const char *const kept[] = {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
  g_ptr_array_add(environment, g_strdup("TZ=UTC0"));
  g_ptr_array_add(environment, g_strdup("LC_ALL=C.UTF-8"));
  for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
    if (g_getenv(kept[i]) != NULL)
      g_ptr_array_add(environment, g_strdup_printf("%s=%s", kept[i], g_getenv(kept[i])));
  g_ptr_array_add(environment, NULL);
}

/* Its own group: Ctrl-C in a terminal is for the server, which still has sign-ins to finish. */
static void make_attributes(posix_spawnattr_t *attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_init(attributes);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setpgroup(attributes, 0);
  posix_spawnattr_setflags(attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

/* Standard input and output lead nowhere, standard error is ours for the last words of a sanitizer, and nothing else of ours is open. */
static void make_actions(posix_spawn_file_actions_t *actions, int theirs) {
  posix_spawn_file_actions_init(actions);
  posix_spawn_file_actions_adddup2(actions, theirs, SAML_SPAWN_FD);
  posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(actions, SAML_SPAWN_FD + 1);
}

static int spawn(const char *program, const char *key_file, int theirs, pid_t *pid) {
  g_autoptr(GPtrArray) environment = g_ptr_array_new_full(SETTINGS_MOST, g_free);
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  char *const arguments[] = {(char *)"gatepost", (char *)SAML_SPAWN_VERB, (char *)key_file, NULL};
  make_environment(environment);
  make_attributes(&attributes);
  make_actions(&actions, theirs);
  int failed = posix_spawn(pid, program, &actions, &attributes, arguments, (char **)environment->pdata);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

gboolean saml_spawn(const char *program, const char *key_file, pid_t *pid, int *fd, const char **why) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    *why = g_strerror(errno);
    return FALSE;
  }
  int failed = spawn(program, key_file, ends[1], pid);
  close(ends[1]);
  if (failed != 0) {
    *why = g_strerror(failed);
    close(ends[0]);
    return FALSE;
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  *fd = ends[0];
  return TRUE;
}

char *saml_spawn_end(pid_t pid) {
  int status = 0;
  kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR)
      return g_strdup("unknown");
  return WIFSIGNALED(status) ? g_strdup_printf("signal %d", WTERMSIG(status))
                             : g_strdup_printf("exit %d", WEXITSTATUS(status));
}
