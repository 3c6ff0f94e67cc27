-- The house: organisations, identity sources, their tokens and domains; people and groups pushed by SCIM; what every
-- write leaves behind (write_request, audit, resource_count). org_id leads every key; the exceptions are in README.md.

CREATE TABLE org (
  org_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE org IS 'One company. A single company has the one row "default" and never meets the word.';
COMMENT ON COLUMN org.org_id IS 'First column of every key in the schema.';
COMMENT ON COLUMN org.name IS 'Short name, used in /o/{org}/scim/v2.';
COMMENT ON COLUMN org.created_at IS 'When it was made.';

CREATE TABLE source (
  org_id bigint NOT NULL REFERENCES org,
  source_id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  profile text NOT NULL DEFAULT 'any',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, source_id),
  UNIQUE (org_id, name)
);
COMMENT ON TABLE source IS 'One identity provider of an organisation: the scope of its tokens, people, groups and externalId.';
COMMENT ON COLUMN source.org_id IS 'Organisation.';
COMMENT ON COLUMN source.source_id IS 'Identity of the source within the installation.';
COMMENT ON COLUMN source.name IS 'What the admin calls it: "Okta".';
COMMENT ON COLUMN source.profile IS 'Dialect that new tokens of this source get (scim/dialect.c).';
COMMENT ON COLUMN source.created_at IS 'When it was made.';

CREATE TABLE domain (
  org_id bigint NOT NULL REFERENCES org,
  domain text NOT NULL CHECK (domain = lower(domain) AND length(domain) <= 253),
  challenge text NOT NULL,
  verified_at timestamptz,
  verified_by text CHECK (verified_by IN ('dns', 'trust')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, domain),
  CHECK ((verified_at IS NULL) = (verified_by IS NULL))
);
CREATE UNIQUE INDEX domain_owner ON domain (domain) WHERE verified_at IS NOT NULL;
COMMENT ON TABLE domain IS 'Mail domains an organisation claims; once verified a domain belongs to that organisation alone (index domain_owner).';
COMMENT ON COLUMN domain.org_id IS 'Organisation.';
COMMENT ON COLUMN domain.domain IS 'A-label form, lower case.';
COMMENT ON COLUMN domain.challenge IS 'Value of the TXT record that proves it.';
COMMENT ON COLUMN domain.verified_at IS 'When ownership was shown; NULL while only claimed.';
COMMENT ON COLUMN domain.verified_by IS 'dns: the TXT record was seen; trust: an admin said so.';
COMMENT ON COLUMN domain.created_at IS 'When it was claimed.';

CREATE TABLE scim_token (
  org_id bigint NOT NULL,
  token_id bigint GENERATED ALWAYS AS IDENTITY,
  source_id bigint NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  hint text NOT NULL,
  profile text NOT NULL,
  lenient_off text[] NOT NULL DEFAULT '{}',
  cidrs cidr[] NOT NULL DEFAULT '{}',
  domains text[] NOT NULL DEFAULT '{}',
  suspend_only boolean NOT NULL DEFAULT false,
  rate integer CHECK (rate >= 25),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  rotated_to bigint,
  last_used_at timestamptz,
  last_used_ip inet,
  last_used_agent text,
  PRIMARY KEY (org_id, token_id),
  FOREIGN KEY (org_id, source_id) REFERENCES source
);
COMMENT ON TABLE scim_token IS 'Bearer tokens of identity providers. The organisation and source of a request come from here.';
COMMENT ON COLUMN scim_token.org_id IS 'Organisation.';
COMMENT ON COLUMN scim_token.token_id IS 'Identity of the token; what logs and audit name.';
COMMENT ON COLUMN scim_token.source_id IS 'The source whose people and groups it may see and change.';
COMMENT ON COLUMN scim_token.name IS 'What the admin calls it.';
COMMENT ON COLUMN scim_token.hash IS 'SHA-256 of the token, the only form kept. Looked up before org_id is known.';
COMMENT ON COLUMN scim_token.hint IS 'Its last four characters.';
COMMENT ON COLUMN scim_token.profile IS 'Dialect profile (scim/dialect.c).';
COMMENT ON COLUMN scim_token.lenient_off IS 'Leniencies of the profile that are switched off for this token.';
COMMENT ON COLUMN scim_token.cidrs IS 'Networks it may be used from; empty: any.';
COMMENT ON COLUMN scim_token.domains IS 'Domains that userName and e-mails pushed with it must lie in; empty: any.';
COMMENT ON COLUMN scim_token.suspend_only IS 'DELETE of a person becomes active = false.';
COMMENT ON COLUMN scim_token.rate IS 'Requests a second before shaping; NULL: the default.';
COMMENT ON COLUMN scim_token.created_at IS 'When it was made.';
COMMENT ON COLUMN scim_token.expires_at IS 'When it stops working; NULL: never.';
COMMENT ON COLUMN scim_token.revoked_at IS 'When it was revoked.';
COMMENT ON COLUMN scim_token.rotated_to IS 'Its successor.';
COMMENT ON COLUMN scim_token.last_used_at IS 'Last request, to about a minute.';
COMMENT ON COLUMN scim_token.last_used_ip IS 'Where that came from.';
COMMENT ON COLUMN scim_token.last_used_agent IS 'Its User-Agent, clipped.';

