#include "scim/store.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/jsontext.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "scim/error.h"
#include "scim/store_columns.h"

static const DbStatement member_list = {
    "scim_member_list",
    "SELECT " SCIM_MEMBERS_OF_GROUP("$4") " FROM scim_group g WHERE g.org_id = $1 AND g.source_id = $2"
                                          " AND g.group_id = $3::uuid"};

json_t *scim_store_member_list(ScimScope scope, Db *db, const char *group_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope.org_id);
  db_args_int(&args, scope.source_id);
  db_args_text(&args, group_id);
  db_args_text(&args, scope.base);
  g_autoptr(DbResult) result = db_query(db, &member_list, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_rows(result) > 0 ? db_text(result, 0, 0) : NULL;
  return text != NULL ? json_loads(text, 0, NULL) : json_array();
}

void scim_member_change_clear(ScimMemberChange *change) {
  json_decref(change->added_ids);
  json_decref(change->removed_ids);
  *change = (ScimMemberChange){0};
}

/* Adds a statement's count and sample to what is known already. */
static void count(gint64 *total, json_t **sample, gint64 n, const char *ids) {
  *total += n;
  if (*sample == NULL)
    *sample = json_array();
  g_autoptr(json_t) more = ids != NULL ? json_loads(ids, 0, NULL) : NULL;
  json_array_extend(*sample, more);
  while (json_array_size(*sample) > SCIM_STORE_SAMPLE)
    json_array_remove(*sample, json_array_size(*sample) - 1);
}

#define SAMPLE(from) \
  "(SELECT count(*) FROM " from "), (SELECT json_agg(v)::text FROM (SELECT v FROM " from " LIMIT 100) s)"

/* $4: people to add. They are share-locked in order of id, so that a delete that runs beside this either sees the new
 * membership or makes its id unknown here. $5 and $6: ids and pending values that go, or, in a replace, that stay. */
#define ADD_PEOPLE                                                                        \
  "WITH seen AS (SELECT user_id FROM scim_user WHERE org_id = $1 AND source_id = $2"      \
  " AND user_id = ANY ($4::uuid[]) ORDER BY user_id FOR KEY SHARE),"                      \
  " put AS (INSERT INTO scim_member (org_id, group_id, member_id, kind)"                  \
  " SELECT $1::bigint, $3::uuid, user_id, 'u'::\"char\" FROM seen ON CONFLICT DO NOTHING" \
  " RETURNING member_id::text AS v),"
#define REPORT                                                                  \
  " left_over AS (SELECT v FROM gone UNION ALL SELECT v FROM forgotten)"        \
  " SELECT " SAMPLE("put") ", " SAMPLE(                                         \
      "left_over") ", (SELECT json_agg(id)::text FROM unnest($4::uuid[]) w(id)" \
                   " WHERE id NOT IN (SELECT user_id FROM seen))"

static const DbStatement member_change = {
    "scim_member_change",
    ADD_PEOPLE " gone AS (DELETE FROM scim_member WHERE org_id = $1 AND group_id = $3::uuid"
               " AND member_id = ANY ($5::uuid[]) RETURNING member_id::text AS v),"
               " forgotten AS (DELETE FROM scim_pending_member WHERE org_id = $1 AND group_id = $3::uuid"
               " AND value = ANY ($6::text[]) RETURNING value AS v)," REPORT};
/* NOT IN over an uncorrelated array is one hash table, whatever the planner thinks an array's length is. */
static const DbStatement member_replace = {
    "scim_member_replace", ADD_PEOPLE
    " gone AS (DELETE FROM scim_member m WHERE m.org_id = $1 AND m.group_id = $3::uuid AND m.member_id"
    " NOT IN (SELECT unnest($5::uuid[])) RETURNING m.member_id::text AS v),"
    " forgotten AS (DELETE FROM scim_pending_member p WHERE p.org_id = $1 AND p.group_id = $3::uuid AND "
    "p.value"
    " NOT IN (SELECT unnest($6::text[])) RETURNING p.value AS v)," REPORT};

/* One run: what the deltas come to. All texts are borrowed from `members` or kept in `owned`. */
typedef struct {
  ScimScope scope;
  Db *db;
  const char *group_id;
  const ScimMembers *members;
  ScimDialect *dialect;
  ScimMemberChange *change;
  GPtrArray *ids;     /* to add, UUIDs */
  GPtrArray *names;   /* any other text that names somebody, to add or to remove */
  GPtrArray *gone;    /* UUIDs to remove */
  GPtrArray *values;  /* every value to remove (or, in a replace, that stays), for pending rows */
  GPtrArray *unknown; /* values to add that no person has */
  GPtrArray *owned;
} Apply;

