-- Sign-in by SAML: connections and their keys, what we asked and what was answered, who is who, sessions, traces.

CREATE TABLE public.saml_connection (
  org_id bigint NOT NULL REFERENCES public.org,
  connection_id bigint GENERATED ALWAYS AS IDENTITY,
  source_id bigint NOT NULL,
  replaces bigint,
  beside boolean NOT NULL DEFAULT false,
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'live', 'off')),
  version bigint NOT NULL DEFAULT 1,
  idp_entity_id text NOT NULL CHECK (length(idp_entity_id) BETWEEN 1 AND 1024),
  logout_issuers text[] NOT NULL DEFAULT '{}',
  sso_url text NOT NULL,
  sso_binding text NOT NULL DEFAULT 'redirect' CHECK (sso_binding IN ('redirect', 'post')),
  slo_url text,
  slo_binding text NOT NULL DEFAULT 'redirect' CHECK (slo_binding IN ('redirect', 'post')),
  signed_what text NOT NULL DEFAULT 'either' CHECK (signed_what IN ('either', 'response', 'assertion', 'both')),
  allow_cbc boolean NOT NULL DEFAULT false,
  enforce_address boolean NOT NULL DEFAULT false,
  force_authn boolean NOT NULL DEFAULT false,
  contexts text[] NOT NULL DEFAULT '{}',
  name_id_format text,
  skew_seconds integer NOT NULL DEFAULT 180 CHECK (skew_seconds BETWEEN 0 AND 300),
  subject_source text NOT NULL DEFAULT 'NameID' CHECK (length(subject_source) BETWEEN 1 AND 256),
  join_rule text NOT NULL DEFAULT 'userName' CHECK (join_rule IN ('userName', 'externalId', 'email')),
  max_session_hours integer NOT NULL DEFAULT 12 CHECK (max_session_hours BETWEEN 1 AND 2160),
  metadata_url text,
  metadata_local boolean NOT NULL DEFAULT false,
  metadata_certificate bytea,
  metadata_etag text,
  metadata_at timestamptz,
  metadata_until timestamptz,
  metadata_next timestamptz,
  metadata_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, connection_id),
  FOREIGN KEY (org_id, source_id) REFERENCES public.source,
  FOREIGN KEY (org_id, replaces) REFERENCES public.saml_connection
);
CREATE UNIQUE INDEX saml_connection_source ON public.saml_connection (org_id, source_id) WHERE NOT beside AND state <> 'off';
CREATE UNIQUE INDEX saml_connection_replaces ON public.saml_connection (org_id, replaces) WHERE state <> 'off';
CREATE UNIQUE INDEX saml_connection_slug ON public.saml_connection (slug);
COMMENT ON TABLE public.saml_connection IS 'One identity provider at which people of a source sign in. The URL path names it, so that it is known before a message is read.';
COMMENT ON COLUMN public.saml_connection.org_id IS 'Organisation.';
COMMENT ON COLUMN public.saml_connection.connection_id IS 'Identity.';
COMMENT ON COLUMN public.saml_connection.source_id IS 'Whose people may sign in by it: nobody else''s.';
COMMENT ON COLUMN public.saml_connection.replaces IS 'Another connection of the same people that this one takes over from, or took over; NULL: none.';
COMMENT ON COLUMN public.saml_connection.beside IS 'It works beside the one that it replaces, until an admin finishes or undoes that.';
COMMENT ON COLUMN public.saml_connection.slug IS 'The {connection} of /saml/{connection}/…; unique among all organisations.';
COMMENT ON COLUMN public.saml_connection.name IS 'What people choose by: "Acme (Okta)".';
COMMENT ON COLUMN public.saml_connection.state IS 'draft: trials only; live; off: nobody signs in, and its sessions are over.';
COMMENT ON COLUMN public.saml_connection.version IS 'Grows with each change of the row or its keys: what caches go by.';
COMMENT ON COLUMN public.saml_connection.idp_entity_id IS 'The identity provider''s name; never looked up by.';
COMMENT ON COLUMN public.saml_connection.logout_issuers IS 'Further names that its logout messages may carry.';
COMMENT ON COLUMN public.saml_connection.sso_url IS 'Where people are sent to sign in.';
COMMENT ON COLUMN public.saml_connection.sso_binding IS 'And how.';
COMMENT ON COLUMN public.saml_connection.slo_url IS 'Where its logout messages go; NULL: it offers none.';
COMMENT ON COLUMN public.saml_connection.slo_binding IS 'And how.';
COMMENT ON COLUMN public.saml_connection.signed_what IS 'What must be signed at least.';
COMMENT ON COLUMN public.saml_connection.allow_cbc IS 'Is AES-CBC taken, inside signed Responses?';
COMMENT ON COLUMN public.saml_connection.enforce_address IS 'Must the browser''s address be the one in the assertion?';
COMMENT ON COLUMN public.saml_connection.force_authn IS 'Is a fresh sign-in asked for each time?';
COMMENT ON COLUMN public.saml_connection.contexts IS 'Authentication contexts asked for, and insisted on; empty: none.';
COMMENT ON COLUMN public.saml_connection.name_id_format IS 'NameID format asked for; NULL: none.';
COMMENT ON COLUMN public.saml_connection.skew_seconds IS 'How far the two clocks may differ.';
COMMENT ON COLUMN public.saml_connection.subject_source IS 'What tells who it is: NameID, or the Name of an attribute.';
COMMENT ON COLUMN public.saml_connection.join_rule IS 'With what of the pushed person it must agree at the first sign-in.';
COMMENT ON COLUMN public.saml_connection.max_session_hours IS 'How long a session lasts at most.';
COMMENT ON COLUMN public.saml_connection.metadata_url IS 'Where its metadata is fetched; NULL: it was given by hand.';
COMMENT ON COLUMN public.saml_connection.metadata_local IS 'It may lie at a private address, by plain http too: an admin vouched for it.';
COMMENT ON COLUMN public.saml_connection.metadata_certificate IS 'By whose signature its metadata speaks for itself (DER); NULL: nobody''s, so that changes wait for an admin.';
COMMENT ON COLUMN public.saml_connection.metadata_etag IS 'Of the copy that was read last.';
COMMENT ON COLUMN public.saml_connection.metadata_at IS 'When it was last read.';
COMMENT ON COLUMN public.saml_connection.metadata_until IS 'Its validUntil; NULL: it says none.';
COMMENT ON COLUMN public.saml_connection.metadata_next IS 'When it is fetched next.';
COMMENT ON COLUMN public.saml_connection.metadata_error IS 'What the last fetch said; NULL: it was good.';
COMMENT ON COLUMN public.saml_connection.created_at IS 'When it was made.';

