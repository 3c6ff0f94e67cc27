#include "lib/http_fetch.h"

#include "lib/limits.h"
#include "lib/text.h"

typedef enum { DONE, MOVED, FAILED } Outcome;

static gboolean is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static gboolean refuse(HttpClientErrorCode code, const char *url, const char *why, GError **error) {
  g_autofree char *clean = text_clean(url, LIMIT_QUOTED_BYTES);
  g_set_error(error, HTTP_CLIENT_ERROR, (gint)code, "\"%s\" %s", clean, why);
  return FALSE;
}

static gboolean may_fetch(const HttpFetch *fetch, const char *url, GError **error) {
  const char *why = http_client_url(url);
  if (why == NULL && !fetch->local && !g_str_has_prefix(url, "https://"))
    why = "must begin with https://";
  return why == NULL || refuse(HTTP_CLIENT_ERROR_CALL, url, why, error);
}

/* One hop. *url is replaced when the answer sends us on. */
static Outcome hop(HttpClient *client, const HttpFetch *fetch, char **url, HttpFetched *fetched,
                   GError **error) {
  g_auto(HttpClientReply) reply = {0};
  g_autofree char *match = fetch->etag == NULL ? NULL : g_strconcat("If-None-Match: ", fetch->etag, NULL);
  const char *headers[] = {match, NULL};
  HttpClientCall call = {.method = "GET",
                         .url = *url,
                         .headers = headers,
                         .most = fetch->most,
                         .deadline = fetch->deadline,
                         .public_only = !fetch->local};
  if (!may_fetch(fetch, *url, error) || !http_client_call(client, &call, &reply, error))
    return FAILED;
  if (reply.status == 200 || (reply.status == 304 && match != NULL)) {
    *fetched = (HttpFetched){.n = reply.n, .etag = g_steal_pointer(&reply.etag)};
    fetched->body = reply.status == 200 ? g_steal_pointer(&reply.body) : NULL;
    return DONE;
  }
  char *next = is_redirect(reply.status) && reply.location != NULL
                   ? g_uri_resolve_relative(*url, reply.location, G_URI_FLAGS_NONE, NULL)
                   : NULL;
  if (next == NULL) {
    g_autofree char *why = g_strdup_printf("answers %d", reply.status);
    refuse(HTTP_CLIENT_ERROR_LOST, *url, why, error);
    return FAILED;
  }
  g_free(*url);
  *url = next;
  return MOVED;
}

gboolean http_fetch(HttpClient *client, const HttpFetch *fetch, HttpFetched *fetched, GError **error) {
  g_autofree char *url = g_strdup(fetch->url);
  for (int hops = 0; hops <= LIMIT_FETCH_HOPS; hops++) {
    Outcome outcome = hop(client, fetch, &url, fetched, error);
    if (outcome != MOVED)
      return outcome == DONE;
  }
  return refuse(HTTP_CLIENT_ERROR_LOST, fetch->url, "redirects too often", error);
}

void http_fetched_clear(HttpFetched *fetched) {
  g_clear_pointer(&fetched->body, g_free);
  g_clear_pointer(&fetched->etag, g_free);
}
