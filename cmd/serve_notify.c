#include "cmd/serve_notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/jsontext.h"

/* sd_notify(3): an absolute path, or '@' for the abstract name space. */
void serve_notify(const char *state) {
  const char *path = g_getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path == NULL || (*path != '/' && *path != '@') || strlen(path) >= sizeof address.sun_path)
    return;
  memcpy(address.sun_path, path, strlen(path));
  if (*path == '@')
    address.sun_path[0] = '\0';
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    return;
  socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
  /* Nobody to tell a failure to: the manager then times the start out. */
  (void)!sendto(descriptor, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, n);
  close(descriptor);
}

gboolean serve_notify_ready_fd(int descriptor, const char *listen, const char *listen_admin) {
  g_autoptr(json_t) object = json_pack("{s:s, s:s}", "listen", listen, "listen_admin", listen_admin);
  g_autofree char *text = jsontext_dump(object);
  g_autofree char *line = g_strconcat(text, "\n", NULL);
  gboolean sent = write(descriptor, line, strlen(line)) == (ssize_t)strlen(line);
  close(descriptor);
  return sent;
}
