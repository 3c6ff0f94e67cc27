#include <string.h>

#include "lib/crypto_x509.h"
#include "lib/jsontext.h"
#include "saml/store_admin.h"

typedef struct {
  const SamlScope *scope;
  const SamlCreate *create;
  const SamlNewKey *keys; /* two; NULL: none */
} Create;

static const DbStatement insert = {
    "saml_admin_insert", "INSERT INTO saml_connection (org_id, source_id, slug, name, idp_entity_id, "
                         "sso_url, sso_binding, slo_url, slo_binding, state,"
                         " metadata_url, metadata_local, metadata_certificate, metadata_etag, metadata_at, "
                         "metadata_until, metadata_next, replaces, beside)"
                         " SELECT $1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now(),"
                         " CASE WHEN $14::bigint > 0 THEN to_timestamp($14::bigint / 1000000.0) END,"
                         " CASE WHEN $10::text IS NOT NULL THEN now() + interval '1 hour' END, "
                         "r.connection_id, r.connection_id IS NOT NULL"
                         " FROM (SELECT) one LEFT JOIN saml_connection r ON r.org_id = $1 AND r.slug = $15 "
                         "AND r.source_id = $2 AND r.state <> 'off'"
                         " WHERE $15::text IS NULL OR r.connection_id IS NOT NULL RETURNING connection_id"};

static void add_certificate(DbArgs *args, GBytes *der) {
  gsize n = 0;
  const void *bytes = der == NULL ? NULL : g_bytes_get_data(der, &n);
  if (bytes == NULL)
    db_args_text(args, NULL);
  else
    db_args_bytes(args, bytes, n);
}

static DbResult *insert_connection(Db *db, const Create *data, GError **error) {
  const SamlCreate *create = data->create;
  const SamlIdpMetadata *idp = create->idp;
  gboolean sso_post = idp->sso_redirect == NULL,
           slo_post = idp->slo_redirect == NULL && idp->slo_post != NULL;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, data->scope->org_id);
  db_args_int(&args, create->source_id);
  db_args_text(&args, create->wish->slug);
  db_args_text(&args, idp->entity_id);
  db_args_text(&args, sso_post ? idp->sso_post : idp->sso_redirect);
  db_args_text(&args, sso_post ? "post" : "redirect");
  db_args_text(&args, slo_post ? idp->slo_post : idp->slo_redirect);
  db_args_text(&args, slo_post ? "post" : "redirect");
  db_args_text(&args, create->draft ? "draft" : "live");
  db_args_text(&args, create->origin->url);
  db_args_bool(&args, create->origin->local);
  add_certificate(&args, create->origin->certificate);
  db_args_text(&args, create->origin->etag);
  db_args_int(&args, idp->valid_until_us);
  db_args_text(&args, create->replaces);
  return db_query(db, &insert, &args, error);
}

static const DbStatement add_pinned = {
    "saml_admin_pin", "INSERT INTO saml_idp_key (org_id, connection_id, fingerprint, der, state, origin, "
                      "not_after) VALUES ($1, $2, $3, $4, 'trusted',"
                      " 'metadata', to_timestamp($5::bigint / 1000000.0)) ON CONFLICT DO NOTHING"};

static void queue_pinned(Db *db, gint64 org_id, gint64 connection_id, GBytes *der) {
  g_auto(CryptoCertificate) certificate = {0};
  if (!crypto_certificate_read(der, &certificate))
    return; /* the reader of metadata lets none through that cannot be read */
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, connection_id);
  db_args_text(&args, certificate.fingerprint);
  add_certificate(&args, der);
  db_args_int(&args, certificate.not_after_us);
  db_queue(db, &add_pinned, &args, NULL);
}

static const DbStatement add_own = {"saml_admin_own",
                                    "INSERT INTO saml_own_key (org_id, connection_id, purpose, state, der, "
                                    "sealed, not_after) VALUES ($1, $2, $3, $4, $5, $6,"
                                    " to_timestamp($7::bigint / 1000000.0))"};

static void queue_own(Db *db, gint64 org_id, gint64 connection_id, const char *state, const SamlNewKey *key) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, connection_id);
  db_args_text(&args, key->purpose);
  db_args_text(&args, state);
  add_certificate(&args, key->der);
  add_certificate(&args, key->sealed);
  db_args_int(&args, key->not_after_us);
  db_queue(db, &add_own, &args, NULL);
}

