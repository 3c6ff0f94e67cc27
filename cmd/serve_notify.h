/* Telling whoever started the service: systemd by one datagram, a script by one JSON line. */
#pragma once

#include <glib.h>

/* "READY=1\nSTATUS=…" to $NOTIFY_SOCKET; nothing without one. */
void serve_notify(const char *state);
/* {"listen": …, "listen_admin": …} to the descriptor, which is then closed. */
gboolean serve_notify_ready_fd(int descriptor, const char *listen, const char *listen_admin);
