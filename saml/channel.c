#include "saml/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"

/* TRUE when it is worth to try again. */
static gboolean wait_for(int fd, short events, gint64 deadline) {
  if (errno == EINTR)
    return TRUE;
  if (errno != EAGAIN)
    return FALSE;
  struct pollfd poller = {.fd = fd, .events = events};
  int left = clock_left_ms(deadline);
  return left > 0 && (poll(&poller, 1, left) >= 0 || errno == EINTR);
}

static gboolean write_all(int fd, const guint8 *bytes, gsize n, gint64 deadline) {
  while (n > 0) {
    ssize_t done = write(fd, bytes, n);
    if (done < 0 && !wait_for(fd, POLLOUT, deadline))
      return FALSE;
    bytes += MAX(done, 0);
    n -= (gsize)MAX(done, 0);
  }
  return TRUE;
}

static gboolean read_all(int fd, guint8 *bytes, gsize n, gint64 deadline) {
  while (n > 0) {
    ssize_t done = read(fd, bytes, n);
    if (done == 0 || (done < 0 && !wait_for(fd, POLLIN, deadline)))
      return FALSE;
    bytes += MAX(done, 0);
    n -= (gsize)MAX(done, 0);
  }
  return TRUE;
}

/* Length and payload in one piece: the other end wakes once. */
gboolean saml_channel_send(int fd, const GByteArray *payload, gint64 deadline) {
  guint32 little = GUINT32_TO_LE(payload->len);
  g_autofree guint8 *frame = g_malloc(sizeof little + payload->len);
  memcpy(frame, &little, sizeof little);
  memcpy(frame + sizeof little, payload->data, payload->len);
  return write_all(fd, frame, sizeof little + payload->len, deadline);
}

GByteArray *saml_channel_receive(int fd, gsize most, gint64 deadline) {
  guint32 little;
  if (!read_all(fd, (guint8 *)&little, sizeof little, deadline))
    return NULL;
  guint32 n = GUINT32_FROM_LE(little);
  if (n == 0 || n > most)
    return NULL;
  g_autoptr(GByteArray) payload = g_byte_array_sized_new(n);
  g_byte_array_set_size(payload, n);
  return read_all(fd, payload->data, n, deadline) ? g_steal_pointer(&payload) : NULL;
}
