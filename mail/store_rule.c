#include "mail/store_rule.h"

#include <string.h>

#include "lib/text.h"
#include "mail/error.h"
#include "mail/record.h"
#include "mail/store_rule_try.h"

/* People and groups by the names they have now; an id where there is nobody any more. */
#define NAMES_OF(column, table, key, name)                                                                 \
  "(SELECT coalesce(jsonb_agg(coalesce(x." name ", i.id::text) ORDER BY i.n), '[]') FROM unnest(r." column \
  ") WITH ORDINALITY i(id, n) LEFT JOIN " table " x ON x.org_id = r.org_id AND x." key " = i.id)"
#define RULE_JSON                                                                                            \
  "jsonb_build_object('id', r.rule_id, 'name', r.name, 'about', r.about, 'effect', r.effect, 'actions', "    \
  "r.actions,"                                                                                               \
  " 'not_actions', r.not_actions, 'cidrs', r.cidrs, 'not_cidrs', r.not_cidrs,"                               \
  " 'users', " NAMES_OF("users", "scim_user", "user_id", "user_name") ", 'not_users', " NAMES_OF(            \
      "not_users", "scim_user", "user_id",                                                                   \
      "user_name") ", 'groups', " NAMES_OF("groups", "scim_group", "group_id",                               \
                                           "display_name") ", 'not_groups', " NAMES_OF("not_groups",         \
                                                                                       "scim_group",         \
                                                                                       "group_id",           \
                                                                                       "display_name") ", "  \
                                                                                                       "'to" \
                                                                                                       "ken" \
                                                                                                       "s'," \
                                                                                                       " r." \
                                                                                                       "tok" \
                                                                                                       "ens" \
                                                                                                       ", "  \
                                                                                                       "'da" \
                                                                                                       "ys'" \
                                                                                                       ", "  \
                                                                                                       "r."  \
                                                                                                       "day" \
                                                                                                       "s, " \
                                                                                                       "'fr" \
                                                                                                       "om'" \
                                                                                                       ", "  \
                                                                                                       "to_" \
                                                                                                       "cha" \
                                                                                                       "r("  \
                                                                                                       "r."  \
                                                                                                       "fro" \
                                                                                                       "m_"  \
                                                                                                       "tim" \
                                                                                                       "e, " \
                                                                                                       "'HH" \
                                                                                                       "24:" \
                                                                                                       "MI'" \
                                                                                                       "), " \
                                                                                                       "'to" \
                                                                                                       "', " \
                                                                                                       "to_" \
                                                                                                       "cha" \
                                                                                                       "r("  \
                                                                                                       "r."  \
                                                                                                       "to_" \
                                                                                                       "tim" \
                                                                                                       "e, " \
                                                                                                       "'HH" \
                                                                                                       "24:" \
                                                                                                       "MI'" \
                                                                                                       "),"  \
                                                                                                       " '"  \
                                                                                                       "zon" \
                                                                                                       "e'," \
                                                                                                       " r." \
                                                                                                       "zon" \
                                                                                                       "e, " \
                                                                                                       "'me" \
                                                                                                       "ssa" \
                                                                                                       "ge'" \
                                                                                                       ", "  \
                                                                                                       "r."  \
                                                                                                       "mes" \
                                                                                                       "sag" \
                                                                                                       "e, " \
                                                                                                       "'cr" \
                                                                                                       "eat" \
                                                                                                       "ed'" \
                                                                                                       ", "  \
                                                                                                       "to_" \
                                                                                                       "cha" \
                                                                                                       "r("  \
                                                                                                       "r."  \
                                                                                                       "cre" \
                                                                                                       "ate" \
                                                                                                       "d_"  \
                                                                                                       "at " \
                                                                                                       "AT " \
                                                                                                       "TIM" \
                                                                                                       "E "  \
                                                                                                       "ZON" \
                                                                                                       "E "  \
                                                                                                       "'UT" \
                                                                                                       "C'," \
                                                                                                       " '"  \
                                                                                                       "YYY" \
                                                                                                       "Y-"  \
                                                                                                       "MM-" \
                                                                                                       "DD"  \
                                                                                                       "\"T" \
                                                                                                       "\"H" \
                                                                                                       "H24" \
                                                                                                       ":MI" \
                                                                                                       ":SS" \
                                                                                                       "\"Z" \
                                                                                                       "\"'" \
                                                                                                       "))"

