#include <string.h>

#include "saml/check.h"
#include "saml/verifier/metadata_parts.h"

#define DAY_SECONDS 86400
#define FAR_DAYS 90 /* C97 */
#define DIGITS_MAX 9

typedef struct {
  char letter;
  gboolean time; /* after the T */
  gint64 seconds;
} Unit;

/* A month has 30 days here: this says how often to look, nothing else. */
static const Unit units[] = {
    {'Y', FALSE, 365 * DAY_SECONDS},
    {'M', FALSE, 30 * DAY_SECONDS},
    {'D', FALSE, DAY_SECONDS},
    {'H', TRUE, 3600},
    {'M', TRUE, 60},
    {'S', TRUE, 1},
};

/* "15", "2.5": whole seconds are enough. NULL when there is no number; else what stands after it. */
static const char *take_number(const char *text, gint64 *number) {
  gsize digits = strspn(text, "0123456789");
  if (digits == 0 || digits > DIGITS_MAX)
    return NULL;
  *number = g_ascii_strtoll(text, NULL, 10);
  text += digits;
  return *text == '.' ? text + 1 + strspn(text + 1, "0123456789") : text;
}

/* xs:duration, not negative. Each unit once, in their order. */
static gboolean parse_duration(const char *text, gint64 *seconds) {
  gboolean time = FALSE;
  gsize next = 0;
  if (*text++ != 'P')
    return FALSE;
  *seconds = 0;
  while (*text != '\0') {
    if (*text == 'T') {
      if (time || *++text == '\0')
        return FALSE;
      time = TRUE;
    }
    gint64 number;
    text = take_number(text, &number);
    while (text != NULL && next < G_N_ELEMENTS(units) &&
           (units[next].letter != *text || units[next].time != time))
      next++;
    if (text == NULL || next == G_N_ELEMENTS(units))
      return FALSE;
    *seconds += number * units[next++].seconds;
    text++;
  }
  return next > 0;
}

static void read_cache(SamlMetadataWork *work, const char *text) {
  gint64 seconds;
  SamlIdpMetadata *metadata = work->metadata;
  if (!parse_duration(text, &seconds))
    saml_metadata_warn(work, "its cacheDuration cannot be read and is left out");
  else if (seconds > 0 && (metadata->cache_seconds == 0 || seconds < metadata->cache_seconds))
    metadata->cache_seconds = seconds;
}

gboolean saml_metadata_read_dates(SamlMetadataWork *work, const xmlNode *element) {
  const char *until = saml_structure_attribute(element, "validUntil");
  const char *cache = saml_structure_attribute(element, "cacheDuration");
  gint64 us = 0;
  if (cache != NULL)
    read_cache(work, cache);
  if (until == NULL)
    return TRUE;
  if (!saml_time_parse(until, &us))
    return saml_report_fail(work->report, SAML_CHECK_CONDITIONS, SAML_BAD_TIME, until, "UTC, with a Z");
  if (us <= work->now_us)
    return saml_report_fail(work->report, SAML_CHECK_CONDITIONS, SAML_EXPIRED, until, "a validUntil to come");
  if ((us - work->now_us) / G_USEC_PER_SEC > (gint64)FAR_DAYS * DAY_SECONDS)
    saml_metadata_warn(work, "it holds until %s: who steals a copy can use it as long", until);
  if (work->metadata->valid_until_us == 0 || us < work->metadata->valid_until_us)
    work->metadata->valid_until_us = us;
  return TRUE;
}
