/* Lets Dovecot run from a folder it was unpacked into: its packages have the places of doveconf and of the modules compiled in,
 * and no setting moves them. Preloaded, this turns a path below /usr/lib/dovecot, and /usr/bin/doveconf, into the same path
 * below $GATEPOST_UNPACKED, for the calls that Dovecot opens such paths with. Nothing on the host is changed. */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const moved[] = {"/usr/lib/dovecot", "/usr/bin/doveconf", "/usr/bin/doveadm"};

/* The path to use instead; buffer holds it when it is another one. */
static const char *relocate(const char *path, char buffer[PATH_MAX]) {
  const char *folder = getenv("GATEPOST_UNPACKED");
  for (size_t i = 0; folder != NULL && path != NULL && i < sizeof(moved) / sizeof(moved[0]); i++) {
    int length = 0;
    if (strncmp(path, moved[i], strlen(moved[i])) == 0)
      length = snprintf(buffer, PATH_MAX, "%s%s", folder, path);
    if (length > 0 && length < PATH_MAX)
      return buffer;
  }
  return path;
}

/* doveconf knows the settings of a driver only where it sees the driver's file. */
int access(const char *path, int mode) {
  char buffer[PATH_MAX];
  int (*next)(const char *, int) = (int (*)(const char *, int)) dlsym(RTLD_NEXT, "access");
  return next(relocate(path, buffer), mode);
}

int stat(const char *path, struct stat *found) {
  char buffer[PATH_MAX];
  int (*next)(const char *, struct stat *) = (int (*)(const char *, struct stat *)) dlsym(RTLD_NEXT, "stat");
  return next(relocate(path, buffer), found);
}

DIR *opendir(const char *path) {
  char buffer[PATH_MAX];
  DIR *(*next)(const char *) = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
  return next(relocate(path, buffer));
}

void *dlopen(const char *path, int flags) {
  char buffer[PATH_MAX];
  void *(*next)(const char *, int) = (void *(*)(const char *, int)) dlsym(RTLD_NEXT, "dlopen");
  return next(relocate(path, buffer), flags);
}

int execv(const char *path, char *const argv[]) {
  char buffer[PATH_MAX];
  int (*next)(const char *, char *const[]) = (int (*)(const char *, char *const[])) dlsym(RTLD_NEXT, "execv");
  return next(relocate(path, buffer), argv);
}

int execvp(const char *file, char *const argv[]) {
  char buffer[PATH_MAX];
  int (*next)(const char *, char *const[]) = (int (*)(const char *, char *const[])) dlsym(RTLD_NEXT, "execvp");
  return next(relocate(file, buffer), argv);
}
