#include "lib/http_client.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/cidr.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/text.h"

G_DEFINE_QUARK(http - client - error - quark, http_client_error)

struct HttpClient {
  CURL *curl;
  char *ca_file;
  char words[CURL_ERROR_SIZE]; /* libcurl's own, of the last failure */
};

/* What one call has received so far. */
typedef struct {
  GString *body;
  gsize most, header_bytes;
  gboolean too_large, refused;
  char *location, *etag;
} Intake;

static void intake_clear(Intake *intake) {
  g_free(intake->location);
  g_free(intake->etag);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Intake, intake_clear)

typedef struct curl_slist HeaderList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeaderList, curl_slist_free_all)

HttpClient *http_client_new(const char *ca_file) {
  HttpClient *client = g_new0(HttpClient, 1);
  client->curl = curl_easy_init(); /* thread-safe since libcurl 7.84 */
  if (client->curl == NULL)
    g_error("libcurl could not be set up");
  client->ca_file = g_strdup(ca_file);
  return client;
}

void http_client_free(HttpClient *client) {
  if (client == NULL)
    return;
  curl_easy_cleanup(client->curl);
  g_free(client->ca_file);
  g_free(client);
}

const char *http_client_url(const char *url) {
  g_autoptr(GUri) uri = text_is_plain(url) ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
  if (uri == NULL)
    return "is not a URL";
  if (strcmp(g_uri_get_scheme(uri), "http") != 0 && strcmp(g_uri_get_scheme(uri), "https") != 0)
    return "must begin with https:// or http://";
  if (g_uri_get_host(uri) == NULL || *g_uri_get_host(uri) == '\0')
    return "does not name a host";
  if (g_uri_get_userinfo(uri) != NULL)
    return "must not hold a user name or password";
  return g_uri_get_fragment(uri) != NULL ? "must not hold a fragment" : NULL;
}

/* Taking fewer bytes than were offered ends the transfer. */
static size_t on_body(char *bytes, size_t size, size_t n, void *data) {
  Intake *intake = data;
  if (n > intake->most - intake->body->len) {
    intake->too_large = TRUE;
    return 0;
  }
  g_string_append_len(intake->body, bytes, (gssize)(size * n));
  return size * n;
}

static void keep_header(const char *line, gsize n, const char *name, char **value) {
  gsize skip = strlen(name);
  if (n <= skip || g_ascii_strncasecmp(line, name, skip) != 0)
    return;
  g_free(*value);
  *value = g_strstrip(g_strndup(line + skip, n - skip));
}

static size_t on_header(char *bytes, size_t size, size_t n, void *data) {
  Intake *intake = data;
  intake->header_bytes += size * n;
  intake->too_large = intake->too_large || intake->header_bytes > LIMIT_HEADER_BYTES;
  keep_header(bytes, size * n, "Location:", &intake->location);
  keep_header(bytes, size * n, "ETag:", &intake->etag);
  return intake->too_large ? 0 : size * n;
}

/* Asked for each address that is tried, after the name was resolved: a name that changes its mind between two look-ups gains nothing. */
static curl_socket_t open_public_socket(void *data, curlsocktype purpose, struct curl_sockaddr *to) {
  (void)purpose;
  Intake *intake = data;
  IpAddress address = {.bytes = {[10] = 0xff, [11] = 0xff}};
  if (to->family == AF_INET)
    memcpy(address.bytes + 12, &((struct sockaddr_in *)(void *)&to->addr)->sin_addr, 4);
  else if (to->family == AF_INET6)
    memcpy(address.bytes, &((struct sockaddr_in6 *)(void *)&to->addr)->sin6_addr, 16);
  intake->refused = (to->family != AF_INET && to->family != AF_INET6) || !cidr_address_public(&address);
  return intake->refused ? CURL_SOCKET_BAD : socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* A line break would begin a header of somebody else's choice. */
static HeaderList *header_list(const char *const *headers, GError **error) {
  g_autoptr(HeaderList) list =
      curl_slist_append(NULL, "Expect:"); /* bodies are small: no round trip to ask */
  for (gsize i = 0; headers != NULL && headers[i] != NULL; i++) {
    if (strpbrk(headers[i], "\r\n") != NULL) {
      g_set_error_literal(error, HTTP_CLIENT_ERROR, HTTP_CLIENT_ERROR_CALL, "a header holds a line break");
      return NULL;
    }
    list = curl_slist_append(list, headers[i]);
  }
  return g_steal_pointer(&list);
}

static void set_limits(HttpClient *client, const HttpClientCall *call, int left_ms) {
  CURL *curl = client->curl;
  int connect_ms = call->public_only ? LIMIT_FETCH_CONNECT_MS : LIMIT_CLIENT_CONNECT_MS;
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, call->keep ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, call->keep ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* not even from the environment */
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(left_ms, connect_ms));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  if (client->ca_file != NULL)
    curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "gatepost");
  client->words[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->words);
}

