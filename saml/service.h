/* What the service provider's pages share: one per process, used by any thread. And what each of them answers with: pages that may not
 * be cached, framed or scripted, redirects to our own paths, cookies that no other host can set. */
#pragma once

#include "lib/http_server.h"
#include "lib/page.h"
#include "lib/rate.h"
#include "lib/thread.h"
#include "saml/store_signin.h"
#include "saml/verifier.h"

typedef struct {
  DbPool *pool;
  Log *log;
  Metrics *metrics;
  SamlVerifier *verifier;
  PageSet *pages;
  const char *base;  /* public_url without a slash at its end */
  gboolean insecure; /* public_url is http: no HSTS */
  Rate *addresses, *connections, *messages, *refusals;
  ThreadMonitor lock;  /* guards the three below */
  GHashTable *at_work; /* slug → how many requests of it */
  guint all_at_work, entering;
} SamlService;

void saml_service_init(SamlService *service);
void saml_service_clear(SamlService *service);
/* What anybody can make us do may not hold all workers: whoever asks the verifier for something takes a place among all requests that do,
 * and among this connection's. FALSE when none came free within LIMIT_SAML_ENTER_MS: SAML_BUSY. */
gboolean saml_service_enter(SamlService *service, const char *slug);
void saml_service_leave(SamlService *service, const char *slug);

/* Messages of the provider have a bucket of their own, so that pages, which anybody may ask for, leave them room. */
typedef enum { SAML_RATE_PAGE, SAML_RATE_MESSAGE } SamlRateKind;
/* The longer wait in microseconds of the address's and the connection's (slug NULL: no connection's); -1 when either refuses, then
 * *retry_s says when to come again. */
gint64 saml_service_rate(SamlService *service, SamlRateKind kind, const IpAddress *client, const char *slug,
                         int *retry_s);

/* The connection in the path, or by its slug; NULL with a reply (404, 503). */
SamlDoor *saml_service_door(SamlService *service, HttpRequest *request, HttpReply **reply);
SamlDoor *saml_service_door_of(SamlService *service, HttpRequest *request, const char *slug,
                               HttpReply **reply);
/* Who calls, as records name it: ip and agent live in the two buffers. */
typedef struct {
  SamlCaller caller;
  char ip[CIDR_TEXT_BYTES];
  char *agent;
} SamlCallerText;
void saml_caller_init(SamlCallerText *text, HttpRequest *request);
void saml_caller_clear(SamlCallerText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlCallerText, saml_caller_clear)