static void apply_clear(Apply *apply) {
  g_ptr_array_unref(apply->ids);
  g_ptr_array_unref(apply->names);
  g_ptr_array_unref(apply->gone);
  g_ptr_array_unref(apply->values);
  g_ptr_array_unref(apply->unknown);
  g_ptr_array_unref(apply->owned);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Apply, apply_clear)

static char *own(Apply *apply, const char *text) {
  char *copy = g_strdup(text);
  g_ptr_array_add(apply->owned, copy);
  return copy;
}

static void add_scope(DbArgs *args, const Apply *apply) {
  db_args_int(args, apply->scope.org_id);
  db_args_int(args, apply->scope.source_id);
}

static void add_texts(DbArgs *args, const GPtrArray *texts, char **keep) {
  db_args_text_array(args, (const char *const *)texts->pdata, texts->len, keep);
}

/* Both stand in indexes; a key can be longer than its text. */
static gboolean check_length(const char *value, const char *key, GError **error) {
  if (strlen(value) <= LIMIT_KEY_BYTES && strlen(key) <= LIMIT_KEY_BYTES)
    return TRUE;
  g_autofree char *quoted = text_quote(value);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE, "members.value \"%s\" is longer than any id",
              quoted);
  return FALSE;
}

static gboolean sort_values(Apply *apply, GError **error) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, apply->members->add);
  while (g_hash_table_iter_next(&iter, &value, NULL)) {
    if (!check_length(value, value, error))
      return FALSE;
    g_ptr_array_add(crypto_uuid_valid(value) ? apply->ids : apply->names, value);
    if (apply->members->cleared)
      g_ptr_array_add(apply->values, value);
  }
  g_hash_table_iter_init(&iter, apply->members->remove);
  while (g_hash_table_iter_next(&iter, &value, NULL)) {
    g_ptr_array_add(crypto_uuid_valid(value) ? apply->gone : apply->names, value);
    g_ptr_array_add(apply->values, value);
  }
  return TRUE;
}

static const DbStatement member_named = {
    "scim_member_named",
    "SELECT w.value, (SELECT u.user_id FROM scim_user u WHERE u.org_id = $1 AND u.source_id = $2"
    " AND (u.external_id = w.value OR u.user_name_key = w.key) ORDER BY u.seq LIMIT 1)"
    " FROM unnest($3::text[], $4::text[]) w(value, key)"};

/* A member may be named by externalId or userName: what would make a pending one live makes this one live at once. */
static gboolean find_named(Apply *apply, GError **error) {
  if (apply->names->len == 0)
    return TRUE;
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < apply->names->len; i++) {
    char *key = text_key(apply->names->pdata[i]);
    g_ptr_array_add(keys, key != NULL ? key : g_strdup(""));
  }
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *names_text = NULL, *keys_text = NULL;
  add_scope(&args, apply);
  add_texts(&args, apply->names, &names_text);
  add_texts(&args, keys, &keys_text);
  g_autoptr(DbResult) result = db_query(apply->db, &member_named, &args, error);
  for (int i = 0; result != NULL && i < db_rows(result); i++) {
    const char *value = db_text(result, i, 0);
    gboolean added = g_hash_table_contains(apply->members->add, value);
    if (!db_null(result, i, 1))
      g_ptr_array_add(added ? apply->ids : apply->gone, own(apply, db_text(result, i, 1)));
    else if (added)
      g_ptr_array_add(apply->unknown, own(apply, value));
  }
  return result != NULL;
}

static gboolean change_people(Apply *apply, GError **error) {
  gboolean replace = apply->members->cleared;
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *ids_text = NULL, *gone_text = NULL, *values_text = NULL;
  add_scope(&args, apply);
  db_args_text(&args, apply->group_id);
  add_texts(&args, apply->ids, &ids_text);
  add_texts(&args, replace ? apply->ids : apply->gone, &gone_text);
  add_texts(&args, apply->values, &values_text);
  g_autoptr(DbResult) result = db_query(apply->db, replace ? &member_replace : &member_change, &args, error);
  if (result == NULL)
    return FALSE;
  count(&apply->change->added, &apply->change->added_ids, db_int(result, 0, 0), db_text(result, 0, 1));
  count(&apply->change->removed, &apply->change->removed_ids, db_int(result, 0, 2), db_text(result, 0, 3));
  g_autoptr(json_t) unknown = db_null(result, 0, 4) ? NULL : json_loads(db_text(result, 0, 4), 0, NULL);
  size_t i;
  json_t *id;
  json_array_foreach(unknown, i, id) {
    g_ptr_array_add(apply->unknown, own(apply, json_string_value(id)));
  }
  return TRUE;
}

