#include "saml/verifier/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/limits.h"

#ifdef GATEPOST_SANITIZED
#define FILTERED FALSE
#else
#define FILTERED TRUE
#endif

/* Each is here because something that runs in the process makes it. */
static const int allowed[] = {
    /* memory that cannot be executed: see add_memory */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* locks, and what abort(3) and a handler's return need */
    SCMP_SYS(futex), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall), SCMP_SYS(getpid), SCMP_SYS(gettid),
    /* the time, where the kernel gives it by a call */
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    /* libcrypto's random numbers */
    SCMP_SYS(getrandom),
    /* the end */
    SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* Libraries look for a catalogue, a time zone, a configuration; they go on without. */
static const int refused[] = {
    SCMP_SYS(open),       SCMP_SYS(openat),     SCMP_SYS(stat),   SCMP_SYS(lstat),     SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(statx),      SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),   SCMP_SYS(readlinkat), SCMP_SYS(getcwd)};

/* rlim_cur as well as rlim_max: nothing can raise it again. */
static gboolean limit(__rlimit_resource_t what, rlim_t most) {
  struct rlimit both = {most, most};
  return setrlimit(what, &both) == 0;
}

/* What the process has mapped, in bytes; 0: it cannot be told. */
static rlim_t mapped(void) {
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
    return 0;
  return (rlim_t)g_ascii_strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

gboolean saml_sandbox_limit(void) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return FALSE;
  if (!FILTERED)
    return TRUE;
  rlim_t now = mapped();
  return now > 0 && limit(RLIMIT_AS, now + LIMIT_SAML_MEMORY_BYTES) && limit(RLIMIT_NOFILE, 0) &&
         limit(RLIMIT_NPROC, 0) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
         limit(RLIMIT_MEMLOCK, 0) && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static int add_list(scmp_filter_ctx filter, guint32 action, const int *calls, gsize n) {
  int failed = 0;
  for (gsize i = 0; failed == 0 && i < n; i++)
    failed = seccomp_rule_add(filter, action, calls[i], 0);
  return failed;
}

/* One descriptor; writing elsewhere, to the log, say, is refused. */
static int add_descriptor(scmp_filter_ctx filter, scmp_datum_t fd) {
  int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, fd));
  failed = failed ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, fd));
  return failed
             ?: seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_NE, fd));
}

/* Pages of nobody, which never become code. */
static int add_memory(scmp_filter_ctx filter) {
  int failed =
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                       SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
  return failed
             ?: seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

gboolean saml_sandbox_enter(int fd) {
  if (!FILTERED)
    return TRUE;
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == NULL) {
    errno = ENOMEM;
    return FALSE;
  }
  int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  failed = failed ?: add_list(filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS(allowed));
  failed = failed ?: add_list(filter, SCMP_ACT_ERRNO(EPERM), refused, G_N_ELEMENTS(refused));
  failed = failed ?: add_descriptor(filter, (scmp_datum_t)fd);
  failed = failed ?: add_memory(filter);
  failed = failed ?: seccomp_load(filter);
  seccomp_release(filter);
  errno = -failed;
  return failed == 0;
}
