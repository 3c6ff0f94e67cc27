#include "saml/store.h"

#include <string.h>

#include "lib/jsontext.h"

static const DbStatement door_find = {
    "saml_door_find",
    "SELECT c.org_id, c.connection_id, c.source_id, c.version, c.slug, c.name, c.idp_entity_id,"
    " to_json(c.logout_issuers)::text, c.sso_url, c.slo_url, c.sso_binding = 'post', c.slo_binding = 'post',"
    " c.signed_what, c.allow_cbc, c.enforce_address, c.force_authn, to_json(c.contexts)::text, "
    "c.name_id_format,"
    " c.skew_seconds, c.state, o.name, c.subject_source, c.join_rule, c.max_session_hours,"
    " coalesce(m.help_text, '')"
    " FROM saml_connection c JOIN org o ON o.org_id = c.org_id"
    " LEFT JOIN mail_setting m ON m.org_id = c.org_id WHERE c.slug = $1"};

/* The pinned ones in the order in which they came; of ours the current one first. A former one decrypts what comes late. */
static const DbStatement door_keys = {
    "saml_door_keys",
    "SELECT 'idp', der, NULL::bytea, fingerprint FROM (SELECT * FROM saml_idp_key WHERE org_id = $1 AND"
    " connection_id = $2 AND state = 'trusted' ORDER BY added_at, fingerprint) i UNION ALL"
    " SELECT purpose, der, sealed, NULL FROM (SELECT * FROM saml_own_key WHERE org_id = $1 AND connection_id "
    "= $2"
    " AND (state <> 'old' OR purpose = 'decrypt') ORDER BY state = 'old', state = 'next', key_id DESC) k"};

static char *text_at(const DbResult *row, int column) {
  return g_strdup(db_text(row, 0, column));
}

static char **list_at(const DbResult *row, int column) {
  const char *text = db_text(row, 0, column);
  g_autoptr(json_t) list = jsontext_load(text, strlen(text), NULL);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gsize i;
  json_t *item;
  json_array_foreach(list, i, item) g_strv_builder_add(builder, json_string_value(item));
  return g_strv_builder_end(builder);
}

static SamlSigned signed_of(const char *name) {
  static const char *const names[] = {[SAML_SIGNED_EITHER] = "either",
                                      [SAML_SIGNED_RESPONSE] = "response",
                                      [SAML_SIGNED_ASSERTION] = "assertion",
                                      [SAML_SIGNED_BOTH] = "both"};
  guint i = 0;
  while (strcmp(names[i], name) != 0)
    i++;
  return (SamlSigned)i;
}

static SamlState state_of(const char *name) {
  if (strcmp(name, "live") == 0)
    return SAML_STATE_LIVE;
  return strcmp(name, "draft") == 0 ? SAML_STATE_DRAFT : SAML_STATE_OFF;
}

/* Our URLs come from the settings and the slug alone. */
static void set_urls(SamlConnection *connection, const char *base) {
  connection->sp_entity_id = g_strdup_printf("%s/saml/%s/metadata", base, connection->slug);
  connection->acs_url = g_strdup_printf("%s/saml/%s/acs", base, connection->slug);
  connection->slo_url = g_strdup_printf("%s/saml/%s/slo", base, connection->slug);
}

static SamlConnection *read_connection(const DbResult *row, const char *base) {
  SamlConnection *connection = saml_connection_new();
  connection->org_id = db_int(row, 0, 0);
  connection->connection_id = db_int(row, 0, 1);
  connection->source_id = db_int(row, 0, 2);
  connection->version = db_int(row, 0, 3);
  connection->slug = text_at(row, 4);
  connection->name = text_at(row, 5);
  connection->idp_entity_id = text_at(row, 6);
  connection->logout_issuers = list_at(row, 7);
  connection->sso_url = text_at(row, 8);
  connection->idp_slo_url = text_at(row, 9);
  connection->sso_binding = db_bool(row, 0, 10) ? SAML_BINDING_POST : SAML_BINDING_REDIRECT;
  connection->slo_binding = db_bool(row, 0, 11) ? SAML_BINDING_POST : SAML_BINDING_REDIRECT;
  connection->signed_what = signed_of(db_text(row, 0, 12));
  connection->allow_cbc = db_bool(row, 0, 13);
  connection->enforce_address = db_bool(row, 0, 14);
  connection->force_authn = db_bool(row, 0, 15);
  connection->contexts = list_at(row, 16);
  connection->name_id_format = text_at(row, 17);
  connection->skew_seconds = (int)db_int(row, 0, 18);
  set_urls(connection, base);
  return connection;
}

static SamlDoor *read_door(const DbResult *row, const char *base) {
  SamlDoor *door = g_new0(SamlDoor, 1);
  door->connection = read_connection(row, base);
  door->state = state_of(db_text(row, 0, 19));
  door->org_name = text_at(row, 20);
  door->subject_source = text_at(row, 21);
  door->join = saml_join_find(db_text(row, 0, 22));
  door->max_session_hours = (int)db_int(row, 0, 23);
  door->help = text_at(row, 24);
  door->fingerprints = g_ptr_array_new_with_free_func(g_free);
  return door;
}

static void add_key(SamlDoor *door, const DbResult *rows, int i) {
  SamlConnection *connection = door->connection;
  const char *purpose = db_text(rows, i, 0);
  GBytes *der = db_bytes(rows, i, 1);
  if (strcmp(purpose, "idp") == 0) {
    SamlPinned pinned = {der};
    g_array_append_val(connection->pinned, pinned);
    g_ptr_array_add(door->fingerprints, g_strdup(db_text(rows, i, 3)));
    return;
  }
  SamlOwnKey key = {der, db_bytes(rows, i, 2)};
  g_array_append_val(*(strcmp(purpose, "sign") == 0 ? &connection->signing : &connection->decryption), key);
}

gboolean saml_store_door(DbPool *pool, gint64 deadline, const char *base, const char *slug, SamlDoor **door,
                         GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, slug);
  *door = NULL;
  g_autoptr(DbResult) row = db_pool_read(pool, deadline, &door_find, &args, error);
  if (row == NULL || db_rows(row) == 0)
    return row != NULL;
  g_autoptr(SamlDoor) found = read_door(row, base);
  DbArgs of = DB_ARGS_INIT;
  db_args_int(&of, found->connection->org_id);
  db_args_int(&of, found->connection->connection_id);
  g_autoptr(DbResult) keys = db_pool_read(pool, deadline, &door_keys, &of, error);
  if (keys == NULL)
    return FALSE;
  for (int i = 0; i < db_rows(keys); i++)
    add_key(found, keys, i);
  *door = g_steal_pointer(&found);
  return TRUE;
}

static const DbStatement choose = {
    "saml_choose",
    "SELECT coalesce(json_agg(json_build_object('slug', x.slug, 'name', x.name, 'org', x.org)), '[]')::text "
    "FROM ("
    "SELECT c.slug, c.name, o.name AS org FROM saml_connection c JOIN org o ON o.org_id = c.org_id"
    " WHERE c.state = 'live' AND ($1::text IS NULL OR o.name = $1)"
    " AND ($2::text IS NULL OR EXISTS (SELECT FROM domain d WHERE d.org_id = c.org_id AND d.domain = $2"
    " AND d.verified_at IS NOT NULL)) ORDER BY c.name, c.slug LIMIT 20) x"};

json_t *saml_store_choose(DbPool *pool, gint64 deadline, const SamlChoice *choice, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, choice->org);
  db_args_text(&args, choice->domain);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &choose, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}
