/* A document from a URL that somebody outside named: https, public addresses alone (also after each redirect and each look-up of the name),
 * capped in bytes, time and hops. */
#pragma once

#include "lib/http_client.h"

typedef struct {
  const char *url;
  const char *etag; /* of the copy we have: not sent again when it is still that; NULL */
  gsize most;       /* bytes */
  gint64 deadline;
  gboolean local; /* the admin vouches for it: http and private addresses too */
} HttpFetch;

typedef struct {
  char *body; /* n bytes and a NUL; NULL: unchanged since that etag */
  gsize n;
  char *etag; /* NULL: it has none */
} HttpFetched;

/* FALSE with an HTTP_CLIENT_ERROR: also for a status other than 200 and 304, and for a redirect that leads where it must not. */
gboolean http_fetch(HttpClient *client, const HttpFetch *fetch, HttpFetched *fetched, GError **error);
void http_fetched_clear(HttpFetched *fetched);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpFetched, http_fetched_clear)
