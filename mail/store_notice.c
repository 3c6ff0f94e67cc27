#include "mail/store_notice.h"

#include <string.h>

#include "lib/jsontext.h"

/* $1 organisation, $2 person or NULL; for the switch-over $3 date, $4 only who is not ready. Nobody is written to whose door is shut. */
#define DUE_PERSON                                                                                       \
  "'to', m.address, 'address', m.address, 'name', coalesce(nullif(u.doc::jsonb ->> 'displayName', ''), " \
  "u.user_name),"                                                                                        \
  " 'help', coalesce((SELECT help_text FROM mail_setting WHERE org_id = m.org_id), '')"
#define DUE_FROM                                                                      \
  " FROM mailbox m JOIN scim_user u ON u.org_id = m.org_id AND u.user_id = m.user_id" \
  " JOIN LATERAL mail_door(m.org_id, m.mailbox_id) o ON o.open"
#define NOT_SENT(kind, key)                                                                    \
  " AND NOT EXISTS (SELECT 1 FROM mail_notice n WHERE n.org_id = m.org_id AND n.kind = '" kind \
  "' AND n.key = " key " AND n.sent_at IS NOT NULL)"
#define DUE_TOKEN \
  " JOIN mail_token t ON t.org_id = m.org_id AND t.user_id = m.user_id AND t.revoked_at IS NULL"
#define STAGE                                                                                    \
  "(CASE WHEN t.expires_at <= now() THEN 0 WHEN t.expires_at <= now() + interval '1 day' THEN 1" \
  " WHEN t.expires_at <= now() + interval '7 days' THEN 7 ELSE 30 END)"

#define HELD_PLACE(to)                                                                              \
  "'to', s." to ", 'secret_file', s.alarm_secret_file, 'org', o.name, 'option',"                    \
  " CASE WHEN o.name = 'default' THEN '' ELSE ' --org ' || o.name END, 'lend_hours', s.lend_hours," \
  " 'retention_days', s.retention_days"
#define HELD_PEOPLE                                                                                         \
  "(SELECT jsonb_agg(jsonb_build_object('address', p.address, 'person', p.person, 'cause', p.cause) ORDER"  \
  " BY p.held_id) FROM (SELECT f.held_id, b.address, coalesce(u.user_name, t.user_name) AS person, f.cause" \
  " FROM mail_held f JOIN mailbox b ON b.org_id = f.org_id AND b.mailbox_id = f.mailbox_id"                 \
  " LEFT JOIN scim_user u ON u.org_id = f.org_id AND u.user_id = b.user_id"                                 \
  " LEFT JOIN scim_tombstone t ON t.org_id = f.org_id AND t.user_id = b.user_id"                            \
  " WHERE f.org_id = h.org_id AND f.wave = h.wave ORDER BY f.held_id LIMIT 10) p)"
/* One a wave, some seconds after its last change, or a minute after its first: $2 at once. */
#define DUE_HELD(to, kind)                                                                                   \
  "SELECT coalesce(jsonb_agg(w.notice ORDER BY w.wave), '[]') FROM (SELECT h.wave, "                         \
  "jsonb_build_object('key',"                                                                                \
  " h.wave::text, 'action', CASE WHEN bool_and(h.action = 'purge') THEN 'purge' ELSE 'disable' END, 'held'," \
  " count(*), 'vanished', count(*) FILTER (WHERE h.cause = 'vanished'), 'scope', count(*) FILTER (WHERE"     \
  " h.cause = 'scope'), 'inactive', count(*) FILTER (WHERE h.cause IN ('inactive', 'deleted')), 'since',"    \
  " to_char(min(h.at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 'people', " HELD_PEOPLE                     \
  ", " HELD_PLACE(to) ") AS notice FROM mail_held h JOIN org o USING (org_id) JOIN mail_setting s USING"     \
                      " (org_id) WHERE h.org_id = $1 AND h.wave IS NOT NULL AND s." to                       \
                      " <> '' AND NOT EXISTS (SELECT 1 FROM"                                                 \
                      " mail_notice n WHERE n.org_id = h.org_id AND n.kind = '" kind                         \
                      "' AND n.key = h.wave::text AND n.sent_at IS NOT NULL) GROUP BY h.org_id, h.wave, "    \
                      "o.org_id, s.org_id"                                                                   \
                      " HAVING $2 OR max(h.at) <= now() - interval '5 seconds' OR min(h.at) <= now() - "     \
                      "interval '1 minute') w"

