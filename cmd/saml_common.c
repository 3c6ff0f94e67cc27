#include "cmd/saml_common.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/doors.h"
#include "cmd/settings.h"
#include "cmd/verifier.h"
#include "lib/crypto.h"
#include "lib/crypto_seal.h"
#include "lib/crypto_x509.h"
#include "lib/jsontext.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "saml/refresher.h"

#define CERTIFICATE_BYTES 65536
#define GP_KEY_FILE 4001
#define SOON_DAYS 30
#define DRIFT_MS 60000 /* a third of the usual tolerance: time to look at clocks */

gboolean saml_scope(App *app, const VerbCall *call, SamlScope *scope, AdminScope *admin, GError **error) {
  if (!admin_scope(app, call, admin, error))
    return FALSE;
  *scope = (SamlScope){admin->pool, admin->deadline, admin->org_id, admin->actor};
  return TRUE;
}

/* Typed by root, it still must be gatepost's own file. */
static gboolean give_to_owner(const char *path, const char *folder, GError **error) {
  struct stat at;
  if (geteuid() != 0 || (stat(folder, &at) == 0 && chown(path, at.st_uid, at.st_gid) == 0))
    return TRUE;
  app_error_set(error, APP_FAILED, GP_KEY_FILE, "%s cannot be given to the owner of %s: %s", path, folder,
                g_strerror(errno));
  return FALSE;
}

gboolean saml_seal_key(App *app, guint8 *key, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return FALSE;
  g_autofree char *path = verifier_key_file(settings);
  gboolean is_new = access(path, F_OK) != 0;
  g_autoptr(GError) why = NULL;
  if ((is_new && !crypto_seal_key_make(path, &why)) || !crypto_seal_key_read(path, key, &why)) {
    app_error_set(error, APP_FAILED, GP_KEY_FILE, "%s", why->message);
    return FALSE;
  }
  return !is_new || give_to_owner(path, settings_string(settings, "keys_dir"), error);
}

char *saml_url(App *app, const char *slug, const char *leaf, GError **error) {
  const Settings *settings = app_settings(app, error);
  if (settings == NULL)
    return NULL;
  g_autofree char *base = settings_public_url(settings);
  return g_strdup_printf("%s/saml/%s/%s", base, slug, leaf);
}

/* ---- metadata */

static gboolean read_file(const char *path, char **text, gsize *n, gsize most, GError **error) {
  g_autoptr(GError) why = NULL;
  const char *from = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
  if (!g_file_get_contents(from, text, n, &why)) {
    app_error_set(error, APP_USAGE, GP_SAML_INPUT, "%s", why->message);
    return FALSE;
  }
  if (*n <= most)
    return TRUE;
  app_error_set(error, APP_USAGE, GP_SAML_INPUT, "%s is larger than %" G_GSIZE_FORMAT " bytes", path, most);
  return FALSE;
}

static gboolean read_certificate(const VerbCall *call, SamlSource *source, GError **error) {
  const char *path = verb_value(call, "metadata-certificate"), *why = NULL;
  g_autofree char *text = NULL;
  gsize n = 0;
  if (path == NULL)
    return TRUE;
  if (!read_file(path, &text, &n, CERTIFICATE_BYTES, error))
    return FALSE;
  source->certificate = crypto_certificate_parse(text, n, &why);
  if (source->certificate != NULL)
    return TRUE;
  app_error_set(error, APP_USAGE, GP_SAML_INPUT, "%s is no certificate: it %s", path, why);
  return FALSE;
}

static gboolean fetch(SamlSource *source, GError **error) {
  g_autoptr(GError) why = NULL;
  if (saml_refresher_fetch(source->url, source->local, &source->text, &source->n, &source->etag, &why))
    return TRUE;
  saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_FETCH, "the metadata cannot be fetched: %s",
                 why->message);
  return FALSE;
}

gboolean saml_source_read(const VerbCall *call, SamlSource *source, GError **error) {
  const char *from = verb_value(call, "metadata");
  *source = (SamlSource){.local = verb_given(call, "local-metadata")};
  if (from == NULL) {
    app_error_set(error, APP_USAGE, 0,
                  "--metadata FILE or URL: the identity provider gives it for its SAML application");
    return FALSE;
  }
  if (!read_certificate(call, source, error))
    return FALSE;
  if (strstr(from, "://") == NULL)
    return read_file(from, &source->text, &source->n, LIMIT_SAML_METADATA_BYTES, error);
  source->url = g_strdup(from);
  return fetch(source, error);
}

void saml_source_clear(SamlSource *source) {
  g_free(source->text);
  g_free(source->url);
  g_free(source->etag);
  g_clear_pointer(&source->certificate, g_bytes_unref);
}

gboolean saml_source_parse(App *app, const VerbCall *call, const SamlSource *source, SamlIdpMetadata *idp,
                           GError **error) {
  guint8 key[CRYPTO_SEAL_KEY_BYTES];
  const Settings *settings = app_settings(app, error);
  if (settings == NULL || !saml_seal_key(app, key, error))
    return FALSE;
  crypto_wipe(key, sizeof key);
  g_autoptr(SamlVerifier) verifier = verifier_new(settings, 1, FALSE, app_log_quiet(app), NULL, error);
  SamlReport report;
  if (verifier == NULL)
    return FALSE;
  SamlMetadataWish wish = {
      .entity_id = verb_value(call, "entity"), .trusted_der = source->certificate, .local = source->local};
  if (saml_verifier_read_metadata(verifier, source->text, source->n, &wish, clock_wall(), idp, &report))
    return TRUE;
  saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_METADATA, "the metadata is refused (%s): %s%s%s",
                 saml_failure_name(report.failure), saml_failure_text(report.failure),
                 *report.saw == '\0' ? "" : "; it has: ", report.saw);
  return FALSE;
}

