#include "mail/store_rule_try.h"

#include <string.h>

#include "lib/text.h"
#include "mail/error.h"

static json_t *answer(const DbResult *result, GError **error) {
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}

/* Each condition by itself, as mail_rule_decide (migrations/0003_decision.sql) has them all in one; a test holds the two
 * against each other. */
static const DbStatement rule_test = {
    "mail_rule_test",
    "WITH RECURSIVE mine(group_id) AS ("
    "  SELECT m.group_id FROM scim_member m WHERE m.org_id = $1 AND m.member_id = $2::uuid"
    "  UNION SELECT m.group_id FROM mine JOIN scim_member m ON m.org_id = $1 AND m.member_id = mine.group_id "
    "AND m.kind = 'g'),"
    " moment(at) AS (SELECT coalesce($6::timestamptz, now())),"
    " decided AS (SELECT d.* FROM moment, mail_rule_decide($1, $2::uuid, $3, $4::inet, $5::bigint, "
    "moment.at) d),"
    " fit AS (SELECT r.rule_id, r.name, r.effect,"
    "  (r.actions = '{}' OR $3 = ANY (r.actions)) AND NOT ($3 = ANY (r.not_actions)) AS action_fits,"
    "  (r.cidrs = '{}' OR $4::inet <<= ANY (r.cidrs)) AND (r.not_cidrs = '{}' OR NOT ($4::inet <<= ANY "
    "(r.not_cidrs))) AS ip_fits,"
    "  (r.users = '{}' OR $2::uuid = ANY (r.users)) AND NOT ($2::uuid = ANY (r.not_users)) AS user_fits,"
    "  (r.groups = '{}' OR r.groups && ARRAY(SELECT group_id FROM mine))"
    "   AND NOT (r.not_groups && ARRAY(SELECT group_id FROM mine)) AS group_fits,"
    "  r.tokens = '{}' OR coalesce($5::bigint = ANY (r.tokens), false) AS token_fits,"
    "  CASE WHEN r.from_time IS NULL OR r.from_time = r.to_time THEN r.days = '{}' OR l.today = ANY (r.days)"
    "   WHEN r.from_time < r.to_time THEN l.clock >= r.from_time AND l.clock < r.to_time AND (r.days = '{}' "
    "OR l.today = ANY (r.days))"
    "   WHEN l.clock >= r.from_time THEN r.days = '{}' OR l.today = ANY (r.days)"
    "   WHEN l.clock < r.to_time THEN r.days = '{}' OR l.yesterday = ANY (r.days) ELSE false END AS time_fits"
    "  FROM access_rule r, moment, LATERAL (SELECT (moment.at AT TIME ZONE r.zone)::time AS clock,"
    "   extract(isodow FROM moment.at AT TIME ZONE r.zone)::int AS today,"
    "   extract(isodow FROM (moment.at AT TIME ZONE r.zone) - interval '1 day')::int AS yesterday) l"
    "  WHERE r.org_id = $1)"
    " SELECT jsonb_build_object('protocol', $3::text, 'ip', $4::text,"
    "  'at', to_char(moment.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'effect', d.effect, "
    "'rule', d.rule_name,"
    "  'message', CASE WHEN d.effect = 'deny' THEN mail_rule_text(d.rule_id, d.message,"
    "   coalesce((SELECT help_text FROM mail_setting WHERE org_id = $1), '')) END,"
    "  'door', (SELECT coalesce(o.reason, 'open') FROM mailbox b, mail_door(b.org_id, b.mailbox_id) o"
    "   WHERE b.org_id = $1 AND b.user_id = $2::uuid AND b.state <> 'purged'),"
    "  'mode', (SELECT mail_mode(b.org_id, b.mailbox_id) FROM mailbox b"
    "   WHERE b.org_id = $1 AND b.user_id = $2::uuid AND b.state <> 'purged'),"
    "  'rules', (SELECT coalesce(jsonb_agg(to_jsonb(fit) || jsonb_build_object('decides', fit.rule_id IS NOT "
    "DISTINCT FROM d.rule_id)"
    "   ORDER BY fit.effect = 'deny' DESC, fit.rule_id), '[]') FROM fit))"
    " FROM moment, decided d"};

