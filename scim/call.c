#include "scim/call.h"

#include <string.h>

#include "lib/cidr.h"
#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/jsontext.h"
#include "lib/text.h"
#include "scim/error.h"
#include "scim/housekeeping.h"

static gboolean refuse(GError **error, ScimErrorCode code, const char *message) {
  g_set_error_literal(error, SCIM_ERROR, (gint)code, message);
  return FALSE;
}

ScimCall *scim_call_new(HttpRequest *request, GError **error) {
  const char *header = http_request_header(request, "Authorization");
  TokenForm form = TOKEN_BEARER_PLAIN;
  char *secret = header != NULL ? token_from_header(header, &form) : NULL;
  if (secret == NULL) {
    refuse(error, SCIM_ERROR_TOKEN_MISSING,
           "no bearer token came with the request; the identity provider must send the header Authorization: "
           "Bearer gps_…");
    return NULL;
  }
  if (!token_valid(TOKEN_PREFIX_SCIM, secret)) {
    crypto_free_secret(secret);
    refuse(error, SCIM_ERROR_TOKEN_FORM,
           "this is not a token of ours, or it was cut or mistyped: it must be gps_ and 49 letters and "
           "digits; copy it again");
    return NULL;
  }
  ScimCall *call = g_new0(ScimCall, 1);
  token_hash(secret, call->token_hash);
  crypto_free_secret(secret);
  call->token_form = form;
  call->request_id = g_strdup(http_request_id(request));
  call->if_match = http_request_header(request, "If-Match");
  call->if_none_match = http_request_header(request, "If-None-Match");
  return call;
}

void scim_call_free(ScimCall *call) {
  if (call == NULL)
    return;
  scim_token_free(call->token);
  scim_projection_free(call->projection);
  g_free(call->request_id);
  g_free(call->healed_request_id);
  g_free(call->client);
  g_free(call);
}

static gboolean check_org(const ScimToken *token, HttpRequest *request, GError **error) {
  const char *org = http_request_segment(request, "org");
  if (org == NULL || strcmp(org, token->org_name) == 0)
    return TRUE;
  g_autofree char *quoted = text_quote(org);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOKEN_ORG,
              "the token ending in %s does not belong to the organisation \"%s\" of this URL", token->hint,
              quoted);
  return FALSE;
}

static gboolean check_form(ScimCall *call, GError **error) {
  if (call->token_form == TOKEN_BEARER_PLAIN ||
      scim_dialect_allows(&call->dialect, SCIM_LENIENT_BEARER_FORMS))
    return TRUE;
  return refuse(error, SCIM_ERROR_TOKEN_FORM,
                "the header must read Authorization: Bearer, one blank, and the token; this token's profile "
                "takes no other form");
}

gboolean scim_call_authorise(ScimCall *call, ScimService *service, HttpRequest *request, GError **error) {
  char client[CIDR_TEXT_BYTES];
  const IpAddress *address = http_request_client(request);
  call->deadline = http_request_deadline(request);
  g_free(call->client);
  call->client = g_strdup(cidr_address_format(address, client));
  scim_token_free(call->token);
  call->token = scim_token_find(service->pool, call->deadline, call->token_hash, error);
  if (call->token == NULL)
    return FALSE;
  call->dialect.allowed = scim_token_allowed(call->token);
  if (!scim_token_check(call->token, clock_wall(), address, error) ||
      !check_org(call->token, request, error) || !check_form(call, error))
    return FALSE;
  if (call->token->rate > 0)
    rate_set_own(service->rate, call->token_hash, sizeof call->token_hash, (double)call->token->rate);
  scim_token_uses_add(service->uses, call->token->org_id, call->token->token_id, call->client,
                      http_request_header(request, "User-Agent"));
  return TRUE;
}

/* charset is the one parameter that could change what the bytes mean. */
static gboolean is_utf8_parameter(const char *parameter) {
  g_auto(GStrv) pair = g_strsplit(parameter, "=", 2);
  if (pair[0] == NULL || g_ascii_strcasecmp(g_strstrip(pair[0]), "charset") != 0)
    return TRUE;
  const char *charset = pair[1] != NULL ? g_strstrip(pair[1]) : "";
  return g_ascii_strcasecmp(charset, "utf-8") == 0 || g_ascii_strcasecmp(charset, "\"utf-8\"") == 0 ||
         g_ascii_strcasecmp(charset, "utf8") == 0;
}

static gboolean is_json(const char *type) {
  g_auto(GStrv) parts = g_strsplit(type, ";", 8);
  const char *media = parts[0] != NULL ? g_strstrip(parts[0]) : "";
  if (g_ascii_strcasecmp(media, "application/scim+json") != 0 &&
      g_ascii_strcasecmp(media, "application/json") != 0)
    return FALSE;
  for (guint i = 1; parts[i] != NULL; i++)
    if (!is_utf8_parameter(parts[i]))
      return FALSE;
  return TRUE;
}

static gboolean check_type(ScimCall *call, const char *type, GError **error) {
  if (type == NULL) {
    if (scim_dialect_allows(&call->dialect, SCIM_LENIENT_CONTENT_TYPE))
      return TRUE;
    return refuse(error, SCIM_ERROR_MEDIA_TYPE, "the body has no Content-Type; send application/scim+json");
  }
  if (is_json(type))
    return TRUE;
  g_autofree char *quoted = text_quote(type);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_MEDIA_TYPE,
              "the body must be application/scim+json or application/json in UTF-8, got \"%s\"", quoted);
  return FALSE;
}

json_t *scim_call_body(ScimCall *call, HttpRequest *request, GError **error) {
  gsize n;
  const char *bytes = http_request_body(request, &n);
  if (n > 0 && !check_type(call, http_request_header(request, "Content-Type"), error))
    return NULL;
  json_t *body = jsontext_load(bytes, n, error);
  if (body == NULL || json_is_object(body))
    return body;
  json_decref(body);
  refuse(error, SCIM_ERROR_INVALID_SYNTAX, "the body must be one JSON object");
  return NULL;
}

gboolean scim_call_project(ScimCall *call, HttpRequest *request, const ScimType *type, GError **error) {
  call->projection = scim_projection_parse(type, http_request_query(request, "attributes"),
                                           http_request_query(request, "excludedAttributes"), error);
  return call->projection != NULL;
}

/* Without the password: a hash that is kept for days must not help to guess one. */
void scim_call_set_create(ScimCall *call, HttpRequest *request, const json_t *body) {
  const char *key = NULL;
  g_autoptr(json_t) told = json_copy((json_t *)body);
  if (jsontext_get(told, "password", &key) != NULL) {
    g_autofree char *name = g_strdup(key);
    json_object_del(told, name);
  }
  g_autofree char *text = jsontext_canonical(told);
  g_autofree char *whole =
      g_strconcat(http_request_method(request), "\n", http_request_path(request), "\n", text, NULL);
  crypto_sha256(whole, strlen(whole), call->body_hash);
  call->is_create = TRUE;
}