/* ---- how a connection is shown */

static void warn(json_t *warnings, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void warn(json_t *warnings, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  json_array_append_new(warnings, json_string(text));
}

static void warn_of_key(json_t *warnings, const json_t *key, const char *whose) {
  json_int_t days = json_integer_value(json_object_get(key, "days"));
  const char *state = json_string_value(json_object_get(key, "state"));
  if (g_strcmp0(state, "pending") == 0)
    warn(warnings, "a new certificate of the provider waits: gatepost saml connection trust");
  else if (g_strcmp0(state, "old") != 0 && days < 0)
    warn(warnings, "%s certificate expired %" JSON_INTEGER_FORMAT " days ago; it goes on working here", whose,
         -days);
  else if (g_strcmp0(state, "old") != 0 && days <= SOON_DAYS)
    warn(warnings, "%s certificate expires in %" JSON_INTEGER_FORMAT " days", whose, days);
}

static json_t *warnings_of(const json_t *connection) {
  json_t *warnings = json_array(), *key;
  gsize i;
  json_array_foreach(json_object_get(connection, "idp_keys"), i, key)
      warn_of_key(warnings, key, "a provider's");
  json_array_foreach(json_object_get(connection, "own_keys"), i, key)
      warn_of_key(warnings, key, "one of our own");
  const char *failed = json_string_value(json_object_get(connection, "metadata_error"));
  if (failed != NULL)
    warn(warnings, "its metadata could not be refreshed: %s", failed);
  json_int_t skew = json_integer_value(json_object_get(connection, "skew_seen_ms"));
  if (skew > DRIFT_MS || skew < -DRIFT_MS)
    warn(warnings, "its clock and ours differ by %" JSON_INTEGER_FORMAT " s", skew / 1000);
  if (json_is_true(json_object_get(connection, "allow_cbc")))
    warn(warnings, "unauthenticated encryption (CBC) is allowed");
  return warnings;
}

static json_t *key_lines(const json_t *keys, const char *name) {
  json_t *lines = json_array(), *key;
  gsize i;
  json_array_foreach(keys, i, key) {
    const char *ends = json_string_value(json_object_get(key, "ends"));
    json_array_append_new(
        lines, json_sprintf("%s, %s, until %.10s", json_string_value(json_object_get(key, name)),
                            json_string_value(json_object_get(key, "state")), ends == NULL ? "-" : ends));
  }
  return lines;
}

static const OutputColumn columns[] = {{"slug", "Connection"},
                                       {"name", "Name"},
                                       {"source", "Source"},
                                       {"state", "State"},
                                       {"replaces", "Takes over from"},
                                       {"idp", "Identity provider"},
                                       {"sso", "Its sign-in"},
                                       {"slo", "Its logout"},
                                       {"subject", "Person by"},
                                       {"join", "Is our"},
                                       {"signed", "Must be signed"},
                                       {"session_hours", "Session, hours"},
                                       {"bound", "People bound"},
                                       {"idp_keys", "Its certificates"},
                                       {"own_keys", "Our keys"},
                                       {"metadata_url", "Metadata from"},
                                       {"skew_seen_ms", "Clock differs, ms"},
                                       {"entity_id", "Our entity ID"},
                                       {"acs", "Our ACS URL"},
                                       {"slo_url", "Our logout URL"},
                                       {"metadata", "Our metadata"},
                                       {"sign_in", "People sign in at"},
                                       {"warnings", "Look at this"},
                                       {NULL}};

/* Without what is not there. */
static json_t *for_people(json_t *connection) {
  json_t *row = json_object(), *value;
  const char *key;
  json_object_foreach(connection, key, value) {
    if (!json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0))
      json_object_set(row, key, value);
  }
  json_object_set_new(row, "idp_keys", key_lines(json_object_get(connection, "idp_keys"), "fingerprint"));
  json_object_set_new(row, "own_keys", key_lines(json_object_get(connection, "own_keys"), "purpose"));
  json_decref(connection);
  return row;
}

gboolean saml_print(App *app, json_t *connection, GError **error) {
  static const char *const leaves[][2] = {{"entity_id", "metadata"},
                                          {"acs", "acs"},
                                          {"slo_url", "slo"},
                                          {"metadata", "metadata"},
                                          {"sign_in", "start"}};
  const char *slug = json_string_value(json_object_get(connection, "slug"));
  for (gsize i = 0; i < G_N_ELEMENTS(leaves); i++) {
    g_autofree char *url = saml_url(app, slug, leaves[i][1], error);
    if (url == NULL) {
      json_decref(connection);
      return FALSE;
    }
    json_object_set_new(connection, leaves[i][0], json_string(url));
  }
  json_object_set_new(connection, "warnings", warnings_of(connection));
  Output *output = app_output(app);
  output_record(output, columns, output_is_json(output) ? connection : for_people(connection));
  return TRUE;
}
