#include "mail/readiness.h"

#include <string.h>

#include "lib/jsontext.h"

static const DbStatement readiness = {
    "mail_readiness",
    "WITH seen AS (SELECT a.subject, a.detail ->> 'via' AS via, count(*) AS times, max(a.at) AS last,"
    "  (array_agg(a.detail ->> 'user_agent' ORDER BY a.at DESC) FILTER (WHERE a.detail ? 'user_agent'))[1] "
    "AS client,"
    "  (array_agg(host(a.source_ip) ORDER BY a.at DESC))[1] AS ip"
    "  FROM audit a WHERE a.org_id = $1 AND a.kind = 'AUTHENTICATION' AND a.at > now() - make_interval(days "
    "=> $2::int)"
    "   AND a.detail ->> 'auth_successful' = '1' AND a.subject IS NOT NULL GROUP BY a.subject, a.detail ->> "
    "'via'),"
    " person AS (SELECT u.user_name, m.address, m.user_id,"
    "  (SELECT count(*) FROM mail_token t WHERE t.org_id = m.org_id AND t.user_id = m.user_id AND "
    "t.revoked_at IS NULL"
    "   AND coalesce(t.expires_at > now(), true)) AS tokens,"
    "  coalesce((SELECT sum(times) FROM seen s WHERE s.subject = m.user_id::text AND s.via = 'token'), 0) AS "
    "by_token,"
    "  coalesce((SELECT sum(times) FROM seen s WHERE s.subject = m.user_id::text AND s.via = 'oauth'), 0) AS "
    "by_webmail,"
    "  coalesce((SELECT sum(times) FROM seen s WHERE s.subject = m.user_id::text AND s.via = 'password'), 0) "
    "AS by_password"
    "  FROM mailbox m JOIN scim_user u ON u.org_id = m.org_id AND u.user_id = m.user_id"
    "  WHERE m.org_id = $1 AND m.state = 'active' AND u.active),"
    " told AS (SELECT p.*, CASE WHEN by_password > 0 AND by_token + by_webmail > 0 THEN 'both' WHEN "
    "by_password > 0 THEN 'password'"
    "   WHEN by_token + by_webmail > 0 THEN 'ready' ELSE 'silent' END AS state, l.last, l.client, l.ip"
    "  FROM person p LEFT JOIN LATERAL (SELECT s.last, s.client, s.ip FROM seen s WHERE s.subject = "
    "p.user_id::text"
    "   ORDER BY s.via = 'password' DESC, s.last DESC LIMIT 1) l ON true)"
    " SELECT jsonb_build_object('days', $2::int, 'counts', jsonb_build_object("
    "  'ready', count(*) FILTER (WHERE state = 'ready'), 'both', count(*) FILTER (WHERE state = 'both'),"
    "  'password', count(*) FILTER (WHERE state = 'password'), 'silent', count(*) FILTER (WHERE state = "
    "'silent')),"
    " 'people', coalesce(jsonb_agg(jsonb_build_object('user', user_name, 'address', address, 'state', state, "
    "'tokens', tokens,"
    "  'by_token', by_token, 'by_webmail', by_webmail, 'by_password', by_password,"
    "  'last', to_char(last AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'client', client, 'ip', "
    "ip) ORDER BY address), '[]'))"
    " FROM told"};

json_t *mail_readiness(const MailScope *scope, gint64 days, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, scope->org_id);
  db_args_int(&args, days);
  g_autoptr(DbResult) result = db_pool_read(scope->pool, scope->deadline, &readiness, &args, error);
  if (result == NULL)
    return NULL;
  const char *text = db_text(result, 0, 0);
  return jsontext_load(text, strlen(text), error);
}
