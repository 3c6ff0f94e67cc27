#include "lib/clock.h"

#include <string.h>
#include <time.h>

#define US G_GINT64_CONSTANT(1000000)

gint64 clock_now(void) {
  return g_get_monotonic_time();
}

gint64 clock_deadline(int seconds) {
  return clock_now() + seconds * US;
}

int clock_left_ms(gint64 deadline) {
  gint64 left = (deadline - clock_now() + 999) / 1000;
  return (int)CLAMP(left, 0, G_MAXINT);
}

gint64 clock_wall(void) {
  return g_get_real_time();
}

/* Splits an instant; returns the microseconds past its second. */
static int split(gint64 wall_us, struct tm *parts) {
  gint64 fraction = ((wall_us % US) + US) % US;
  time_t seconds = (time_t)((wall_us - fraction) / US);
  gmtime_r(&seconds, parts);
  return (int)fraction;
}

char *clock_format(gint64 wall_us, char text[CLOCK_TEXT_BYTES]) {
  struct tm parts;
  int fraction = split(wall_us, &parts);
  g_snprintf(text, CLOCK_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
             parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, fraction);
  return text;
}

char *clock_format_day(gint64 wall_us, char text[CLOCK_TEXT_BYTES]) {
  static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct tm parts;
  split(wall_us, &parts);
  g_snprintf(text, CLOCK_TEXT_BYTES, "%d %s %d", parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900);
  return text;
}

/* Exactly n digits at *text, moved past. -1 when there are fewer. */
static int digits(const char **text, int n) {
  int value = 0;
  for (int i = 0; i < n; i++) {
    if (!g_ascii_isdigit((*text)[i]))
      return -1;
    value = value * 10 + ((*text)[i] - '0');
  }
  *text += n;
  return value;
}

static gboolean literal(const char **text, const char *any) {
  if (**text == '\0' || strchr(any, **text) == NULL)
    return FALSE;
  (*text)++;
  return TRUE;
}

static gboolean read_fraction(const char **text, gint64 *us) {
  *us = 0;
  if (**text != '.')
    return TRUE;
  (*text)++;
  if (!g_ascii_isdigit(**text))
    return FALSE;
  gint64 unit = US / 10;
  for (; g_ascii_isdigit(**text); (*text)++, unit /= 10)
    *us += (**text - '0') * unit;
  return TRUE;
}

/* "Z", "+01:00", "-0500" is refused, nothing is UTC. Minutes east of UTC. */
static gboolean read_zone(const char **text, int *minutes) {
  *minutes = 0;
  if (**text == '\0')
    return TRUE;
  if (literal(text, "Zz"))
    return TRUE;
  int sign = **text == '-' ? -1 : 1;
  if (!literal(text, "+-"))
    return FALSE;
  int hours = digits(text, 2);
  if (hours < 0 || hours > 14 || !literal(text, ":"))
    return FALSE;
  int rest = digits(text, 2);
  if (rest < 0 || rest > 59)
    return FALSE;
  *minutes = sign * (hours * 60 + rest);
  return TRUE;
}

gboolean clock_parse(const char *text, gint64 *wall_us) {
  int year = digits(&text, 4);
  if (year < 1 || !literal(&text, "-"))
    return FALSE;
  int month = digits(&text, 2);
  if (month < 1 || month > 12 || !literal(&text, "-"))
    return FALSE;
  int day = digits(&text, 2);
  if (day < 1 || day > g_date_get_days_in_month((GDateMonth)month, (GDateYear)year) || !literal(&text, "Tt"))
    return FALSE;
  int hour = digits(&text, 2);
  if (hour < 0 || hour > 23 || !literal(&text, ":"))
    return FALSE;
  int minute = digits(&text, 2);
  if (minute < 0 || minute > 59 || !literal(&text, ":"))
    return FALSE;
  int second = digits(&text, 2);
  gint64 fraction;
  int zone;
  if (second < 0 || second > 60 || !read_fraction(&text, &fraction) || !read_zone(&text, &zone) ||
      *text != '\0')
    return FALSE;
  struct tm parts = {.tm_year = year - 1900,
                     .tm_mon = month - 1,
                     .tm_mday = day,
                     .tm_hour = hour,
                     .tm_min = minute,
                     .tm_sec = second};
  *wall_us = ((gint64)timegm(&parts) - zone * 60) * US + fraction;
  return TRUE;
}
