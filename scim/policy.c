#include "scim/policy.h"

#include "lib/clock.h"
#include "lib/limits.h"
#include "scim/call.h"
#include "scim/reply.h"
#include "scim/routes.h"

static void free_call(gpointer call) {
  scim_call_free(call);
}

/* No I/O here: a credential that cannot be one, and one that asks too often, cost no statement. */
static HttpVerdict before_body(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  ScimService *service = app;
  GError *error = NULL;
  ScimCall *call = scim_call_new(request, &error);
  if (call == NULL) {
    *reply = scim_reply_error(service, request, NULL, error);
    return HTTP_ANSWERED;
  }
  http_request_set_data(request, call, free_call);
  int retry_after_s = 1;
  gint64 wait = rate_take(service->rate, call->token_hash, sizeof call->token_hash, clock_now(),
                          LIMIT_RATE_DELAY_SECONDS * G_USEC_PER_SEC, &retry_after_s);
  if (wait < 0) {
    *reply = scim_reply_throttled(service, request, retry_after_s);
    return HTTP_ANSWERED;
  }
  *delay_us = wait;
  return wait > 0 ? HTTP_POSTPONED : HTTP_GO;
}

static HttpVerdict authorise(HttpRequest *request, gpointer app, HttpReply **reply) {
  ScimService *service = app;
  ScimCall *call = http_request_data(request);
  GError *error = NULL;
  if (scim_call_authorise(call, service, request, &error))
    return HTTP_GO;
  *reply = scim_reply_error(service, request, call, error);
  return HTTP_ANSWERED;
}

static HttpReply *refuse(HttpRequest *request, gpointer app, int status, int gp_code, const char *message) {
  return scim_reply_refusal(app, request, status, gp_code, message);
}

static HttpReply *refuse_path(HttpRequest *request, gpointer app, int status, int gp_code,
                              const char *message) {
  if (status != 404)
    return scim_reply_refusal(app, request, status, gp_code, message);
  return scim_reply_refusal(
      app, request, status, gp_code,
      "there is nothing at this path; the SCIM endpoints are Users, Groups, ServiceProviderConfig,"
      " ResourceTypes and Schemas below /scim/v2");
}

const HttpPolicy scim_policy_token = {
    .name = "scim", .before_body = before_body, .authorise = authorise, .refuse = refuse};
const HttpPolicy scim_policy_discovery = {.name = "scim-discovery", .refuse = refuse};
static const HttpPolicy fallback_policy = {.name = "scim-fallback", .refuse = refuse_path};

const HttpPolicy *scim_policy_fallback(void) {
  return &fallback_policy;
}