CREATE TABLE public.saml_idp_key (
  org_id bigint NOT NULL,
  connection_id bigint NOT NULL,
  fingerprint text NOT NULL,
  der bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'trusted', 'removed')),
  origin text NOT NULL,
  not_after timestamptz,
  added_at timestamptz NOT NULL DEFAULT now(),
  decided_by text,
  warned integer,
  last_used_at timestamptz,
  PRIMARY KEY (org_id, connection_id, fingerprint),
  FOREIGN KEY (org_id, connection_id) REFERENCES public.saml_connection ON DELETE CASCADE
);
COMMENT ON TABLE public.saml_idp_key IS 'Certificates of an identity provider. Only trusted ones verify anything.';
COMMENT ON COLUMN public.saml_idp_key.org_id IS 'Organisation.';
COMMENT ON COLUMN public.saml_idp_key.connection_id IS 'Connection.';
COMMENT ON COLUMN public.saml_idp_key.fingerprint IS 'SHA-256 of the certificate.';
COMMENT ON COLUMN public.saml_idp_key.der IS 'The certificate.';
COMMENT ON COLUMN public.saml_idp_key.state IS 'pending: seen in metadata that nobody signed, waits for an admin; trusted; removed: was trusted, or refused.';
COMMENT ON COLUMN public.saml_idp_key.origin IS 'Where it came from: file, url, signed-url, pasted.';
COMMENT ON COLUMN public.saml_idp_key.not_after IS 'Its end by its own word: for warnings.';
COMMENT ON COLUMN public.saml_idp_key.added_at IS 'When it was first seen.';
COMMENT ON COLUMN public.saml_idp_key.decided_by IS 'Who trusted or removed it.';
COMMENT ON COLUMN public.saml_idp_key.warned IS 'Days before its end of the last warning in the log: 30, 14, 7, 1 or 0; NULL: none yet.';
COMMENT ON COLUMN public.saml_idp_key.last_used_at IS 'When it last verified a sign-in, to about an hour.';

