#include "portal/routes.h"

#include <string.h>

#include "lib/address.h"
#include "lib/clock.h"
#include "lib/form.h"
#include "lib/jsontext.h"
#include "portal/assets.h"
#include "saml/logout.h"
#include "saml/relay.h"
#include "saml/routes.h"
#include "saml/session.h"
#include "saml/store.h"
#include "saml/web.h"

#define HOME "/portal"
#define TYPED_BYTES 254

static const char *cookies_of(HttpRequest *request) {
  return http_request_header(request, "Cookie");
}

/* ---- who is not signed in */

static const char *target_of(const char *text) {
  return saml_relay_target(text) ? text : HOME;
}

static char *start_path(const char *slug, const char *target) {
  g_autofree char *escaped = g_uri_escape_string(target, NULL, FALSE);
  return g_strdup_printf("/saml/%s/start?target=%s", slug, escaped);
}

/* Where to sign in, as buttons. Takes choices. */
static json_t *buttons(json_t *choices, const char *target) {
  json_t *rows = json_array();
  gsize i;
  json_t *choice;
  json_array_foreach(choices, i, choice) {
    g_autofree char *path = start_path(json_string_value(json_object_get(choice, "slug")), target);
    json_array_append_new(rows, json_pack("{s:s, s:O}", "go", path, "name", json_object_get(choice, "name")));
  }
  json_decref(choices);
  return rows;
}

typedef struct {
  int status;
  const char *problem, *typed, *target;
  gboolean ask;
} SignIn;

/* Takes choices. */
static HttpReply *sign_in_page(SamlService *service, const SignIn *sign_in, json_t *choices) {
  return saml_web_page(service, sign_in->status, "sign_in",
                       json_pack("{s:s, s:s, s:s, s:b, s:o}", "problem", sign_in->problem, "typed",
                                 sign_in->typed, "target", sign_in->target, "ask", sign_in->ask, "choices",
                                 buttons(choices, sign_in->target)),
                       FALSE);
}

static HttpReply *to_only(SamlService *service, json_t *choices, const char *target, gboolean after_form) {
  const char *slug = json_string_value(json_object_get(json_array_get(choices, 0), "slug"));
  g_autofree char *path = start_path(slug, target);
  json_decref(choices);
  return after_form ? saml_web_onward(service, path) : saml_web_redirect(service, path);
}

/* Where one connection serves everybody there is nothing to ask. */
static HttpReply *sign_in(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  SamlChoice any = {NULL, NULL};
  g_autoptr(GError) error = NULL;
  const char *target = target_of(http_request_query(request, "target"));
  json_t *choices = saml_store_choose(service->pool, http_request_deadline(request), &any, &error);
  if (choices == NULL)
    return saml_web_away(service, request, error);
  if (json_array_size(choices) == 1)
    return to_only(service, choices, target, FALSE);
  json_decref(choices);
  SignIn asked = {200, "", "", target, TRUE};
  return sign_in_page(service, &asked, json_array());
}

/* An organisation's own address: the connection, or a choice of several. */
static HttpReply *sign_in_org(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  SamlChoice of = {.org = http_request_segment(request, "org")};
  g_autoptr(GError) error = NULL;
  const char *target = target_of(http_request_query(request, "target"));
  json_t *choices = saml_store_choose(service->pool, http_request_deadline(request), &of, &error);
  if (choices == NULL)
    return saml_web_away(service, request, error);
  if (json_array_size(choices) == 1)
    return to_only(service, choices, target, FALSE);
  gboolean none = json_array_size(choices) == 0;
  SignIn asked = {none ? 404 : 200, none ? "Nobody signs in at this address." : "", "", target, none};
  return sign_in_page(service, &asked, choices);
}

/* The domain of "ada@example.org", or of "example.org" alone. Free with g_free. */
static char *domain_of(const char *typed) {
  const char *at = typed != NULL ? strrchr(typed, '@') : NULL, *why = NULL;
  if (typed == NULL || strlen(typed) > TYPED_BYTES)
    return NULL;
  g_autofree char *text = g_strstrip(g_strdup(at != NULL ? at + 1 : typed));
  return address_domain(text, &why);
}

