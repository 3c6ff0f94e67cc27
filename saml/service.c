#include "saml/service.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "saml/store.h"
#include "saml/web.h"

#define ADDRESSES 20000
#define CONNECTIONS 1000
#define MINUTE 60.0
#define AGENT_BYTES 256
#define OTHERS_WORKERS 4

G_STATIC_ASSERT(LIMIT_SAML_WORKERS + OTHERS_WORKERS <= LIMIT_WORKERS);
G_STATIC_ASSERT(LIMIT_SAML_ENTERING < OTHERS_WORKERS);
G_STATIC_ASSERT(LIMIT_SAML_AT_ONCE < LIMIT_SAML_WORKERS);

void saml_service_init(SamlService *service) {
  service->addresses = rate_new(LIMIT_SAML_RATE_ADDRESS, LIMIT_SAML_BURST_ADDRESS, ADDRESSES);
  service->connections = rate_new(LIMIT_SAML_RATE_CONNECTION, LIMIT_SAML_BURST_CONNECTION, CONNECTIONS);
  service->messages = rate_new(LIMIT_SAML_RATE_CONNECTION, LIMIT_SAML_BURST_CONNECTION, CONNECTIONS);
  service->refusals = rate_new(LIMIT_SAML_REFUSALS / MINUTE, LIMIT_SAML_REFUSALS, CONNECTIONS);
  thread_monitor_init(&service->lock);
  service->at_work = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void saml_service_clear(SamlService *service) {
  rate_free(service->addresses);
  rate_free(service->connections);
  rate_free(service->messages);
  rate_free(service->refusals);
  if (service->at_work == NULL)
    return;
  g_hash_table_unref(service->at_work);
  thread_monitor_clear(&service->lock);
}

static guint at_work(const SamlService *service, const char *slug) {
  return GPOINTER_TO_UINT(g_hash_table_lookup(service->at_work, slug));
}

static gboolean has_place(const SamlService *service, const char *slug) {
  return service->all_at_work < LIMIT_SAML_WORKERS && at_work(service, slug) < LIMIT_SAML_AT_ONCE;
}

/* The lock is held. */
static void await_place(SamlService *service, const char *slug) {
  gint64 deadline = clock_now() + LIMIT_SAML_ENTER_MS * (G_USEC_PER_SEC / 1000);
  if (service->entering >= LIMIT_SAML_ENTERING)
    return;
  service->entering++;
  while (!has_place(service, slug) && clock_now() < deadline)
    thread_monitor_wait(&service->lock, deadline);
  service->entering--;
}

gboolean saml_service_enter(SamlService *service, const char *slug) {
  thread_monitor_enter(&service->lock);
  await_place(service, slug);
  gboolean in = has_place(service, slug);
  if (in) {
    g_hash_table_replace(service->at_work, g_strdup(slug), GUINT_TO_POINTER(at_work(service, slug) + 1));
    service->all_at_work++;
  }
  thread_monitor_leave(&service->lock);
  return in;
}

void saml_service_leave(SamlService *service, const char *slug) {
  thread_monitor_enter(&service->lock);
  guint left = at_work(service, slug) - 1;
  service->all_at_work--;
  if (left == 0)
    g_hash_table_remove(service->at_work, slug);
  else
    g_hash_table_replace(service->at_work, g_strdup(slug), GUINT_TO_POINTER(left));
  thread_monitor_notify_all(&service->lock);
  thread_monitor_leave(&service->lock);
}

gint64 saml_service_rate(SamlService *service, SamlRateKind kind, const IpAddress *client, const char *slug,
                         int *retry_s) {
  gint64 most = LIMIT_SAML_RATE_WAIT_SECONDS * G_USEC_PER_SEC, now = clock_now();
  gint64 wait =
      rate_take(service->addresses, client->bytes, cidr_address_client_bytes(client), now, most, retry_s);
  if (wait < 0 || slug == NULL)
    return wait;
  Rate *bucket = kind == SAML_RATE_MESSAGE ? service->messages : service->connections;
  gint64 other = rate_take(bucket, (const guint8 *)slug, strlen(slug), now, most, retry_s);
  return other < 0 ? other : MAX(wait, other);
}

static gboolean is_slug(const char *text) {
  gsize n = strlen(text);
  return n > 0 && n <= 63 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static HttpReply *no_door(SamlService *service) {
  return saml_web_page(service, 404, "nothing", json_object(), FALSE);
}

SamlDoor *saml_service_door(SamlService *service, HttpRequest *request, HttpReply **reply) {
  return saml_service_door_of(service, request, http_request_segment(request, "connection"), reply);
}

SamlDoor *saml_service_door_of(SamlService *service, HttpRequest *request, const char *slug,
                               HttpReply **reply) {
  g_autoptr(GError) error = NULL;
  SamlDoor *door = NULL;
  if (is_slug(slug) &&
      !saml_store_door(service->pool, http_request_deadline(request), service->base, slug, &door, &error)) {
    *reply = saml_web_away(service, request, error);
    return NULL;
  }
  if (door == NULL)
    *reply = no_door(service);
  else
    http_request_note(request, "connection", slug);
  return door;
}

void saml_caller_init(SamlCallerText *text, HttpRequest *request) {
  const char *agent = http_request_header(request, "User-Agent");
  cidr_address_format(http_request_client(request), text->ip);
  text->agent = agent != NULL ? text_clean(agent, AGENT_BYTES) : NULL;
  text->caller = (SamlCaller){http_request_id(request), text->ip, text->agent};
}

void saml_caller_clear(SamlCallerText *text) {
  g_free(text->agent);
}
