/* Enters the verifier's sandbox and then does what a taken-over verifier would: for test_saml_verifier.py.
 *
 *   saml_sandbox list      → {"sanitized": false, "calls": {"read": "allowed", "openat": "refused", "socket": "killed", …}}: each system
 *                            call that the kernel knows, made in a process of its own
 *   saml_sandbox try NAME  → makes one call with arguments that mean something; exit 0: it went through, 2: EPERM, else killed */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <seccomp.h>
#include <signal.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "saml/verifier/sandbox.h"

#ifdef GATEPOST_SANITIZED
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

#define FD 3
#define PAGE 4096
#define CALLS 1024 /* more than there are */
#define EXIT_REFUSED 2

/* A rule may look at arguments, so a call is allowed when it is with any of these. */
static const long arguments[][6] = {
    {0}, {-1, -1, -1, -1, -1, -1}, {FD}, {0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}};

static G_NORETURN void leave(int code) {
  for (;;)
    syscall(SYS_exit_group, code);
}

static void enter(void) {
  if (!saml_sandbox_limit() || !saml_sandbox_enter(FD)) {
    perror("saml_sandbox");
    leave(1);
  }
}

/* The status with which it ended. */
static int attempt(int number, const long a[6]) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    enter();
    long got = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    leave(got < 0 && errno == EPERM ? EXIT_REFUSED : EXIT_SUCCESS);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid)
    leave(1);
  return status;
}

static const char *judge(int number) {
  const char *judged = "killed";
  for (gsize i = 0; i < G_N_ELEMENTS(arguments); i++) {
    int status = attempt(number, arguments[i]);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
      continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_REFUSED)
      return "allowed";
    judged = "refused";
  }
  return judged;
}

static int list(void) {
  json_t *calls = json_object();
  for (int number = 0; !SANITIZED && number < CALLS; number++) {
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (name != NULL)
      json_object_set_new(calls, name, json_string(judge(number)));
    free(name);
  }
  json_t *all = json_pack("{s:b, s:o}", "sanitized", SANITIZED, "calls", calls);
  json_dumpf(all, stdout, 0);
  json_decref(all);
  return 0;
}

/* ---- one call */

static long try_open_write(void) {
  return open("/tmp/gatepost-sandbox", O_WRONLY | O_CREAT, 0600);
}

static long try_open_read(void) {
  return open("/etc/passwd", O_RDONLY);
}

static long try_log(void) {
  return write(STDERR_FILENO, "forged\n", 7);
}

static long try_socket(void) {
  return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_connect(void) {
  struct sockaddr where = {.sa_family = AF_UNSPEC};
  return connect(FD, &where, sizeof where);
}

static long try_execve(void) {
  char *const nothing[] = {NULL};
  return execve("/bin/true", nothing, nothing);
}

static long try_fork(void) {
  return fork();
}

static long try_clone(void) {
  return syscall(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, NULL, NULL, NULL, NULL);
}

static long try_ptrace(void) {
  return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long try_kill(void) {
  return kill(getppid(), SIGKILL);
}

static long try_unlink(void) {
  return unlink("/tmp/gatepost-sandbox");
}

static long try_map_code(void) {
  return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

/* Through a pointer that is volatile, lest the compiler knows the page. */
static long try_make_code(void) {
  void *volatile page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static long try_compute(void) {
  void *volatile page = malloc(64 * PAGE);
  free(page);
  return write(FD, "x", 1);
}

static const struct {
  const char *name;
  long (*call)(void);
} tries[] = {
    {"compute", try_compute},     {"open_write", try_open_write},
    {"open_read", try_open_read}, {"log", try_log},
    {"socket", try_socket},       {"connect", try_connect},
    {"execve", try_execve},       {"fork", try_fork},
    {"clone", try_clone},         {"ptrace", try_ptrace},
    {"kill", try_kill},           {"unlink", try_unlink},
    {"map_code", try_map_code},   {"make_code", try_make_code},
};

static int try(const char *name) {
  for (gsize i = 0; i < G_N_ELEMENTS(tries); i++)
    if (strcmp(tries[i].name, name) == 0) {
      enter();
      leave(tries[i].call() < 0 && errno == EPERM ? EXIT_REFUSED : EXIT_SUCCESS);
    }
  return 1;
}

int main(int argc, char **argv) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || fcntl(ends[0], F_DUPFD, FD + 2) < 0 ||
      dup2(ends[1], FD) != FD)
    return 1;
  return argc == 3 && strcmp(argv[1], "try") == 0 ? try(argv[2]) : list();
}
