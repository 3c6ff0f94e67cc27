#include "mail/driver_call.h"

#include <string.h>

#include "lib/address.h"
#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/limits.h"
#include "lib/text.h"

gboolean mail_driver_call_init(MailDriverCall *call, const char *url, GError **error) {
  const char *why = http_client_url(url);
  if (why != NULL) {
    g_autofree char *quoted = text_quote(url);
    g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_CONFIG, "the address \"%s\" %s", quoted, why);
    return FALSE;
  }
  *call = (MailDriverCall){.url = g_strdup(url)};
  call->idle = g_ptr_array_new_with_free_func((GDestroyNotify)http_client_free);
  thread_monitor_init(&call->lock);
  return TRUE;
}

void mail_driver_call_clear(MailDriverCall *call) {
  if (call->url == NULL)
    return;
  thread_monitor_clear(&call->lock);
  g_ptr_array_unref(call->idle);
  g_clear_pointer(&call->url, g_free);
}

/* ---- the breaker, shared by all threads */

static gboolean may_call(MailDriverCall *call) {
  thread_monitor_enter(&call->lock);
  gboolean may = mail_breaker_ask(&call->breaker, clock_now());
  thread_monitor_leave(&call->lock);
  return may;
}

static void note(MailDriverCall *call, gboolean answered) {
  thread_monitor_enter(&call->lock);
  mail_breaker_note(&call->breaker, answered, clock_now());
  thread_monitor_leave(&call->lock);
}

/* ---- connections: a call takes one that stands, and gives it back */

static HttpClient *take_client(MailDriverCall *call) {
  thread_monitor_enter(&call->lock);
  HttpClient *client = call->idle->len > 0 ? g_ptr_array_steal_index(call->idle, call->idle->len - 1) : NULL;
  thread_monitor_leave(&call->lock);
  return client != NULL ? client : http_client_new(NULL);
}

static void give_client(MailDriverCall *call, HttpClient *client) {
  thread_monitor_enter(&call->lock);
  if (call->idle->len < MAIL_DRIVER_CALLS)
    g_ptr_array_add(call->idle, g_steal_pointer(&client));
  thread_monitor_leave(&call->lock);
  http_client_free(client);
}

/* ---- one call */

static MailDriverErrorCode transport_code(const GError *failed) {
  switch ((HttpClientErrorCode)failed->code) {
  case HTTP_CLIENT_ERROR_AWAY:
    return MAIL_DRIVER_ERROR_AWAY;
  case HTTP_CLIENT_ERROR_TRUST:
  case HTTP_CLIENT_ERROR_CALL:
  case HTTP_CLIENT_ERROR_REFUSED:
    return MAIL_DRIVER_ERROR_CONFIG;
  case HTTP_CLIENT_ERROR_LOST:
  case HTTP_CLIENT_ERROR_TOO_LARGE:
    break;
  }
  return MAIL_DRIVER_ERROR_UNCLEAR;
}

static MailDriverErrorCode status_code(int status) {
  if (status == 429 || status >= 500)
    return MAIL_DRIVER_ERROR_AWAY;
  if (status == 401 || status == 403 || status == 404 || status < 400)
    return MAIL_DRIVER_ERROR_CONFIG;
  return MAIL_DRIVER_ERROR_REFUSED;
}

/* The store's own words, as far as they can be shown. */
static char *words_of(const HttpClientReply *reply) {
  g_autoptr(json_t) root = jsontext_load(reply->body, reply->n, NULL);
  const char *message = json_string_value(json_object_get(root, "message"));
  g_autofree char *shown = message == NULL ? NULL : text_clean(message, LIMIT_QUOTED_BYTES * 2);
  return shown == NULL ? g_strdup("") : g_strdup_printf(": %s", shown);
}

static void set_status_error(const HttpClientReply *reply, GError **error) {
  static const char *const meanings[] = {
      [MAIL_DRIVER_ERROR_AWAY] = "the mail store is not well",
      [MAIL_DRIVER_ERROR_UNCLEAR] = "the mail store's answer is unclear",
      [MAIL_DRIVER_ERROR_REFUSED] = "the mail store refuses",
      [MAIL_DRIVER_ERROR_CONFIG] = "this is not the mail store's API, or the key is wrong",
  };
  MailDriverErrorCode code = status_code(reply->status);
  g_autofree char *words = words_of(reply);
  g_set_error(error, MAIL_DRIVER_ERROR, (int)code, "%s (status %d)%s", meanings[code], reply->status, words);
}

gboolean mail_driver_call_post(MailDriverCall *call, const char *const *headers, const char *body,
                               gint64 deadline, HttpClientReply *reply, GError **error) {
  if (!may_call(call)) {
    g_set_error_literal(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_AWAY,
                        "the mail store failed again and again; it is left alone for ten seconds");
    return FALSE;
  }
  g_autoptr(GError) failed = NULL;
  g_auto(HttpClientReply) answer = {0};
  HttpClientCall post = {.method = "POST",
                         .url = call->url,
                         .headers = headers,
                         .body = body,
                         .n = strlen(body),
                         .most = LIMIT_DRIVER_ANSWER_BYTES,
                         .deadline = deadline,
                         .keep = TRUE};
  HttpClient *client = take_client(call);
  gboolean answered = http_client_call(client, &post, &answer, &failed);
  give_client(call, client);
  note(call, answered && answer.status < 500);
  if (!answered) {
    g_set_error(error, MAIL_DRIVER_ERROR, (int)transport_code(failed), "the mail store gave no answer: %s",
                failed->message);
    return FALSE;
  }
  if (answer.status < 200 || answer.status > 299) {
    set_status_error(&answer, error);
    return FALSE;
  }
  *reply = answer;
  answer = (HttpClientReply){0};
  return TRUE;
}

gboolean mail_driver_call_address(const char *address, GError **error) {
  const char *why = "is not in its canonical form";
  g_autofree char *canonical = address_parse(address, &why);
  if (canonical != NULL && strcmp(canonical, address) == 0)
    return TRUE;
  g_autofree char *quoted = text_quote(address);
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_REFUSED, "\"%s\" %s", quoted, why);
  return FALSE;
}
