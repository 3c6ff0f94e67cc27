-- The decision: may this login with this secret use this protocol from there, now? Asked by Dovecot and Postfix themselves,
-- so that it holds while no gatepost runs. It reads the rows as they stand; what the worker has done plays no part.
-- The schema gatepost is all that the mail server's two roles may use; everything in it is named by its full path.

CREATE SCHEMA gatepost;
COMMENT ON SCHEMA gatepost IS 'What Dovecot and Postfix may ask, and nothing else.';

-- A name that is no time zone would fail every later sign-in of the organisation; this fails the rule instead.
ALTER TABLE public.access_rule ADD CONSTRAINT access_rule_zone
  CHECK ((timestamptz '2000-01-01 00:00:00+00' AT TIME ZONE zone) IS NOT NULL);

-- Postfix asks for each sender and login whether it is a service token's.
CREATE INDEX mail_token_login ON public.mail_token (login) WHERE login IS NOT NULL;

-- Whom a login without a domain may mean.
CREATE INDEX mail_address_local ON public.mail_address (split_part(address, '@', 1));

-- No rule at all denies everything, so the first setting brings one that allows everything.
CREATE FUNCTION public.mail_setting_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.access_rule (org_id, name, about, effect)
    VALUES (NEW.org_id, 'default', 'Allows everything. Remove it once other rules say what is allowed.', 'allow')
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION public.mail_setting_first() IS 'Gives an organisation its rule "default" with its mail settings.';
CREATE TRIGGER mail_setting_first AFTER INSERT ON public.mail_setting
  FOR EACH ROW EXECUTE FUNCTION public.mail_setting_first();

CREATE TABLE public.mail_send_hour (
  org_id bigint NOT NULL REFERENCES public.org,
  login text NOT NULL,
  hour timestamptz NOT NULL,
  recipients integer NOT NULL,
  told boolean NOT NULL DEFAULT false,
  PRIMARY KEY (org_id, login, hour)
);
COMMENT ON TABLE public.mail_send_hour IS 'Recipients a login sent to in an hour, where the organisation has a cap. Older hours go when a new one begins.';
COMMENT ON COLUMN public.mail_send_hour.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_send_hour.login IS 'Primary address, or a service token''s login.';
COMMENT ON COLUMN public.mail_send_hour.hour IS 'Begin of the hour.';
COMMENT ON COLUMN public.mail_send_hour.recipients IS 'So many were let through.';
COMMENT ON COLUMN public.mail_send_hour.told IS 'The first refusal of this hour stands in audit.';

CREATE TABLE public.mail_failure (
  org_id bigint NOT NULL REFERENCES public.org,
  minute timestamptz NOT NULL,
  login text NOT NULL,
  remote text NOT NULL,
  tries integer NOT NULL,
  asked integer NOT NULL,
  PRIMARY KEY (org_id, minute, login, remote)
);
COMMENT ON TABLE public.mail_failure IS 'Sign-ins with a secret that is none of ours, by minute, so that neither guessing nor good old passwords flood audit. Rows of the last hour; older ones go when a new one comes.';
COMMENT ON COLUMN public.mail_failure.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_failure.minute IS 'Begin of the minute.';
COMMENT ON COLUMN public.mail_failure.login IS 'Primary address; empty: all logins that are nobody''s together.';
COMMENT ON COLUMN public.mail_failure.remote IS 'The client''s address; empty: unknown.';
COMMENT ON COLUMN public.mail_failure.tries IS 'So many.';
COMMENT ON COLUMN public.mail_failure.asked IS 'So many of them our own look-up saw.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Small parts

-- What the mail server writes as address: '' or nonsense is "unknown", and an IPv4 client on an IPv6 socket is IPv4.
CREATE FUNCTION public.mail_ip(remote text) RETURNS inet LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  ip inet;
BEGIN
  IF remote IS NULL OR remote !~ '^[0-9A-Fa-f:.]{2,45}$' THEN
    RETURN NULL;
  END IF;
  ip := remote::inet;
  IF family(ip) = 6 AND ip <<= inet '::ffff:0:0/96' THEN
    ip := inet '0.0.0.0' + (ip - inet '::ffff:0:0');
  END IF;
  RETURN ip;
EXCEPTION WHEN invalid_text_representation OR numeric_value_out_of_range THEN
  RETURN NULL;
END $$;
COMMENT ON FUNCTION public.mail_ip(text) IS 'The client''s address, IPv4 where it is mapped; NULL: unknown.';