CREATE TABLE scim_user (
  org_id bigint NOT NULL,
  source_id bigint NOT NULL,
  user_id uuid NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  user_name text NOT NULL,
  user_name_key text NOT NULL,
  external_id text,
  email_keys text[] NOT NULL DEFAULT '{}',
  active boolean NOT NULL,
  doc text NOT NULL,
  fold jsonb NOT NULL,
  extra jsonb,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  modified_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, user_id),
  FOREIGN KEY (org_id, source_id) REFERENCES source
);
CREATE UNIQUE INDEX scim_user_name ON scim_user (org_id, user_name_key);
CREATE INDEX scim_user_external ON scim_user (org_id, source_id, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX scim_user_page ON scim_user (org_id, source_id, seq);
CREATE INDEX scim_user_email ON scim_user USING gin (email_keys) WITH (fastupdate = off);
COMMENT ON TABLE scim_user IS 'People, as their identity provider describes them.';
COMMENT ON COLUMN scim_user.org_id IS 'Organisation.';
COMMENT ON COLUMN scim_user.source_id IS 'The source that owns the row.';
COMMENT ON COLUMN scim_user.user_id IS 'SCIM id; never reused.';
COMMENT ON COLUMN scim_user.seq IS 'Creation order: the stable order of pages.';
COMMENT ON COLUMN scim_user.user_name IS 'userName as sent.';
COMMENT ON COLUMN scim_user.user_name_key IS 'NFKC_Casefold of it; unique in the organisation.';
COMMENT ON COLUMN scim_user.external_id IS 'externalId; the client''s own, not unique.';
COMMENT ON COLUMN scim_user.email_keys IS 'NFKC_Casefold of every emails.value, for look-ups.';
COMMENT ON COLUMN scim_user.active IS 'May this person sign in? Absent in a create means yes.';
COMMENT ON COLUMN scim_user.doc IS 'The resource without id, meta and groups, as JSON text that passes through to answers.';
COMMENT ON COLUMN scim_user.fold IS 'doc with every case-insensitive string folded: what filters compare.';
COMMENT ON COLUMN scim_user.extra IS 'What was sent that no schema declares: kept, shown to the admin, not returned.';
COMMENT ON COLUMN scim_user.version IS 'Grows by one with each change; the ETag.';
COMMENT ON COLUMN scim_user.created_at IS 'meta.created.';
COMMENT ON COLUMN scim_user.modified_at IS 'meta.lastModified.';

CREATE TABLE scim_group (
  org_id bigint NOT NULL,
  source_id bigint NOT NULL,
  group_id uuid NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  display_name text NOT NULL,
  display_key text NOT NULL,
  external_id text,
  doc text NOT NULL,
  fold jsonb NOT NULL,
  extra jsonb,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  modified_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, group_id),
  FOREIGN KEY (org_id, source_id) REFERENCES source
);
CREATE UNIQUE INDEX scim_group_display ON scim_group (org_id, display_key);
CREATE INDEX scim_group_external ON scim_group (org_id, source_id, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX scim_group_page ON scim_group (org_id, source_id, seq);
COMMENT ON TABLE scim_group IS 'Groups pushed by an identity provider; their members are rows of scim_member.';
COMMENT ON COLUMN scim_group.org_id IS 'Organisation.';
COMMENT ON COLUMN scim_group.source_id IS 'The source that owns the row.';
COMMENT ON COLUMN scim_group.group_id IS 'SCIM id; never reused.';
COMMENT ON COLUMN scim_group.seq IS 'Creation order: the stable order of pages.';
COMMENT ON COLUMN scim_group.display_name IS 'displayName as sent.';
COMMENT ON COLUMN scim_group.display_key IS 'NFKC_Casefold of it; unique in the organisation.';
COMMENT ON COLUMN scim_group.external_id IS 'externalId; the client''s own, not unique.';
COMMENT ON COLUMN scim_group.doc IS 'The resource without id, meta and members, as JSON text.';
COMMENT ON COLUMN scim_group.fold IS 'doc with every case-insensitive string folded: what filters compare.';
COMMENT ON COLUMN scim_group.extra IS 'What was sent that no schema declares.';
COMMENT ON COLUMN scim_group.version IS 'Grows by one with each change, members included; the ETag.';
COMMENT ON COLUMN scim_group.created_at IS 'meta.created.';
COMMENT ON COLUMN scim_group.modified_at IS 'meta.lastModified.';

CREATE TABLE scim_member (
  org_id bigint NOT NULL,
  group_id uuid NOT NULL,
  member_id uuid NOT NULL,
  kind "char" NOT NULL CHECK (kind IN ('u', 'g')),
  PRIMARY KEY (org_id, group_id, member_id),
  FOREIGN KEY (org_id, group_id) REFERENCES scim_group ON DELETE CASCADE
);
CREATE INDEX scim_member_of ON scim_member (org_id, member_id);
COMMENT ON TABLE scim_member IS 'Who is in which group. Rows are added under a key-share lock on the person and removed in the transaction that deletes the person.';
COMMENT ON COLUMN scim_member.org_id IS 'Organisation.';
COMMENT ON COLUMN scim_member.group_id IS 'The group.';
COMMENT ON COLUMN scim_member.member_id IS 'scim_user.user_id or scim_group.group_id.';
COMMENT ON COLUMN scim_member.kind IS 'u: a person; g: a group.';

CREATE TABLE scim_pending_member (
  org_id bigint NOT NULL,
  source_id bigint NOT NULL,
  group_id uuid NOT NULL,
  value text NOT NULL,
  value_key text NOT NULL,
  display text,
  display_key text,
  added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, group_id, value),
  FOREIGN KEY (org_id, group_id) REFERENCES scim_group ON DELETE CASCADE
);
CREATE INDEX scim_pending_value ON scim_pending_member (org_id, source_id, value);
CREATE INDEX scim_pending_key ON scim_pending_member (org_id, source_id, value_key);
COMMENT ON TABLE scim_pending_member IS 'Members an identity provider named that are not here (yet). They become live when a person with that id, externalId or userName arrives.';
COMMENT ON COLUMN scim_pending_member.org_id IS 'Organisation.';
COMMENT ON COLUMN scim_pending_member.source_id IS 'The source that named it.';
COMMENT ON COLUMN scim_pending_member.group_id IS 'The group.';
COMMENT ON COLUMN scim_pending_member.value IS 'members.value as sent.';
COMMENT ON COLUMN scim_pending_member.value_key IS 'NFKC_Casefold of it: finds a userName, and what filters compare.';
COMMENT ON COLUMN scim_pending_member.display IS 'members.display as sent.';
COMMENT ON COLUMN scim_pending_member.display_key IS 'NFKC_Casefold of it: what filters compare.';
COMMENT ON COLUMN scim_pending_member.added_at IS 'When it was named.';