json_t *mail_store_rule_test(const MailScope *scope, const MailRuleTry *try, GError **error) {
  g_autofree char *token = try->token_id == 0 ? NULL : g_strdup_printf("%" G_GINT64_FORMAT, try->token_id);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_text(&args, try->person->user_id);
  db_args_text(&args, try->protocol);
  db_args_text(&args, try->ip);
  db_args_text(&args, token);
  db_args_text(&args, try->at);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &rule_test, &args, error);
  json_t *found = answer(result, error);
  if (found != NULL)
    json_object_set_new(found, "user", json_string(try->person->user_name));
  return found;
}

/* Sign-ins that were let in, an hour of the same kind at a time: rules look at hours at most. The newest 20,000 such. */
static const DbStatement rule_replay = {
    "mail_rule_replay",
    "WITH known AS (SELECT rule_id FROM access_rule WHERE org_id = $1 AND name = $2),"
    " seen AS (SELECT a.subject::uuid AS user_id, max(a.detail ->> 'user') AS login, lower(a.detail ->> "
    "'protocol') AS protocol,"
    "  a.source_ip AS ip, (a.detail ->> 'personal_access_token_id')::bigint AS token, max(a.detail ->> "
    "'user_agent') AS client,"
    "  max(a.at) AS last, count(*) AS times FROM audit a"
    "  WHERE a.org_id = $1 AND a.kind = 'AUTHENTICATION' AND a.at > now() - interval '7 days'"
    "   AND a.detail ->> 'auth_successful' = '1'"
    "  GROUP BY a.subject, lower(a.detail ->> 'protocol'), a.source_ip, a.detail ->> "
    "'personal_access_token_id',"
    "   date_trunc('hour', a.at) ORDER BY max(a.at) DESC LIMIT 20000),"
    " refused AS (SELECT s.login, s.protocol, s.ip, max(s.client) AS client, sum(s.times) AS times, "
    "max(s.last) AS last, d.rule_name"
    "  FROM seen s, mail_rule_decide($1, s.user_id, s.protocol, s.ip, s.token, s.last) d"
    "  WHERE d.effect = 'deny' AND (d.rule_id IS NULL OR d.rule_id = (SELECT rule_id FROM known))"
    "  GROUP BY s.login, s.protocol, s.ip, d.rule_name)"
    " SELECT jsonb_build_object('rule', $2::text, 'known', EXISTS (SELECT 1 FROM known),"
    "  'looked_at', (SELECT coalesce(sum(times), 0) FROM seen), 'complete', (SELECT count(*) < 20000 FROM "
    "seen),"
    "  'refused', (SELECT coalesce(jsonb_agg(jsonb_build_object('user', login, 'protocol', protocol, 'ip', "
    "host(ip), 'client', client,"
    "   'times', times, 'last', to_char(last AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    "   'by', coalesce(rule_name, 'no rule allows it')) ORDER BY login, protocol, ip), '[]') FROM refused))"};

static DbArgs *replay_args(DbArgs *args, const MailScope *scope, const char *name) {
  db_args_int(args, scope->org_id);
  db_args_text(args, name);
  return args;
}

json_t *mail_store_rule_replay(const MailScope *scope, const char *name, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result =
      db_pool_read(scope->pool, scope->deadline, &rule_replay, replay_args(&args, scope, name), error);
  json_t *found = answer(result, error);
  if (found == NULL || json_is_true(json_object_get(found, "known")))
    return found;
  json_decref(found);
  g_autofree char *quoted = text_quote(name);
  mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_NO_RULE,
                 "there is no access rule \"%s\", and no file of that name", quoted);
  return NULL;
}

json_t *mail_store_rule_replay_in(Db *db, const MailScope *scope, const char *name, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  g_autoptr(DbResult) result = db_query(db, &rule_replay, replay_args(&args, scope, name), error);
  return answer(result, error);
}

