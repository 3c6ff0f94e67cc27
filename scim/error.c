#include "scim/error.h"

#include "lib/db.h"
#include "lib/jsontext.h"
#include "scim/schema.h"

G_DEFINE_QUARK(gatepost - scim - error, scim_error)

static const ScimErrorRow rows[] = {
    [SCIM_ERROR_INVALID_FILTER] = {400, "invalidFilter", 2201, FALSE},
    [SCIM_ERROR_TOO_MANY] = {400, "tooMany", 2202, FALSE},
    [SCIM_ERROR_INVALID_SYNTAX] = {400, "invalidSyntax", 2203, FALSE},
    [SCIM_ERROR_INVALID_PATH] = {400, "invalidPath", 2204, FALSE},
    [SCIM_ERROR_NO_TARGET] = {400, "noTarget", 2207, FALSE},
    [SCIM_ERROR_INVALID_VALUE] = {400, "invalidValue", 2205, FALSE},
    [SCIM_ERROR_MUTABILITY] = {400, "mutability", 2206, FALSE},
    [SCIM_ERROR_SENSITIVE] = {403, "sensitive", 2208, FALSE},
    [SCIM_ERROR_UNIQUENESS] = {409, "uniqueness", 2302, FALSE},
    [SCIM_ERROR_UNKNOWN_ATTRIBUTE] = {400, "invalidValue", 2209, FALSE},
    [SCIM_ERROR_DOMAIN] = {403, NULL, 2311, FALSE},
    [SCIM_ERROR_TOKEN_MISSING] = {401, NULL, 2100, FALSE},
    [SCIM_ERROR_TOKEN_UNKNOWN] = {401, NULL, 2101, FALSE},
    [SCIM_ERROR_TOKEN_EXPIRED] = {401, NULL, 2102, FALSE},
    [SCIM_ERROR_TOKEN_ADDRESS] = {401, NULL, 2103, FALSE},
    [SCIM_ERROR_TOKEN_REVOKED] = {401, NULL, 2105, FALSE},
    [SCIM_ERROR_TOKEN_ORG] = {401, NULL, 2106, FALSE},
    [SCIM_ERROR_TOKEN_FORM] = {401, NULL, 2107, FALSE},
    [SCIM_ERROR_DISCOVERY_FILTER] = {403, NULL, 2210, FALSE},
    [SCIM_ERROR_NOT_FOUND] = {404, NULL, 2301, FALSE},
    [SCIM_ERROR_NO_ENDPOINT] = {404, NULL, 2304, FALSE},
    [SCIM_ERROR_METHOD] = {405, NULL, 2305, FALSE},
    [SCIM_ERROR_PRECONDITION] = {412, NULL, 2306, FALSE},
    [SCIM_ERROR_TOO_LARGE] = {413, NULL, 2307, FALSE},
    [SCIM_ERROR_MEDIA_TYPE] = {415, NULL, 2308, FALSE},
    [SCIM_ERROR_THROTTLED] = {429, NULL, 2309, FALSE},
    [SCIM_ERROR_NOT_OFFERED] = {501, NULL, 2312, FALSE},
    [SCIM_ERROR_UNAVAILABLE] = {503, NULL, 2501, TRUE},
    [SCIM_ERROR_BUSY] = {503, NULL, 2502, TRUE},
    [SCIM_ERROR_INTERNAL] = {500, NULL, 2500, TRUE},
};

static ScimErrorCode code_of_database(int code) {
  switch (code) {
  case DB_ERROR_UNAVAILABLE:
  case DB_ERROR_TIMEOUT:
  case DB_ERROR_IN_DOUBT:
    return SCIM_ERROR_UNAVAILABLE;
  case DB_ERROR_CONFLICT:
    return SCIM_ERROR_BUSY;
  default:
    return SCIM_ERROR_INTERNAL;
  }
}

static ScimErrorCode code_of(const GError *error) {
  if (error->domain == SCIM_ERROR && error->code >= 0 && (gsize)error->code < G_N_ELEMENTS(rows))
    return (ScimErrorCode)error->code;
  if (error->domain == DB_ERROR)
    return code_of_database(error->code);
  if (error->domain == JSONTEXT_ERROR)
    return error->code == JSONTEXT_ERROR_SIZE ? SCIM_ERROR_TOO_LARGE : SCIM_ERROR_INVALID_SYNTAX;
  return SCIM_ERROR_INTERNAL;
}

const ScimErrorRow *scim_error_row(const GError *error) {
  return &rows[code_of(error)];
}

/* What a peer may know of a failure of ours. The cause goes to the log. */
static const char *message_of(ScimErrorCode code, const GError *error) {
  switch (code) {
  case SCIM_ERROR_UNAVAILABLE:
    return "the database of this service is out of reach at the moment; send the same request again later";
  case SCIM_ERROR_BUSY:
    return "this service is too busy to finish the request in time; send the same request again later";
  case SCIM_ERROR_INTERNAL:
    return "this service failed while it handled the request; its administrator finds the cause in the log";
  default:
    return error->message;
  }
}

char *scim_error_body(const GError *error) {
  const ScimErrorRow *row = scim_error_row(error);
  return scim_error_body_parts(row->status, row->scim_type, row->gp_code, message_of(code_of(error), error));
}

char *scim_error_body_parts(int status, const char *scim_type, int gp_code, const char *message) {
  GString *body = g_string_new("{\"schemas\":[\"" SCIM_URN_ERROR "\"],");
  g_string_append_printf(body, "\"status\":\"%d\",", status);
  if (scim_type)
    g_string_append_printf(body, "\"scimType\":\"%s\",", scim_type);
  g_autofree char *detail = g_strdup_printf("%s (GP-%04d)", message, gp_code);
  g_string_append(body, "\"detail\":");
  jsontext_append_string(body, detail);
  g_string_append_c(body, '}');
  return g_string_free(body, FALSE);
}