static const DbStatement rule_zone = {
    "mail_rule_zone", "SELECT EXISTS (SELECT 1 FROM pg_timezone_names WHERE lower(name) = lower($1))"};

gboolean mail_store_rule_zone(const MailScope *scope, const char *zone, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_text(&args, zone);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &rule_zone, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_bool(result, 0, 0))
    return TRUE;
  g_autofree char *quoted = text_quote(zone);
  mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "\"%s\" is not a time zone such as Europe/Oslo",
                 quoted);
  return FALSE;
}

static const DbStatement rule_list = {"mail_rule_list", "SELECT coalesce(jsonb_agg(" RULE_JSON
                                                        " ORDER BY r.effect = 'deny' DESC, r.rule_id), '[]')"
                                                        " FROM access_rule r WHERE r.org_id = $1"};

json_t *mail_store_rule_list(const MailScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &rule_list, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

typedef struct {
  const MailScope *scope;
  const MailRuleHow *how;
  const json_t *rule; /* NULL: remove */
  const char *name;
  json_t *done;
} Change;

/* The settings come with the default rule, so that a first rule of one's own does not stand alone. One change at a time. */
static const DbStatement rule_begin = {"mail_rule_begin",
                                       "INSERT INTO mail_setting (org_id) VALUES ($1) ON CONFLICT (org_id)"
                                       " DO UPDATE SET mode = mail_setting.mode RETURNING org_id"};

static const DbStatement rule_before = {
    "mail_rule_before", "SELECT " RULE_JSON " FROM access_rule r WHERE r.org_id = $1 AND r.name = $2"};

static const DbStatement rule_put = {
    "mail_rule_put",
    "INSERT INTO access_rule AS r (org_id, name, about, effect, actions, not_actions, cidrs, not_cidrs, "
    "users, not_users,"
    " groups, not_groups, tokens, days, from_time, to_time, zone, message)"
    " SELECT $1, n.name, n.about, n.effect, n.actions, n.not_actions, n.cidrs, n.not_cidrs, n.users, "
    "n.not_users,"
    " n.groups, n.not_groups, n.tokens, n.days, ($2::jsonb ->> 'from')::time, ($2::jsonb ->> 'to')::time, "
    "n.zone, n.message"
    " FROM jsonb_populate_record(NULL::access_rule, $2::jsonb) n"
    " ON CONFLICT (org_id, name) DO UPDATE SET about = EXCLUDED.about, effect = EXCLUDED.effect, actions = "
    "EXCLUDED.actions,"
    " not_actions = EXCLUDED.not_actions, cidrs = EXCLUDED.cidrs, not_cidrs = EXCLUDED.not_cidrs, users = "
    "EXCLUDED.users,"
    " not_users = EXCLUDED.not_users, groups = EXCLUDED.groups, not_groups = EXCLUDED.not_groups, tokens = "
    "EXCLUDED.tokens,"
    " days = EXCLUDED.days, from_time = EXCLUDED.from_time, to_time = EXCLUDED.to_time, zone = EXCLUDED.zone,"
    " message = EXCLUDED.message RETURNING r.rule_id"};

static const DbStatement rule_remove = {
    "mail_rule_remove", "DELETE FROM access_rule WHERE org_id = $1 AND name = $2 RETURNING rule_id"};

static DbResult *run(Db *db, const Change *change, const DbStatement *statement, const char *text,
                     GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, change->scope->org_id);
  if (text != NULL)
    db_args_text(&args, text);
  return db_query(db, statement, &args, error);
}

static gboolean load(Db *db, const Change *change, json_t **rule, GError **error) {
  g_autoptr(DbResult) result = run(db, change, &rule_before, change->name, error);
  if (result == NULL)
    return FALSE;
  const char *text = db_rows(result) > 0 ? db_text(result, 0, 0) : "null";
  g_autofree char *wrapped = g_strdup_printf("[%s]", text); /* a bare null is no JSON document of ours */
  g_autoptr(json_t) array = jsontext_load(wrapped, strlen(wrapped), error);
  if (array == NULL)
    return FALSE;
  *rule = json_incref(json_array_get(array, 0));
  return TRUE;
}

