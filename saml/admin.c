#include "saml/admin.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/crypto_seal.h"
#include "lib/crypto_x509.h"
#include "lib/db.h"
#include "lib/jsontext.h"
#include "saml/door.h"
#include "saml/store_admin.h"

#define SLUG_BYTES 63
#define KEY_DAYS 1825 /* dates of a pinned key are for warnings; five years leave time to rotate */
#define SKEW_MOST 300
#define HOURS_MOST 2160

/* ---- what a wish may say */

static gboolean is_slug(const char *slug) {
  gsize n = strlen(slug);
  if (n == 0 || n > SLUG_BYTES || *slug == '-')
    return FALSE;
  return strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static gboolean bad(GError **error, const char *what, const char *why) {
  saml_error_set(error, SAML_ERROR_INPUT, GP_SAML_INPUT, "%s %s", what, why);
  return FALSE;
}

static gboolean is_signed(const char *what) {
  static const char *const names[] = {"either", "response", "assertion", "both", NULL};
  return g_strv_contains(names, what);
}

static gboolean check_wish(const SamlWish *wish, GError **error) {
  if (wish->join != NULL && saml_join_find(wish->join) == SAML_JOINS)
    return bad(error, "--join", "is userName, externalId or email");
  if (wish->signed_what != NULL && !is_signed(wish->signed_what))
    return bad(error, "--signed", "is either, response, assertion or both");
  if (wish->skew_seconds > SKEW_MOST)
    return bad(error, "--skew", "is 0 to 300 seconds");
  if (wish->session_hours == 0 || wish->session_hours > HOURS_MOST)
    return bad(error, "--session-hours", "is 1 to 2160");
  if (wish->subject != NULL && (*wish->subject == '\0' || strlen(wish->subject) > 256))
    return bad(error, "--subject", "is NameID, or the Name of an attribute");
  return TRUE;
}

/* ---- key pairs */

static gboolean seal_key(const char *slug, const char *purpose, const guint8 *key, SamlNewKey *made) {
  gsize n = 0;
  GBytes *der = NULL;
  g_autofree char *name = g_strdup_printf("gatepost %s %s", slug, purpose);
  guint8 *private_key = crypto_key_pair_new(name, KEY_DAYS, &n, &der);
  g_auto(CryptoCertificate) certificate = {0};
  gboolean read = crypto_certificate_read(der, &certificate);
  *made = (SamlNewKey){purpose, der, crypto_seal(key, slug, private_key, n), certificate.not_after_us};
  crypto_wipe(private_key, n);
  g_free(private_key);
  return read;
}

static void clear_keys(SamlNewKey keys[2]) {
  for (guint i = 0; i < 2; i++) {
    g_clear_pointer(&keys[i].der, g_bytes_unref);
    g_clear_pointer(&keys[i].sealed, g_bytes_unref);
  }
}

/* The deadline is the database's: a key pair takes a second, more on a busy machine, and moves it. */
static gboolean make_keys(const char *slug, const guint8 *key, SamlNewKey keys[2], gint64 *deadline) {
  gint64 begun = clock_now();
  gboolean made = seal_key(slug, "sign", key, &keys[0]) && seal_key(slug, "decrypt", key, &keys[1]);
  *deadline += clock_now() - begun;
  return made;
}

/* ---- commands */

static gboolean missing(const char *slug, GError **error) {
  saml_error_set(error, SAML_ERROR_NOT_FOUND, GP_SAML_NO_CONNECTION, "there is no connection \"%s\"", slug);
  return FALSE;
}

/* Which of the two unique things was taken. */
static void explain_taken(const SamlCreate *create, GError **why, GError **error) {
  if (!g_error_matches(*why, DB_ERROR, DB_ERROR_UNIQUE)) {
    g_propagate_error(error, g_steal_pointer(why));
    return;
  }
  const char *constraint = db_error_constraint(*why);
  if (strcmp(constraint, "saml_connection_slug") == 0)
    saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_TAKEN, "there is a connection \"%s\" already",
                   create->wish->slug);
  else if (strcmp(constraint, "saml_connection_replaces") == 0)
    saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_TAKEN,
                   "another connection is taking over from \"%s\" already", create->replaces);
  else
    saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_TAKEN,
                   "the people of this source sign in by another connection already");
}

json_t *saml_admin_create(const SamlScope *scope, const SamlCreate *create, GError **error) {
  if (!is_slug(create->wish->slug)) {
    bad(error, "the name", "takes 1 to 63 small letters, digits and dashes: it stands in addresses");
    return NULL;
  }
  SamlNewKey keys[2] = {0};
  g_autoptr(GError) why = NULL;
  SamlScope later = *scope;
  gboolean made = check_wish(create->wish, &why) &&
                  make_keys(create->wish->slug, create->seal_key, keys, &later.deadline) &&
                  saml_store_admin_create(&later, create, keys, &why);
  clear_keys(keys);
  if (made)
    return saml_admin_show(&later, create->wish->slug, error);
  if (why == NULL)
    bad(error, "a key pair", "could not be made");
  else
    explain_taken(create, &why, error);
  return NULL;
}