static HttpReply *sign_in_domain(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  gsize n;
  const char *body = http_request_body(request, &n);
  g_autoptr(Form) form = form_parse(body, n);
  const char *typed = form != NULL ? form_get(form, "address") : NULL;
  const char *target = target_of(form != NULL ? form_get(form, "target") : NULL);
  g_autofree char *domain = domain_of(typed);
  g_autoptr(GError) error = NULL;
  SamlChoice of = {.domain = domain};
  json_t *choices = domain == NULL
                        ? json_array()
                        : saml_store_choose(service->pool, http_request_deadline(request), &of, &error);
  if (choices == NULL)
    return saml_web_away(service, request, error);
  if (json_array_size(choices) == 1)
    return to_only(service, choices, target, TRUE);
  gboolean none = json_array_size(choices) == 0;
  SignIn asked = {none ? 404 : 200,
                  none ? "No sign-in is set up for that address. Check it for a slip of the finger." : "",
                  typed != NULL && domain != NULL ? typed : "", target, none};
  return sign_in_page(service, &asked, choices);
}

/* ---- who is */

/* Where to after signing in: the page that was asked for, or the start where it was a form. */
static char *wanted_page(HttpRequest *request) {
  const char *query = http_request_raw_query(request);
  if (!g_str_equal(http_request_method(request), "GET"))
    return g_strdup(HOME);
  return g_strconcat(http_request_path(request), *query != '\0' ? "?" : "", query, NULL);
}

/* The session; NULL with a reply: on to signing in and back again, or the database is away. */
static SamlSession *session_of(SamlService *service, HttpRequest *request, HttpReply **reply) {
  SamlSession *session = NULL;
  g_autoptr(GError) error = NULL;
  if (!saml_session_find(service->pool, http_request_deadline(request), cookies_of(request), &session,
                         &error)) {
    *reply = saml_web_away(service, request, error);
    return NULL;
  }
  if (session != NULL) {
    http_request_note(request, "user", session->user_id);
    return session;
  }
  g_autofree char *wanted = wanted_page(request);
  g_autofree char *escaped = g_uri_escape_string(target_of(wanted), NULL, FALSE);
  g_autofree char *path = g_strconcat("/portal/sign-in?target=", escaped, NULL);
  *reply = saml_web_redirect(service, path);
  return NULL;
}

static char *moment(const json_t *row, const char *name) {
  gint64 at;
  const char *text = json_string_value(json_object_get(row, name));
  if (text == NULL || !clock_parse(text, &at))
    return g_strdup("");
  g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(at / G_USEC_PER_SEC);
  return g_date_time_format(when, "%-d %b %Y, %H:%M UTC");
}

static const char *text_or(const json_t *row, const char *name, const char *none) {
  const char *text = json_string_value(json_object_get(row, name));
  return text != NULL ? text : none;
}

static json_t *session_rows(const json_t *sessions, const SamlSession *session) {
  json_t *rows = json_array();
  gsize i;
  json_t *row;
  json_array_foreach((json_t *)sessions, i, row) {
    const char *id = text_or(row, "id", "");
    g_autofree char *seen = moment(row, "last_seen"), *expires = moment(row, "expires");
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "id", id, "agent",
                                          text_or(row, "agent", "a browser"), "ip",
                                          text_or(row, "ip", "an unknown address"), "last_seen", seen,
                                          "expires", expires, "here", g_str_equal(id, session->session_id)));
  }
  return rows;
}

static HttpReply *home(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  HttpReply *reply = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(SamlSession) session = session_of(service, request, &reply);
  if (session == NULL)
    return reply;
  g_autoptr(json_t) sessions = saml_session_list(service->pool, http_request_deadline(request),
                                                 session->org_id, session->user_id, &error);
  if (sessions == NULL)
    return saml_web_away(service, request, error);
  g_autofree char *token = saml_session_token(cookies_of(request));
  return saml_web_page(service, 200, "home",
                       json_pack("{s:s, s:s, s:s, s:o}", "name", session->name, "address",
                                 session->address != NULL ? session->address : "", "csrf", token, "sessions",
                                 session_rows(sessions, session)),
                       FALSE);
}

