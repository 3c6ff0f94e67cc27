#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "cmd/verbs.h"
#include "cmd/verifier.h"

/* A closed standard descriptor would be taken by the next socket, and our text written into it. */
static void fill_standard_descriptors(void) {
  int got;
  do
    got = open("/dev/null", O_RDWR);
  while (got >= 0 && got <= STDERR_FILENO);
  if (got >= 0)
    close(got);
}

/* Times are UTC and numbers are written with a point, whatever the host says; only characters follow a locale. */
int main(int argc, char **argv) {
  fill_standard_descriptors();
  g_setenv("TZ", "UTC", TRUE);
  setlocale(LC_CTYPE, "C.UTF-8");
  signal(SIGPIPE, SIG_IGN);
  int exit;
  if (verifier_is_child(argc, argv, &exit))
    return exit;
  return verbs_main(argc, argv);
}