static gboolean is_state(const char *state) {
  static const char *const names[] = {"draft", "live", "off", NULL};
  return g_strv_contains(names, state);
}

json_t *saml_admin_set(const SamlScope *scope, const char *slug, const SamlWish *wish, const char *state,
                       GError **error) {
  gboolean found = FALSE;
  if (state != NULL && !is_state(state)) {
    bad(error, "--state", "is draft, live or off");
    return NULL;
  }
  if (!check_wish(wish, error) || !saml_store_admin_set(scope, slug, wish, state, &found, error) ||
      (!found && !missing(slug, error)))
    return NULL;
  return saml_admin_show(scope, slug, error);
}

json_t *saml_admin_list(const SamlScope *scope, GError **error) {
  return saml_store_admin_list(scope, error);
}

static json_t *present(json_t *found, const char *slug, GError **error) {
  if (found == NULL || !json_is_null(found))
    return found;
  json_decref(found);
  missing(slug, error);
  return NULL;
}

json_t *saml_admin_show(const SamlScope *scope, const char *slug, GError **error) {
  return present(saml_store_admin_show(scope, slug, error), slug, error);
}

json_t *saml_admin_remove(const SamlScope *scope, const char *slug, GError **error) {
  gboolean found = FALSE;
  g_autoptr(GError) why = NULL;
  if (saml_store_admin_remove(scope, slug, &found, &why))
    return found || missing(slug, error) ? json_pack("{s:s}", "removed", slug) : NULL;
  if (g_error_matches(why, DB_ERROR, DB_ERROR_REFERENCE))
    saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_TAKEN,
                   "another connection took over from \"%s\": it is the way back", slug);
  else
    g_propagate_error(error, g_steal_pointer(&why));
  return NULL;
}

static gboolean explain_rotate(SamlRotated result, const char *slug, SamlRotate step, GError **error) {
  static const char *const reasons[] = {
      [SAML_ROTATE_PREPARE] = "new keys are published already; let them take over with --change",
      [SAML_ROTATE_CHANGE] = "no new keys are published; begin with gatepost saml connection rotate",
      [SAML_ROTATE_FINISH] = "there are no former keys to forget"};
  if (result == SAML_ROTATED)
    return TRUE;
  if (result == SAML_ROTATE_NO_SUCH)
    return missing(slug, error);
  saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_ROTATE, "%s", reasons[step]);
  return FALSE;
}

json_t *saml_admin_rotate(const SamlScope *scope, const char *slug, SamlRotate step, const guint8 *seal,
                          GError **error) {
  SamlNewKey keys[2] = {0};
  SamlRotated result = SAML_ROTATE_NO_SUCH;
  gboolean new_keys = step == SAML_ROTATE_PREPARE;
  SamlScope later = *scope;
  if (new_keys && !make_keys(slug, seal, keys, &later.deadline)) {
    bad(error, "a key pair", "could not be made");
    clear_keys(keys);
    return NULL;
  }
  gboolean done = saml_store_admin_rotate(&later, slug, step, new_keys ? keys : NULL, &result, error);
  clear_keys(keys);
  return done && explain_rotate(result, slug, step, error) ? saml_admin_show(&later, slug, error) : NULL;
}

json_t *saml_admin_key(const SamlScope *scope, const char *slug, const char *fingerprint, gboolean trust,
                       GError **error) {
  SamlKeySet result;
  g_autofree char *small = g_ascii_strdown(fingerprint, -1);
  if (!saml_store_admin_key(scope, slug, small, trust, &result, error))
    return NULL;
  if (result == SAML_KEY_SET)
    return saml_admin_show(scope, slug, error);
  if (result == SAML_KEY_LAST)
    saml_error_set(error, SAML_ERROR_REFUSED, GP_SAML_LAST_KEY,
                   "it is the only certificate that \"%s\" trusts", slug);
  else
    saml_error_set(error, SAML_ERROR_NOT_FOUND, GP_SAML_NO_KEY,
                   "%s certificate of \"%s\" begins with that fingerprint",
                   result == SAML_KEY_UNSURE ? "more than one" : "no", slug);
  return NULL;
}

json_t *saml_admin_traces(const SamlScope *scope, const char *slug, gint64 limit, GError **error) {
  json_t *found = saml_admin_show(scope, slug, error);
  if (found == NULL)
    return NULL;
  json_decref(found);
  return saml_store_admin_traces(scope, slug, limit, error);
}

json_t *saml_admin_trace(const SamlScope *scope, const char *name, GError **error) {
  json_t *found = saml_store_admin_trace(scope, name, error);
  if (found == NULL || !json_is_null(found))
    return found;
  json_decref(found);
  saml_error_set(error, SAML_ERROR_NOT_FOUND, GP_SAML_NO_TRACE,
                 "there is no trace \"%s\"; they are kept for 30 days", name);
  return NULL;
}