static gboolean create_body(Db *db, gpointer data, GError **error) {
  const Create *create = data;
  const char *slug = create->create->wish->slug;
  g_autoptr(DbResult) row = insert_connection(db, create, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0) {
    saml_error_set(error, SAML_ERROR_NOT_FOUND, GP_SAML_NO_CONNECTION,
                   "there is no connection \"%s\" of that source to take over from",
                   create->create->replaces);
    return FALSE;
  }
  gint64 org_id = create->scope->org_id, connection_id = db_int(row, 0, 0);
  g_autoptr(DbResult) put = saml_store_admin_put(db, create->scope, slug, create->create->wish, NULL, error);
  if (put == NULL)
    return FALSE;
  for (guint i = 0; i < create->create->idp->signing->len; i++)
    queue_pinned(db, org_id, connection_id, create->create->idp->signing->pdata[i]);
  for (guint i = 0; i < 2; i++)
    queue_own(db, org_id, connection_id, "current", &create->keys[i]);
  json_t *detail = saml_wish_detail(create->create->wish, create->create->draft ? "draft" : "live");
  json_object_set_new(detail, "idp", json_string(create->create->idp->entity_id));
  saml_admin_record(db, create->scope, "saml.create", slug, detail);
  return TRUE;
}

gboolean saml_store_admin_create(const SamlScope *scope, const SamlCreate *create, const SamlNewKey keys[2],
                                 GError **error) {
  Create data = {scope, create, keys};
  return db_tx_run(scope->pool, scope->deadline, create_body, NULL, &data, error);
}

/* ---- our own keys */

typedef struct {
  const SamlScope *scope;
  const char *slug;
  SamlRotate step;
  const SamlNewKey *keys;
  SamlRotated result;
} Rotate;

static const DbStatement lock_keys = {
    "saml_admin_rotate_lock",
    "SELECT c.connection_id, (SELECT count(*) FROM saml_own_key k WHERE k.org_id = c.org_id AND "
    "k.connection_id = c.connection_id AND"
    " k.state = 'next'), (SELECT count(*) FROM saml_own_key k WHERE k.org_id = c.org_id AND k.connection_id "
    "= c.connection_id AND"
    " k.state = 'old') FROM saml_connection c WHERE c.org_id = $1 AND c.slug = $2 FOR UPDATE"};
static const DbStatement forget_old = {"saml_admin_rotate_forget",
                                       "DELETE FROM saml_own_key WHERE org_id = $1 AND connection_id = $2"
                                       " AND state = 'old'"};
static const DbStatement retire = {"saml_admin_rotate_retire",
                                   "UPDATE saml_own_key SET state = 'old' WHERE org_id = $1 AND"
                                   " connection_id = $2 AND state = 'current'"};
static const DbStatement promote = {"saml_admin_rotate_promote",
                                    "UPDATE saml_own_key SET state = 'current' WHERE org_id = $1 AND"
                                    " connection_id = $2 AND state = 'next'"};

static void queue_on(Db *db, const DbStatement *statement, gint64 org_id, gint64 connection_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_int(&args, connection_id);
  db_queue(db, statement, &args, NULL);
}

static const char *const step_names[] = {
    [SAML_ROTATE_PREPARE] = "prepare", [SAML_ROTATE_CHANGE] = "change", [SAML_ROTATE_FINISH] = "finish"};

static void queue_rotate(Db *db, const Rotate *rotate, gint64 connection_id) {
  gint64 org_id = rotate->scope->org_id;
  if (rotate->step == SAML_ROTATE_PREPARE) {
    for (guint i = 0; i < 2; i++)
      queue_own(db, org_id, connection_id, "next", &rotate->keys[i]);
  } else if (rotate->step == SAML_ROTATE_CHANGE) {
    queue_on(db, &forget_old, org_id, connection_id);
    queue_on(db, &retire, org_id, connection_id);
    queue_on(db, &promote, org_id, connection_id);
  } else {
    queue_on(db, &forget_old, org_id, connection_id);
  }
  saml_admin_record(db, rotate->scope, "saml.rotate", rotate->slug,
                    json_pack("{s:s}", "step", step_names[rotate->step]));
}

