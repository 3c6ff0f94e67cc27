#include "scim/routes_discovery.h"

#include "lib/text.h"
#include "scim/discovery.h"
#include "scim/error.h"
#include "scim/reply.h"

/* RFC 7644 §4: "if a filter is provided, the service provider SHALL respond with 403". */
static HttpReply *refuse_filter(HttpRequest *request, gpointer app) {
  if (http_request_query(request, "filter") == NULL)
    return NULL;
  GError *error = g_error_new_literal(SCIM_ERROR, SCIM_ERROR_DISCOVERY_FILTER,
                                      "schemas and resource types cannot be filtered; read them whole");
  return scim_reply_error(app, request, NULL, error);
}

/* text is taken; NULL: there is none of that name. */
static HttpReply *reply_one(HttpRequest *request, gpointer app, char *text, const char *what) {
  if (text != NULL)
    return scim_reply_text(app, request, 200, text);
  const char *name = http_request_segment(request, "id");
  g_autofree char *quoted = text_quote(name != NULL ? name : "");
  GError *error = g_error_new(SCIM_ERROR, SCIM_ERROR_NOT_FOUND, "there is no %s \"%s\"", what, quoted);
  return scim_reply_error(app, request, NULL, error);
}

static const char *base_of(gpointer app) {
  return ((const ScimService *)app)->base;
}

HttpReply *scim_route_config(HttpRequest *request, gpointer app) {
  HttpReply *refusal = refuse_filter(request, app);
  return refusal != NULL ? refusal : scim_reply_text(app, request, 200, scim_discovery_config(base_of(app)));
}

HttpReply *scim_route_types(HttpRequest *request, gpointer app) {
  HttpReply *refusal = refuse_filter(request, app);
  return refusal != NULL ? refusal : scim_reply_text(app, request, 200, scim_discovery_types(base_of(app)));
}

HttpReply *scim_route_type(HttpRequest *request, gpointer app) {
  HttpReply *refusal = refuse_filter(request, app);
  if (refusal != NULL)
    return refusal;
  const char *name = http_request_segment(request, "id");
  return reply_one(request, app, scim_discovery_type(base_of(app), name), "resource type");
}

HttpReply *scim_route_schemas(HttpRequest *request, gpointer app) {
  HttpReply *refusal = refuse_filter(request, app);
  return refusal != NULL ? refusal : scim_reply_text(app, request, 200, scim_discovery_schemas(base_of(app)));
}

HttpReply *scim_route_schema(HttpRequest *request, gpointer app) {
  HttpReply *refusal = refuse_filter(request, app);
  if (refusal != NULL)
    return refusal;
  const char *urn = http_request_segment(request, "id");
  return reply_one(request, app, scim_discovery_schema(base_of(app), urn), "schema");
}

HttpReply *scim_route_not_offered(HttpRequest *request, gpointer app) {
  GError *error =
      g_error_new_literal(SCIM_ERROR, SCIM_ERROR_NOT_OFFERED,
                          "this part of SCIM is not offered; see ServiceProviderConfig for what is");
  return scim_reply_error(app, request, http_request_data(request), error);
}
