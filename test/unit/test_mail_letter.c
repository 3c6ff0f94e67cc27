#include "mail/letter.h"

#include <string.h>

#define WHEN G_GINT64_CONSTANT(1795515243000000) /* 2026-11-24T10:14:03Z */

static void holds(const char *text, const char *part) {
  if (strstr(text, part) == NULL)
    g_error("\"%s\" is not in:\n%s", part, text);
}

static char *write_letter(const char *subject, const char *body) {
  MailLetter letter = {"it@example.org", "ada@example.org", subject, body, "1@gatepost.example.org", WHEN};
  return mail_letter_format(&letter);
}

static void test_plain(void) {
  g_autofree char *text = write_letter("Hello", "One\nTwo\n");
  g_assert_cmpstr(
      text, ==,
      "From: <it@example.org>\r\nTo: <ada@example.org>\r\nSubject: Hello\r\n"
      "Date: Tue, 24 Nov 2026 10:14:03 +0000\r\nMessage-ID: <1@gatepost.example.org>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nOne\r\nTwo\r\n");
}

static void test_other_letters(void) {
  g_autofree char *text = write_letter("Grüße", "Ada Bÿron\n");
  holds(text, "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n");
  holds(text, "Content-Transfer-Encoding: base64\r\n\r\nQWRhIELDv3Jvbg0K\r\n");
}

/* No line is too long, none but the header's own begins a header, no encoded word cuts a character. */
static void test_long(void) {
  g_autoptr(GString) subject = g_string_new(NULL), body = g_string_new(NULL);
  for (int i = 0; i < 200; i++)
    g_string_append(subject, "ü€");
  for (int i = 0; i < 3000; i++)
    g_string_append_c(body, 'x');
  g_autofree char *text = write_letter(subject->str, body->str);
  g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
  g_autoptr(GString) decoded = g_string_new(NULL);
  for (char **line = lines; *line != NULL; line++) {
    g_assert_cmpuint(strlen(*line), <=, 78);
    char *word = strstr(*line, "=?UTF-8?B?");
    if (word == NULL)
      continue;
    gsize n;
    g_auto(GStrv) parts = g_strsplit(word, "?", -1);
    g_autofree guchar *bytes = g_base64_decode(parts[3], &n);
    g_assert_true(g_utf8_validate((char *)bytes, (gssize)n, NULL));
    g_string_append_len(decoded, (char *)bytes, (gssize)n);
  }
  g_assert_cmpstr(decoded->str, ==, subject->str);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mail_letter/plain", test_plain);
  g_test_add_func("/mail_letter/other-letters", test_other_letters);
  g_test_add_func("/mail_letter/long", test_long);
  return g_test_run();
}