static const DbStatement due_statements[] = {
    [MAIL_NOTICE_SWITCHOVER] =
        {"mail_notice_due_switchover",
         "SELECT coalesce(jsonb_agg(jsonb_build_object('key', m.mailbox_id || ':' || $3::text, " DUE_PERSON
         ") ORDER BY m.address), '[]')" DUE_FROM
         " WHERE m.org_id = $1 AND ($2::uuid IS NULL OR m.user_id = $2::uuid)"
         " AND (NOT $4::boolean OR NOT EXISTS (SELECT 1 FROM mail_token t WHERE t.org_id = m.org_id AND "
         "t.user_id = "
         "m.user_id"
         "  AND t.revoked_at IS NULL AND t.last_used_at > now() - interval '14 days')"
         "  OR EXISTS (SELECT 1 FROM audit a WHERE a.org_id = m.org_id AND a.subject = m.user_id::text"
         "   AND a.at > now() - interval '14 days' AND a.kind = 'AUTHENTICATION' AND a.detail ->> 'via' = "
         "'password'"
         "   AND a.detail ->> 'auth_successful' = '1'))" NOT_SENT("switchover",
                                                                  "m.mailbox_id || ':' || $3::text")},
    /* A token that nobody uses ends quietly; one that was made for less than a stage's days has no such stage. */
    [MAIL_NOTICE_EXPIRY] =
        {"mail_notice_due_expiry",
         "SELECT coalesce(jsonb_agg(jsonb_build_object('key', t.token_id || ':' || s.stage, 'token', t.name, "
         "'token_id', t.token_id,"
         " 'stage', s.stage, 'ends', to_char(t.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD "
         "HH24:MI'), " DUE_PERSON ") ORDER BY m.address, t.token_id), '[]')" DUE_FROM DUE_TOKEN
         " CROSS JOIN LATERAL (SELECT " STAGE " AS stage) s"
         " WHERE m.org_id = $1 AND ($2::uuid IS NULL OR m.user_id = $2::uuid)"
         " AND t.expires_at BETWEEN now() - interval '3 days' AND now() + interval '30 days'"
         " AND greatest(t.last_used_at, t.created_at) > now() - interval '90 days'"
         " AND t.expires_at - t.created_at > make_interval(days => s.stage) AND coalesce(t.expiry_told > "
         "s.stage, true)" NOT_SENT("expiry", "t.token_id || ':' || s.stage")},
    [MAIL_NOTICE_REUSE] = {"mail_notice_due_reuse",
                           "SELECT coalesce(jsonb_agg(jsonb_build_object('key', t.token_id::text, 'token', "
                           "t.name, 'token_id', t.token_id,"
                           " 'clients', array_to_string(t.clients, ', '), " DUE_PERSON
                           ") ORDER BY m.address, t.token_id), '[]')" DUE_FROM DUE_TOKEN
                           " WHERE m.org_id = $1 AND ($2::uuid IS NULL OR m.user_id = $2::uuid)"
                           " AND coalesce(t.expires_at > now(), true) AND cardinality(t.clients) > 1 AND "
                           "t.reuse_told_at IS NULL"
                           " AND coalesce((SELECT pat_reuse FROM mail_setting WHERE org_id = m.org_id), "
                           "'notice') <> 'off'" NOT_SENT("reuse", "t.token_id::text")},
    [MAIL_NOTICE_HELD] = {"mail_notice_due_held", DUE_HELD("alarm_address", "held")},
    [MAIL_NOTICE_HELD_HOOK] = {"mail_notice_due_held_hook", DUE_HELD("alarm_url", "held-hook")},
};

