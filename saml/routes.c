#include "saml/routes.h"

#include "lib/form.h"
#include "lib/limits.h"
#include "saml/acs.h"
#include "saml/logout.h"
#include "saml/start.h"
#include "saml/web.h"

#define GP_TOO_OFTEN 4158
#define GP_FORM 4102
#define GP_SIZE 4101

HttpReply *saml_routes_refuse(SamlService *service, int status, int gp_code, const char *message) {
  g_autofree char *code = g_strdup_printf("GP-%04d", gp_code);
  return saml_web_page(service, status, "refused", json_pack("{s:s, s:s}", "why", message, "code", code),
                       FALSE);
}

static HttpVerdict answer(HttpReply **reply, HttpReply *made) {
  *reply = made;
  return HTTP_ANSWERED;
}

static HttpVerdict too_often(SamlService *service, HttpReply **reply, int retry_s) {
  *reply = saml_routes_refuse(service, 429, GP_TOO_OFTEN,
                              "Too many sign-ins come from your network at once. Try again in a minute.");
  if (*reply != NULL) {
    g_autofree char *after = g_strdup_printf("%d", MAX(retry_s, 1));
    http_reply_header(*reply, "Retry-After", after);
  }
  return HTTP_ANSWERED;
}

static HttpVerdict limit(HttpRequest *request, SamlService *service, SamlRateKind kind, HttpReply **reply,
                         gint64 *delay_us) {
  int retry_s = 1;
  const char *slug = http_request_route(request) != NULL ? http_request_segment(request, "connection") : NULL;
  gint64 wait = saml_service_rate(service, kind, http_request_client(request), slug, &retry_s);
  if (wait < 0)
    return too_often(service, reply, retry_s);
  *delay_us = wait;
  return wait > 0 ? HTTP_POSTPONED : HTTP_GO;
}

HttpVerdict saml_routes_page(HttpRequest *request, SamlService *service, HttpReply **reply,
                             gint64 *delay_us) {
  return limit(request, service, SAML_RATE_PAGE, reply, delay_us);
}

HttpVerdict saml_routes_form(HttpRequest *request, SamlService *service, HttpReply **reply,
                             gint64 *delay_us) {
  const char *length = http_request_header(request, "Content-Length");
  if (length == NULL)
    return answer(reply, saml_routes_refuse(service, 411, GP_FORM, "The form came without its length."));
  if (g_ascii_strtoull(length, NULL, 10) > LIMIT_SAML_FORM_BYTES)
    return answer(reply,
                  saml_routes_refuse(service, 413, GP_SIZE, "The message is larger than any sign-in needs."));
  if (!form_is_type(http_request_header(request, "Content-Type")))
    return answer(reply,
                  saml_routes_refuse(service, 415, GP_FORM, "Only forms of a browser are taken here."));
  return limit(request, service, SAML_RATE_MESSAGE, reply, delay_us);
}

static HttpVerdict before_page(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  return saml_routes_page(request, app, reply, delay_us);
}

static HttpVerdict before_form(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  return saml_routes_form(request, app, reply, delay_us);
}

/* A message in the address, and the step after one: by no form, but as much the provider's doing. */
static HttpVerdict before_message(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  return limit(request, app, SAML_RATE_MESSAGE, reply, delay_us);
}

static HttpReply *refuse(HttpRequest *request, gpointer app, int status, int gp_code, const char *message) {
  (void)request;
  return saml_routes_refuse(app, status, gp_code, message);
}

static const HttpPolicy page = {.name = "saml-page", .before_body = before_page, .refuse = refuse};
static const HttpPolicy message = {.name = "saml-message", .before_body = before_message, .refuse = refuse};
static const HttpPolicy form = {.name = "saml-form", .before_body = before_form, .refuse = refuse};

static const HttpRoute routes[] = {
    {"saml_start", "GET", "/saml/{connection}/start", &page, FALSE, FALSE, saml_start},
    {"saml_test", "GET", "/saml/{connection}/test", &page, FALSE, FALSE, saml_start_trial},
    {"saml_acs", "POST", "/saml/{connection}/acs", &form, FALSE, FALSE, saml_acs},
    {"saml_done", "GET", "/saml/{connection}/done", &message, FALSE, FALSE, saml_acs_done},
    {"saml_slo_redirect", "GET", "/saml/{connection}/slo", &message, FALSE, FALSE, saml_logout_redirect},
    {"saml_slo_post", "POST", "/saml/{connection}/slo", &form, FALSE, FALSE, saml_logout_post},
    {"saml_metadata", "GET", "/saml/{connection}/metadata", &page, FALSE, FALSE, saml_start_metadata},
    {.name = NULL},
};

const HttpRoute *saml_routes(void) {
  return routes;
}