static void set_request(HttpClient *client, const HttpClientCall *call, HeaderList *headers, Intake *intake) {
  CURL *curl = client->curl;
  curl_easy_setopt(curl, CURLOPT_URL, call->url);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  if (call->body != NULL) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->n);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, intake);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, intake);
  if (!call->public_only)
    return;
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_public_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, intake);
}

static gboolean was_connected(CURL *curl) {
  curl_off_t connected = 0;
  curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
  return connected > 0;
}

static HttpClientErrorCode error_code(CURL *curl, CURLcode failed, const Intake *intake) {
  if (intake->too_large)
    return HTTP_CLIENT_ERROR_TOO_LARGE;
  if (intake->refused)
    return HTTP_CLIENT_ERROR_REFUSED;
  switch (failed) {
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CACERT_BADFILE:
    return HTTP_CLIENT_ERROR_TRUST;
  case CURLE_URL_MALFORMAT:
    return HTTP_CLIENT_ERROR_CALL;
  default:
    return was_connected(curl) ? HTTP_CLIENT_ERROR_LOST : HTTP_CLIENT_ERROR_AWAY;
  }
}

static gboolean fail(HttpClient *client, CURLcode failed, const Intake *intake, GError **error) {
  HttpClientErrorCode code = error_code(client->curl, failed, intake);
  g_autofree char *words = text_clean(client->words[0] != '\0' ? client->words : curl_easy_strerror(failed),
                                      LIMIT_QUOTED_BYTES * 2);
  if (code == HTTP_CLIENT_ERROR_TOO_LARGE)
    g_set_error_literal(error, HTTP_CLIENT_ERROR, (gint)code, "the answer is too large");
  else if (code == HTTP_CLIENT_ERROR_REFUSED)
    g_set_error_literal(error, HTTP_CLIENT_ERROR, (gint)code, "the host's address is not public");
  else
    g_set_error_literal(error, HTTP_CLIENT_ERROR, (gint)code, words);
  return FALSE;
}

gboolean http_client_call(HttpClient *client, const HttpClientCall *call, HttpClientReply *reply,
                          GError **error) {
  const char *why = http_client_url(call->url);
  if (why != NULL) {
    g_set_error(error, HTTP_CLIENT_ERROR, HTTP_CLIENT_ERROR_CALL, "the address %s", why);
    return FALSE;
  }
  int left_ms = clock_left_ms(call->deadline); /* 0 would mean no limit to libcurl */
  if (left_ms == 0) {
    g_set_error_literal(error, HTTP_CLIENT_ERROR, HTTP_CLIENT_ERROR_AWAY, "no time was left");
    return FALSE;
  }
  g_autoptr(HeaderList) headers = header_list(call->headers, error);
  if (headers == NULL)
    return FALSE;
  g_autoptr(GString) body = g_string_new(NULL);
  g_auto(Intake) intake = {.body = body, .most = call->most};
  curl_easy_reset(client->curl);
  set_limits(client, call, left_ms);
  set_request(client, call, headers, &intake);
  CURLcode failed = curl_easy_perform(client->curl);
  if (failed != CURLE_OK)
    return fail(client, failed, &intake, error);
  long status = 0;
  curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
  reply->status = (int)status;
  reply->n = body->len;
  reply->location = g_steal_pointer(&intake.location);
  reply->etag = g_steal_pointer(&intake.etag);
  reply->body = g_string_free(g_steal_pointer(&body), FALSE);
  return TRUE;
}

void http_client_reply_clear(HttpClientReply *reply) {
  g_clear_pointer(&reply->body, g_free);
  g_clear_pointer(&reply->location, g_free);
  g_clear_pointer(&reply->etag, g_free);
  reply->n = 0;
}