/* Is there any sign-in that would be let in? Asked of 200 people (those that rules name first), of the addresses that are
 * used, that rules name, and one of elsewhere; now and, where rules have hours, at their begin and end on each day of a week. */
static const DbStatement rule_locked = {
    "mail_rule_locked",
    "WITH moment(at) AS (SELECT now() UNION"
    "  SELECT (date_trunc('day', now() AT TIME ZONE r.zone) + make_interval(days => d) + t.edge) AT TIME "
    "ZONE r.zone"
    "  FROM access_rule r, generate_series(0, 6) d, LATERAL (VALUES (coalesce(r.from_time, time '12:00')),"
    "   (coalesce(r.to_time, time '12:00'))) t(edge) WHERE r.org_id = $1 AND (r.from_time IS NOT NULL OR "
    "r.days <> '{}')),"
    " used AS (SELECT DISTINCT a.subject::uuid AS user_id, lower(a.detail ->> 'protocol') AS protocol, "
    "a.source_ip AS ip,"
    "  (a.detail ->> 'personal_access_token_id')::bigint AS token FROM audit a"
    "  WHERE a.org_id = $1 AND a.kind = 'AUTHENTICATION' AND a.at > now() - interval '7 days'"
    "   AND a.detail ->> 'auth_successful' = '1'),"
    " sample AS (SELECT * FROM (SELECT used.*, row_number() OVER (PARTITION BY protocol ORDER BY user_id, "
    "ip) AS n FROM used) x"
    "  WHERE n <= 200),"
    " named AS (SELECT DISTINCT unnest(r.users) AS user_id FROM access_rule r WHERE r.org_id = $1),"
    " people AS (SELECT m.user_id, m.protocols FROM mailbox m LEFT JOIN named USING (user_id)"
    "  WHERE m.org_id = $1 AND m.state = 'active' AND m.user_id IS NOT NULL"
    "  ORDER BY named.user_id IS NULL, m.mailbox_id LIMIT 200),"
    " anyone AS (SELECT * FROM people UNION ALL SELECT NULL, '{imap,pop3,smtp,sieve}'::text[]"
    "  WHERE NOT EXISTS (SELECT 1 FROM people)),"
    " place(ip) AS ((SELECT ip FROM used WHERE ip IS NOT NULL LIMIT 50) UNION SELECT host(network(c))::inet "
    "FROM access_rule r,"
    "  unnest(r.cidrs || r.not_cidrs) c WHERE r.org_id = $1"
    "  UNION SELECT host(broadcast(c))::inet FROM access_rule r, unnest(r.cidrs || r.not_cidrs) c WHERE "
    "r.org_id = $1"
    "  UNION VALUES (inet '192.0.2.1'), (inet '2001:db8::1')),"
    " tokens(token) AS (SELECT NULL::bigint UNION SELECT unnest(r.tokens) FROM access_rule r WHERE r.org_id "
    "= $1)"
    " SELECT coalesce(jsonb_agg(what ORDER BY what), '[]') FROM ("
    "  SELECT 'everybody' AS what WHERE NOT EXISTS (SELECT 1 FROM anyone a, unnest(a.protocols) p, place, "
    "moment, tokens,"
    "   mail_rule_decide($1, a.user_id, p, place.ip, tokens.token, moment.at) d WHERE d.effect = 'allow')"
    "  UNION ALL SELECT 'everybody who uses ' || u.protocol FROM (SELECT DISTINCT protocol FROM used) u"
    "  WHERE NOT EXISTS (SELECT 1 FROM sample s, moment, mail_rule_decide($1, s.user_id, s.protocol, s.ip, "
    "s.token, moment.at) d"
    "   WHERE s.protocol = u.protocol AND d.effect = 'allow')) x"};

json_t *mail_store_rule_locked(Db *db, const MailScope *scope, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  g_autoptr(DbResult) result = db_query(db, &rule_locked, &args, error);
  return answer(result, error);
}
