#include "cmd/scim_token.h"

#include <string.h>

#include "cmd/source.h"
#include "cmd/token_view.h"
#include "lib/address.h"
#include "lib/crypto.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "scim/error.h"

#define DAYS_DEFAULT 365
#define DAYS_MAX 3650
#define OVERLAP_HOURS_DEFAULT 24
#define OVERLAP_HOURS_MAX 8760
#define RATE_MAX 100000

/* A ScimTokenSpec and what its lists point to. */
typedef struct {
  ScimTokenSpec spec;
  GPtrArray *domains, *cidrs; /* of char*, NULL-terminated */
} Wish;

static void wish_init(Wish *wish) {
  *wish = (Wish){.spec = {.days = DAYS_DEFAULT}};
  wish->domains = g_ptr_array_new_null_terminated(0, g_free, TRUE);
  wish->cidrs = g_ptr_array_new_null_terminated(0, g_free, TRUE);
}

static void wish_clear(Wish *wish) {
  g_ptr_array_unref(wish->domains);
  g_ptr_array_unref(wish->cidrs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wish, wish_clear)

char *scim_token_create_help(void) {
  GString *out = g_string_new("Leniencies (LENIENCY; --strict is without all of them):\n");
  for (int i = 0; i < SCIM_LENIENT_COUNT; i++)
    g_string_append_printf(out, "  %-22s  %s\n", scim_dialect_name((ScimLeniency)i),
                           scim_dialect_about((ScimLeniency)i));
  return g_string_free(out, FALSE);
}

static void fail_leniency(const char *name, GError **error) {
  const char *names[SCIM_LENIENT_COUNT + 1] = {NULL};
  for (int i = 0; i < SCIM_LENIENT_COUNT; i++)
    names[i] = scim_dialect_name((ScimLeniency)i);
  g_autofree char *quoted = text_quote(name);
  const char *near = text_nearest(name, names);
  g_autofree char *list = near == NULL ? g_strjoinv(", ", (char **)names) : NULL;
  if (near != NULL)
    app_error_set(error, APP_USAGE, 0, "there is no leniency \"%s\"; did you mean \"%s\"?", quoted, near);
  else
    app_error_set(error, APP_USAGE, 0, "there is no leniency \"%s\"; there is: %s", quoted, list);
}

static gboolean read_leniencies(const VerbCall *call, Wish *wish, GError **error) {
  ScimLeniency leniency;
  wish->spec.lenient_off = verb_values(call, "without");
  for (const char *const *name = wish->spec.lenient_off; *name != NULL; name++) {
    if (scim_dialect_find(*name, &leniency))
      continue;
    fail_leniency(*name, error);
    return FALSE;
  }
  return TRUE;
}

static gboolean read_cidrs(const VerbCall *call, Wish *wish, GError **error) {
  for (const char *const *text = verb_values(call, "cidr"); *text != NULL; text++) {
    Cidr cidr;
    const char *why = NULL;
    char canonical[CIDR_TEXT_BYTES];
    if (cidr_parse(*text, &cidr, &why)) {
      g_ptr_array_add(wish->cidrs, g_strdup(cidr_format(&cidr, canonical)));
      continue;
    }
    g_autofree char *quoted = text_quote(*text);
    app_error_set(error, APP_USAGE, 0, "--cidr \"%s\" is not a network such as 203.0.113.0/24: it %s", quoted,
                  why);
    return FALSE;
  }
  wish->spec.cidrs = (const char *const *)wish->cidrs->pdata;
  return TRUE;
}

static gboolean read_domains(const VerbCall *call, Wish *wish, GError **error) {
  for (const char *const *text = verb_values(call, "domain"); *text != NULL; text++) {
    const char *why = NULL;
    char *domain = address_domain(*text, &why);
    if (domain != NULL) {
      g_ptr_array_add(wish->domains, domain);
      continue;
    }
    g_autofree char *quoted = text_quote(*text);
    app_error_set(error, APP_USAGE, 0, "--domain \"%s\" is not a domain: it %s", quoted, why);
    return FALSE;
  }
  wish->spec.domains = (const char *const *)wish->domains->pdata;
  return TRUE;
}

static gboolean read_profile(const VerbCall *call, Wish *wish, GError **error) {
  const char *profile = verb_value(call, "profile");
  gboolean strict = verb_given(call, "strict");
  if (strict && profile != NULL && strcmp(profile, "strict") != 0) {
    app_error_set(error, APP_USAGE, 0, "--strict and --profile %s cannot both be", profile);
    return FALSE;
  }
  wish->spec.profile = strict ? "strict" : profile;
  return wish->spec.profile == NULL || source_profile(wish->spec.profile, error);
}

static gboolean read_wish(const VerbCall *call, Wish *wish, GError **error) {
  wish->spec.name = verb_value(call, "name");
  wish->spec.suspend_only = verb_given(call, "suspend-only");
  if (wish->spec.name == NULL) {
    app_error_set(error, APP_USAGE, 0, "a token needs a --name, such as \"Okta prod\"");
    return FALSE;
  }
  return admin_name("a token", wish->spec.name, error) && read_profile(call, wish, error) &&
         read_leniencies(call, wish, error) && read_cidrs(call, wish, error) &&
         read_domains(call, wish, error) &&
         verb_integer(call, "days", 0, DAYS_MAX, &wish->spec.days, error) &&
         verb_integer(call, "rate", LIMIT_RATE_FLOOR, RATE_MAX, &wish->spec.rate, error);
}

/* public_url + "/scim/v2"; NULL with a settings error. Free with g_free. */
static char *scim_base(App *app, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return NULL;
  g_autofree char *url = g_strdup(settings_string(settings, "public_url"));
  for (gsize n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
    url[n - 1] = '\0';
  return g_strconcat(url, "/scim/v2", NULL);
}

/* Whose form it is pasted into: the source's profile; of a source without one, its name ("Okta") may tell. */
static char *brand_of(const AdminScope *scope, const ScimToken *token) {
  g_autoptr(GPtrArray) sources = store_source_list(scope, NULL);
  for (guint i = 0; sources != NULL && i < sources->len; i++) {
    const StoreSource *source = sources->pdata[i];
    if (source->source_id == token->source_id && strcmp(source->profile, "any") != 0)
      return g_strdup(source->profile);
  }
  return g_ascii_strdown(token->source_name, -1);
}

int verb_scim_token_create(App *app, const VerbCall *call, GError **error) {
  g_auto(Wish) wish;
  wish_init(&wish);
  if (!read_wish(call, &wish, error))
    return APP_USAGE;
  AdminScope scope;
  g_autofree char *base = scim_base(app, error);
  if (base == NULL || !admin_scope(app, call, &scope, error))
    return APP_FAILED;
  StoreSource *source = source_chosen(&scope, call, error);
  if (source == NULL)
    return APP_FAILED;
  wish.spec.org_id = scope.org_id;
  wish.spec.source_id = source->source_id;
  if (wish.spec.profile == NULL)
    wish.spec.profile = source->profile;
  char *secret = NULL;
  g_autoptr(ScimToken) token =
      scim_token_create(scope.pool, scope.deadline, scope.actor, &wish.spec, &secret, error);
  if (token != NULL) {
    g_autofree char *brand = brand_of(&scope, token);
    token_view_made(app_output(app), token, brand, base, secret);
  }
  crypto_free_secret(secret);
  store_source_free(source);
  return token != NULL ? APP_OK : APP_FAILED;
}

int verb_scim_token_list(App *app, const VerbCall *call, GError **error) {
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  g_autoptr(GPtrArray) tokens = scim_token_list(scope.pool, scope.deadline, scope.org_id, error);
  if (tokens == NULL)
    return APP_FAILED;
  Output *output = app_output(app);
  json_t *array = json_array();
  for (guint i = 0; i < tokens->len; i++)
    json_array_append_new(array, output_is_json(output) ? token_view_json(tokens->pdata[i])
                                                        : token_view_row(tokens->pdata[i]));
  output_records(output, token_view_columns(), json_pack("{s:o}", "tokens", array), "tokens");
  return APP_OK;
}

static gboolean read_id(const VerbCall *call, gint64 *token_id, GError **error) {
  const char *text = verb_argument(call, 0);
  if (g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, token_id, NULL))
    return TRUE;
  /* It may be the secret itself: it is not repeated. */
  app_error_set(error, APP_USAGE, 0,
                "a token is named by its number, the first column of gatepost scim-token list");
  return FALSE;
}

/* The room speaks to identity providers; the admin's own mistakes have codes of their own. */
static void say_for_admin(GError *failure, GError **error) {
  g_autoptr(GError) keep = failure;
  if (g_error_matches(failure, SCIM_ERROR, SCIM_ERROR_NOT_FOUND))
    app_error_set(error, APP_NOT_FOUND, GP_NO_TOKEN, "%s", failure->message);
  else if (failure->domain == SCIM_ERROR)
    app_error_set(error, APP_REFUSED, GP_TOKEN_ENDED, "%s", failure->message);
  else
    g_propagate_error(error, g_steal_pointer(&keep));
}

static void say_overlap(Output *output, const AdminScope *scope, const ScimTokenRotation *rotation) {
  g_autoptr(ScimToken) old =
      scim_token_get(scope->pool, scope->deadline, rotation->org_id, rotation->token_id, NULL);
  if (old == NULL)
    return;
  g_autofree char *until = admin_moment(old->expires_us, "it is revoked");
  g_autofree char *org = admin_org_option(scope);
  output_say(
      output,
      "The old token …%s works until %s; to end it sooner: gatepost scim-token revoke %" G_GINT64_FORMAT "%s",
      old->hint, until, old->token_id, org);
}

int verb_scim_token_rotate(App *app, const VerbCall *call, GError **error) {
  ScimTokenRotation rotation = {.overlap_hours = OVERLAP_HOURS_DEFAULT, .days = DAYS_DEFAULT};
  if (!read_id(call, &rotation.token_id, error) ||
      !verb_integer(call, "overlap", 0, OVERLAP_HOURS_MAX, &rotation.overlap_hours, error) ||
      !verb_integer(call, "days", 0, DAYS_MAX, &rotation.days, error))
    return APP_USAGE;
  AdminScope scope;
  g_autofree char *base = scim_base(app, error);
  if (base == NULL || !admin_scope(app, call, &scope, error))
    return APP_FAILED;
  rotation.org_id = scope.org_id;
  char *secret = NULL;
  GError *failure = NULL;
  g_autoptr(ScimToken) token =
      scim_token_rotate(scope.pool, scope.deadline, scope.actor, &rotation, &secret, &failure);
  if (token == NULL) {
    say_for_admin(failure, error);
    return APP_FAILED;
  }
  g_autofree char *brand = brand_of(&scope, token);
  token_view_made(app_output(app), token, brand, base, secret);
  crypto_free_secret(secret);
  say_overlap(app_output(app), &scope, &rotation);
  return APP_OK;
}

static gboolean confirm(App *app, const VerbCall *call, const ScimToken *token, GError **error) {
  g_autofree char *question =
      g_strdup_printf("Revoke \"%s\" (…%s) of source \"%s\"? The identity provider is cut off at once.",
                      token->name, token->hint, token->source_name);
  return output_confirm(app_output(app), question, verb_given(call, "yes"), error);
}

int verb_scim_token_revoke(App *app, const VerbCall *call, GError **error) {
  gint64 token_id = 0;
  if (!read_id(call, &token_id, error))
    return APP_USAGE;
  AdminScope scope;
  if (!admin_scope(app, call, &scope, error))
    return APP_FAILED;
  GError *failure = NULL;
  g_autoptr(ScimToken) token = scim_token_get(scope.pool, scope.deadline, scope.org_id, token_id, &failure);
  if (token == NULL) {
    say_for_admin(failure, error);
    return APP_FAILED;
  }
  if (token->revoked_us == 0 && !confirm(app, call, token, error))
    return APP_REFUSED;
  scope.deadline = app_deadline(app); /* the person may have taken their time */
  if (!scim_token_revoke(scope.pool, scope.deadline, scope.actor, scope.org_id, token_id, &failure)) {
    say_for_admin(failure, error);
    return APP_FAILED;
  }
  g_autoptr(ScimToken) after = scim_token_get(scope.pool, scope.deadline, scope.org_id, token_id, error);
  if (after == NULL)
    return APP_FAILED;
  Output *output = app_output(app);
  output_record(output, token_view_columns(),
                output_is_json(output) ? token_view_json(after) : token_view_row(after));
  return APP_OK;
}
