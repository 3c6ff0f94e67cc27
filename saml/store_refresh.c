#include "saml/store_refresh.h"

#include <string.h>

#include "lib/crypto_x509.h"
#include "lib/jsontext.h"
#include "lib/text.h"

#define ITEM                                                                               \
  "c.org_id, c.connection_id, c.slug, c.metadata_url, c.metadata_etag, c.metadata_local, " \
  "c.metadata_certificate,"                                                                \
  " c.idp_entity_id, c.sso_url, c.slo_url, c.sso_binding = 'post', c.slo_binding = 'post'"
#define WHY_BYTES 500

static void clear_key(gpointer data) {
  g_bytes_unref(((SamlKnownKey *)data)->der);
}

void saml_refresh_item_free(SamlRefreshItem *item) {
  if (item == NULL)
    return;
  g_free(item->slug);
  g_free(item->url);
  g_free(item->etag);
  g_clear_pointer(&item->certificate, g_bytes_unref);
  g_free(item->entity_id);
  g_free(item->sso_url);
  g_free(item->slo_url);
  g_array_unref(item->keys);
  g_free(item);
}

SamlKnownIdp saml_refresh_item_known(const SamlRefreshItem *item) {
  return (SamlKnownIdp){item->entity_id, item->sso_url,  item->slo_url,
                        item->sso_post,  item->slo_post, item->keys};
}

static SamlRefreshItem *read_item(const DbResult *rows, int i) {
  SamlRefreshItem *item = g_new0(SamlRefreshItem, 1);
  item->org_id = db_int(rows, i, 0);
  item->connection_id = db_int(rows, i, 1);
  item->slug = g_strdup(db_text(rows, i, 2));
  item->url = g_strdup(db_text(rows, i, 3));
  item->etag = g_strdup(db_text(rows, i, 4));
  item->local = db_bool(rows, i, 5);
  item->certificate = db_bytes(rows, i, 6);
  item->entity_id = g_strdup(db_text(rows, i, 7));
  item->sso_url = g_strdup(db_text(rows, i, 8));
  item->slo_url = g_strdup(db_text(rows, i, 9));
  item->sso_post = db_bool(rows, i, 10);
  item->slo_post = db_bool(rows, i, 11);
  item->keys = g_array_new(FALSE, TRUE, sizeof(SamlKnownKey));
  g_array_set_clear_func(item->keys, clear_key);
  return item;
}

static const DbStatement keys_of = {
    "saml_refresh_keys", "SELECT der, state, coalesce(decided_by LIKE 'admin:%', false) FROM saml_idp_key"
                         " WHERE org_id = $1 AND connection_id = $2 ORDER BY added_at, fingerprint"};

static SamlKeyState state_of(const char *name) {
  if (strcmp(name, "trusted") == 0)
    return SAML_KEY_TRUSTED;
  return strcmp(name, "pending") == 0 ? SAML_KEY_PENDING : SAML_KEY_REMOVED;
}

static gboolean load_keys(DbPool *pool, gint64 deadline, SamlRefreshItem *item, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, item->org_id);
  db_args_int(&args, item->connection_id);
  g_autoptr(DbResult) rows = db_pool_read(pool, deadline, &keys_of, &args, error);
  if (rows == NULL)
    return FALSE;
  for (int i = 0; i < db_rows(rows); i++) {
    SamlKnownKey key = {db_bytes(rows, i, 0), state_of(db_text(rows, i, 1)), db_bool(rows, i, 2)};
    g_array_append_val(item->keys, key);
  }
  return TRUE;
}

/* Sent twice after a lost connection it finds nothing the second time: they come a quarter of an hour later. */
static const DbStatement due = {
    "saml_refresh_due",
    "UPDATE saml_connection c SET metadata_next = now() + interval '15 minutes'"
    " WHERE c.metadata_url IS NOT NULL AND c.state <> 'off' AND coalesce(c.metadata_next, now()) <= now()"
    " RETURNING " ITEM};