CREATE FUNCTION public.mail_protocol(service text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE lower(service) WHEN 'submission' THEN 'smtp' WHEN 'managesieve' THEN 'sieve'
           ELSE coalesce(nullif(left(lower(service), 32), ''), 'unknown') END
$$;
COMMENT ON FUNCTION public.mail_protocol(text) IS 'Dovecot''s service as tokens and rules name it: imap, pop3, smtp, sieve, dav; never NULL.';

-- A text that starts with "[" would be taken for an IMAP response code, a line break for the next answer.
CREATE FUNCTION public.mail_reason(words text, help text, code integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(ltrim(regexp_replace(words, '[[:cntrl:]]+', ' ', 'g'), '[ '), 200)
         || CASE WHEN help <> '' THEN '. ' || left(regexp_replace(help, '[[:cntrl:]]+', ' ', 'g'), 120) ELSE '' END
         || ' (GP-' || code || ')'
$$;
COMMENT ON FUNCTION public.mail_reason(text, text, integer) IS 'What the refused person reads: words, whom to ask, code; one line.';

CREATE FUNCTION public.mail_client_kind(client text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT nullif(left(btrim(regexp_replace(lower(coalesce(substring(client FROM '(?i)"name" +"([^"]*)"'),
                                                         substring(client FROM '(?i)\mname=([^,;]*)'), client)),
                                          '[^a-z .-]+|[0-9.]{2,}', '', 'g'), ' .-'), 64), '')
$$;
COMMENT ON FUNCTION public.mail_client_kind(text) IS 'Which mail program an IMAP ID names, without its version; NULL: it does not say.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Each mailbox as it stands

CREATE VIEW public.mail_now AS
  SELECT m.org_id, m.mailbox_id, m.user_id, m.address, m.state, m.protocols, m.deliver_disabled, b.uid, b.gid,
         coalesce(m.mode, g.mode, s.mode, 'observe') AS mode,
         coalesce(s.pat_enabled, true) AS pat_enabled,
         coalesce(s.help_text, '') AS help,
         coalesce(m.home, replace(replace(replace(replace(b.home, '%d', split_part(m.address, '@', 2)), '%n',
           split_part(m.address, '@', 1)), '%o', o.name), '%i', m.mailbox_id::text)) AS home,
         '*:bytes=' || nullif(coalesce(m.quota_override, m.quota_bytes), 0) AS quota_rule,
         CASE WHEN m.state = 'purged' THEN 5114
              WHEN m.contained_at IS NOT NULL THEN 5113
              WHEN m.state = 'disabled' THEN 5112
              WHEN m.user_id IS NOT NULL AND NOT coalesce(u.active, false)
                   AND NOT coalesce(m.lent_until > now(), false) THEN 5111
         END AS code,
         m.why
    FROM public.mailbox m
    JOIN public.org o ON o.org_id = m.org_id
    JOIN public.mail_backend b ON b.backend = m.backend
    LEFT JOIN public.scim_user u ON u.org_id = m.org_id AND u.user_id = m.user_id
    LEFT JOIN public.mail_group g ON g.org_id = m.org_id AND g.mail_group_id = m.mail_group_id
    LEFT JOIN public.mail_setting s ON s.org_id = m.org_id;
COMMENT ON VIEW public.mail_now IS 'Each mailbox with what decides about it: the one place that says whether its door is open.';
COMMENT ON COLUMN public.mail_now.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_now.mailbox_id IS 'Mailbox.';
COMMENT ON COLUMN public.mail_now.user_id IS 'Its person; NULL: shared or unpaired.';
COMMENT ON COLUMN public.mail_now.address IS 'Primary address.';
COMMENT ON COLUMN public.mail_now.state IS 'As in mailbox.';
COMMENT ON COLUMN public.mail_now.protocols IS 'What its owner may use.';
COMMENT ON COLUMN public.mail_now.deliver_disabled IS 'Does mail still arrive while it is disabled?';
COMMENT ON COLUMN public.mail_now.uid IS 'Owner of the mail on disk.';
COMMENT ON COLUMN public.mail_now.gid IS 'Group of the mail on disk.';
COMMENT ON COLUMN public.mail_now.mode IS 'Authentication mode: the person''s, else the group''s, else the organisation''s.';
COMMENT ON COLUMN public.mail_now.pat_enabled IS 'Do personal access tokens work here?';
COMMENT ON COLUMN public.mail_now.help IS 'Whom to ask; may be empty.';
COMMENT ON COLUMN public.mail_now.home IS 'Home directory, patterns replaced.';
COMMENT ON COLUMN public.mail_now.quota_rule IS 'Dovecot''s spelling; NULL: no quota.';
COMMENT ON COLUMN public.mail_now.code IS 'NULL: the door is open; 5111 person inactive or gone, 5112 disabled, 5113 contained, 5114 purged.';
COMMENT ON COLUMN public.mail_now.why IS 'Why it is disabled.';

-- Why somebody was contained is not for that person's eyes.
CREATE FUNCTION public.mail_door_text(code integer, why text, help text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT public.mail_reason(
    CASE code WHEN 5111 THEN 'Your mail is paused: your company account is not active'
              WHEN 5112 THEN 'Your mailbox is switched off' || coalesce(': ' || nullif(why, ''), '')
              WHEN 5113 THEN 'Your mail is locked by an administrator'
              WHEN 5114 THEN 'This mailbox is gone' END, help, code)
$$;
COMMENT ON FUNCTION public.mail_door_text(integer, text, text) IS 'What the owner of a shut mailbox reads; NULL when it is open.';

CREATE FUNCTION public.mail_door(org bigint, mailbox uuid) RETURNS TABLE (open boolean, code integer, reason text)
  LANGUAGE sql STABLE AS $$
  SELECT n.code IS NULL, n.code, public.mail_door_text(n.code, n.why, n.help)
    FROM public.mail_now n WHERE n.org_id = $1 AND n.mailbox_id = $2
$$;
COMMENT ON FUNCTION public.mail_door(bigint, uuid) IS 'Is this mailbox open to its owner now? No row: there is none.';

CREATE FUNCTION public.mail_mode(org bigint, mailbox uuid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT n.mode FROM public.mail_now n WHERE n.org_id = $1 AND n.mailbox_id = $2
$$;
COMMENT ON FUNCTION public.mail_mode(bigint, uuid) IS 'observe, directory or idp: the person''s, else the group''s, else the organisation''s.';

CREATE VIEW public.mail_lone_org AS
  SELECT min(d.org_id) AS org_id FROM public.domain d WHERE d.verified_at IS NOT NULL HAVING min(d.org_id) = max(d.org_id);
COMMENT ON VIEW public.mail_lone_org IS 'The only organisation with a proved domain; no row: there are several, or none.';
COMMENT ON COLUMN public.mail_lone_org.org_id IS 'Organisation.';

-- A login that the mail server's own password database knows as it likes: an address; another spelling in one of our domains;
-- or a bare name, which one database for all of them can give to one person only. Within one organisation the strictest of
-- those it may mean decides; where several organisations have such an address the mildest, so that none shuts out another's.
CREATE FUNCTION public.mail_login_owner(login text, OUT org_id bigint, OUT mailbox_id uuid, OUT kind text, OUT mode text)
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  who text := rtrim(left(lower(coalesce($1, '')), 254), '.@');
BEGIN
  IF who = '' THEN
    RETURN;
  END IF;
  IF who NOT LIKE '%@%' THEN
    SELECT x.org_id, x.mailbox_id, x.kind, x.mode INTO org_id, mailbox_id, kind, mode
      FROM (SELECT a.org_id, a.mailbox_id, a.kind, coalesce(n.mode, s.mode, 'observe') AS mode,
                   min(a.org_id) OVER () <> max(a.org_id) OVER () AS several,
                   CASE WHEN n.code = 5113 THEN 9
                        ELSE 2 * array_position('{observe,directory,idp}'::text[], coalesce(n.mode, s.mode, 'observe'))
                             + (n.code IS NOT NULL OR a.kind = 'resting')::integer END AS strict
              FROM public.mail_address a
              JOIN public.domain d ON d.org_id = a.org_id AND d.domain = split_part(a.address, '@', 2) AND d.verified_at IS NOT NULL
              LEFT JOIN public.mail_now n ON n.org_id = a.org_id AND n.mailbox_id = a.mailbox_id
              LEFT JOIN public.mail_setting s ON s.org_id = a.org_id
             WHERE split_part(a.address, '@', 1) = who AND a.kind <> 'list') x
     ORDER BY CASE WHEN x.several THEN x.strict ELSE -x.strict END, x.mailbox_id LIMIT 1;
    IF FOUND THEN
      RETURN;
    END IF;
    -- Nobody's name, a service's or a system's. Several organisations are judged by the mildest, on the first one's record.
    SELECT CASE WHEN min(d.org_id) = max(d.org_id) THEN min(d.org_id) ELSE (SELECT min(o.org_id) FROM public.org o) END,
           ('{observe,directory,idp}'::text[])[min(array_position('{observe,directory,idp}'::text[], coalesce(s.mode, 'observe')))]
      INTO org_id, mode
      FROM public.domain d LEFT JOIN public.mail_setting s ON s.org_id = d.org_id WHERE d.verified_at IS NOT NULL;
    RETURN;
  END IF;
  SELECT a.org_id, a.mailbox_id, a.kind INTO org_id, mailbox_id, kind FROM public.mail_address a WHERE a.address = who;
  IF NOT FOUND THEN
    -- Which "@" parts the domain is for that database to know.
    SELECT d.org_id INTO org_id FROM public.domain d
     WHERE d.domain = ANY ((string_to_array(who, '@'))[2:]) AND d.verified_at IS NOT NULL ORDER BY d.domain LIMIT 1;
  END IF;
  mode := coalesce((SELECT n.mode FROM public.mail_now n WHERE n.org_id = mail_login_owner.org_id AND n.mailbox_id = mail_login_owner.mailbox_id),
                   (SELECT s.mode FROM public.mail_setting s WHERE s.org_id = mail_login_owner.org_id), 'observe');
END $$;
COMMENT ON FUNCTION public.mail_login_owner(text) IS 'Whose a login is, as far as anybody can tell: organisation, mailbox and kind of address where there is one, mode. org_id NULL: of no concern here.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Rules. Any deny wins, else any allow allows, else it is denied. Where the client's address is unknown, a rule that looks
-- at addresses denies and does not allow. A window past midnight belongs to the day on which it began.

CREATE FUNCTION public.mail_rule_decide(org bigint, person uuid, protocol text, ip inet, token bigint, at timestamptz)
  RETURNS TABLE (effect text, rule_id bigint, rule_name text, message text) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE mine(group_id) AS (
    SELECT m.group_id FROM public.scim_member m WHERE m.org_id = $1 AND m.member_id = $2
    UNION
    SELECT m.group_id FROM mine JOIN public.scim_member m ON m.org_id = $1 AND m.member_id = mine.group_id AND m.kind = 'g'
  )
  SELECT coalesce(d.effect, 'deny'), d.rule_id, d.name, d.message
    FROM (VALUES (true)) one(yes)
    LEFT JOIN LATERAL (
      SELECT r.effect, r.rule_id, r.name, r.message FROM public.access_rule r
       WHERE r.org_id = $1
         AND (r.actions = '{}' OR $3 = ANY (r.actions)) AND NOT ($3 = ANY (r.not_actions))
         AND (r.cidrs = '{}' OR coalesce($4 <<= ANY (r.cidrs), r.effect = 'deny'))
         AND (r.not_cidrs = '{}' OR coalesce(NOT ($4 <<= ANY (r.not_cidrs)), r.effect = 'deny'))
         AND (r.users = '{}' OR coalesce($2 = ANY (r.users), false))
         AND (r.not_users = '{}' OR coalesce(NOT ($2 = ANY (r.not_users)), true))
         AND (r.groups = '{}' OR r.groups && ARRAY(SELECT mine.group_id FROM mine))
         AND (r.not_groups = '{}' OR NOT (r.not_groups && ARRAY(SELECT mine.group_id FROM mine)))
         AND (r.tokens = '{}' OR coalesce($5 = ANY (r.tokens), false))
         AND CASE WHEN r.from_time IS NULL OR r.from_time = r.to_time THEN
                    r.days = '{}' OR extract(isodow FROM $6 AT TIME ZONE r.zone)::integer = ANY (r.days)
                  WHEN r.from_time < r.to_time THEN
                    ($6 AT TIME ZONE r.zone)::time >= r.from_time AND ($6 AT TIME ZONE r.zone)::time < r.to_time
                    AND (r.days = '{}' OR extract(isodow FROM $6 AT TIME ZONE r.zone)::integer = ANY (r.days))
                  WHEN ($6 AT TIME ZONE r.zone)::time >= r.from_time THEN
                    r.days = '{}' OR extract(isodow FROM $6 AT TIME ZONE r.zone)::integer = ANY (r.days)
                  WHEN ($6 AT TIME ZONE r.zone)::time < r.to_time THEN
                    r.days = '{}' OR extract(isodow FROM ($6 AT TIME ZONE r.zone) - interval '1 day')::integer = ANY (r.days)
                  ELSE false END
       ORDER BY r.effect = 'deny' DESC, r.rule_id LIMIT 1) d ON true
$$;
COMMENT ON FUNCTION public.mail_rule_decide(bigint, uuid, text, inet, bigint, timestamptz) IS 'Which access rule decides, and how; rule_id NULL: no rule matches, so it is denied.';

CREATE FUNCTION public.mail_rule_text(rule_id bigint, message text, help text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT public.mail_reason(coalesce(nullif(message, ''), CASE WHEN rule_id IS NULL THEN 'No rule of your organisation allows this sign-in'
    ELSE 'Your organisation does not allow this sign-in from here' END), help, CASE WHEN rule_id IS NULL THEN 6102 ELSE 6101 END)
$$;
COMMENT ON FUNCTION public.mail_rule_text(bigint, text, text) IS 'What a person refused by a rule reads.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Records, with WorkMail's field names, so that saved queries keep working

CREATE FUNCTION public.mail_audit(org bigint, kind text, login text, ip inet, protocol text, person uuid, detail jsonb)
  RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  request uuid := gen_random_uuid();
BEGIN
  INSERT INTO public.audit (org_id, kind, request_id, actor, source_ip, action, subject, detail)
    VALUES (org, kind, request, 'mail:' || login, ip,
            CASE kind WHEN 'ACCESS_CONTROL' THEN 'rule.' ELSE 'auth.' END || protocol, person,
            jsonb_strip_nulls(jsonb_build_object(
              'event_timestamp', floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, 'request_id', request,
              'organization_id', org, 'user_id', person, 'protocol', upper(protocol), 'source_ip', host(ip)) || detail));
END $$;
COMMENT ON FUNCTION public.mail_audit(bigint, text, text, inet, text, uuid, jsonb) IS 'Writes one AUTHENTICATION or ACCESS_CONTROL record.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Dovecot

CREATE TYPE public.mail_try AS (
  org_id bigint, login text, ip inet, protocol text, mech text, session text,
  via text, user_id uuid, token_id bigint, token_name text, mode text, help text,
  reason text, code integer, words text, rule_id bigint, rule_name text, rule_effect text, tries integer
);
COMMENT ON TYPE public.mail_try IS 'One sign-in while it is decided.';

-- Nothing is told before the secret was right: until then the reason is "unknown" alone.
CREATE FUNCTION public.mail_try_record(try public.mail_try) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  about jsonb := jsonb_build_object('session', nullif(try.session, ''), 'mode', try.mode);
BEGIN
  IF try.rule_effect IS NOT NULL THEN
    PERFORM public.mail_audit(try.org_id, 'ACCESS_CONTROL', try.login, try.ip, try.protocol, try.user_id,
      about || jsonb_build_object('scope', 'AccessControl', 'rule_id', try.rule_id, 'rule_name', try.rule_name,
        'access_granted', (try.rule_effect = 'allow')::integer));
  END IF;
  PERFORM public.mail_audit(try.org_id, 'AUTHENTICATION', try.login, try.ip, try.protocol, try.user_id,
    about || jsonb_build_object('user', try.login, 'method', CASE try.via WHEN 'oauth' THEN 'oauth' ELSE 'basic' END,
      'mech', try.mech, 'via', try.via, 'auth_successful', (try.reason IS NULL)::integer, 'auth_failed_reason', try.reason,
      'code', 'GP-' || try.code, 'personal_access_token_id', try.token_id, 'tries', CASE WHEN try.tries > 10 THEN try.tries END));
END $$;
COMMENT ON FUNCTION public.mail_try_record(public.mail_try) IS 'Writes what became of a sign-in: the rule that decided, and the outcome.';

-- A row that nobody can lock at once is left to whoever has it: a storm of sign-ins never queues here.
CREATE FUNCTION public.mail_token_used(org bigint, token bigint, ip inet, protocol text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.mail_token t SET last_used_at = now(), last_used_ip = ip, last_used_protocol = protocol
   WHERE t.ctid = (SELECT k.ctid FROM public.mail_token k
                    WHERE k.org_id = org AND k.token_id = token
                      AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute'
                           OR k.last_used_ip IS DISTINCT FROM ip OR k.last_used_protocol IS DISTINCT FROM protocol)
                      FOR NO KEY UPDATE SKIP LOCKED);
END $$;
COMMENT ON FUNCTION public.mail_token_used(bigint, bigint, inet, text) IS 'Notes the last use, at most once a minute unless address or protocol changed.';

CREATE FUNCTION public.mail_token_check(token public.mail_token, protocol text, ip inet, pat_enabled boolean, help text)
  RETURNS TABLE (reason text, code integer, words text) LANGUAGE sql STABLE AS $$
  SELECT v.reason, v.code, public.mail_reason(v.words, $5, v.code)
    FROM (VALUES
      (1, token.revoked_at IS NOT NULL, 'revoked', 5105, 'This access token was revoked'),
      (2, coalesce(token.expires_at <= now(), false), 'expired', 5103,
       'The access token "' || token.name || '" has expired; make a new one'),
      (3, NOT pat_enabled, 'tokens-off', 5108, 'Access tokens are switched off in your organisation'),
      (4, NOT (protocol = ANY (token.protocols)) OR (token.login IS NOT NULL AND protocol <> 'smtp'), 'protocol', 5106,
       'This access token is not for ' || upper(protocol)),
      (5, token.cidrs <> '{}' AND NOT coalesce(ip <<= ANY (token.cidrs), false), 'network', 5107,
       'This access token may not be used from this network')
    ) v(step, refused, reason, code, words)
   WHERE v.refused ORDER BY v.step LIMIT 1
$$;
COMMENT ON FUNCTION public.mail_token_check(public.mail_token, text, inet, boolean, text) IS 'Why a token does not work here and now; no row: it does.';

CREATE FUNCTION public.mail_service_login(org bigint, login text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM public.domain d WHERE d.org_id = $1 AND d.domain = split_part($2, '@', 2) AND d.verified_at IS NOT NULL)
         AND NOT EXISTS (SELECT FROM public.mail_address a WHERE a.address = $2 AND a.mailbox_id IS NOT NULL)
$$;
COMMENT ON FUNCTION public.mail_service_login(bigint, text) IS 'May a service token sign in as this address: in a domain the organisation has proved, and nobody''s now or lately?';

-- Ten a minute are written one by one for each login and address, then one at each doubling, with the number so far. An old
-- password that another database takes passes here first, and looks like a wrong secret.
CREATE FUNCTION public.mail_failure_count(org bigint, login text, ip inet, asked boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  n integer;
BEGIN
  INSERT INTO public.mail_failure AS f (org_id, minute, login, remote, tries, asked)
    VALUES (org, date_trunc('minute', now()), coalesce($2, ''), coalesce(host(ip), ''), 1, $4::integer)
    ON CONFLICT ON CONSTRAINT mail_failure_pkey DO UPDATE SET tries = f.tries + 1, asked = f.asked + excluded.asked
    RETURNING f.tries INTO n;
  IF n = 1 THEN
    DELETE FROM public.mail_failure f WHERE f.org_id = org AND f.minute < now() - interval '1 hour';
  END IF;
  RETURN CASE WHEN n <= 10 OR (n % 10 = 0 AND (n / 10) & (n / 10 - 1) = 0) THEN n END;
END $$;
COMMENT ON FUNCTION public.mail_failure_count(bigint, text, inet, boolean) IS 'Counts a sign-in with a secret that is none of ours; its number if it is one to record, else NULL.';

-- secret_sha256: 64 lower-case hex digits of what was typed. The makers of tokens store the hash of both lower-case spellings,
-- with and without dashes; upper case typed cannot match. The login may be the primary address or an alias, not a former one.
-- A login of no mailbox is recorded for the organisation that owns its domain; of a foreign domain not at all, since nobody
-- could read it and strangers could fill the table (Dovecot's own log has it).
CREATE FUNCTION gatepost.dovecot_auth(login text, secret_sha256 text, remote text, service text, mech text, session text)
  RETURNS TABLE ("user" text, password text, nopassword text, nologin text, reason text, userdb_home text,
                 userdb_uid integer, userdb_gid integer, userdb_quota_rule text, userdb_gp_token text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  try public.mail_try;
  box public.mail_now;
  token public.mail_token;
  secret bytea;
  oauth boolean := upper(mech) IN ('XOAUTH2', 'OAUTHBEARER');
  known boolean := false;
BEGIN
  -- Without a mechanism nobody signs in: a static userdb of the host's own asks the password databases whether a recipient
  -- exists. No secret fits this one.
  IF coalesce(mech, '') = '' AND lower(service) IN ('lmtp', 'lda', 'doveadm') THEN
    RETURN QUERY SELECT u."user", '{CRYPT}!'::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::integer, NULL::integer,
                        NULL::text, NULL::text FROM gatepost.dovecot_userdb(dovecot_auth.login, dovecot_auth.service) u;
    RETURN;
  END IF;
  try.login := left(lower(coalesce(login, '')), 254);
  try.ip := public.mail_ip(remote);
  try.protocol := public.mail_protocol(service);
  try.mech := left(mech, 32);
  try.session := left(session, 64);
  IF secret_sha256 ~ '^[0-9a-f]{64}$' THEN
    secret := decode(secret_sha256, 'hex');
  END IF;

  SELECT n.* INTO box FROM public.mail_address a
    JOIN public.mail_now n ON n.org_id = a.org_id AND n.mailbox_id = a.mailbox_id
   WHERE a.address = try.login AND a.kind IN ('primary', 'alias');
  try.org_id := box.org_id;
  try.user_id := box.user_id;
  try.mode := box.mode;
  try.help := box.help;

  IF oauth THEN
    SELECT true INTO known FROM public.access_token k
     WHERE k.hash = secret AND k.org_id = box.org_id AND k.user_id = box.user_id AND k.expires_at > now();
    try.via := 'oauth';
  ELSE
    SELECT k.* INTO token FROM public.mail_token k WHERE k.hash = secret OR k.hash_grouped = secret;
    IF token.login IS NOT NULL THEN
      known := token.login = try.login;
    ELSE
      known := token.org_id = box.org_id AND token.user_id = box.user_id;
    END IF;
    try.via := 'token';
  END IF;

  IF known IS NOT TRUE THEN
    try.via := NULL;
    try.reason := 'unknown';
    try.org_id := coalesce(try.org_id, (SELECT d.org_id FROM public.domain d
      WHERE d.domain = split_part(try.login, '@', 2) AND d.verified_at IS NOT NULL));
    IF try.org_id IS NOT NULL THEN
      try.tries := public.mail_failure_count(try.org_id, box.address, try.ip, true);
      IF try.tries IS NOT NULL THEN
        PERFORM public.mail_try_record(try);
      END IF;
    END IF;
    RETURN;
  END IF;

  IF NOT oauth THEN
    try.token_id := token.token_id;
    IF token.login IS NOT NULL THEN
      -- A service token is nobody's: no mailbox, no door; the organisation's switch, mode and rules hold.
      box := NULL;
      try.via := 'service';
      try.org_id := token.org_id;
      try.user_id := NULL;
      SELECT coalesce(max(s.mode), 'observe'), coalesce(max(s.help_text), ''), coalesce(bool_and(s.pat_enabled), true)
        INTO try.mode, try.help, box.pat_enabled FROM public.mail_setting s WHERE s.org_id = token.org_id;
    END IF;
    SELECT c.reason, c.code, c.words INTO try.reason, try.code, try.words
      FROM public.mail_token_check(token, try.protocol, try.ip, box.pat_enabled, try.help) c;
  END IF;
  -- Its domain may have gone since, and a mailbox be made for its address: it must never be that person.
  IF try.reason IS NULL AND try.via = 'service' AND NOT public.mail_service_login(token.org_id, token.login) THEN
    try.reason := 'login';
    try.code := 5206;
  END IF;
  IF try.reason IS NULL AND box.code IS NOT NULL THEN
    try.reason := 'door';
    try.code := box.code;
    try.words := public.mail_door_text(box.code, box.why, try.help);
  END IF;
  IF try.reason IS NULL AND NOT (try.protocol = ANY (box.protocols)) THEN
    try.reason := 'protocol';
    try.code := 5109;
    try.words := public.mail_reason(upper(try.protocol) || ' is not switched on for your mailbox', try.help, 5109);
  END IF;
  IF try.reason IS NULL THEN
    SELECT d.effect, d.rule_id, d.rule_name, d.message
      INTO try.rule_effect, try.rule_id, try.rule_name, try.words
      FROM public.mail_rule_decide(try.org_id, try.user_id, try.protocol, try.ip, try.token_id, now()) d;
    IF try.rule_effect = 'deny' AND try.mode <> 'observe' THEN
      try.reason := 'rule';
      try.code := CASE WHEN try.rule_id IS NULL THEN 6102 ELSE 6101 END;
      try.words := public.mail_rule_text(try.rule_id, try.words, try.help);
    END IF;
  END IF;
  PERFORM public.mail_try_record(try);

  IF try.reason IS NULL THEN
    IF try.token_id IS NOT NULL THEN
      PERFORM public.mail_token_used(try.org_id, try.token_id, try.ip, try.protocol);
    END IF;
    RETURN QUERY SELECT coalesce(box.address, try.login), NULL::text, 'y'::text, NULL::text, NULL::text, box.home, box.uid, box.gid,
                        box.quota_rule, coalesce(try.token_id::text, 'oauth');
  ELSIF try.protocol IN ('imap', 'pop3', 'sieve') THEN
    -- Postfix takes an answer with nologin for a yes, so only these three, which understand it, ever get one. Dovecot asks the
    -- policy server about it all the same, and is not to write a second record of it, as of a password let in.
    RETURN QUERY SELECT coalesce(box.address, try.login), NULL::text, 'y'::text, 'y'::text, try.words, NULL::text, NULL::integer,
                        NULL::integer, NULL::text, 'refused'::text;
  END IF;
END $$;
COMMENT ON FUNCTION gatepost.dovecot_auth(text, text, text, text, text, text) IS 'Dovecot''s password_query: one row lets in, or (imap, pop3, sieve) refuses with a reason; no row refuses. Writes the audit records.';

-- Mail arrives by the mailbox''s state alone: a bounce is not undone by one active = true. For sign-ins this is the second
-- lock behind Dovecot''s own password database, and holds while no policy server answers.
CREATE FUNCTION gatepost.dovecot_userdb(login text, service text)
  RETURNS TABLE ("user" text, home text, uid integer, gid integer, quota_rule text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.address, n.home, n.uid, n.gid, n.quota_rule
    FROM public.mail_address a JOIN public.mail_now n ON n.org_id = a.org_id AND n.mailbox_id = a.mailbox_id
   WHERE a.address = lower(login) AND a.kind IN ('primary', 'alias', 'former')
     AND (n.state <> 'purged' OR lower(service) = 'doveadm') -- the approved purge itself still has to find it
     AND CASE WHEN lower(service) = 'lmtp' THEN n.state = 'active' OR n.deliver_disabled
              WHEN public.mail_protocol(service) IN ('imap', 'pop3', 'sieve', 'smtp') THEN
                n.code IS NULL OR (n.mode = 'observe' AND n.code <> 5113)
              ELSE true END
$$;
COMMENT ON FUNCTION gatepost.dovecot_userdb(text, text) IS 'Dovecot''s user_query: where a mailbox lives, for delivery, doveadm and sign-ins by another password database.';

CREATE VIEW gatepost.dovecot_user AS
  SELECT m.address AS "user" FROM public.mailbox m WHERE m.state <> 'purged' AND m.origin <> 'found';
COMMENT ON VIEW gatepost.dovecot_user IS 'Dovecot''s iterate_query: all mailboxes that gatepost has to do with.';
COMMENT ON COLUMN gatepost.dovecot_user."user" IS 'Primary address.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Dovecot's policy server: sign-ins that some password database let through. token tells that it was ours.

CREATE FUNCTION public.mail_token_client(org bigint, token bigint, person uuid, client text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  kind text := public.mail_client_kind(client);
  seen text[];
  reuse text;
BEGIN
  IF kind IS NULL THEN
    RETURN true;
  END IF;
  SELECT k.clients, coalesce(s.pat_reuse, 'notice') INTO seen, reuse FROM public.mail_token k
    LEFT JOIN public.mail_setting s ON s.org_id = k.org_id
   WHERE k.org_id = org AND k.token_id = token AND k.user_id = person;
  IF seen IS NULL THEN
    RETURN true;
  END IF;
  IF reuse = 'enforce' AND seen <> '{}' AND NOT (kind = ANY (seen)) THEN
    RETURN false;
  END IF;
  UPDATE public.mail_token k SET last_used_client = left(client, 200),
         clients = CASE WHEN kind = ANY (k.clients) OR cardinality(k.clients) >= 16 THEN k.clients ELSE k.clients || kind END
   WHERE k.org_id = org AND k.token_id = token
     AND (k.last_used_client IS DISTINCT FROM left(client, 200) OR NOT (kind = ANY (k.clients)));
  RETURN true;
END $$;
COMMENT ON FUNCTION public.mail_token_client(bigint, bigint, uuid, text) IS 'Notes which program uses a token; false: a second kind of program, and the organisation refuses that.';

-- What is no mailbox's login: an address that rests was somebody's, whose old password may still be known, and who may be
-- contained; and in mode idp a password is no way in for any login in our domains or without one (ada+x@, ada), since that
-- database may take it for ada's.
CREATE FUNCTION public.mail_policy_unowned(try public.mail_try, kind text, contained boolean, client text)
  RETURNS public.mail_try LANGUAGE plpgsql AS $$
BEGIN
  SELECT s.help_text INTO try.help FROM public.mail_setting s WHERE s.org_id = try.org_id;
  IF contained THEN
    try.reason := 'door';
    try.code := 5113;
    try.words := public.mail_door_text(5113, NULL, try.help);
  ELSIF kind = 'resting' THEN
    try.reason := 'resting';
    try.code := 5115;
    try.words := public.mail_reason('This address is no longer in use', try.help, 5115);
  ELSIF try.mode = 'idp' THEN
    try.reason := 'password';
    try.code := 5101;
    try.words := public.mail_reason('Use an access token instead of your password', try.help, 5101);
  END IF;
  PERFORM public.mail_policy_record(try, client, try.reason IS NOT NULL AND (try.mode <> 'observe' OR contained));
  RETURN try;
END $$;
COMMENT ON FUNCTION public.mail_policy_unowned(public.mail_try, text, boolean, text) IS 'Judges and records a sign-in by password as a login that belongs to no mailbox.';

CREATE FUNCTION public.mail_policy(login text, remote text, protocol text, mech text, session text, client text, token text,
    OUT status integer, OUT message text)
  LANGUAGE plpgsql AS $$
DECLARE
  try public.mail_try;
  box public.mail_now;
  owner record;
  ours boolean := coalesce(token, '') <> '';
  refuse boolean := false;
BEGIN
  status := 0;
  message := '';
  try.login := left(lower(coalesce(login, '')), 254);
  try.ip := public.mail_ip(remote);
  try.protocol := public.mail_protocol(protocol);
  try.mech := left(mech, 32);
  try.session := left(session, 64);
  try.via := CASE WHEN ours THEN 'token' ELSE 'password' END;
  SELECT o.* INTO owner FROM public.mail_login_owner(try.login) o;
  try.org_id := owner.org_id;
  try.mode := owner.mode;
  SELECT n.* INTO box FROM public.mail_now n
   WHERE n.org_id = owner.org_id AND n.mailbox_id = owner.mailbox_id AND owner.kind <> 'resting';

  IF box.org_id IS NULL THEN
    IF try.org_id IS NOT NULL AND NOT ours THEN
      try := public.mail_policy_unowned(try, owner.kind, EXISTS (
        SELECT FROM public.mail_now n WHERE n.org_id = owner.org_id AND n.mailbox_id = owner.mailbox_id AND n.code = 5113), client);
      refuse := try.reason IS NOT NULL AND (try.mode <> 'observe' OR try.code = 5113);
    END IF;
    IF refuse THEN
      status := -1;
      message := try.words;
    END IF;
    RETURN;
  END IF;
  try.user_id := box.user_id;
  try.help := box.help;

  IF ours THEN
    -- The passdb has judged and recorded this one; only the program's name is news.
    IF token ~ '^[0-9]{1,18}$' AND NOT public.mail_token_client(box.org_id, token::bigint, box.user_id, client) THEN
      try.token_id := token::bigint;
      try.reason := 'client';
      try.code := 5104;
      try.words := public.mail_reason('This access token belongs to another program; make one for each', try.help, 5104);
      refuse := true;
      PERFORM public.mail_policy_record(try, client, refuse);
    END IF;
  ELSE
    SELECT d.effect, d.rule_id, d.rule_name, d.message
      INTO try.rule_effect, try.rule_id, try.rule_name, try.words
      FROM public.mail_rule_decide(try.org_id, try.user_id, try.protocol, try.ip, NULL, now()) d;
    IF box.code IS NOT NULL THEN
      try.reason := 'door';
      try.code := box.code;
      try.words := public.mail_door_text(box.code, box.why, try.help);
    ELSIF NOT (try.protocol = ANY (box.protocols)) THEN
      try.reason := 'protocol';
      try.code := 5109;
      try.words := public.mail_reason(upper(try.protocol) || ' is not switched on for your mailbox', try.help, 5109);
    ELSIF try.rule_effect = 'deny' THEN
      try.reason := 'rule';
      try.code := CASE WHEN try.rule_id IS NULL THEN 6102 ELSE 6101 END;
      try.words := public.mail_rule_text(try.rule_id, try.words, try.help);
    ELSIF try.mode = 'idp' THEN
      try.reason := 'password';
      try.code := 5101;
      try.words := public.mail_reason('Use an access token instead of your password', try.help, 5101);
    END IF;
    -- An admin who contained somebody meant it, whatever the mode.
    refuse := try.reason IS NOT NULL AND (try.mode <> 'observe' OR try.code = 5113);
    PERFORM public.mail_policy_record(try, client, refuse);
  END IF;
  IF refuse THEN
    status := -1;
    message := try.words;
  END IF;
END $$;
COMMENT ON FUNCTION public.mail_policy(text, text, text, text, text, text, text) IS 'What the policy server answers after a sign-in that a password database let through: 0 yes, -1 no with words. Writes its audit records.';

CREATE FUNCTION public.mail_policy_record(try public.mail_try, client text, refuse boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  about jsonb := jsonb_build_object('session', nullif(try.session, ''), 'mode', try.mode, 'user_agent', nullif(left(client, 200), ''));
BEGIN
  IF try.rule_effect IS NOT NULL THEN
    PERFORM public.mail_audit(try.org_id, 'ACCESS_CONTROL', try.login, try.ip, try.protocol, try.user_id,
      about || jsonb_build_object('scope', 'AccessControl', 'rule_id', try.rule_id, 'rule_name', try.rule_name,
        'access_granted', (try.rule_effect = 'allow')::integer));
  END IF;
  PERFORM public.mail_audit(try.org_id, 'AUTHENTICATION', try.login, try.ip, try.protocol, try.user_id,
    about || jsonb_build_object('user', try.login, 'method', 'basic', 'mech', try.mech, 'via', try.via,
      'auth_successful', (NOT refuse)::integer, 'auth_failed_reason', CASE WHEN refuse THEN try.reason END,
      'would_refuse', CASE WHEN NOT refuse THEN try.reason END, 'code', 'GP-' || try.code,
      'personal_access_token_id', try.token_id));
END $$;
COMMENT ON FUNCTION public.mail_policy_record(public.mail_try, text, boolean) IS 'Writes what the policy server answered, and in mode observe what it would have refused.';

-- Did our passdb already write this failure? By the session where there is one; Postfix has none, so there by who, from where
-- and over what, a moment ago.
CREATE FUNCTION public.mail_failure_known(try public.mail_try) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM public.audit a
     WHERE a.org_id = try.org_id AND a.subject IS NOT DISTINCT FROM try.user_id::text AND a.at > now() - interval '10 seconds'
       AND a.kind = 'AUTHENTICATION' AND a.actor = 'mail:' || try.login AND NOT a.detail ? 'told_by'
       AND a.source_ip IS NOT DISTINCT FROM try.ip AND a.action = 'auth.' || try.protocol
       AND a.detail ->> 'session' IS NOT DISTINCT FROM nullif(try.session, ''))
$$;
COMMENT ON FUNCTION public.mail_failure_known(public.mail_try) IS 'Does audit have this failed sign-in already?';

-- Where our own look-up counts more than it writes, it counted this one too.
CREATE FUNCTION public.mail_failure_told(login text, remote text, protocol text, mech text, session text, client text)
  RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  try public.mail_try;
  owner record;
  n integer;
BEGIN
  try.login := left(lower(coalesce($1, '')), 254);
  try.ip := public.mail_ip($2);
  try.protocol := public.mail_protocol($3);
  try.session := left($5, 64);
  SELECT o.*, m.address, m.user_id INTO owner FROM public.mail_login_owner(try.login) o
    LEFT JOIN public.mailbox m ON m.org_id = o.org_id AND m.mailbox_id = o.mailbox_id AND o.kind <> 'resting';
  try.org_id := owner.org_id;
  try.user_id := owner.user_id;
  IF try.org_id IS NULL OR public.mail_failure_known(try) OR EXISTS (
    SELECT FROM public.mail_failure f
     WHERE f.org_id = try.org_id AND f.minute >= date_trunc('minute', now() - interval '10 seconds')
       AND f.login = coalesce(owner.address, '') AND f.remote = coalesce(host(try.ip), '') AND f.asked > 10) THEN
    RETURN;
  END IF;
  n := public.mail_failure_count(try.org_id, owner.address, try.ip, false);
  IF n IS NOT NULL THEN
    PERFORM public.mail_audit(try.org_id, 'AUTHENTICATION', try.login, try.ip, try.protocol, try.user_id, jsonb_build_object(
      'session', nullif(try.session, ''), 'mode', owner.mode, 'user_agent', nullif(left($6, 200), ''), 'user', try.login,
      'method', 'basic', 'mech', left($4, 32), 'auth_successful', 0, 'auth_failed_reason', 'unknown', 'told_by', 'dovecot',
      'tries', CASE WHEN n > 10 THEN n END));
  END IF;
END $$;
COMMENT ON FUNCTION public.mail_failure_told(text, text, text, text, text, text) IS 'Records a failed sign-in that Dovecot reports and our passdb did not see; bounded.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Postfix. A view may only join: its functions would run with the asking role's rights.

CREATE VIEW gatepost.postfix_domain AS
  SELECT d.domain AS name FROM public.domain d WHERE d.verified_at IS NOT NULL;
COMMENT ON VIEW gatepost.postfix_domain IS 'virtual_mailbox_domains: the proved domains.';
COMMENT ON COLUMN gatepost.postfix_domain.name IS 'A-label form, lower case.';

CREATE VIEW public.mail_address_now AS
  SELECT a.org_id, a.address, a.kind, a.mailbox_id, a.mail_group_id FROM public.mail_address a
    JOIN public.domain d ON d.org_id = a.org_id AND d.domain = split_part(a.address, '@', 2) AND d.verified_at IS NOT NULL
   WHERE a.kind <> 'resting' AND (a.kind <> 'former' OR a.until IS NULL OR a.until > now());
COMMENT ON VIEW public.mail_address_now IS 'Addresses that mean somebody now, in a domain that their organisation still owns.';
COMMENT ON COLUMN public.mail_address_now.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_address_now.address IS 'Address.';
COMMENT ON COLUMN public.mail_address_now.kind IS 'primary, alias, former or list.';
COMMENT ON COLUMN public.mail_address_now.mailbox_id IS 'Whose.';
COMMENT ON COLUMN public.mail_address_now.mail_group_id IS 'The list''s group.';

CREATE VIEW gatepost.postfix_mailbox AS
  SELECT a.address,
         CASE WHEN m.state = 'disabled' AND NOT m.deliver_disabled THEN '550 5.2.1 Mailbox disabled (GP-5112)' END AS refusal
    FROM public.mail_address_now a JOIN public.mailbox m ON m.org_id = a.org_id AND m.mailbox_id = a.mailbox_id
   WHERE m.state <> 'purged' AND (a.kind = 'primary' OR (m.state = 'disabled' AND NOT m.deliver_disabled));
COMMENT ON VIEW gatepost.postfix_mailbox IS 'virtual_mailbox_maps (refusal IS NULL) and check_recipient_access (the others, their aliases too).';
COMMENT ON COLUMN gatepost.postfix_mailbox.address IS 'Recipient.';
COMMENT ON COLUMN gatepost.postfix_mailbox.refusal IS 'What the sender is told; NULL: deliver.';

-- Postfix expands at most virtual_alias_expansion_limit (1000) recipients; a larger list needs a larger limit there.
CREATE VIEW gatepost.postfix_alias AS
  SELECT a.address, m.address AS targets
    FROM public.mail_address_now a JOIN public.mailbox m ON m.org_id = a.org_id AND m.mailbox_id = a.mailbox_id
   WHERE a.kind IN ('alias', 'former') AND (m.state = 'active' OR (m.state = 'disabled' AND m.deliver_disabled))
  UNION ALL
  SELECT a.address, l.targets
    FROM public.mail_address_now a JOIN public.mail_group g ON g.org_id = a.org_id AND g.mail_group_id = a.mail_group_id,
    LATERAL (
      WITH RECURSIVE inside(group_id) AS (
        SELECT g.group_id
        UNION
        SELECT n.member_id FROM inside i JOIN public.scim_member n ON n.org_id = g.org_id AND n.group_id = i.group_id AND n.kind = 'g'
      )
      SELECT string_agg(DISTINCT m.address, ', ') AS targets
        FROM inside i JOIN public.scim_member n ON n.org_id = g.org_id AND n.group_id = i.group_id AND n.kind = 'u'
        JOIN public.mailbox m ON m.org_id = g.org_id AND m.user_id = n.member_id
             AND (m.state = 'active' OR (m.state = 'disabled' AND m.deliver_disabled))
      HAVING count(*) > 0
    ) l
   WHERE a.kind = 'list';
COMMENT ON VIEW gatepost.postfix_alias IS 'virtual_alias_maps: aliases and former addresses to the mailbox, lists to their members.';
COMMENT ON COLUMN gatepost.postfix_alias.address IS 'Recipient.';
COMMENT ON COLUMN gatepost.postfix_alias.targets IS 'Primary addresses, separated by commas.';

-- Postfix cannot tell how a session signed in. In mode observe, passwords of another database go on working for people none of
-- whose secrets can have opened a session of SMTP, which lasts no day; the others are judged as by it. In mode idp only our
-- secrets let in, so that without a live one every session is over; elsewhere a session may be one by a password, and goes on.
CREATE VIEW public.mail_send_now AS
  SELECT x.org_id, x.mailbox_id, x.address, x.mode,
         CASE WHEN x.mode <> 'observe' OR x.why_not IN (5113, 5114)
                   OR EXISTS (SELECT FROM public.mail_token t
                               WHERE t.org_id = x.org_id AND t.user_id = x.user_id AND 'smtp' = ANY (t.protocols)
                                 AND coalesce(t.revoked_at > now() - interval '1 day', true)
                                 AND coalesce(t.expires_at > now() - interval '1 day', true))
                   OR EXISTS (SELECT FROM public.access_token t
                               WHERE t.org_id = x.org_id AND t.user_id = x.user_id AND t.expires_at > now() - interval '1 day')
              THEN x.why_not END AS code
    FROM (SELECT n.org_id, n.mailbox_id, n.user_id, n.address, n.mode, CASE
                   WHEN n.code IS NOT NULL THEN n.code
                   WHEN NOT ('smtp' = ANY (n.protocols)) THEN 5109
                   WHEN n.mode = 'idp'
                        AND NOT EXISTS (SELECT FROM public.access_token t
                                         WHERE t.org_id = n.org_id AND t.user_id = n.user_id AND t.expires_at > now())
                        AND NOT (n.pat_enabled AND EXISTS (
                          SELECT FROM public.mail_token t
                           WHERE t.org_id = n.org_id AND t.user_id = n.user_id AND t.revoked_at IS NULL
                             AND coalesce(t.expires_at > now(), true) AND 'smtp' = ANY (t.protocols))) THEN 5105
                 END AS why_not
            FROM public.mail_now n) x;
COMMENT ON VIEW public.mail_send_now IS 'Each mailbox with what forbids its owner to send, as far as Postfix can know.';
COMMENT ON COLUMN public.mail_send_now.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_send_now.mailbox_id IS 'Mailbox.';
COMMENT ON COLUMN public.mail_send_now.address IS 'Primary address.';
COMMENT ON COLUMN public.mail_send_now.mode IS 'Authentication mode.';
COMMENT ON COLUMN public.mail_send_now.code IS 'NULL: may send; the door''s codes, 5109 smtp is off, 5105 no secret is left.';

-- Where one organisation is alone, its people may sign in to Dovecot's own database by their bare names.
CREATE VIEW gatepost.postfix_sender AS
  SELECT s.address, string_agg(DISTINCT s.login, ', ') AS logins
    FROM (SELECT a.address, n.address AS login
            FROM public.mail_address_now a JOIN public.mail_send_now n ON n.org_id = a.org_id AND n.mailbox_id = a.mailbox_id
           WHERE a.kind IN ('primary', 'alias') AND n.code IS NULL
          UNION ALL
          SELECT a.address, split_part(n.address, '@', 1)
            FROM public.mail_address_now a JOIN public.mail_send_now n ON n.org_id = a.org_id AND n.mailbox_id = a.mailbox_id
            JOIN public.mail_lone_org l ON l.org_id = a.org_id
           WHERE a.kind IN ('primary', 'alias') AND n.code IS NULL AND n.mode <> 'idp'
             AND NOT EXISTS (SELECT FROM public.mail_address o
                              WHERE o.org_id = n.org_id AND split_part(o.address, '@', 1) = split_part(n.address, '@', 1)
                                AND o.mailbox_id IS DISTINCT FROM n.mailbox_id)
          UNION ALL
          SELECT t.login, t.login FROM public.mail_token t
            JOIN public.domain d ON d.org_id = t.org_id AND d.domain = split_part(t.login, '@', 2) AND d.verified_at IS NOT NULL
            LEFT JOIN public.mail_setting p ON p.org_id = t.org_id
           WHERE t.login IS NOT NULL AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
             AND coalesce(p.pat_enabled, true)
             AND NOT EXISTS (SELECT FROM public.mail_address a WHERE a.address = t.login AND a.mailbox_id IS NOT NULL)) s
   GROUP BY s.address;
COMMENT ON VIEW gatepost.postfix_sender IS 'smtpd_sender_login_maps: who may send as this address.';
COMMENT ON COLUMN gatepost.postfix_sender.address IS 'Envelope sender.';
COMMENT ON COLUMN gatepost.postfix_sender.logins IS 'SASL logins that own it, separated by commas.';

CREATE VIEW public.mail_sender_shut AS
  SELECT a.org_id, a.address, n.code
    FROM public.mail_address a JOIN public.mail_send_now n ON n.org_id = a.org_id AND n.mailbox_id = a.mailbox_id
   WHERE a.kind IN ('primary', 'alias', 'former') AND n.code IS NOT NULL
  UNION ALL
  SELECT a.org_id, a.address, CASE WHEN n.code = 5113 THEN 5113 ELSE 5115 END
    FROM public.mail_address a
    LEFT JOIN public.mail_now n ON n.org_id = a.org_id AND n.mailbox_id = a.mailbox_id
    LEFT JOIN public.mail_setting s ON s.org_id = a.org_id
   WHERE a.kind = 'resting' AND (coalesce(n.mode, s.mode, 'observe') <> 'observe' OR n.code = 5113);
COMMENT ON VIEW public.mail_sender_shut IS 'Addresses as which nobody may send, though somebody may be signed in so.';
COMMENT ON COLUMN public.mail_sender_shut.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_sender_shut.address IS 'Address.';
COMMENT ON COLUMN public.mail_sender_shut.code IS 'Why.';

CREATE VIEW gatepost.postfix_login AS
  SELECT x.address,
         '554 5.7.1 ' || CASE max(x.code)
           WHEN 5105 THEN 'This access token has ended' WHEN 5109 THEN 'SMTP is not switched on for your mailbox'
           WHEN 5111 THEN 'Your mail is paused' WHEN 5112 THEN 'Your mailbox is switched off'
           WHEN 5113 THEN 'Your mail is locked by an administrator' WHEN 5115 THEN 'This address is no longer in use'
           ELSE 'This mailbox is gone' END || ' (GP-' || max(x.code) || ')' AS refusal
    FROM (SELECT s.address, s.code FROM public.mail_sender_shut s
          UNION ALL
          SELECT split_part(s.address, '@', 1), s.code
            FROM public.mail_sender_shut s JOIN public.mail_lone_org l ON l.org_id = s.org_id
          UNION ALL
          SELECT t.login, 5105 FROM public.mail_token t
            LEFT JOIN public.domain d ON d.org_id = t.org_id AND d.domain = split_part(t.login, '@', 2) AND d.verified_at IS NOT NULL
            LEFT JOIN public.mail_setting p ON p.org_id = t.org_id
           WHERE t.login IS NOT NULL
             AND NOT EXISTS (SELECT FROM public.mail_address a WHERE a.address = t.login AND a.mailbox_id IS NOT NULL)
           GROUP BY t.login
          HAVING NOT bool_or(d.org_id IS NOT NULL AND coalesce(p.pat_enabled, true) AND t.revoked_at IS NULL
                             AND (t.expires_at IS NULL OR t.expires_at > now()))) x
   GROUP BY x.address;
COMMENT ON VIEW gatepost.postfix_login IS 'check_sasl_access: logins that may send no more, also in a session that is already signed in.';
COMMENT ON COLUMN gatepost.postfix_login.address IS 'SASL login.';
COMMENT ON COLUMN gatepost.postfix_login.refusal IS 'What the mail program is told.';

-- The rate cap, asked with the number of recipients before they are accepted. Fixed hours: a burst over the full hour may
-- send twice the cap. Refused recipients are not counted.
CREATE FUNCTION public.mail_send_allowed(login text, recipients integer, OUT allowed boolean, OUT message text)
  LANGUAGE plpgsql AS $$
DECLARE
  box record;
  this_hour timestamptz := date_trunc('hour', now());
  who text := lower($1);
BEGIN
  SELECT x.org_id, x.login, x.user_id, s.send_per_hour AS cap, s.help_text AS help INTO box
    FROM (SELECT n.org_id, n.address AS login, n.user_id FROM public.mail_login_owner(who) o
            JOIN public.mailbox n ON n.org_id = o.org_id AND n.mailbox_id = o.mailbox_id AND o.kind <> 'resting'
          UNION ALL
          SELECT t.org_id, t.login, NULL FROM public.mail_token t WHERE t.login = who
          LIMIT 1) x
    JOIN public.mail_setting s ON s.org_id = x.org_id;
  allowed := true;
  message := '';
  IF box.cap IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO public.mail_send_hour AS h (org_id, login, hour, recipients)
    VALUES (box.org_id, box.login, this_hour, 0) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    DELETE FROM public.mail_send_hour h WHERE h.org_id = box.org_id AND h.login = box.login AND h.hour < this_hour;
  END IF;
  UPDATE public.mail_send_hour h SET recipients = h.recipients + greatest($2, 1)
   WHERE h.org_id = box.org_id AND h.login = box.login AND h.hour = this_hour AND h.recipients + greatest($2, 1) <= box.cap;
  IF FOUND THEN
    RETURN;
  END IF;
  allowed := false;
  message := public.mail_reason(format('You have sent to %s recipients within this hour; try again after the full hour', box.cap), box.help, 5110);
  UPDATE public.mail_send_hour h SET told = true
   WHERE h.org_id = box.org_id AND h.login = box.login AND h.hour = this_hour AND NOT h.told;
  IF FOUND THEN
    PERFORM public.mail_audit(box.org_id, 'ACCESS_CONTROL', box.login, NULL, 'smtp', box.user_id,
      jsonb_build_object('scope', 'SendRate', 'user', box.login, 'access_granted', 0, 'cap', box.cap, 'code', 'GP-5110'));
  END IF;
END $$;
COMMENT ON FUNCTION public.mail_send_allowed(text, integer) IS 'May this login send to so many more recipients in this hour? Counts them if so.';

-- Postfix asks its map once for each recipient that everything else has let pass, and takes no row for yes. It writes, so the
-- map must never be asked for anything but a recipient.
CREATE FUNCTION gatepost.postfix_send(login text) RETURNS SETOF text
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT '450 4.7.1 ' || s.message FROM public.mail_send_allowed($1, 1) s WHERE NOT s.allowed
$$;
COMMENT ON FUNCTION gatepost.postfix_send(text) IS 'check_sasl_access, last for each recipient: counts it against the login''s cap; a row refuses it.';

-- ---------------------------------------------------------------------------------------------------------------------
-- Rights. What PUBLIC gets by itself (functions, the schema public, temporary tables) is taken away, so that the two roles of
-- the mail server have what is named here alone.

CREATE OR REPLACE FUNCTION gatepost_grant() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  REVOKE ALL ON SCHEMA public, gatepost FROM PUBLIC;
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gatepost_app') THEN
    GRANT USAGE ON SCHEMA public, gatepost TO gatepost_app;
    GRANT SELECT ON public.schema_migration TO gatepost_app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.org, public.source, public.domain, public.scim_token,
      public.scim_user, public.scim_group, public.scim_member, public.scim_pending_member, public.scim_tombstone,
      public.resource_count, public.write_request TO gatepost_app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.mail_event_position, public.mail_backend, public.mail_setting, public.mail_group, public.mailbox,
      public.mail_address, public.mail_token, public.access_token, public.access_rule, public.mail_change,
      public.mail_held, public.mail_loss, public.sync_run, public.mail_send_hour, public.mail_failure, public.mail_notice TO gatepost_app;
    GRANT SELECT ON public.mail_now, public.mail_address_now, public.mail_lone_org, gatepost.dovecot_user, gatepost.postfix_domain,
      gatepost.postfix_mailbox, gatepost.postfix_alias, gatepost.postfix_sender, gatepost.postfix_login TO gatepost_app;
    GRANT SELECT, INSERT ON public.audit TO gatepost_app;
    GRANT USAGE ON SEQUENCE public.audit_id TO gatepost_app;
    GRANT EXECUTE ON FUNCTION public.audit_prepare(), public.mail_ip(text), public.mail_protocol(text),
      public.mail_reason(text, text, integer), public.mail_client_kind(text), public.mail_door_text(integer, text, text),
      public.mail_door(bigint, uuid), public.mail_mode(bigint, uuid),
      public.mail_rule_decide(bigint, uuid, text, inet, bigint, timestamptz), public.mail_rule_text(bigint, text, text),
      public.mail_audit(bigint, text, text, inet, text, uuid, jsonb),
      public.mail_token_client(bigint, bigint, uuid, text), public.mail_policy_record(public.mail_try, text, boolean),
      public.mail_login_owner(text), public.mail_policy_unowned(public.mail_try, text, boolean, text),
      public.mail_policy(text, text, text, text, text, text, text), public.mail_failure_known(public.mail_try),
      public.mail_failure_count(bigint, text, inet, boolean),
      public.mail_failure_told(text, text, text, text, text, text), public.mail_send_allowed(text, integer),
      gatepost.dovecot_auth(text, text, text, text, text, text), gatepost.dovecot_userdb(text, text) TO gatepost_app;
  END IF;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gatepost_dovecot') THEN
    GRANT USAGE ON SCHEMA gatepost TO gatepost_dovecot;
    GRANT EXECUTE ON FUNCTION gatepost.dovecot_auth(text, text, text, text, text, text), gatepost.dovecot_userdb(text, text)
      TO gatepost_dovecot;
    GRANT SELECT ON gatepost.dovecot_user TO gatepost_dovecot;
  END IF;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gatepost_postfix') THEN
    GRANT USAGE ON SCHEMA gatepost TO gatepost_postfix;
    GRANT EXECUTE ON FUNCTION gatepost.postfix_send(text) TO gatepost_postfix;
    GRANT SELECT ON gatepost.postfix_domain, gatepost.postfix_mailbox, gatepost.postfix_alias, gatepost.postfix_sender,
      gatepost.postfix_login TO gatepost_postfix;
  END IF;
END $$;
COMMENT ON FUNCTION gatepost_grant() IS 'Gives the roles that exist their rights: gatepost_app, gatepost_dovecot, gatepost_postfix; may be repeated.';
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public, gatepost FROM PUBLIC;
SELECT gatepost_grant();
