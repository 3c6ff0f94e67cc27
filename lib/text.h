/* Text from outside: is it UTF-8, the key it is compared by, and the form in which it may be shown. */
#pragma once

#include <glib.h>

/* TRUE when bytes are UTF-8 without NUL. */
gboolean text_is_utf8(const char *text, gsize n);
/* The comparison key: Unicode NFKC_Casefold (utf8proc), which also drops zero-width characters, so that it may be
 * empty. What two spellings of one userName share. NULL when text is not UTF-8. Free with g_free. */
char *text_key(const char *text);
/* TRUE when text is UTF-8 and each character can be seen: no controls, format characters (bidi marks, zero-width), line
 * separators, private or unassigned ones. */
gboolean text_is_plain(const char *text);
/* For logs and error messages: what text_is_plain refuses becomes '?', clipped to LIMIT_QUOTED_BYTES with "…". Free with
 * g_free. */
char *text_quote(const char *text);
/* The same for a message of any length up to max bytes. */
char *text_clean(const char *text, gsize max);
/* The candidate nearest to `word` by edit distance, at most a third of its length away; NULL when none is. For
 * "did you mean". `candidates` ends with NULL. */
const char *text_nearest(const char *word, const char *const *candidates);

#define TEXT_REAL_BYTES 40
/* The shortest decimal text that reads back as the same finite number, in any locale, into `text`; returns it. */
char *text_real(double value, char text[TEXT_REAL_BYTES]);
