#include "lib/http_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#define BACKLOG 1024
#define SOCKET_MODE 0660 /* whoever may connect is believed about the client's address */

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
} Address;

static int fail(int fd, const char *listen_at, int cause, GError **error) {
  if (fd >= 0)
    close(fd);
  if (cause == EADDRINUSE)
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
        "%s is already used by another program. Stop that one, or choose another address with the setting "
        "listen (GP-1203)",
        listen_at);
  else
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(cause),
                "cannot listen on %s: %s. Check the setting listen (GP-1204)", listen_at, g_strerror(cause));
  return -1;
}

/* "127.0.0.1:8025", "[::1]:8025": the port follows the last colon. */
static gboolean parse_inet(const char *text, Address *address, socklen_t *n) {
  const char *colon = strrchr(text, ':');
  guint64 port = 0;
  if (colon == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
    return FALSE;
  g_autofree char *host = g_strndup(text, (gsize)(colon - text));
  gsize bytes = strlen(host);
  memset(address, 0, sizeof *address);
  if (bytes > 2 && host[0] == '[' && host[bytes - 1] == ']') {
    host[bytes - 1] = '\0';
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons((guint16)port);
    *n = sizeof address->v6;
    return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1;
  }
  address->v4.sin_family = AF_INET;
  address->v4.sin_port = htons((guint16)port);
  *n = sizeof address->v4;
  return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1;
}

static char *format_inet(int fd) {
  Address address = {0};
  socklen_t n = sizeof address;
  char text[INET6_ADDRSTRLEN] = "";
  if (getsockname(fd, &address.any, &n) != 0)
    return g_strdup("?");
  if (address.any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
    return g_strdup_printf("[%s]:%u", text, ntohs(address.v6.sin6_port));
  }
  inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
  return g_strdup_printf("%s:%u", text, ntohs(address.v4.sin_port));
}

/* A socket file nobody answers on was left by a killed process. */
static void remove_stale(const Address *address) {
  struct stat about;
  if (lstat(address->local.sun_path, &about) != 0 || !S_ISSOCK(about.st_mode))
    return;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (connect(fd, &address->any, sizeof address->local) != 0 && errno == ECONNREFUSED)
    unlink(address->local.sun_path);
  close(fd);
}

static int listen_local(const char *listen_at, char **address, char **path, GError **error) {
  Address where = {.local.sun_family = AF_UNIX};
  const char *file = listen_at + strlen("unix:");
  if (file[0] != '/' || strlen(file) >= sizeof where.local.sun_path)
    return fail(-1, listen_at, EINVAL, error);
  g_strlcpy(where.local.sun_path, file, sizeof where.local.sun_path);
  remove_stale(&where);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, &where.any, sizeof where.local) != 0)
    return fail(fd, listen_at, errno, error);
  if (chmod(file, SOCKET_MODE) != 0 || listen(fd, BACKLOG) != 0) {
    int cause = errno;
    unlink(file);
    return fail(fd, listen_at, cause, error);
  }
  *address = g_strdup(listen_at);
  *path = g_strdup(file);
  return fd;
}

int http_listen(const char *listen_at, char **address, char **path, GError **error) {
  if (g_str_has_prefix(listen_at, "unix:"))
    return listen_local(listen_at, address, path, error);
  Address where;
  socklen_t n = 0;
  int on = 1;
  if (!parse_inet(listen_at, &where, &n))
    return fail(-1, listen_at, EINVAL, error);
  int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return fail(fd, listen_at, errno, error);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, &where.any, n) != 0 || listen(fd, BACKLOG) != 0)
    return fail(fd, listen_at, errno, error);
  *address = format_inet(fd);
  *path = NULL;
  return fd;
}
