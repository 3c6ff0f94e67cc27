#include "mail/letter.h"

#include <string.h>

#define USEC_PER_SEC 1000000
#define LINE_MAX_BYTES 998    /* RFC 5322 §2.1.1 */
#define BASE64_LINE 76        /* RFC 2045 §6.8 */
#define ENCODED_PART_BYTES 42 /* base64 of it and "=?UTF-8?B??=" stay below 75, RFC 2047 §2 */

static gboolean is_ascii(const char *text) {
  for (; *text != '\0'; text++)
    if ((guchar)*text >= 0x80)
      return FALSE;
  return TRUE;
}

/* Bytes of the longest run of whole characters that fits. */
static gsize whole_characters(const char *text, gsize most) {
  gsize n = 0;
  while (text[n] != '\0') {
    gsize next = (gsize)(g_utf8_next_char(text + n) - text);
    if (next > most)
      break;
    n = next;
  }
  return n;
}

/* RFC 2047 encoded words, one a line. */
static void add_subject(GString *out, const char *subject) {
  g_string_append(out, "Subject:");
  if (is_ascii(subject) && strlen(subject) < BASE64_LINE - strlen("Subject: ")) {
    g_string_append_printf(out, " %s\r\n", subject);
    return;
  }
  do {
    gsize n = whole_characters(subject, ENCODED_PART_BYTES);
    g_autofree char *encoded = g_base64_encode((const guchar *)subject, n);
    g_string_append_printf(out, " =?UTF-8?B?%s?=\r\n", encoded);
    subject += n;
  } while (*subject != '\0');
}

static void add_date(GString *out, gint64 wall_us) {
  static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(wall_us / USEC_PER_SEC);
  g_string_append_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
                         days[g_date_time_get_day_of_week(at) - 1], g_date_time_get_day_of_month(at),
                         months[g_date_time_get_month(at) - 1], g_date_time_get_year(at),
                         g_date_time_get_hour(at), g_date_time_get_minute(at), g_date_time_get_second(at));
}

static gboolean fits_plainly(const char *body) {
  gsize line = 0;
  for (const char *at = body; *at != '\0'; at++) {
    line = *at == '\n' ? 0 : line + 1;
    if ((guchar)*at >= 0x80 || *at == '\r' || line > LINE_MAX_BYTES - 2)
      return FALSE;
  }
  return TRUE;
}

/* Every line ends with CRLF, the last one too. */
static char *crlf(const char *body) {
  GString *out = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(body, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (line[1] != NULL || **line != '\0')
      g_string_append_printf(out, "%s\r\n", g_strchomp(*line));
  return g_string_free(out, FALSE);
}

static void add_body(GString *out, const char *body) {
  g_autofree char *text = crlf(body);
  gboolean plainly = fits_plainly(body);
  g_string_append_printf(out,
                         "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: %s\r\n\r\n",
                         plainly ? "7bit" : "base64");
  if (plainly) {
    g_string_append(out, text);
    return;
  }
  g_autofree char *encoded = g_base64_encode((const guchar *)text, strlen(text));
  for (const char *at = encoded; *at != '\0';) {
    gsize n = MIN(strlen(at), BASE64_LINE);
    g_string_append_len(out, at, (gssize)n);
    g_string_append(out, "\r\n");
    at += n;
  }
}

char *mail_letter_format(const MailLetter *letter) {
  GString *out = g_string_new(NULL);
  g_string_append_printf(out, "From: <%s>\r\nTo: <%s>\r\n", letter->from, letter->to);
  add_subject(out, letter->subject);
  add_date(out, letter->wall_us);
  /* Nobody's holiday notice shall answer it: RFC 3834 §5. */
  g_string_append_printf(out, "Message-ID: <%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
                         letter->message_id);
  add_body(out, letter->body);
  return g_string_free(out, FALSE);
}