static const DbStatement member_groups = {
    "scim_member_groups", "SELECT group_id FROM scim_group WHERE org_id = $1 AND source_id = $2"
                          " AND group_id = ANY ($3::uuid[]) ORDER BY group_id FOR KEY SHARE"};

/* Moves those of `unknown` that are groups of this source into *groups. */
static gboolean find_groups(Apply *apply, GPtrArray *groups, GError **error) {
  g_autoptr(GPtrArray) ids = g_ptr_array_new();
  for (guint i = 0; i < apply->unknown->len; i++)
    if (crypto_uuid_valid(apply->unknown->pdata[i]))
      g_ptr_array_add(ids, apply->unknown->pdata[i]);
  if (ids->len == 0)
    return TRUE;
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *text = NULL;
  add_scope(&args, apply);
  add_texts(&args, ids, &text);
  g_autoptr(DbResult) result = db_query(apply->db, &member_groups, &args, error);
  if (result == NULL)
    return FALSE;
  g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);
  for (int i = 0; i < db_rows(result); i++)
    g_hash_table_add(found, own(apply, db_text(result, i, 0)));
  for (guint i = apply->unknown->len; i > 0; i--)
    if (g_hash_table_contains(found, apply->unknown->pdata[i - 1]))
      g_ptr_array_add(groups, g_ptr_array_remove_index_fast(apply->unknown, i - 1));
  return TRUE;
}

/* Nestings of one organisation are made one at a time: two that are made at once could close a circle together. */
static const DbStatement member_nest_lock = {
    "scim_member_nest_lock",
    "SELECT pg_advisory_xact_lock(hashtextextended('gatepost nested groups', $1::bigint))"};
static const DbStatement member_circle = {
    "scim_member_circle",
    "WITH RECURSIVE down(id) AS (SELECT unnest($3::uuid[]) UNION SELECT m.member_id FROM down"
    " JOIN scim_member m ON m.org_id = $1 AND m.group_id = down.id AND m.kind = 'g')"
    " SELECT EXISTS (SELECT 1 FROM down WHERE id = $2::uuid)"};
static const DbStatement member_nest = {
    "scim_member_nest",
    "WITH put AS (INSERT INTO scim_member (org_id, group_id, member_id, kind)"
    " SELECT $1::bigint, $2::uuid, id, 'g'::\"char\" FROM unnest($3::uuid[]) w(id) ON CONFLICT DO NOTHING"
    " RETURNING member_id::text AS v) SELECT " SAMPLE("put")};

static gboolean add_groups(Apply *apply, const GPtrArray *groups, GError **error) {
  if (groups->len == 0)
    return TRUE;
  DbArgs lock = DB_ARGS_INIT;
  db_args_int(&lock, apply->scope.org_id);
  db_queue(apply->db, &member_nest_lock, &lock, NULL);
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *text = NULL;
  db_args_int(&args, apply->scope.org_id);
  db_args_text(&args, apply->group_id);
  add_texts(&args, groups, &text);
  g_autoptr(DbResult) circle = db_query(apply->db, &member_circle, &args, error);
  if (circle == NULL)
    return FALSE;
  if (db_bool(circle, 0, 0)) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE,
                "members: the group would contain itself; take a group out of the circle first");
    return FALSE;
  }
  g_autoptr(DbResult) result = db_query(apply->db, &member_nest, &args, error);
  if (result != NULL)
    count(&apply->change->added, &apply->change->added_ids, db_int(result, 0, 0), db_text(result, 0, 1));
  return result != NULL;
}

static void set_unknown(const Apply *apply, GError **error) {
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < apply->unknown->len && i < 5; i++) {
    g_autofree char *quoted = text_quote(apply->unknown->pdata[i]);
    g_string_append_printf(list, "%s\"%s\"", i > 0 ? ", " : "", quoted);
  }
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE,
              "members: nobody here has the id %s%s; create them first (nothing was changed)", list->str,
              apply->unknown->len > 5 ? " and others" : "");
}