static gboolean write_rule(Db *db, const Change *change, GError **error) {
  g_autofree char *text = change->rule == NULL ? g_strdup(change->name) : jsontext_dump(change->rule);
  g_autoptr(DbResult) done = run(db, change, change->rule == NULL ? &rule_remove : &rule_put, text, error);
  if (done == NULL)
    return FALSE;
  if (db_rows(done) > 0)
    return TRUE;
  g_autofree char *quoted = text_quote(change->name);
  mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_RULE, "there is no access rule \"%s\"", quoted);
  return FALSE;
}

/* What is locked out now and was not before. */
static json_t *newly(const json_t *before, const json_t *after) {
  json_t *new_ones = json_array(), *value;
  gsize i;
  json_array_foreach(after, i, value) {
    gsize at = 0;
    while (at < json_array_size(before) && !json_equal(json_array_get(before, at), value))
      at++;
    if (at == json_array_size(before))
      json_array_append(new_ones, value);
  }
  return new_ones;
}

static gboolean allowed(const Change *change, const json_t *locked, GError **error) {
  if (json_array_size(locked) == 0 || change->how->lock_out || change->how->plan)
    return TRUE;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gsize i;
  json_t *value;
  json_array_foreach(locked, i, value) {
    g_strv_builder_add(builder, json_string_value(value));
  }
  g_auto(GStrv) words = g_strv_builder_end(builder);
  g_autofree char *list = g_strjoinv(", ", words);
  gboolean everybody = g_strv_contains((const char *const *)words, "everybody");
  mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_LOCK_OUT,
                 "with this change nobody could sign in%s%s any more", everybody ? "" : " over ",
                 everybody ? "" : list);
  return FALSE;
}

static void record(Db *db, const Change *change, json_t *before, json_t *after) {
  mail_record(db, change->scope, AUDIT_ADMIN, change->rule == NULL ? "rule.remove" : "rule.set", change->name,
              json_pack("{s:O, s:O}", "before", before, "after", after));
}

static gboolean change_steps(Db *db, Change *change, json_t *before, GError **error) {
  g_autoptr(json_t) was = mail_store_rule_locked(db, change->scope, error);
  if (was == NULL || !write_rule(db, change, error))
    return FALSE;
  g_autoptr(json_t) is = mail_store_rule_locked(db, change->scope, error);
  g_autoptr(json_t) locked = is == NULL ? NULL : newly(was, is);
  g_autoptr(json_t) after = NULL;
  if (locked == NULL || !allowed(change, locked, error) || !load(db, change, &after, error))
    return FALSE;
  g_autoptr(json_t) replay = mail_store_rule_replay_in(db, change->scope, change->name, error);
  if (replay == NULL)
    return FALSE;
  change->done = json_pack("{s:s, s:O, s:b, s:O, s:O}", "name", change->name, "rule", after, "replaced",
                           !json_is_null(before), "locks_out", locked, "would_refuse", replay);
  record(db, change, before, after);
  if (!change->how->plan)
    return TRUE;
  g_set_error_literal(error, MAIL_ERROR, MAIL_ERROR_ROLLBACK, "a plan leaves nothing behind");
  return FALSE;
}

static gboolean body(Db *db, gpointer data, GError **error) {
  Change *change = data;
  g_autoptr(json_t) before = NULL;
  json_decref(change->done);
  change->done = NULL;
  g_autoptr(DbResult) begun = run(db, change, &rule_begin, NULL, error);
  return begun != NULL && load(db, change, &before, error) && change_steps(db, change, before, error);
}

static json_t *apply(Change *change, GError **error) {
  GError *failure = NULL;
  if (db_tx_run(change->scope->pool, change->scope->deadline, body, NULL, change, &failure))
    return change->done;
  if (g_error_matches(failure, MAIL_ERROR, MAIL_ERROR_ROLLBACK)) {
    g_error_free(failure);
    return change->done;
  }
  json_decref(change->done);
  g_propagate_error(error, failure);
  return NULL;
}

json_t *mail_store_rule_set(const MailScope *scope, const json_t *rule, const MailRuleHow *how,
                            GError **error) {
  Change change = {
      .scope = scope, .how = how, .rule = rule, .name = json_string_value(json_object_get(rule, "name"))};
  return apply(&change, error);
}

json_t *mail_store_rule_remove(const MailScope *scope, const char *name, const MailRuleHow *how,
                               GError **error) {
  Change change = {.scope = scope, .how = how, .name = name};
  return apply(&change, error);
}