CREATE TABLE scim_tombstone (
  org_id bigint NOT NULL,
  source_id bigint NOT NULL,
  user_id uuid NOT NULL,
  user_name text NOT NULL,
  external_id text,
  deleted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, user_id)
);
CREATE INDEX scim_tombstone_external ON scim_tombstone (org_id, source_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX scim_tombstone_at ON scim_tombstone (deleted_at);
COMMENT ON TABLE scim_tombstone IS 'People who were deleted, kept 30 days: the same source and externalId gets the same mailbox back.';
COMMENT ON COLUMN scim_tombstone.org_id IS 'Organisation.';
COMMENT ON COLUMN scim_tombstone.source_id IS 'The source that owned the person.';
COMMENT ON COLUMN scim_tombstone.user_id IS 'The id that is gone.';
COMMENT ON COLUMN scim_tombstone.user_name IS 'The userName at the end; free for others.';
COMMENT ON COLUMN scim_tombstone.external_id IS 'The externalId at the end.';
COMMENT ON COLUMN scim_tombstone.deleted_at IS 'When.';

CREATE TABLE resource_count (
  org_id bigint NOT NULL,
  source_id bigint NOT NULL,
  kind "char" NOT NULL CHECK (kind IN ('u', 'g')),
  n bigint NOT NULL
);
CREATE INDEX resource_count_of ON resource_count (org_id, source_id, kind) INCLUDE (n);
COMMENT ON TABLE resource_count IS 'Totals as append-only deltas, folded in the background: sum(n) is exact in every snapshot, and no counter row is fought over.';
COMMENT ON COLUMN resource_count.org_id IS 'Organisation.';
COMMENT ON COLUMN resource_count.source_id IS 'Source.';
COMMENT ON COLUMN resource_count.kind IS 'u: people; g: groups.';
COMMENT ON COLUMN resource_count.n IS 'A delta, or the folded sum.';

CREATE TABLE write_request (
  org_id bigint NOT NULL,
  request_id uuid NOT NULL,
  token_id bigint NOT NULL,
  body_hash bytea NOT NULL,
  resource_id uuid NOT NULL,
  acknowledged boolean NOT NULL DEFAULT false,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, request_id)
);
CREATE INDEX write_request_unacknowledged ON write_request (org_id, token_id, body_hash) WHERE NOT acknowledged;
CREATE INDEX write_request_at ON write_request (at);
COMMENT ON TABLE write_request IS 'One row a write, in its transaction, kept seven days: settles a commit in doubt, and heals a create whose answer never left.';
COMMENT ON COLUMN write_request.org_id IS 'Organisation.';
COMMENT ON COLUMN write_request.request_id IS 'The request, unique; also in the audit record and the log line.';
COMMENT ON COLUMN write_request.token_id IS 'The token it came with.';
COMMENT ON COLUMN write_request.body_hash IS 'SHA-256 over method, path and canonical body.';
COMMENT ON COLUMN write_request.resource_id IS 'What it made or changed.';
COMMENT ON COLUMN write_request.acknowledged IS 'The answer was handed to the network; set in batches, for creates only.';
COMMENT ON COLUMN write_request.at IS 'When.';