/* The session, when the form is one of its own pages'. */
static SamlSession *session_of_form(SamlService *service, HttpRequest *request, HttpReply **reply) {
  gsize n;
  const char *body = http_request_body(request, &n);
  g_autoptr(Form) form = form_parse(body, n);
  SamlSession *session = session_of(service, request, reply);
  if (session == NULL ||
      (form != NULL && saml_session_token_holds(cookies_of(request), form_get(form, "csrf"))))
    return session;
  saml_session_free(session);
  *reply =
      saml_routes_refuse(service, 403, 4148, "That form was not from a page of yours, or the page was old.");
  return NULL;
}

static gboolean end(SamlService *service, HttpRequest *request, const SamlSession *session, const char *id,
                    const char *why, GError **error) {
  gint64 n = 0;
  g_auto(SamlCallerText) caller = {.agent = NULL};
  saml_caller_init(&caller, request);
  g_autofree char *actor = g_strconcat("person:", session->user_id, NULL);
  SamlSessionEnd which = {.org_id = session->org_id,
                          .session_id = id,
                          .user_id = session->user_id,
                          .why = why,
                          .actor = actor,
                          .request_id = caller.caller.request_id,
                          .ip = caller.caller.ip};
  return saml_session_end(service->pool, http_request_deadline(request), &which, &n, error);
}

static HttpReply *end_one(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  HttpReply *reply = NULL;
  g_autoptr(GError) error = NULL;
  const char *id = http_request_segment(request, "id");
  g_autoptr(SamlSession) session = session_of_form(service, request, &reply);
  if (session == NULL)
    return reply;
  if (!crypto_uuid_valid(id))
    return saml_web_page(service, 404, "nothing", json_object(), FALSE);
  if (!end(service, request, session, id, "ended-by-person", &error))
    return saml_web_away(service, request, error);
  return saml_web_redirect(service, HOME);
}

/* C95: here first, whatever becomes of the identity provider. */
static HttpReply *sign_out(HttpRequest *request, gpointer data) {
  SamlService *service = data;
  HttpReply *reply = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(SamlSession) session = session_of_form(service, request, &reply);
  if (session == NULL)
    return reply;
  if (!end(service, request, session, session->session_id, "signed-out", &error))
    return saml_web_away(service, request, error);
  return saml_logout_tell(service, request, session);
}

static HttpReply *root(HttpRequest *request, gpointer data) {
  (void)request;
  return saml_web_redirect(data, HOME);
}

/* ---- the table */

static HttpVerdict before_page(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  return saml_routes_page(request, app, reply, delay_us);
}

static HttpVerdict before_form(HttpRequest *request, gpointer app, HttpReply **reply, gint64 *delay_us) {
  return saml_routes_form(request, app, reply, delay_us);
}

static HttpReply *refuse(HttpRequest *request, gpointer app, int status, int gp_code, const char *message) {
  (void)request;
  return saml_routes_refuse(app, status, gp_code, message);
}

static const HttpPolicy page = {.name = "portal-page", .before_body = before_page, .refuse = refuse};
static const HttpPolicy form = {.name = "portal-form", .before_body = before_form, .refuse = refuse};
static const HttpPolicy asset = {.name = "portal-asset", .refuse = refuse};

static const HttpRoute routes[] = {
    {"root", "GET", "/", &asset, TRUE, FALSE, root},
    {"portal_home", "GET", "/portal", &page, FALSE, FALSE, home},
    {"portal_sign_in", "GET", "/portal/sign-in", &page, FALSE, FALSE, sign_in},
    {"portal_sign_in_domain", "POST", "/portal/sign-in", &form, FALSE, FALSE, sign_in_domain},
    {"portal_sign_in_org", "GET", "/portal/o/{org}", &page, FALSE, FALSE, sign_in_org},
    {"portal_session_end", "POST", "/portal/sessions/{id}/end", &form, FALSE, FALSE, end_one},
    {"portal_sign_out", "POST", "/portal/sign-out", &form, FALSE, FALSE, sign_out},
    {"portal_asset", "GET", "/assets/{file}", &asset, TRUE, FALSE, portal_asset},
    {.name = NULL},
};

const HttpRoute *portal_routes(void) {
  return routes;
}
