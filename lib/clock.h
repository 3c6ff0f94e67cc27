/* Time in one place: monotonic deadlines, and RFC 3339 text for people and wires. All times are UTC microseconds. */
#pragma once

#include <glib.h>

/* Monotonic microseconds; what every deadline in the program is measured in. */
gint64 clock_now(void);
/* The deadline `seconds` from now. */
gint64 clock_deadline(int seconds);
/* Milliseconds left until `deadline`, never negative, for poll(2). */
int clock_left_ms(gint64 deadline);
/* Wall-clock microseconds since 1970. */
gint64 clock_wall(void);

#define CLOCK_TEXT_BYTES 32
/* "2026-11-24T10:14:03.123456Z" into `text`; returns it. */
char *clock_format(gint64 wall_us, char text[CLOCK_TEXT_BYTES]);
/* "3 Nov 2026" (UTC), for people. */
char *clock_format_day(gint64 wall_us, char text[CLOCK_TEXT_BYTES]);
/* RFC 3339 / xsd:dateTime with any offset and any fraction (cut to microseconds); a missing zone is UTC.
 * FALSE when the text is no such instant (leap second 60 is read as the next second; +25:00 and year 0 are refused). */
gboolean clock_parse(const char *text, gint64 *wall_us);
