/* Frames over the socket between the server and a verifier process: a length of four bytes, then so many. The same for both ends: a
 * descriptor that blocks is waited for by the kernel, one that does not until a deadline (clock_now). */
#pragma once

#include <glib.h>

/* FALSE when the other end is gone or the deadline has passed. */
gboolean saml_channel_send(int fd, const GByteArray *payload, gint64 deadline);
/* The next frame's payload, 1…most bytes. NULL: the other end is gone, too slow, or says more than that; never trust it again. */
GByteArray *saml_channel_receive(int fd, gsize most, gint64 deadline);