CREATE TABLE public.saml_own_key (
  org_id bigint NOT NULL,
  connection_id bigint NOT NULL,
  key_id bigint GENERATED ALWAYS AS IDENTITY,
  purpose text NOT NULL CHECK (purpose IN ('sign', 'decrypt')),
  state text NOT NULL CHECK (state IN ('next', 'current', 'old')),
  der bytea NOT NULL,
  sealed bytea NOT NULL,
  not_after timestamptz NOT NULL,
  warned integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, connection_id, key_id),
  FOREIGN KEY (org_id, connection_id) REFERENCES public.saml_connection ON DELETE CASCADE
);
CREATE UNIQUE INDEX saml_own_key_one ON public.saml_own_key (org_id, connection_id, purpose, state) WHERE state <> 'old';
COMMENT ON TABLE public.saml_own_key IS 'Our own key pairs. The private half is sealed with a key that is not in the database.';
COMMENT ON COLUMN public.saml_own_key.org_id IS 'Organisation.';
COMMENT ON COLUMN public.saml_own_key.connection_id IS 'Connection.';
COMMENT ON COLUMN public.saml_own_key.key_id IS 'Identity.';
COMMENT ON COLUMN public.saml_own_key.purpose IS 'sign: requests and metadata; decrypt: assertions.';
COMMENT ON COLUMN public.saml_own_key.state IS 'current: signs, and decrypts; next: published beside it, and decrypts already; old: decrypts what comes late, until an admin finishes the change.';
COMMENT ON COLUMN public.saml_own_key.der IS 'The certificate.';
COMMENT ON COLUMN public.saml_own_key.sealed IS 'The private key, sealed.';
COMMENT ON COLUMN public.saml_own_key.not_after IS 'End of the certificate.';
COMMENT ON COLUMN public.saml_own_key.warned IS 'Days before its end of the last warning in the log: 30, 14, 7, 1 or 0; NULL: none yet.';
COMMENT ON COLUMN public.saml_own_key.created_at IS 'When it was made.';

CREATE TABLE public.saml_request (
  org_id bigint NOT NULL,
  request_id text NOT NULL,
  connection_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('login', 'logout', 'test')),
  cookie_hash bytea CHECK (length(cookie_hash) = 32),
  target text,
  force_authn boolean NOT NULL DEFAULT false,
  contexts text[] NOT NULL DEFAULT '{}',
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  consumed_at timestamptz,
  PRIMARY KEY (org_id, request_id),
  FOREIGN KEY (org_id, connection_id) REFERENCES public.saml_connection ON DELETE CASCADE
);
CREATE INDEX saml_request_browser ON public.saml_request (org_id, connection_id, cookie_hash);
CREATE INDEX saml_request_expires ON public.saml_request (expires_at);
COMMENT ON TABLE public.saml_request IS 'What we asked an identity provider, until it is answered, once.';
COMMENT ON COLUMN public.saml_request.org_id IS 'Organisation.';
COMMENT ON COLUMN public.saml_request.request_id IS 'ID of the message, from our own random source.';
COMMENT ON COLUMN public.saml_request.connection_id IS 'Whom we asked.';
COMMENT ON COLUMN public.saml_request.kind IS 'login; logout; test: a trial by an admin, makes no session.';
COMMENT ON COLUMN public.saml_request.cookie_hash IS 'SHA-256 of the cookie of the browser that asked; the answer must come by it. NULL: of a logout.';
COMMENT ON COLUMN public.saml_request.target IS 'Where the person wanted to go: a path of ours.';
COMMENT ON COLUMN public.saml_request.force_authn IS 'We asked for a fresh sign-in.';
COMMENT ON COLUMN public.saml_request.contexts IS 'Authentication contexts that we asked for.';
COMMENT ON COLUMN public.saml_request.asked_at IS 'When.';
COMMENT ON COLUMN public.saml_request.expires_at IS 'Answers after that are too late.';
COMMENT ON COLUMN public.saml_request.consumed_at IS 'When it was answered.';