json_t *mail_store_notice_due(const MailScope *scope, const MailNoticePlan *plan, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  if (plan->kind < MAIL_NOTICE_HELD)
    db_args_text(&args, plan->user_id);
  else
    db_args_bool(&args, plan->at_once);
  if (plan->kind == MAIL_NOTICE_SWITCHOVER) {
    db_args_text(&args, plan->date);
    db_args_bool(&args, plan->not_ready);
  }
  g_autoptr(DbResult) result =
      db_pool_read(scope->pool, scope->deadline, &due_statements[plan->kind], &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

/* A claim that is ten minutes old belongs to a sender that died: the letter may have left, so it goes again under its id. */
static const DbStatement notice_claim = {
    "mail_notice_claim",
    "INSERT INTO mail_notice AS n (org_id, kind, key, address, message_id) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (org_id, kind, key) DO UPDATE SET claimed_at = now()"
    " WHERE n.sent_at IS NULL AND n.claimed_at < now() - interval '10 minutes' RETURNING n.message_id"};

static const DbStatement notice_sent[] = {
    [MAIL_NOTICE_SWITCHOVER] = {"mail_notice_sent_switchover",
                                "UPDATE mail_notice SET sent_at = now() WHERE org_id = $1 AND kind = $2"
                                " AND key = $3"},
    [MAIL_NOTICE_EXPIRY] = {"mail_notice_sent_expiry",
                            "WITH n AS (UPDATE mail_notice SET sent_at = now() WHERE org_id = $1 AND kind = "
                            "$2 AND key = $3 RETURNING key)"
                            " UPDATE mail_token t SET expiry_told = split_part(n.key, ':', 2)::int FROM n"
                            " WHERE t.org_id = $1 AND t.token_id = split_part(n.key, ':', 1)::bigint"},
    [MAIL_NOTICE_REUSE] = {"mail_notice_sent_reuse",
                           "WITH n AS (UPDATE mail_notice SET sent_at = now() WHERE org_id = $1 AND kind = "
                           "$2 AND key = $3 RETURNING key)"
                           " UPDATE mail_token t SET reuse_told_at = now() FROM n WHERE t.org_id = $1 AND "
                           "t.token_id = n.key::bigint"},
};

static const DbStatement *sent_statement(MailNoticeKind kind) {
  return kind < MAIL_NOTICE_HELD ? &notice_sent[kind] : &notice_sent[MAIL_NOTICE_SWITCHOVER];
}

static const DbStatement notice_release = {
    "mail_notice_release",
    "UPDATE mail_notice SET claimed_at = '-infinity' WHERE org_id = $1 AND kind = $2 AND key = $3"
    " AND sent_at IS NULL"};

static void key_args(DbArgs *args, const MailScope *scope, const char *kind, const json_t *notice) {
  db_args_int(args, scope->org_id);
  db_args_text(args, kind);
  db_args_text(args, json_string_value(json_object_get(notice, "key")));
}

gboolean mail_store_notice_claim(const MailScope *scope, const char *kind, const json_t *notice,
                                 const char *fresh, char **message_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  key_args(&args, scope, kind, notice);
  db_args_text(&args, json_string_value(json_object_get(notice, "to")));
  db_args_text(&args, fresh);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &notice_claim, &args, error);
  if (result == NULL)
    return FALSE;
  if (db_rows(result) > 0)
    *message_id = g_strdup(db_text(result, 0, 0));
  return TRUE;
}

gboolean mail_store_notice_sent(const MailScope *scope, MailNoticeKind which, const char *kind,
                                const json_t *notice, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  key_args(&args, scope, kind, notice);
  g_autoptr(DbResult) result =
      db_pool_read(scope->pool, scope->deadline, sent_statement(which), &args, error);
  return result != NULL;
}

gboolean mail_store_notice_release(const MailScope *scope, const char *kind, const json_t *notice,
                                   GError **error) {
  DbArgs args = DB_ARGS_INIT;
  key_args(&args, scope, kind, notice);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &notice_release, &args, error);
  return result != NULL;
}

/* ---- held changes */