GPtrArray *saml_store_refresh_due(DbPool *pool, gint64 deadline, GError **error) {
  g_autoptr(DbResult) rows = db_pool_read(pool, deadline, &due, NULL, error);
  if (rows == NULL)
    return NULL;
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)saml_refresh_item_free);
  for (int i = 0; i < db_rows(rows); i++) {
    g_ptr_array_add(items, read_item(rows, i));
    if (!load_keys(pool, deadline, items->pdata[i], error))
      return NULL;
  }
  return g_steal_pointer(&items);
}

static const DbStatement find = {"saml_refresh_find",
                                 "SELECT " ITEM " FROM saml_connection c WHERE c.org_id = $1 AND c.slug = $2"
                                 " AND c.metadata_url IS NOT NULL"};

gboolean saml_store_refresh_find(DbPool *pool, gint64 deadline, gint64 org_id, const char *slug,
                                 SamlRefreshItem **item, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, slug);
  *item = NULL;
  g_autoptr(DbResult) rows = db_pool_read(pool, deadline, &find, &args, error);
  if (rows == NULL || db_rows(rows) == 0)
    return rows != NULL;
  g_autoptr(SamlRefreshItem) found = read_item(rows, 0);
  if (!load_keys(pool, deadline, found, error))
    return FALSE;
  *item = g_steal_pointer(&found);
  return TRUE;
}

/* ---- what a copy changes */

typedef struct {
  const SamlRefreshItem *item;
  const SamlRefreshOutcome *outcome;
} Apply;

static void args_of(DbArgs *args, const SamlRefreshItem *item) {
  db_args_int(args, item->org_id);
  db_args_int(args, item->connection_id);
}

static const DbStatement put_key = {
    "saml_refresh_put_key",
    "INSERT INTO saml_idp_key (org_id, connection_id, fingerprint, der, state, origin, not_after)"
    " VALUES ($1, $2, $3, $4, $5, 'metadata', to_timestamp($6::bigint / 1000000.0))"
    " ON CONFLICT (org_id, connection_id, fingerprint) DO UPDATE SET state = excluded.state"
    " WHERE saml_idp_key.state <> 'trusted' AND saml_idp_key.decided_by IS NULL"};

static void queue_key(Db *db, const SamlRefreshItem *item, const SamlRefreshStep *step) {
  g_auto(CryptoCertificate) certificate = {0};
  if (!crypto_certificate_read(step->der, &certificate))
    return; /* the reader of metadata lets none through that cannot be read */
  gsize n;
  const void *der = g_bytes_get_data(step->der, &n);
  DbArgs args = DB_ARGS_INIT;
  args_of(&args, item);
  db_args_text(&args, certificate.fingerprint);
  db_args_bytes(&args, der, n);
  db_args_text(&args, step->waits ? "pending" : "trusted");
  db_args_int(&args, certificate.not_after_us);
  db_queue(db, &put_key, &args, NULL);
}

static const DbStatement drop_key = {"saml_refresh_drop_key",
                                     "UPDATE saml_idp_key SET state = 'removed' WHERE org_id = $1"
                                     " AND connection_id = $2 AND der = $3 AND decided_by IS NULL"};

static void queue_drop(Db *db, const SamlRefreshItem *item, const SamlRefreshStep *step) {
  gsize n;
  const void *der = g_bytes_get_data(step->der, &n);
  DbArgs args = DB_ARGS_INIT;
  args_of(&args, item);
  db_args_bytes(&args, der, n);
  db_queue(db, &drop_key, &args, NULL);
}

static const DbStatement set_sso = {"saml_refresh_sso",
                                    "UPDATE saml_connection SET sso_url = $3, sso_binding = $4,"
                                    " version = version + 1 WHERE org_id = $1 AND connection_id = $2"};
static const DbStatement set_slo = {"saml_refresh_slo",
                                    "UPDATE saml_connection SET slo_url = $3, slo_binding = $4,"
                                    " version = version + 1 WHERE org_id = $1 AND connection_id = $2"};