static const DbStatement member_pend = {
    "scim_member_pend",
    "WITH put AS (INSERT INTO scim_pending_member (org_id, source_id, group_id, value, value_key, display, "
    "display_key)"
    " SELECT $1::bigint, $2::bigint, $3::uuid, w.value, w.value_key, nullif(w.display, ''),"
    " nullif(w.display_key, '') FROM unnest($4::text[], $5::text[], $6::text[], $7::text[])"
    " w(value, value_key, display, display_key) ON CONFLICT DO NOTHING RETURNING value AS v) "
    "SELECT " SAMPLE("put")};

/* Columns of the pending rows, beside `unknown`. */
typedef struct {
  GPtrArray *keys, *displays, *display_keys;
} Pending;

static void pending_clear(Pending *pending) {
  g_ptr_array_unref(pending->keys);
  g_ptr_array_unref(pending->displays);
  g_ptr_array_unref(pending->display_keys);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pending, pending_clear)

static char *key_of(const char *text) {
  char *key = text_key(text);
  return key != NULL ? key : g_strdup(text);
}

static gboolean fill_pending(const Apply *apply, Pending *pending, GError **error) {
  for (guint i = 0; i < apply->unknown->len; i++) {
    const char *value = apply->unknown->pdata[i];
    json_t *member = g_hash_table_lookup(apply->members->add, value);
    const char *display = json_string_value(json_object_get(member, "display"));
    g_ptr_array_add(pending->displays, (gpointer)(display != NULL ? display : ""));
    g_ptr_array_add(pending->display_keys, key_of(display != NULL ? display : ""));
    g_ptr_array_add(pending->keys, key_of(value));
    if (!check_length(value, pending->keys->pdata[i], error))
      return FALSE;
  }
  return TRUE;
}

static gboolean add_pending(Apply *apply, GError **error) {
  if (apply->unknown->len == 0)
    return TRUE;
  if (!scim_dialect_allows(apply->dialect, SCIM_LENIENT_PENDING_MEMBERS)) {
    set_unknown(apply, error);
    return FALSE;
  }
  g_auto(Pending) pending = {g_ptr_array_new_with_free_func(g_free), g_ptr_array_new(),
                             g_ptr_array_new_with_free_func(g_free)};
  if (!fill_pending(apply, &pending, error))
    return FALSE;
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *values_text = NULL, *keys_text = NULL, *displays_text = NULL, *display_keys_text = NULL;
  add_scope(&args, apply);
  db_args_text(&args, apply->group_id);
  add_texts(&args, apply->unknown, &values_text);
  add_texts(&args, pending.keys, &keys_text);
  add_texts(&args, pending.displays, &displays_text);
  add_texts(&args, pending.display_keys, &display_keys_text);
  g_autoptr(DbResult) result = db_query(apply->db, &member_pend, &args, error);
  if (result == NULL)
    return FALSE;
  apply->change->pending += db_int(result, 0, 0);
  count(&apply->change->added, &apply->change->added_ids, db_int(result, 0, 0), db_text(result, 0, 1));
  return TRUE;
}

gboolean scim_store_member_apply(ScimScope scope, Db *db, const char *group_id, const ScimMembers *members,
                                 ScimMemberRules *rules, GError **error) {
  scim_member_change_clear(&rules->change);
  if (scim_members_empty(members))
    return TRUE;
  if (g_hash_table_size(members->add) > LIMIT_MEMBERS) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY, "members: at most %d in one request", LIMIT_MEMBERS);
    return FALSE;
  }
  g_auto(Apply) apply = {.scope = scope,
                         .db = db,
                         .group_id = group_id,
                         .members = members,
                         .dialect = rules->dialect,
                         .change = &rules->change,
                         .ids = g_ptr_array_new(),
                         .names = g_ptr_array_new(),
                         .gone = g_ptr_array_new(),
                         .values = g_ptr_array_new(),
                         .unknown = g_ptr_array_new(),
                         .owned = g_ptr_array_new_with_free_func(g_free)};
  g_autoptr(GPtrArray) groups = g_ptr_array_new();
  return sort_values(&apply, error) && find_named(&apply, error) && change_people(&apply, error) &&
         find_groups(&apply, groups, error) && add_groups(&apply, groups, error) &&
         add_pending(&apply, error);
}
