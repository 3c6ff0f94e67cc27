/* One sign-in over POP3, ManageSieve or submission as a program on this host does it, for `dovecot verify`: plain text, so for
 * loopback alone. Blocking; every wait ends after ten seconds. */
#pragma once

#include <glib.h>

typedef enum {
  DOOR_PROBE_OPENED,
  DOOR_PROBE_REFUSED,
  DOOR_PROBE_NOBODY, /* nothing listens there */
  DOOR_PROBE_TLS,    /* it takes sign-ins after TLS alone, which is not spoken here */
} DoorProbeResult;

typedef struct DoorProbeKind DoorProbeKind;
struct DoorProbeKind {
  const char *name, *place; /* "pop3", "127.0.0.1:110" where nothing else is said */
  const char *steps[4];     /* what is sent after each good answer; private to door_probe.c */
  const char *good;         /* what a good answer begins with */
  gboolean (*is_last)(const char *line);
};
/* Ends with name NULL. */
extern const DoorProbeKind door_probe_kinds[];

/* *said gets the server's last line, or why there is none; free with g_free. */
DoorProbeResult door_probe(const DoorProbeKind *kind, const char *place, const char *login,
                           const char *secret, char **said);
