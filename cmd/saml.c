#include "cmd/saml.h"

#include <string.h>

#include "cmd/saml_common.h"
#include "cmd/store_source.h"
#include "lib/crypto.h"
#include "lib/crypto_seal.h"
#include "lib/jsontext.h"

/* ---- what is wished */

static gboolean read_switch(const VerbCall *call, const char *name, int *value, GError **error) {
  const char *text = verb_value(call, name);
  *value = -1;
  if (text == NULL)
    return TRUE;
  *value = strcmp(text, "yes") == 0;
  if (*value == 1 || strcmp(text, "no") == 0)
    return TRUE;
  app_error_set(error, APP_USAGE, 0, "--%s is yes or no", name);
  return FALSE;
}

static const char *const *given_values(const VerbCall *call, const char *name) {
  return verb_given(call, name) ? verb_values(call, name) : NULL;
}

static gboolean read_wish(const VerbCall *call, SamlWish *wish, GError **error) {
  *wish = (SamlWish)SAML_WISH_INIT;
  wish->slug = verb_argument(call, 0);
  wish->name = verb_value(call, "name");
  wish->subject = verb_value(call, "subject");
  wish->join = verb_value(call, "join");
  wish->signed_what = verb_value(call, "signed");
  wish->name_id_format = verb_value(call, "name-id-format");
  wish->contexts = given_values(call, "context");
  wish->logout_issuers = given_values(call, "logout-issuer");
  return (wish->name == NULL || admin_name("a connection", wish->name, error)) &&
         verb_integer(call, "skew", 0, 300, &wish->skew_seconds, error) &&
         verb_integer(call, "session-hours", 1, 2160, &wish->session_hours, error) &&
         read_switch(call, "force-authn", &wish->force_authn, error) &&
         read_switch(call, "allow-cbc", &wish->allow_cbc, error) &&
         read_switch(call, "enforce-address", &wish->enforce_address, error);
}

/* The source that is named, or the only one. */
static gboolean find_source(const AdminScope *scope, const char *name, gint64 *source_id, GError **error) {
  g_autoptr(GPtrArray) sources = store_source_list(scope, error);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; sources != NULL && i < sources->len; i++) {
    const StoreSource *source = sources->pdata[i];
    g_ptr_array_add(names, source->name);
    if ((name == NULL && sources->len == 1) || g_strcmp0(name, source->name) == 0)
      *source_id = source->source_id;
  }
  g_ptr_array_add(names, NULL);
  if (sources == NULL || *source_id != 0)
    return sources != NULL;
  g_autofree char *near = admin_nearest(name == NULL ? "" : name, (const char *const *)names->pdata);
  app_error_set(error, APP_NOT_FOUND, GP_NO_SOURCE, "%s%s",
                name == NULL ? "--source NAME: whose people sign in by it" : "there is no such source", near);
  return FALSE;
}

static void say_next(App *app, const char *slug, const SamlIdpMetadata *idp) {
  Output *output = app_output(app);
  for (char **warning = idp->warnings; warning != NULL && *warning != NULL; warning++)
    output_say(output, "Note: %s", *warning);
  output_say(
      output,
      "Next: give the identity provider our metadata (above), then try it: gatepost saml connection test %s",
      slug);
}

static json_t *create(App *app, const VerbCall *call, const SamlScope *scope, SamlCreate *wanted,
                      GError **error) {
  guint8 key[CRYPTO_SEAL_KEY_BYTES];
  if (!saml_seal_key(app, key, error))
    return NULL;
  wanted->seal_key = key;
  wanted->replaces = verb_value(call, "replaces");
  wanted->draft = verb_given(call, "draft");
  json_t *made = saml_admin_create(scope, wanted, error);
  crypto_wipe(key, sizeof key);
  return made;
}

int verb_saml_create(App *app, const VerbCall *call, GError **error) {
  SamlWish wish;
  SamlScope scope;
  AdminScope admin;
  g_auto(SamlSource) from = {0};
  g_auto(SamlIdpMetadata) idp = {0};
  SamlCreate wanted = {.wish = &wish, .idp = &idp};
  if (!read_wish(call, &wish, error))
    return APP_USAGE;
  if (!saml_scope(app, call, &scope, &admin, error) ||
      !find_source(&admin, verb_value(call, "source"), &wanted.source_id, error) ||
      !saml_source_read(call, &from, error) || !saml_source_parse(app, call, &from, &idp, error))
    return APP_FAILED;
  SamlOrigin origin = {from.url, from.etag, from.local, from.certificate};
  wanted.origin = &origin;
  scope.deadline = app_deadline(app);
  json_t *made = create(app, call, &scope, &wanted, error);
  if (made == NULL || !saml_print(app, made, error))
    return APP_FAILED;
  say_next(app, wish.slug, &idp);
  return APP_OK;
}

