/* One verifier process: our own program again, with an environment made from nothing and one descriptor. */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define SAML_SPAWN_VERB "saml-verifier"
#define SAML_SPAWN_FD 3 /* the child's end */

/* FALSE with an errno text in *why. *fd: our end, which never blocks. The process is killed when the calling thread ends. */
gboolean saml_spawn(const char *program, const char *key_file, pid_t *pid, int *fd, const char **why);
/* Kills, waits; how it ended, as words for a log: "exit 1", "signal 31". Free with g_free. */
char *saml_spawn_end(pid_t pid);
