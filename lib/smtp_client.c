#include "lib/smtp_client.h"

#include <curl/curl.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/text.h"

G_DEFINE_QUARK(smtp - client - error, smtp_client_error)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURL, curl_easy_cleanup)

typedef struct curl_slist RecipientList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecipientList, curl_slist_free_all)

/* What is still to be sent. */
typedef struct {
  const char *at;
  gsize left;
} Outgoing;

static size_t on_read(char *buffer, size_t size, size_t n, void *data) {
  Outgoing *outgoing = data;
  gsize part = MIN(size * n, outgoing->left);
  memcpy(buffer, outgoing->at, part);
  outgoing->at += part;
  outgoing->left -= part;
  return part;
}

static void set_limits(CURL *curl, int left_ms) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp");
  curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* not even from the environment */
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(left_ms, LIMIT_CLIENT_CONNECT_MS));
  curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

/* An answer is the letter's fate; without one, it may come again. The server's own words may name people: the number is enough. */
static void fail(CURL *curl, CURLcode code, const char *words, GError **error) {
  long answer = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
  if (answer >= 400 && answer < 600) {
    g_set_error(error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_REFUSED, "answered %ld", answer);
    return;
  }
  g_autofree char *clean = text_quote(*words != '\0' ? words : curl_easy_strerror(code));
  g_set_error(error, SMTP_CLIENT_ERROR, SMTP_CLIENT_ERROR_AWAY, "%s", clean);
}

gboolean smtp_client_send(const SmtpClientCall *call, GError **error) {
  g_autoptr(CURL) curl = curl_easy_init();
  if (curl == NULL)
    g_error("libcurl could not be set up");
  char words[CURL_ERROR_SIZE] = "";
  Outgoing outgoing = {.at = call->letter, .left = strlen(call->letter)};
  g_autofree char *url = g_strdup_printf("smtp://%s/%s", call->server, call->helo);
  g_autofree char *from = g_strdup_printf("<%s>", call->from), *to = g_strdup_printf("<%s>", call->to);
  g_autoptr(RecipientList) recipients = curl_slist_append(NULL, to);
  set_limits(curl, clock_left_ms(call->deadline));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(curl, CURLOPT_READDATA, &outgoing);
  CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK)
    return TRUE;
  fail(curl, code, words, error);
  return FALSE;
}