CREATE SEQUENCE audit_id;
CREATE TABLE audit (
  org_id bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  audit_id bigint NOT NULL DEFAULT nextval('audit_id'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind text NOT NULL,
  request_id uuid,
  actor text NOT NULL,
  source_ip inet,
  action text NOT NULL,
  subject text,
  detail jsonb,
  PRIMARY KEY (org_id, at, audit_id)
) PARTITION BY RANGE (at);
CREATE INDEX audit_subject ON audit (org_id, subject, at);
CREATE INDEX audit_request ON audit (org_id, request_id);
CREATE TABLE audit_other PARTITION OF audit DEFAULT;
COMMENT ON TABLE audit IS 'What was decided and done, by whom, written in the transaction that did it. Append-only for gatepost_app.';
COMMENT ON COLUMN audit.org_id IS 'Organisation.';
COMMENT ON COLUMN audit.at IS 'Transaction time; partitions are months.';
COMMENT ON COLUMN audit.audit_id IS 'Order within a moment.';
COMMENT ON COLUMN audit.xid IS 'Writing transaction: lets a sealer skip what may still be in flight.';
COMMENT ON COLUMN audit.kind IS 'scim, admin, … (audit/audit.h).';
COMMENT ON COLUMN audit.request_id IS 'The request; joins write_request and the log.';
COMMENT ON COLUMN audit.actor IS 'scim-token:ID or admin:NAME.';
COMMENT ON COLUMN audit.source_ip IS 'Where the request came from.';
COMMENT ON COLUMN audit.action IS 'user.create, group.patch, …';
COMMENT ON COLUMN audit.subject IS 'Id of what it was done to.';
COMMENT ON COLUMN audit.detail IS 'What changed.';
COMMENT ON TABLE audit_other IS 'Safety net: records whose month has no partition yet.';

-- Partitions are DDL, which the program's role may not do: this function may, and does nothing else. ATTACH instead of
-- PARTITION OF, so that writers are not locked out; what fell into audit_other meanwhile moves to its month.
CREATE FUNCTION audit_prepare() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  since timestamptz;
  until timestamptz;
  part text;
BEGIN
  FOR i IN 0..2 LOOP
    part := 'audit_' || to_char(first + make_interval(months => i), 'YYYY_MM');
    CONTINUE WHEN to_regclass(format('public.%I', part)) IS NOT NULL;
    EXIT WHEN NOT pg_try_advisory_xact_lock(hashtext('gatepost audit partitions'));
    CONTINUE WHEN to_regclass(format('public.%I', part)) IS NOT NULL;
    since := (first + make_interval(months => i)) AT TIME ZONE 'UTC';
    until := (first + make_interval(months => i + 1)) AT TIME ZONE 'UTC';
    EXECUTE format('CREATE TABLE public.%I (LIKE public.audit INCLUDING ALL)', part);
    EXECUTE format('COMMENT ON TABLE public.%I IS %L', part, 'One month of audit.');
    LOCK TABLE public.audit_other IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('WITH moved AS (DELETE FROM public.audit_other WHERE at >= $1 AND at < $2 RETURNING *)'
                   ' INSERT INTO public.%I SELECT * FROM moved', part) USING since, until;
    EXECUTE format('ALTER TABLE public.audit ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   part, since, until);
  END LOOP;
END $$;
COMMENT ON FUNCTION audit_prepare() IS 'Makes the audit partitions of this month and the two that follow.';
REVOKE ALL ON FUNCTION audit_prepare() FROM PUBLIC;
SELECT audit_prepare();

INSERT INTO org (name) VALUES ('default');

-- The program works as gatepost_app, which `gatepost init` makes: no DDL, and audit can only be added to. The role may be
-- made before or after this file ran, so the grants stand in a function that can be called again by the owner.
CREATE FUNCTION gatepost_grant() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gatepost_app') THEN
    RETURN;
  END IF;
  GRANT USAGE ON SCHEMA public TO gatepost_app;
  GRANT SELECT ON public.schema_migration TO gatepost_app;
  GRANT SELECT, INSERT, UPDATE, DELETE ON public.org, public.source, public.domain, public.scim_token,
    public.scim_user, public.scim_group, public.scim_member, public.scim_pending_member, public.scim_tombstone,
    public.resource_count, public.write_request TO gatepost_app;
  GRANT SELECT, INSERT ON public.audit TO gatepost_app;
  GRANT USAGE ON SEQUENCE public.audit_id TO gatepost_app;
  GRANT EXECUTE ON FUNCTION public.audit_prepare() TO gatepost_app;
END $$;
COMMENT ON FUNCTION gatepost_grant() IS 'Gives gatepost_app its rights, when that role exists; may be repeated.';
REVOKE ALL ON FUNCTION gatepost_grant() FROM PUBLIC;
SELECT gatepost_grant();