CREATE TABLE public.saml_seen (
  org_id bigint NOT NULL,
  connection_id bigint NOT NULL,
  message_id text NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (org_id, connection_id, message_id),
  FOREIGN KEY (org_id, connection_id) REFERENCES public.saml_connection ON DELETE CASCADE
);
CREATE INDEX saml_seen_until ON public.saml_seen (until);
COMMENT ON TABLE public.saml_seen IS 'Messages that were accepted, until they could not be accepted any more: nothing counts twice.';
COMMENT ON COLUMN public.saml_seen.org_id IS 'Organisation.';
COMMENT ON COLUMN public.saml_seen.connection_id IS 'Connection.';
COMMENT ON COLUMN public.saml_seen.message_id IS 'ID of a Response, an assertion or a LogoutRequest.';
COMMENT ON COLUMN public.saml_seen.until IS 'Its end, skew included.';

CREATE TABLE public.saml_binding (
  org_id bigint NOT NULL,
  connection_id bigint NOT NULL,
  subject_source text NOT NULL,
  subject text NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 256),
  user_id uuid NOT NULL,
  first_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, connection_id, subject_source, subject),
  UNIQUE (org_id, connection_id, subject_source, user_id),
  FOREIGN KEY (org_id, connection_id) REFERENCES public.saml_connection ON DELETE CASCADE,
  FOREIGN KEY (org_id, user_id) REFERENCES public.scim_user ON DELETE CASCADE
);
CREATE INDEX saml_binding_person ON public.saml_binding (org_id, user_id);
COMMENT ON TABLE public.saml_binding IS 'Who is who, settled at the first sign-in; it wins from then on. Goes with the person.';
COMMENT ON COLUMN public.saml_binding.org_id IS 'Organisation.';
COMMENT ON COLUMN public.saml_binding.connection_id IS 'Connection.';
COMMENT ON COLUMN public.saml_binding.subject_source IS 'As in saml_connection, when it was made.';
COMMENT ON COLUMN public.saml_binding.subject IS 'What the identity provider says, byte for byte.';
COMMENT ON COLUMN public.saml_binding.user_id IS 'The person.';
COMMENT ON COLUMN public.saml_binding.first_at IS 'The first sign-in.';

