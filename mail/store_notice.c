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
};

json_t *mail_store_notice_due(const MailScope *scope, const MailNoticePlan *plan, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, plan->user_id);
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
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &notice_sent[which], &args, error);
  return result != NULL;
}

gboolean mail_store_notice_release(const MailScope *scope, const char *kind, const json_t *notice,
                                   GError **error) {
  DbArgs args = DB_ARGS_INIT;
  key_args(&args, scope, kind, notice);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &notice_release, &args, error);
  return result != NULL;
}
