#include "cmd/token_view.h"

#define DAY_US (G_GINT64_CONSTANT(86400) * 1000000)
#define SOON_US (30 * DAY_US)

/* What the form of an identity provider calls the two values, in its own spelling. */
typedef struct {
  const char *brand, *url_label, *url_suffix, *token_label;
  const char *where; /* to paste it; a sentence for people */
} Form;

static const Form forms[] = {
    {"okta", "SCIM connector base URL", "", "Authorization",
     "In Okta: Provisioning > Integration, Authentication Mode \"HTTP Header\", then Test Connector "
     "Configuration; "
     "the unique identifier field for users is userName."},
    {"entra", "Tenant URL", "?aadOptscim062020", "Secret Token",
     "In Entra: Provisioning > Automatic > Admin Credentials, then Test Connection."},
    {"google", "Endpoint URL", "", "Access token", "In Google: the app's Auto-provisioning."},
    {"jumpcloud", "Base URL", "", "Token Key",
     "In JumpCloud: the app's Identity Management, then Test Connection."},
    {"onelogin", "SCIM Base URL", "", "SCIM Bearer Token",
     "In OneLogin: the app's Configuration, then Enable."},
    {"ping", "SCIM BASE URL", "", "OAuth Access Token",
     "In PingOne: the SCIM outbound connection, then Test Connection."},
    {"keycloak", "SCIM 2.0 endpoint", "", "Auth password/token",
     "In Keycloak: the SCIM extension's user federation."},
    {NULL, "SCIM base URL", "", "Bearer token",
     "Paste both into the identity provider's provisioning form and let it test."},
};

static const Form *form_find(const char *brand) {
  const Form *form = forms;
  while (form->brand != NULL && !g_str_equal(form->brand, brand))
    form++;
  return form;
}

static json_t *texts(char **list) {
  json_t *array = json_array();
  for (; list != NULL && *list != NULL; list++)
    json_array_append_new(array, json_string(*list));
  return array;
}

static json_t *networks(const ScimToken *token) {
  json_t *array = json_array();
  char text[CIDR_TEXT_BYTES];
  for (gsize i = 0; i < token->n_cidrs; i++)
    json_array_append_new(array, json_string(cidr_format(&token->cidrs[i], text)));
  return array;
}

static gboolean expired(const ScimToken *token) {
  return token->expires_us != 0 && token->expires_us <= clock_wall();
}

/* replaced: it has a successor and works a while longer. */
static const char *state(const ScimToken *token) {
  if (token->revoked_us != 0)
    return "revoked";
  if (expired(token))
    return "expired";
  return token->rotated_to != 0 ? "replaced" : "active";
}

static gboolean ends_soon(const ScimToken *token) {
  return token->revoked_us == 0 && token->expires_us != 0 && !expired(token) &&
         token->expires_us < clock_wall() + SOON_US;
}

static json_t *text_or_null(const char *text) {
  return text != NULL ? json_string(text) : json_null();
}

static json_t *number_or_null(gint64 number) {
  return number != 0 ? json_integer(number) : json_null();
}

json_t *token_view_json(const ScimToken *token) {
  json_t *object = json_object();
  json_object_set_new(object, "id", json_integer(token->token_id));
  json_object_set_new(object, "name", json_string(token->name));
  json_object_set_new(object, "org", json_string(token->org_name));
  json_object_set_new(object, "source", json_string(token->source_name));
  json_object_set_new(object, "hint", json_string(token->hint));
  json_object_set_new(object, "state", json_string(state(token)));
  json_object_set_new(object, "profile", json_string(token->profile));
  json_object_set_new(object, "without", texts(token->lenient_off));
  json_object_set_new(object, "cidrs", networks(token));
  json_object_set_new(object, "domains", texts(token->domains));
  json_object_set_new(object, "suspend_only", json_boolean(token->suspend_only));
  json_object_set_new(object, "rate", number_or_null(token->rate));
  json_object_set_new(object, "created", admin_time(token->created_us));
  json_object_set_new(object, "expires", admin_time(token->expires_us));
  json_object_set_new(object, "expires_soon", json_boolean(ends_soon(token)));
  json_object_set_new(object, "revoked", admin_time(token->revoked_us));
  json_object_set_new(object, "rotated_to", number_or_null(token->rotated_to));
  json_object_set_new(object, "last_used", admin_time(token->last_used_us));
  json_object_set_new(object, "last_used_ip", text_or_null(token->last_used_ip));
  json_object_set_new(object, "last_used_agent", text_or_null(token->last_used_agent));
  return object;
}

static char *expiry(const ScimToken *token) {
  if (token->expires_us == 0)
    return g_strdup("never");
  char day[CLOCK_TEXT_BYTES];
  return g_strdup_printf("%s%s", clock_format_day(token->expires_us, day), ends_soon(token) ? " !" : "");
}

static char *last_use(const ScimToken *token) {
  if (token->last_used_us == 0)
    return g_strdup("never");
  g_autofree char *moment = admin_moment(token->last_used_us, NULL);
  const char *agent = token->last_used_agent;
  gboolean named = agent != NULL && *agent != '\0';
  return g_strdup_printf("%s from %s%s%s%s", moment, token->last_used_ip ? token->last_used_ip : "this host",
                         named ? " (" : "", named ? agent : "", named ? ")" : "");
}

json_t *token_view_row(const ScimToken *token) {
  g_autofree char *ends = expiry(token), *used = last_use(token);
  g_autofree char *hint = g_strconcat("…", token->hint, NULL);
  json_t *object = json_object();
  json_object_set_new(object, "id", json_integer(token->token_id));
  json_object_set_new(object, "name", json_string(token->name));
  json_object_set_new(object, "source", json_string(token->source_name));
  json_object_set_new(object, "hint", json_string(hint));
  json_object_set_new(object, "state", json_string(state(token)));
  json_object_set_new(object, "expires", json_string(ends));
  json_object_set_new(object, "used", json_string(used));
  return object;
}

const OutputColumn *token_view_columns(void) {
  static const OutputColumn columns[] = {
      {"id", "Id"},       {"name", "Name"},       {"source", "Source"},  {"hint", "Token"},
      {"state", "State"}, {"expires", "Expires"}, {"used", "Last used"}, {NULL}};
  return columns;
}

static void made_for_people(Output *output, const ScimToken *token, const Form *form, const char *url,
                            const char *secret) {
  const OutputColumn columns[] = {{"id", "Id"},
                                  {"name", "Name"},
                                  {"expires", "Expires"},
                                  {"url", form->url_label},
                                  {"token", form->token_label},
                                  {NULL}};
  g_autofree char *ends = expiry(token);
  output_record(output, columns,
                json_pack("{s:I, s:s, s:s, s:s, s:s}", "id", (json_int_t)token->token_id, "name", token->name,
                          "expires", ends, "url", url, "token", secret));
  output_say(output, "The token is shown this once; only its hash is kept.");
  output_say(output, "Next: %s", form->where);
}

void token_view_made(Output *output, const ScimToken *token, const char *brand, const char *base,
                     const char *secret) {
  const Form *form = form_find(brand);
  g_autofree char *url = g_strconcat(base, form->url_suffix, NULL);
  if (!output_is_json(output)) {
    made_for_people(output, token, form, url, secret);
    return;
  }
  json_t *object = token_view_json(token);
  json_object_set_new(object, "token", json_string(secret));
  json_object_set_new(object, "scim_base", json_string(base));
  json_object_set_new(object, "fields",
                      json_pack("{s:s, s:s}", form->url_label, url, form->token_label, secret));
  output_record(output, token_view_columns(), object);
}