static gboolean rotate_body(Db *db, gpointer data, GError **error) {
  Rotate *rotate = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, rotate->scope->org_id);
  db_args_text(&args, rotate->slug);
  g_autoptr(DbResult) row = db_query(db, &lock_keys, &args, error);
  if (row == NULL)
    return FALSE;
  rotate->result = SAML_ROTATE_NO_SUCH;
  if (db_rows(row) == 0)
    return TRUE;
  gboolean next = db_int(row, 0, 1) > 0, old = db_int(row, 0, 2) > 0;
  const gboolean ready[] = {
      [SAML_ROTATE_PREPARE] = !next, [SAML_ROTATE_CHANGE] = next, [SAML_ROTATE_FINISH] = old};
  rotate->result = ready[rotate->step] ? SAML_ROTATED : SAML_ROTATE_NOT_NOW;
  if (rotate->result == SAML_ROTATED)
    queue_rotate(db, rotate, db_int(row, 0, 0));
  return TRUE;
}

gboolean saml_store_admin_rotate(const SamlScope *scope, const char *slug, SamlRotate step,
                                 const SamlNewKey *keys, SamlRotated *result, GError **error) {
  Rotate rotate = {.scope = scope, .slug = slug, .step = step, .keys = keys};
  if (!db_tx_run(scope->pool, scope->deadline, rotate_body, NULL, &rotate, error))
    return FALSE;
  *result = rotate.result;
  return TRUE;
}

/* ---- the provider's keys */

typedef struct {
  const SamlScope *scope;
  const char *slug, *fingerprint;
  gboolean trust;
  SamlKeySet result;
} KeyChange;

static const DbStatement find_keys = {
    "saml_admin_key_find",
    "SELECT k.connection_id, k.fingerprint, k.state, (SELECT count(*) FROM saml_idp_key o WHERE o.org_id = "
    "k.org_id AND o.connection_id ="
    " k.connection_id AND o.state = 'trusted' AND o.fingerprint <> k.fingerprint) FROM saml_connection c"
    " JOIN saml_idp_key k ON k.org_id = c.org_id AND k.connection_id = c.connection_id WHERE c.org_id = $1 "
    "AND c.slug = $2"
    " AND starts_with(k.fingerprint, $3) FOR UPDATE OF c"};
static const DbStatement set_key = {
    "saml_admin_key_set", "UPDATE saml_idp_key SET state = $4, decided_by = $5 WHERE org_id = $1 AND"
                          " connection_id = $2 AND fingerprint = $3"};

static SamlKeySet may_set(const DbResult *rows, gboolean trust) {
  if (db_rows(rows) != 1)
    return db_rows(rows) == 0 ? SAML_KEY_NO_SUCH : SAML_KEY_UNSURE;
  return !trust && strcmp(db_text(rows, 0, 2), "trusted") == 0 && db_int(rows, 0, 3) == 0 ? SAML_KEY_LAST
                                                                                          : SAML_KEY_SET;
}

static void queue_key(Db *db, const KeyChange *change, const DbResult *rows) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_int(&args, db_int(rows, 0, 0));
  db_args_text(&args, db_text(rows, 0, 1));
  db_args_text(&args, change->trust ? "trusted" : "removed");
  db_args_text(&args, change->scope->actor);
  db_queue(db, &set_key, &args, NULL);
  saml_admin_record(db, change->scope, change->trust ? "saml.key-trust" : "saml.key-remove", change->slug,
                    json_pack("{s:s}", "fingerprint", db_text(rows, 0, 1)));
}

static gboolean key_body(Db *db, gpointer data, GError **error) {
  KeyChange *change = data;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  db_args_text(&args, change->slug);
  db_args_text(&args, change->fingerprint);
  g_autoptr(DbResult) rows = db_query(db, &find_keys, &args, error);
  if (rows == NULL)
    return FALSE;
  change->result = may_set(rows, change->trust);
  if (change->result == SAML_KEY_SET)
    queue_key(db, change, rows);
  return TRUE;
}

gboolean saml_store_admin_key(const SamlScope *scope, const char *slug, const char *fingerprint,
                              gboolean trust, SamlKeySet *result, GError **error) {
  KeyChange change = {.scope = scope, .slug = slug, .fingerprint = fingerprint, .trust = trust};
  if (!db_tx_run(scope->pool, scope->deadline, key_body, NULL, &change, error))
    return FALSE;
  *result = change.result;
  return TRUE;
}