int verb_saml_list(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  json_t *list = saml_scope(app, call, &scope, &admin, error) ? saml_admin_list(&scope, error) : NULL;
  if (list == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {
      {"slug", "Connection"},       {"source", "Source"},  {"state", "State"},
      {"idp", "Identity provider"}, {"days", "Days left"}, {"pending", "New keys"},
      {"sessions", "Sessions"},     {"last", "Last used"}, {NULL}};
  output_records(app_output(app), columns, json_pack("{s:o}", "connections", list), "connections");
  return APP_OK;
}

static int show(App *app, json_t *connection, GError **error) {
  return connection != NULL && saml_print(app, connection, error) ? APP_OK : APP_FAILED;
}

int verb_saml_show(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  if (!saml_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  return show(app, saml_admin_show(&scope, verb_argument(call, 0), error), error);
}

int verb_saml_set(App *app, const VerbCall *call, GError **error) {
  SamlWish wish;
  SamlScope scope;
  AdminScope admin;
  if (!read_wish(call, &wish, error))
    return APP_USAGE;
  if (!saml_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  return show(app, saml_admin_set(&scope, wish.slug, &wish, verb_value(call, "state"), error), error);
}

int verb_saml_remove(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  const char *slug = verb_argument(call, 0);
  g_autofree char *question = g_strdup_printf(
      "Remove %s? Everybody who signed in by it is signed out, and bound anew the next time.", slug);
  if (!saml_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  if (!output_confirm(app_output(app), question, verb_given(call, "yes"), error))
    return APP_REFUSED;
  scope.deadline = app_deadline(app);
  json_t *removed = saml_admin_remove(&scope, slug, error);
  if (removed == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"removed", "Removed"}, {NULL}};
  output_record(app_output(app), columns, removed);
  return APP_OK;
}

int verb_saml_test(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  const char *slug = verb_argument(call, 0);
  json_t *found = saml_scope(app, call, &scope, &admin, error) ? saml_admin_show(&scope, slug, error) : NULL;
  if (found == NULL)
    return APP_FAILED;
  json_decref(found);
  g_autofree char *url = saml_url(app, slug, "test", error);
  if (url == NULL)
    return APP_FAILED;
  static const OutputColumn columns[] = {{"test", "Open in a browser"}, {NULL}};
  output_record(app_output(app), columns, json_pack("{s:s}", "test", url));
  output_say(app_output(app), "Sign in there as yourself: the page shows what arrived and who that is here; "
                              "nobody is signed in by it.");
  output_say(app_output(app), "See each check: gatepost saml connection trace %s", slug);
  return APP_OK;
}

/* ---- our own keys and the provider's */

static gboolean rotate_step(const VerbCall *call, SamlRotate *step, GError **error) {
  gboolean change = verb_given(call, "change"), finish = verb_given(call, "finish");
  *step = change ? SAML_ROTATE_CHANGE : finish ? SAML_ROTATE_FINISH : SAML_ROTATE_PREPARE;
  if (!(change && finish))
    return TRUE;
  app_error_set(error, APP_USAGE, 0, "--change first, --finish a while later");
  return FALSE;
}

/* What to do next stands around the name. */
static const char *const rotate_next[][2] = {
    [SAML_ROTATE_PREPARE] = {"Both keys are in our metadata now. When the identity provider has read it: "
                             "gatepost saml connection rotate",
                             "--change"},
    [SAML_ROTATE_CHANGE] = {"The new keys sign from now on; what was encrypted for the former ones is still "
                            "read. When the provider "
                            "encrypts for the new one: gatepost saml connection rotate",
                            "--finish"},
    [SAML_ROTATE_FINISH] = {"The former keys are forgotten. Look: gatepost saml connection show", ""}};

int verb_saml_rotate(App *app, const VerbCall *call, GError **error) {
  SamlScope scope;
  AdminScope admin;
  SamlRotate step;
  guint8 key[CRYPTO_SEAL_KEY_BYTES];
  const char *slug = verb_argument(call, 0);
  if (!rotate_step(call, &step, error))
    return APP_USAGE;
  if (!saml_scope(app, call, &scope, &admin, error) || !saml_seal_key(app, key, error))
    return APP_FAILED;
  json_t *connection = saml_admin_rotate(&scope, slug, step, key, error);
  crypto_wipe(key, sizeof key);
  if (connection == NULL || !saml_print(app, connection, error))
    return APP_FAILED;
  output_say(app_output(app), "%s %s %s", rotate_next[step][0], slug, rotate_next[step][1]);
  return APP_OK;
}

static int set_key(App *app, const VerbCall *call, gboolean trust, GError **error) {
  SamlScope scope;
  AdminScope admin;
  if (!saml_scope(app, call, &scope, &admin, error))
    return APP_FAILED;
  return show(app, saml_admin_key(&scope, verb_argument(call, 0), verb_argument(call, 1), trust, error),
              error);
}

int verb_saml_trust(App *app, const VerbCall *call, GError **error) {
  return set_key(app, call, TRUE, error);
}

int verb_saml_distrust(App *app, const VerbCall *call, GError **error) {
  return set_key(app, call, FALSE, error);
}