CREATE TABLE public.web_session (
  org_id bigint NOT NULL,
  session_id uuid NOT NULL DEFAULT gen_random_uuid(),
  hash bytea CHECK (length(hash) = 32),
  pickup bytea CHECK (length(pickup) = 32),
  pickup_cookie bytea CHECK (length(pickup_cookie) = 32),
  pickup_until timestamptz,
  target text,
  user_id uuid NOT NULL,
  connection_id bigint NOT NULL,
  session_index text,
  name_id text NOT NULL,
  name_id_format text,
  name_id_qualifier text,
  name_id_sp_qualifier text,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  ip inet,
  user_agent text,
  ended_at timestamptz,
  ended_why text,
  PRIMARY KEY (org_id, session_id),
  FOREIGN KEY (org_id, connection_id) REFERENCES public.saml_connection ON DELETE CASCADE,
  CHECK ((pickup IS NULL) = (pickup_until IS NULL)),
  CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE UNIQUE INDEX web_session_hash ON public.web_session (hash);
CREATE UNIQUE INDEX web_session_pickup ON public.web_session (pickup);
CREATE INDEX web_session_person ON public.web_session (org_id, user_id) WHERE ended_at IS NULL;
CREATE INDEX web_session_subject ON public.web_session (org_id, connection_id, name_id) WHERE ended_at IS NULL;
CREATE INDEX web_session_expires ON public.web_session (expires_at);
COMMENT ON TABLE public.web_session IS 'Sessions of people in the browser. Whether one still counts is said by web_session_now alone.';
COMMENT ON COLUMN public.web_session.org_id IS 'Organisation.';
COMMENT ON COLUMN public.web_session.session_id IS 'Identity; what people and admins name. It opens nothing.';
COMMENT ON COLUMN public.web_session.hash IS 'SHA-256 of the cookie, looked up before org_id is known; NULL until the browser has picked it up.';
COMMENT ON COLUMN public.web_session.pickup IS 'SHA-256 of the one-time handle by which the browser picks the cookie up; NULL: done.';
COMMENT ON COLUMN public.web_session.pickup_cookie IS 'SHA-256 of the cookie of the browser that asked to sign in: no other one may.';
COMMENT ON COLUMN public.web_session.pickup_until IS 'End of that handle.';
COMMENT ON COLUMN public.web_session.target IS 'Where the person wanted to go.';
COMMENT ON COLUMN public.web_session.user_id IS 'The person (scim_user.user_id).';
COMMENT ON COLUMN public.web_session.connection_id IS 'By which they signed in.';
COMMENT ON COLUMN public.web_session.session_index IS 'The identity provider''s own session; NULL: it named none.';
COMMENT ON COLUMN public.web_session.name_id IS 'NameID as received: what logout messages must name.';
COMMENT ON COLUMN public.web_session.name_id_format IS 'Its Format.';
COMMENT ON COLUMN public.web_session.name_id_qualifier IS 'Its NameQualifier.';
COMMENT ON COLUMN public.web_session.name_id_sp_qualifier IS 'Its SPNameQualifier.';
COMMENT ON COLUMN public.web_session.created_at IS 'The sign-in.';
COMMENT ON COLUMN public.web_session.last_seen_at IS 'Last request, to about a minute.';
COMMENT ON COLUMN public.web_session.expires_at IS 'Its end at the latest.';
COMMENT ON COLUMN public.web_session.ip IS 'Where the person signed in from.';
COMMENT ON COLUMN public.web_session.user_agent IS 'With which browser, clipped.';
COMMENT ON COLUMN public.web_session.ended_at IS 'When it was ended before its time.';
COMMENT ON COLUMN public.web_session.ended_why IS 'signed-out, ended-by-person, revoked, identity-provider, left, contained.';

CREATE TABLE public.saml_trace (
  org_id bigint NOT NULL,
  trace text NOT NULL CHECK (trace ~ '^[a-z]+-[a-z]+-[0-9]{2,4}$'),
  connection_id bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  what text NOT NULL CHECK (what IN ('login', 'test', 'logout')),
  failure text,
  checks jsonb NOT NULL DEFAULT '[]',
  saw text NOT NULL DEFAULT '',
  wanted text NOT NULL DEFAULT '',
  skew_ms bigint,
  user_id uuid,
  source_ip inet,
  request_id uuid,
  PRIMARY KEY (org_id, trace),
  FOREIGN KEY (org_id, connection_id) REFERENCES public.saml_connection ON DELETE CASCADE
);
CREATE INDEX saml_trace_connection ON public.saml_trace (org_id, connection_id, at);
CREATE INDEX saml_trace_at ON public.saml_trace (at);
COMMENT ON TABLE public.saml_trace IS 'What was looked at in each message, for the admin to whom somebody reads the name on their error page. Kept 30 days; no secrets, no whole messages.';
COMMENT ON COLUMN public.saml_trace.org_id IS 'Organisation.';
COMMENT ON COLUMN public.saml_trace.trace IS 'A name that can be read over the telephone: brave-otter-42.';
COMMENT ON COLUMN public.saml_trace.connection_id IS 'Connection.';
COMMENT ON COLUMN public.saml_trace.at IS 'When.';
COMMENT ON COLUMN public.saml_trace.what IS 'login, test or logout.';
COMMENT ON COLUMN public.saml_trace.failure IS 'Why it was refused (saml/failure.h); NULL: it was not.';
COMMENT ON COLUMN public.saml_trace.checks IS 'Each check by name with passed, failed, not-needed or not-reached, in order.';
COMMENT ON COLUMN public.saml_trace.saw IS 'What the check that failed saw.';
COMMENT ON COLUMN public.saml_trace.wanted IS 'And what it wanted.';
COMMENT ON COLUMN public.saml_trace.skew_ms IS 'Their clock minus ours; NULL: not known.';
COMMENT ON COLUMN public.saml_trace.user_id IS 'The person, where that is settled.';
COMMENT ON COLUMN public.saml_trace.source_ip IS 'The browser''s address.';
COMMENT ON COLUMN public.saml_trace.request_id IS 'The request; joins audit and the log.';

-- ---------------------------------------------------------------------------------------------------------------------
-- May this person have a session now? The row itself says so, at each request, whatever the worker has done.

CREATE VIEW public.web_person AS
  SELECT u.org_id, u.user_id, u.source_id,
         coalesce(nullif(u.doc::jsonb ->> 'displayName', ''), u.user_name) AS name, m.address,
         CASE WHEN m.contained THEN 'contained' WHEN NOT u.active AND NOT coalesce(m.lent, false) THEN 'inactive' END AS shut
    FROM public.scim_user u
    LEFT JOIN LATERAL (
      SELECT bool_or(b.contained_at IS NOT NULL) AS contained, bool_or(b.lent_until > now()) AS lent, min(b.address) AS address
        FROM public.mailbox b WHERE b.org_id = u.org_id AND b.user_id = u.user_id AND b.state <> 'purged') m ON true;
COMMENT ON VIEW public.web_person IS 'People as the portal sees them: the one place that says whether somebody may be signed in.';
COMMENT ON COLUMN public.web_person.org_id IS 'Organisation.';
COMMENT ON COLUMN public.web_person.user_id IS 'Person.';
COMMENT ON COLUMN public.web_person.source_id IS 'The source that owns them.';
COMMENT ON COLUMN public.web_person.name IS 'How to address them.';
COMMENT ON COLUMN public.web_person.address IS 'Their mailbox; NULL: none.';
COMMENT ON COLUMN public.web_person.shut IS 'NULL: may sign in; inactive, contained.';

CREATE VIEW public.web_session_now AS
  SELECT s.org_id, s.session_id, s.hash, s.user_id, s.connection_id, s.created_at, s.last_seen_at, s.expires_at, s.ip, s.user_agent,
         s.pickup IS NOT NULL AS waiting, p.name, p.address, c.slug, c.slo_url IS NOT NULL AS logs_out
    FROM public.web_session s
    JOIN public.saml_connection c ON c.org_id = s.org_id AND c.connection_id = s.connection_id AND c.state = 'live'
    JOIN public.web_person p ON p.org_id = s.org_id AND p.user_id = s.user_id AND p.source_id = c.source_id
   WHERE s.ended_at IS NULL AND s.expires_at > now() AND p.shut IS NULL
     AND (s.pickup IS NULL OR s.pickup_until > now());
COMMENT ON VIEW public.web_session_now IS 'The sessions that count at this moment.';
COMMENT ON COLUMN public.web_session_now.org_id IS 'Organisation.';
COMMENT ON COLUMN public.web_session_now.session_id IS 'Session.';
COMMENT ON COLUMN public.web_session_now.hash IS 'SHA-256 of its cookie.';
COMMENT ON COLUMN public.web_session_now.user_id IS 'Whose it is.';
COMMENT ON COLUMN public.web_session_now.connection_id IS 'By which they signed in.';
COMMENT ON COLUMN public.web_session_now.created_at IS 'The sign-in.';
COMMENT ON COLUMN public.web_session_now.last_seen_at IS 'Last request, to about a minute.';
COMMENT ON COLUMN public.web_session_now.expires_at IS 'Its end at the latest.';
COMMENT ON COLUMN public.web_session_now.ip IS 'Where they signed in from.';
COMMENT ON COLUMN public.web_session_now.user_agent IS 'With which browser.';
COMMENT ON COLUMN public.web_session_now.waiting IS 'The browser has yet to pick it up.';
COMMENT ON COLUMN public.web_session_now.name IS 'How to address them.';
COMMENT ON COLUMN public.web_session_now.address IS 'Their mailbox; NULL: none.';
COMMENT ON COLUMN public.web_session_now.slug IS 'The connection''s path.';
COMMENT ON COLUMN public.web_session_now.logs_out IS 'Can their identity provider be told of a sign-out?';

-- Whoever comes back signs in anew: a session that leaving has ended stays ended.
CREATE FUNCTION public.web_session_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.web_session SET ended_at = now(), ended_why = TG_ARGV[0]
   WHERE org_id = OLD.org_id AND user_id = OLD.user_id AND ended_at IS NULL;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION public.web_session_leave() IS 'Ends the sessions of somebody who left, in the transaction that says so.';
CREATE TRIGGER web_session_leave AFTER UPDATE OF active ON public.scim_user
  FOR EACH ROW WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION public.web_session_leave('left');
CREATE TRIGGER web_session_gone AFTER DELETE ON public.scim_user
  FOR EACH ROW EXECUTE FUNCTION public.web_session_leave('left');
-- A sign-in in flight holds the person's row: containment waits for it, then ends what it began.
CREATE FUNCTION public.web_session_shut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM public.scim_user WHERE org_id = OLD.org_id AND user_id = OLD.user_id FOR NO KEY UPDATE;
  UPDATE public.web_session SET ended_at = now(), ended_why = 'contained'
   WHERE org_id = OLD.org_id AND user_id = OLD.user_id AND ended_at IS NULL;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION public.web_session_shut() IS 'Ends the sessions of somebody who is contained, also of a sign-in that was on its way.';
CREATE TRIGGER web_session_contain AFTER UPDATE OF contained_at ON public.mailbox
  FOR EACH ROW WHEN (OLD.contained_at IS NULL AND NEW.contained_at IS NOT NULL AND OLD.user_id IS NOT NULL)
  EXECUTE FUNCTION public.web_session_shut();

-- Switched on again, a connection begins with nobody signed in.
CREATE FUNCTION public.web_session_off() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.web_session SET ended_at = now(), ended_why = 'connection'
   WHERE org_id = NEW.org_id AND connection_id = NEW.connection_id AND ended_at IS NULL;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION public.web_session_off() IS 'Ends the sessions of a connection that is no longer live.';
CREATE TRIGGER web_session_off AFTER UPDATE OF state ON public.saml_connection
  FOR EACH ROW WHEN (OLD.state = 'live' AND NEW.state <> 'live') EXECUTE FUNCTION public.web_session_off();

-- What cached copies of a connection go by, whoever changes what.
CREATE FUNCTION public.saml_connection_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.saml_connection SET version = version + 1
   WHERE org_id = coalesce(NEW.org_id, OLD.org_id) AND connection_id = coalesce(NEW.connection_id, OLD.connection_id);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION public.saml_connection_touch() IS 'A change of a connection''s keys is a change of the connection.';
CREATE TRIGGER saml_idp_key_touch AFTER INSERT OR DELETE OR UPDATE OF state, der ON public.saml_idp_key
  FOR EACH ROW EXECUTE FUNCTION public.saml_connection_touch();
CREATE TRIGGER saml_own_key_touch AFTER INSERT OR DELETE OR UPDATE OF state ON public.saml_own_key
  FOR EACH ROW EXECUTE FUNCTION public.saml_connection_touch();

-- ---------------------------------------------------------------------------------------------------------------------
-- Rights: what there was, and the tables above.

ALTER FUNCTION public.gatepost_grant() RENAME TO gatepost_grant_mail;
COMMENT ON FUNCTION public.gatepost_grant_mail() IS 'The part of gatepost_grant() for the tables of the directory and of mail.';
CREATE FUNCTION public.gatepost_grant() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM public.gatepost_grant_mail();
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gatepost_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.saml_connection, public.saml_idp_key, public.saml_own_key,
      public.saml_request, public.saml_seen, public.saml_binding, public.web_session, public.saml_trace TO gatepost_app;
    GRANT SELECT ON public.web_person, public.web_session_now TO gatepost_app;
  END IF;
END $$;
COMMENT ON FUNCTION public.gatepost_grant() IS 'Gives the roles that exist their rights: gatepost_app, gatepost_dovecot, gatepost_postfix; may be repeated.';
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public, gatepost FROM PUBLIC;
SELECT public.gatepost_grant();