static json_t *read_json(DbResult *result, GError **error) {
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

static const DbStatement notice_places[] = {
    {"mail_notice_place_letter", "SELECT jsonb_build_object(" HELD_PLACE(
                                     "alarm_address") ") FROM org o JOIN mail_setting s USING (org_id) WHERE"
                                                      " o.org_id = $1"},
    {"mail_notice_place_call", "SELECT jsonb_build_object(" HELD_PLACE(
                                   "alarm_url") ") FROM org o JOIN mail_setting s USING (org_id) WHERE"
                                                " o.org_id = $1"},
};

json_t *mail_store_notice_place(const MailScope *scope, MailNoticeKind kind, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result =
      db_pool_read(scope->pool, scope->deadline, &notice_places[kind - MAIL_NOTICE_HELD], &args, error);
  if (result == NULL)
    return NULL;
  return db_rows(result) > 0 ? read_json(result, error) : json_pack("{s:s}", "to", "");
}

/* What is held within an hour of the last of a wave joins it while nobody was told of it. After that it waits for a wave of its own, so
 * that a trickle is no flood of letters, until it doubles what was told, a group vanished that was not told, or the hour is over. Purges
 * are told apart from losses. Two workers at once come to the same: the second waits for the first's rows and finds them done. */
static const DbStatement notice_waves = {
    "mail_notice_waves",
    "WITH held AS (SELECT h.org_id, h.action = 'purge' AS purge, h.held_id, h.wave, h.at, CASE WHEN h.cause ="
    " 'vanished' THEN b.mail_group_id END AS vanished FROM mail_held h JOIN mailbox b USING (org_id, "
    "mailbox_id)"
    " WHERE $1::bigint = 0 OR h.org_id = $1),"
    " fresh AS (SELECT org_id, purge, min(held_id) AS first, count(*) AS n, array_agg(DISTINCT vanished) "
    "FILTER"
    " (WHERE vanished IS NOT NULL) AS vanished FROM held WHERE wave IS NULL GROUP BY org_id, purge),"
    " known AS (SELECT org_id, purge, max(wave) FILTER (WHERE NOT told) AS untold, count(*) FILTER (WHERE "
    "told)"
    " AS n, array_agg(DISTINCT vanished) FILTER (WHERE vanished IS NOT NULL) AS vanished FROM held CROSS JOIN"
    " LATERAL (SELECT EXISTS (SELECT 1 FROM mail_notice t WHERE t.org_id = held.org_id AND t.kind IN ('held',"
    " 'held-hook') AND t.key = held.wave::text AND (t.sent_at IS NOT NULL OR t.claimed_at > '-infinity'))"
    " AS told) t WHERE wave IS NOT NULL AND at > now() - interval '1 hour' GROUP BY org_id, purge)"
    " UPDATE mail_held h SET wave = coalesce(k.untold, f.first) FROM fresh f LEFT JOIN known k USING (org_id,"
    " purge) WHERE h.org_id = f.org_id AND (h.action = 'purge') = f.purge AND h.wave IS NULL AND (k.untold IS"
    " NOT NULL OR f.n >= coalesce(k.n, 0) OR NOT coalesce(f.vanished, '{}') <@ coalesce(k.vanished, '{}'))"};

gboolean mail_store_notice_waves(DbPool *pool, gint64 deadline, gint64 org_id, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &notice_waves, &args, error);
  return result != NULL;
}

static const DbStatement notice_hour = {
    "mail_notice_hour", "UPDATE mail_setting SET notices_at = now() + interval '1 hour' WHERE org_id = $1"
                        " AND notices_at <= now() RETURNING org_id"};

gboolean mail_store_notice_hour(const MailScope *scope, gboolean *mine, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &notice_hour, &args, error);
  *mine = result != NULL && db_rows(result) > 0;
  return result != NULL;
}

static const DbStatement notice_held = {
    "mail_notice_held",
    "SELECT coalesce(jsonb_agg(jsonb_build_object('org', o.name, 'held', (SELECT count(*) FROM mail_held h"
    " WHERE h.org_id = o.org_id))), '[]') FROM org o JOIN mail_setting s USING (org_id)"};

json_t *mail_store_notice_held(DbPool *pool, gint64 deadline, GError **error) {
  g_autoptr(DbResult) result = db_pool_read(pool, deadline, &notice_held, NULL, error);
  return result != NULL ? read_json(result, error) : NULL;
}