static void queue_address(Db *db, const SamlRefreshItem *item, const SamlRefreshStep *step) {
  DbArgs args = DB_ARGS_INIT;
  args_of(&args, item);
  db_args_text(&args, step->text);
  db_args_text(&args, step->post ? "post" : "redirect");
  db_queue(db, step->kind == SAML_REFRESH_SSO ? &set_sso : &set_slo, &args, NULL);
}

/* A new key that waits is written down as pending; everything else that waits is not written at all. */
static void queue_step(Db *db, const SamlRefreshItem *item, const SamlRefreshStep *step) {
  if (step->kind == SAML_REFRESH_KEY_ADD)
    queue_key(db, item, step);
  else if (step->waits)
    return;
  else if (step->kind == SAML_REFRESH_KEY_REMOVE)
    queue_drop(db, item, step);
  else
    queue_address(db, item, step);
}

static const DbStatement note = {
    "saml_refresh_note",
    "UPDATE saml_connection SET metadata_error = $3, metadata_etag = coalesce($4, metadata_etag),"
    " metadata_at = CASE WHEN $3::text IS NULL THEN now() ELSE metadata_at END,"
    " metadata_until = CASE WHEN $5::bigint > 0 THEN to_timestamp($5::bigint / 1000000.0) ELSE "
    "metadata_until END,"
    " metadata_next = now() + make_interval(secs => $6) WHERE org_id = $1 AND connection_id = $2"};

static void queue_note(Db *db, const Apply *apply) {
  const SamlRefreshOutcome *outcome = apply->outcome;
  g_autofree char *why = outcome->error == NULL ? NULL : text_clean(outcome->error, WHY_BYTES);
  DbArgs args = DB_ARGS_INIT;
  args_of(&args, apply->item);
  db_args_text(&args, why);
  db_args_text(&args, outcome->etag);
  db_args_int(&args, outcome->copy == NULL ? 0 : outcome->copy->valid_until_us);
  db_args_int(&args, outcome->after_seconds);
  db_queue(db, &note, &args, NULL);
}

static const char *const step_names[] = {[SAML_REFRESH_KEY_ADD] = "key added",
                                         [SAML_REFRESH_KEY_REMOVE] = "key removed",
                                         [SAML_REFRESH_SSO] = "sign-in address",
                                         [SAML_REFRESH_SLO] = "logout address"};

static void queue_record(Db *db, const Apply *apply) {
  const SamlRefreshPlan *plan = apply->outcome->plan;
  g_autoptr(json_t) steps = json_array();
  for (guint i = 0; i < plan->steps->len; i++) {
    const SamlRefreshStep *step = &g_array_index(plan->steps, SamlRefreshStep, i);
    json_array_append_new(steps, json_pack("{s:s, s:s*, s:b}", "change", step_names[step->kind], "to",
                                           step->text, "waits", step->waits));
  }
  if (json_array_size(steps) == 0)
    return;
  g_autoptr(json_t) detail =
      json_pack("{s:O, s:b}", "steps", steps, "signed", apply->outcome->copy->signature_held);
  AuditRecord record = {.org_id = apply->item->org_id,
                        .kind = AUDIT_ADMIN,
                        .actor = apply->outcome->actor,
                        .action = "saml.refresh",
                        .subject = apply->item->slug,
                        .detail = detail};
  audit_queue(db, &record);
}

static gboolean apply_body(Db *db, gpointer data, GError **error) {
  (void)error;
  const Apply *apply = data;
  if (apply->outcome->plan != NULL) {
    for (guint i = 0; i < apply->outcome->plan->steps->len; i++)
      queue_step(db, apply->item, &g_array_index(apply->outcome->plan->steps, SamlRefreshStep, i));
    queue_record(db, apply);
  }
  queue_note(db, apply);
  return TRUE;
}

gboolean saml_store_refresh_apply(DbPool *pool, gint64 deadline, const SamlRefreshItem *item,
                                  const SamlRefreshOutcome *outcome, GError **error) {
  Apply apply = {item, outcome};
  return db_tx_run(pool, deadline, apply_body, NULL, &apply, error);
}
