-- Mail: which groups get mailboxes and how; whose mailbox each is; every address once; the secrets of mail programs; access
-- rules; what waits to be made so; what is held until an admin looks. The decision itself is 0003_decision.sql.

CREATE TABLE public.mail_backend (
  backend text PRIMARY KEY CHECK (backend ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  kind text NOT NULL CHECK (kind IN ('dovecot', 'webhook')),
  url text NOT NULL,
  secret_file text,
  home text NOT NULL DEFAULT '/var/vmail/%d/%n',
  uid integer NOT NULL DEFAULT 5000,
  gid integer NOT NULL DEFAULT 5000,
  waiting_told_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.mail_backend IS 'The mail stores of this installation; mailboxes name one. Not data of an organisation.';
COMMENT ON COLUMN public.mail_backend.backend IS 'Its name: "dovecot".';
COMMENT ON COLUMN public.mail_backend.kind IS 'Which driver speaks to it.';
COMMENT ON COLUMN public.mail_backend.url IS 'doveadm HTTP API, or the webhook; of a cluster those of all nodes, separated by a blank.';
COMMENT ON COLUMN public.mail_backend.secret_file IS 'File with the API key or signing secret; the secret itself is never stored here.';
COMMENT ON COLUMN public.mail_backend.home IS 'Home directory of a mailbox: %d domain, %n local part, %o organisation, %i mailbox id.';
COMMENT ON COLUMN public.mail_backend.uid IS 'Owner of the mail on disk.';
COMMENT ON COLUMN public.mail_backend.gid IS 'Group of the mail on disk.';
COMMENT ON COLUMN public.mail_backend.waiting_told_at IS 'When the log last told that leavers wait for it; NULL: nobody does, or it is not told yet.';
COMMENT ON COLUMN public.mail_backend.created_at IS 'When it was named.';

CREATE TABLE public.mail_setting (
  org_id bigint PRIMARY KEY REFERENCES public.org,
  mode text NOT NULL DEFAULT 'observe' CHECK (mode IN ('observe', 'directory', 'idp')),
  pat_enabled boolean NOT NULL DEFAULT true,
  pat_default_days integer NOT NULL DEFAULT 365 CHECK (pat_default_days BETWEEN 1 AND 3653),
  pat_max_days integer NOT NULL DEFAULT 3653 CHECK (pat_max_days BETWEEN 1 AND 3653),
  pat_unlimited boolean NOT NULL DEFAULT false,
  pat_per_person integer NOT NULL DEFAULT 20 CHECK (pat_per_person BETWEEN 1 AND 1000),
  pat_reuse text NOT NULL DEFAULT 'notice' CHECK (pat_reuse IN ('off', 'notice', 'enforce')),
  guard_count integer NOT NULL DEFAULT 10 CHECK (guard_count >= 1),
  guard_percent numeric NOT NULL DEFAULT 5 CHECK (guard_percent BETWEEN 0 AND 100),
  grace_days integer NOT NULL DEFAULT 7 CHECK (grace_days >= 0),
  alias_days integer NOT NULL DEFAULT 90 CHECK (alias_days >= 0),
  rest_days integer NOT NULL DEFAULT 30 CHECK (rest_days >= 0),
  retention_days integer NOT NULL DEFAULT 30 CHECK (retention_days >= 1),
  lend_hours integer NOT NULL DEFAULT 72 CHECK (lend_hours >= 1),
  send_per_hour integer CHECK (send_per_hour >= 1),
  help_text text NOT NULL DEFAULT '',
  alarm_address text NOT NULL DEFAULT '',
  alarm_url text NOT NULL DEFAULT '',
  alarm_secret_file text NOT NULL DEFAULT '',
  notices_at timestamptz NOT NULL DEFAULT now(),
  reconcile_at timestamptz NOT NULL DEFAULT now(),
  paused_at timestamptz,
  paused_by text
);
COMMENT ON TABLE public.mail_setting IS 'What an organisation wants of its mail; a row is made with the first mail group, with these defaults.';
COMMENT ON COLUMN public.mail_setting.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_setting.mode IS 'observe: log what would be refused; directory: passwords of the mail server''s own passdb still follow our state and rules; idp: only our tokens.';
COMMENT ON COLUMN public.mail_setting.pat_enabled IS 'false: personal access tokens can neither be made nor used.';
COMMENT ON COLUMN public.mail_setting.pat_default_days IS 'Life of a token when nobody says otherwise.';
COMMENT ON COLUMN public.mail_setting.pat_max_days IS 'Longest life that may be asked for.';
COMMENT ON COLUMN public.mail_setting.pat_unlimited IS 'May a token never expire?';
COMMENT ON COLUMN public.mail_setting.pat_per_person IS 'Live tokens of one person at most.';
COMMENT ON COLUMN public.mail_setting.pat_reuse IS 'A token used by two kinds of client: not looked at, told, or refused.';
COMMENT ON COLUMN public.mail_setting.guard_count IS 'People an hour who may lose their mailbox before the rest is held: at least this many …';
COMMENT ON COLUMN public.mail_setting.guard_percent IS '… or this share of the managed ones, whichever is more.';
COMMENT ON COLUMN public.mail_setting.grace_days IS 'How long an inactive person''s tokens sleep before they are revoked.';
COMMENT ON COLUMN public.mail_setting.alias_days IS 'How long a former address still delivers.';
COMMENT ON COLUMN public.mail_setting.rest_days IS 'How long a freed address is given to nobody.';
COMMENT ON COLUMN public.mail_setting.retention_days IS 'How long mail of a disabled mailbox is kept before a purge may be approved.';
COMMENT ON COLUMN public.mail_setting.lend_hours IS 'How long `sync reject` gives inactive people their sign-ins back.';
COMMENT ON COLUMN public.mail_setting.send_per_hour IS 'Recipients an hour a login may send to; NULL: no cap.';
COMMENT ON COLUMN public.mail_setting.help_text IS 'Whom to ask; shown in refusals and notices.';
COMMENT ON COLUMN public.mail_setting.alarm_address IS 'Where letters go when changes are held; empty: none are sent.';
COMMENT ON COLUMN public.mail_setting.alarm_url IS 'What is called then; empty: nothing.';
COMMENT ON COLUMN public.mail_setting.alarm_secret_file IS 'File with the secret that signs these calls; the secret itself is never stored here.';
COMMENT ON COLUMN public.mail_setting.notices_at IS 'When it is next looked whom to write to; the worker that moves it does that.';
COMMENT ON COLUMN public.mail_setting.reconcile_at IS 'When everybody is looked at next; the worker that moves it does the pass.';
COMMENT ON COLUMN public.mail_setting.paused_at IS 'The worker leaves this organisation alone since then.';
COMMENT ON COLUMN public.mail_setting.paused_by IS 'Who paused it.';

CREATE TABLE public.mail_group (
  org_id bigint NOT NULL REFERENCES public.org,
  mail_group_id bigint GENERATED ALWAYS AS IDENTITY,
  group_id uuid NOT NULL,
  group_name text NOT NULL,
  priority integer NOT NULL DEFAULT 100,
  domain text NOT NULL,
  quota_bytes bigint CHECK (quota_bytes > 0),
  protocols text[] NOT NULL DEFAULT '{imap,pop3,smtp,sieve}',
  address_rule text NOT NULL DEFAULT 'userName' CHECK (address_rule IN ('userName', 'primaryEmail', 'localPart')),
  aliases boolean NOT NULL DEFAULT true,
  deliver_disabled boolean NOT NULL DEFAULT true,
  backend text NOT NULL DEFAULT 'dovecot' REFERENCES public.mail_backend,
  list_address text,
  mode text CHECK (mode IN ('observe', 'directory', 'idp')),
  vanished_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, mail_group_id),
  UNIQUE (org_id, group_id)
);
COMMENT ON TABLE public.mail_group IS 'SCIM groups whose members get a mailbox, each with its template. Where a person is in several, the lowest priority number wins.';
COMMENT ON COLUMN public.mail_group.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_group.mail_group_id IS 'Identity.';
COMMENT ON COLUMN public.mail_group.group_id IS 'scim_group.group_id; outlives the group, so that its vanishing is noticed, not followed.';
COMMENT ON COLUMN public.mail_group.group_name IS 'Its name when designated.';
COMMENT ON COLUMN public.mail_group.priority IS 'Lower wins.';
COMMENT ON COLUMN public.mail_group.domain IS 'Domain for addresses by localPart, and of new mailboxes.';
COMMENT ON COLUMN public.mail_group.quota_bytes IS 'NULL: none.';
COMMENT ON COLUMN public.mail_group.protocols IS 'What its members may use: imap, pop3, smtp, sieve, dav.';
COMMENT ON COLUMN public.mail_group.address_rule IS 'Where a person''s address comes from.';
COMMENT ON COLUMN public.mail_group.aliases IS 'Do the person''s other e-mails in our domains become aliases?';
COMMENT ON COLUMN public.mail_group.deliver_disabled IS 'Does mail for a disabled mailbox still arrive?';
COMMENT ON COLUMN public.mail_group.backend IS 'Mail store of new mailboxes.';
COMMENT ON COLUMN public.mail_group.list_address IS 'Distribution list: mail to it goes to all members; NULL: none.';
COMMENT ON COLUMN public.mail_group.mode IS 'Authentication mode of its members; NULL: the organisation''s.';
COMMENT ON COLUMN public.mail_group.vanished_at IS 'The SCIM group was deleted or emptied then: its loss is held.';
COMMENT ON COLUMN public.mail_group.created_at IS 'When it was designated.';

CREATE TABLE public.mailbox (
  org_id bigint NOT NULL REFERENCES public.org,
  mailbox_id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid,
  mail_group_id bigint,
  address text NOT NULL,
  told_addresses text[] NOT NULL DEFAULT '{}',
  state text NOT NULL CHECK (state IN ('active', 'disabled', 'purged')),
  why text,
  origin text NOT NULL CHECK (origin IN ('made', 'adopted', 'found')),
  backend text NOT NULL REFERENCES public.mail_backend,
  home text,
  pinned boolean NOT NULL DEFAULT false,
  open boolean NOT NULL DEFAULT true,
  cut boolean NOT NULL DEFAULT false,
  quota_bytes bigint,
  quota_override bigint,
  protocols text[] NOT NULL DEFAULT '{imap,pop3,smtp,sieve}',
  deliver_disabled boolean NOT NULL DEFAULT true,
  mode text CHECK (mode IN ('observe', 'directory', 'idp')),
  contained_at timestamptz,
  contained_by text,
  contained_why text,
  lent_until timestamptz,
  desired_gen bigint NOT NULL DEFAULT 1,
  applied_gen bigint NOT NULL DEFAULT 0,
  dirty_since timestamptz NOT NULL DEFAULT now(),
  lease_owner text,
  lease_epoch bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  not_before timestamptz,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz,
  doors jsonb,
  PRIMARY KEY (org_id, mailbox_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02); -- a claim changes its row in place
CREATE UNIQUE INDEX mailbox_person ON public.mailbox (org_id, user_id) WHERE user_id IS NOT NULL AND state <> 'purged';
-- A home is nobody's twice, although its domain moves to another organisation.
CREATE INDEX mailbox_home ON public.mailbox (home);
CREATE INDEX mailbox_dirty ON public.mailbox (backend, (state = 'purged'), open, dirty_since) WHERE desired_gen <> applied_gen;
COMMENT ON TABLE public.mailbox IS 'One mailbox, as it shall be. The row is the mailbox: Dovecot and Postfix read it; the worker only makes the outside match.';
COMMENT ON COLUMN public.mailbox.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mailbox.mailbox_id IS 'Identity; survives renames.';
COMMENT ON COLUMN public.mailbox.user_id IS 'The person (scim_user.user_id), also after that row is gone; NULL: shared or unpaired.';
COMMENT ON COLUMN public.mailbox.mail_group_id IS 'The mail group whose template it follows; NULL: none now.';
COMMENT ON COLUMN public.mailbox.address IS 'Primary address; also a row of mail_address.';
COMMENT ON COLUMN public.mailbox.told_addresses IS 'Under which of these the mail store knows it: the one it last said yes to, and those that a worker took up since.';
COMMENT ON COLUMN public.mailbox.state IS 'active; disabled: no sign-in, mail kept; purged: mail destroyed after approval.';
COMMENT ON COLUMN public.mailbox.why IS 'Why it is disabled, or as a found one cannot be adopted, in words for people.';
COMMENT ON COLUMN public.mailbox.origin IS 'made: by us; adopted: taken over by an admin; found: seen in the mail store, never touched; a note that has no mail_address, so nothing that mail servers ask sees it.';
COMMENT ON COLUMN public.mailbox.backend IS 'Where it lives.';
COMMENT ON COLUMN public.mailbox.home IS 'Home directory, settled when the mailbox was made or first renamed, so that a rename keeps the mail; NULL: the store''s pattern applied to the address.';
COMMENT ON COLUMN public.mailbox.pinned IS 'The address was chosen by hand: no push renames it.';
COMMENT ON COLUMN public.mailbox.open IS 'What the mail store was last told about its door; decisions never read it.';
COMMENT ON COLUMN public.mailbox.cut IS 'End its live sessions once, although it stays open: a token of its owner was revoked. Set together with a new desired_gen.';
COMMENT ON COLUMN public.mailbox.quota_bytes IS 'From the template; NULL: none.';
COMMENT ON COLUMN public.mailbox.quota_override IS 'Set by hand; wins; no push overwrites it. 0: no quota.';
COMMENT ON COLUMN public.mailbox.protocols IS 'What its owner may use.';
COMMENT ON COLUMN public.mailbox.deliver_disabled IS 'Does mail still arrive while it is disabled?';
COMMENT ON COLUMN public.mailbox.mode IS 'Authentication mode of this person; NULL: the group''s or organisation''s.';
COMMENT ON COLUMN public.mailbox.contained_at IS 'Shut by an admin without the identity provider, since then.';
COMMENT ON COLUMN public.mailbox.contained_by IS 'Who did that.';
COMMENT ON COLUMN public.mailbox.contained_why IS 'And why.';
COMMENT ON COLUMN public.mailbox.lent_until IS 'Sign-ins work until then although the person is inactive (sync reject).';
COMMENT ON COLUMN public.mailbox.desired_gen IS 'Grows with each change that the outside must follow.';
COMMENT ON COLUMN public.mailbox.applied_gen IS 'The generation the mail store was last made to match.';
COMMENT ON COLUMN public.mailbox.dirty_since IS 'When it last became different.';
COMMENT ON COLUMN public.mailbox.lease_owner IS 'The worker at it.';
COMMENT ON COLUMN public.mailbox.lease_epoch IS 'Fencing: grows with each claim; a stale worker''s result names an old one.';
COMMENT ON COLUMN public.mailbox.lease_until IS 'By this server''s clock.';
COMMENT ON COLUMN public.mailbox.attempts IS 'Failed tries of the present generation.';
COMMENT ON COLUMN public.mailbox.not_before IS 'Back-off.';
COMMENT ON COLUMN public.mailbox.last_error IS 'What the last try said.';
COMMENT ON COLUMN public.mailbox.created_at IS 'When the row was made.';
COMMENT ON COLUMN public.mailbox.disabled_at IS 'When it was disabled; retention counts from here.';
COMMENT ON COLUMN public.mailbox.doors IS 'The stopwatch: when each door shut or opened last, by name.';

CREATE TABLE public.mail_address (
  org_id bigint NOT NULL REFERENCES public.org,
  address text NOT NULL CHECK (length(address) <= 254 AND address = lower(address)),
  kind text NOT NULL CHECK (kind IN ('primary', 'alias', 'former', 'list', 'resting')),
  mailbox_id uuid,
  mail_group_id bigint,
  until timestamptz,
  PRIMARY KEY (org_id, address),
  FOREIGN KEY (org_id, mailbox_id) REFERENCES public.mailbox,
  FOREIGN KEY (org_id, mail_group_id) REFERENCES public.mail_group ON DELETE CASCADE,
  CHECK ((kind IN ('primary', 'alias', 'former')) = (mailbox_id IS NOT NULL AND mail_group_id IS NULL) OR kind IN ('list', 'resting'))
);
CREATE UNIQUE INDEX mail_address_global ON public.mail_address (address);
CREATE INDEX mail_address_mailbox ON public.mail_address (org_id, mailbox_id);
-- The worker reads everybody's aliases, which few people have.
CREATE INDEX mail_address_alias ON public.mail_address (org_id, mailbox_id, address COLLATE "C") WHERE kind = 'alias';
CREATE UNIQUE INDEX mail_address_primary ON public.mail_address (org_id, mailbox_id) WHERE kind = 'primary';
COMMENT ON TABLE public.mail_address IS 'Every address once, whoever has it: two people never collide silently.';
COMMENT ON COLUMN public.mail_address.org_id IS 'Organisation: the one that owns the domain.';
COMMENT ON COLUMN public.mail_address.address IS 'Canonical form (lib/address.h).';
COMMENT ON COLUMN public.mail_address.kind IS 'primary; alias: from the person''s other e-mails, may send; former: an old primary, delivers until `until`; list: of a mail group; resting: given to nobody until `until`.';
COMMENT ON COLUMN public.mail_address.mailbox_id IS 'Whose it is; for a resting one whose it was.';
COMMENT ON COLUMN public.mail_address.mail_group_id IS 'The list''s group.';
COMMENT ON COLUMN public.mail_address.until IS 'End of a former or resting one.';

CREATE TABLE public.mail_token (
  org_id bigint NOT NULL REFERENCES public.org,
  token_id bigint GENERATED ALWAYS AS IDENTITY,
  user_id uuid,
  login text,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  hash bytea NOT NULL CHECK (length(hash) = 32),
  hash_grouped bytea NOT NULL CHECK (length(hash_grouped) = 32),
  hint text NOT NULL,
  protocols text[] NOT NULL,
  cidrs cidr[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_why text,
  last_used_at timestamptz,
  last_used_ip inet,
  last_used_protocol text,
  last_used_client text,
  clients text[] NOT NULL DEFAULT '{}',
  reuse_told_at timestamptz,
  expiry_told integer,
  over boolean NOT NULL DEFAULT false,
  PRIMARY KEY (org_id, token_id),
  CHECK ((user_id IS NULL) = (login IS NOT NULL))
);
CREATE UNIQUE INDEX mail_token_hash ON public.mail_token (hash);
CREATE UNIQUE INDEX mail_token_grouped ON public.mail_token (hash_grouped);
CREATE INDEX mail_token_owner ON public.mail_token (org_id, user_id);
CREATE INDEX mail_token_expiry ON public.mail_token (org_id, expires_at) WHERE NOT over;
COMMENT ON TABLE public.mail_token IS 'Personal access tokens: what a mail program uses as password; and service tokens of scanners and scripts.';
COMMENT ON COLUMN public.mail_token.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_token.token_id IS 'Identity; what logs name.';
COMMENT ON COLUMN public.mail_token.user_id IS 'Its owner; NULL: a service token.';
COMMENT ON COLUMN public.mail_token.login IS 'Service token: the address it signs in as and may send from.';
COMMENT ON COLUMN public.mail_token.name IS 'What the owner calls it: the device.';
COMMENT ON COLUMN public.mail_token.hash IS 'SHA-256 of the token without dashes, lower case.';
COMMENT ON COLUMN public.mail_token.hash_grouped IS 'SHA-256 of the token with its dashes: the mail server hashes what was typed.';
COMMENT ON COLUMN public.mail_token.hint IS 'Its last four characters.';
COMMENT ON COLUMN public.mail_token.protocols IS 'imap, pop3, smtp, sieve, dav.';
COMMENT ON COLUMN public.mail_token.cidrs IS 'Networks it may be used from; empty: any.';
COMMENT ON COLUMN public.mail_token.created_at IS 'When it was made.';
COMMENT ON COLUMN public.mail_token.created_by IS 'By whom: admin:NAME, portal.';
COMMENT ON COLUMN public.mail_token.expires_at IS 'When it ends; NULL: never.';
COMMENT ON COLUMN public.mail_token.revoked_at IS 'When it was revoked.';
COMMENT ON COLUMN public.mail_token.revoked_why IS 'And why.';
COMMENT ON COLUMN public.mail_token.last_used_at IS 'Last sign-in with it, to about a minute.';
COMMENT ON COLUMN public.mail_token.last_used_ip IS 'From where.';
COMMENT ON COLUMN public.mail_token.last_used_protocol IS 'Over what.';
COMMENT ON COLUMN public.mail_token.last_used_client IS 'By which program, where it says so (IMAP ID).';
COMMENT ON COLUMN public.mail_token.clients IS 'Kinds of client seen with it.';
COMMENT ON COLUMN public.mail_token.reuse_told_at IS 'When its owner was told that two kinds of client use it.';
COMMENT ON COLUMN public.mail_token.expiry_told IS 'The last notice sent before its end: 30, 7, 1 or 0 days.';
COMMENT ON COLUMN public.mail_token.over IS 'It has expired, and the sessions it may have opened were ended after that.';

CREATE TABLE public.access_token (
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  org_id bigint NOT NULL REFERENCES public.org,
  user_id uuid NOT NULL,
  client text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX access_token_owner ON public.access_token (org_id, user_id);
COMMENT ON TABLE public.access_token IS 'Short-lived OAuth access tokens of the webmail; looked up before org_id is known.';
COMMENT ON COLUMN public.access_token.hash IS 'SHA-256 of the token.';
COMMENT ON COLUMN public.access_token.org_id IS 'Organisation.';
COMMENT ON COLUMN public.access_token.user_id IS 'Whose sign-in it stands for.';
COMMENT ON COLUMN public.access_token.client IS 'The webmail it was given to.';
COMMENT ON COLUMN public.access_token.expires_at IS 'Its end.';

CREATE TABLE public.access_rule (
  org_id bigint NOT NULL REFERENCES public.org,
  rule_id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  about text NOT NULL DEFAULT '',
  effect text NOT NULL CHECK (effect IN ('allow', 'deny')),
  actions text[] NOT NULL DEFAULT '{}',
  not_actions text[] NOT NULL DEFAULT '{}',
  cidrs cidr[] NOT NULL DEFAULT '{}',
  not_cidrs cidr[] NOT NULL DEFAULT '{}',
  users uuid[] NOT NULL DEFAULT '{}',
  not_users uuid[] NOT NULL DEFAULT '{}',
  groups uuid[] NOT NULL DEFAULT '{}',
  not_groups uuid[] NOT NULL DEFAULT '{}',
  tokens bigint[] NOT NULL DEFAULT '{}',
  days integer[] NOT NULL DEFAULT '{}',
  from_time time,
  to_time time,
  zone text NOT NULL DEFAULT 'UTC',
  message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, rule_id),
  UNIQUE (org_id, name),
  CHECK ((from_time IS NULL) = (to_time IS NULL))
);
COMMENT ON TABLE public.access_rule IS 'Who may use which protocol from where. Conditions of a rule are all to hold; any deny wins, else any allow allows, else it is denied.';
COMMENT ON COLUMN public.access_rule.org_id IS 'Organisation.';
COMMENT ON COLUMN public.access_rule.rule_id IS 'Identity.';
COMMENT ON COLUMN public.access_rule.name IS 'Its name; the same name replaces.';
COMMENT ON COLUMN public.access_rule.about IS 'What it is for.';
COMMENT ON COLUMN public.access_rule.effect IS 'allow or deny.';
COMMENT ON COLUMN public.access_rule.actions IS 'Protocols it is for; empty: all.';
COMMENT ON COLUMN public.access_rule.not_actions IS 'Protocols it is not for.';
COMMENT ON COLUMN public.access_rule.cidrs IS 'Networks, version 4 and 6; empty: all.';
COMMENT ON COLUMN public.access_rule.not_cidrs IS 'Networks it is not for.';
COMMENT ON COLUMN public.access_rule.users IS 'People; empty: all.';
COMMENT ON COLUMN public.access_rule.not_users IS 'People it is not for.';
COMMENT ON COLUMN public.access_rule.groups IS 'SCIM groups one of which the person must be in; empty: all.';
COMMENT ON COLUMN public.access_rule.not_groups IS 'SCIM groups none of which the person may be in.';
COMMENT ON COLUMN public.access_rule.tokens IS 'Personal access tokens it is for; empty: all.';
COMMENT ON COLUMN public.access_rule.days IS 'ISO weekdays 1…7; empty: all.';
COMMENT ON COLUMN public.access_rule.from_time IS 'Begin of the daily window; past midnight when after to_time.';
COMMENT ON COLUMN public.access_rule.to_time IS 'End of the daily window.';
COMMENT ON COLUMN public.access_rule.zone IS 'Time zone of days and times.';
COMMENT ON COLUMN public.access_rule.message IS 'What the refused person reads; NULL: a neutral sentence.';
COMMENT ON COLUMN public.access_rule.created_at IS 'When it was set.';

-- The mail groups' nesting is walked for each change; it is a few rows among many people.
CREATE INDEX scim_member_nested ON public.scim_member (org_id, group_id) WHERE kind = 'g';

CREATE TABLE public.mail_change (
  org_id bigint NOT NULL,
  change_id bigint GENERATED ALWAYS AS IDENTITY,
  kind "char" NOT NULL CHECK (kind IN ('u', 'g')),
  subject uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, change_id)
);
COMMENT ON TABLE public.mail_change IS 'People and groups that a SCIM write touched, written in its transaction: what the worker looks at again. A row is a hint which rows to compare, never an event to play.';
COMMENT ON COLUMN public.mail_change.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_change.change_id IS 'Order.';
COMMENT ON COLUMN public.mail_change.kind IS 'u: a person; g: a group and all who are or were in it.';
COMMENT ON COLUMN public.mail_change.subject IS 'user_id or group_id.';
COMMENT ON COLUMN public.mail_change.at IS 'When.';

CREATE TABLE public.mail_held (
  org_id bigint NOT NULL,
  held_id bigint GENERATED ALWAYS AS IDENTITY,
  mailbox_id uuid NOT NULL,
  action text NOT NULL CHECK (action IN ('disable', 'revoke', 'rename', 'purge')),
  cause text NOT NULL CHECK (cause IN ('inactive', 'deleted', 'scope', 'vanished', 'retention')),
  detail jsonb NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT now(),
  wave bigint,
  PRIMARY KEY (org_id, held_id),
  UNIQUE (org_id, mailbox_id, action),
  FOREIGN KEY (org_id, mailbox_id) REFERENCES public.mailbox
);
COMMENT ON TABLE public.mail_held IS 'Changes that wait for an admin: over the guard''s limit, or destroying mail. Approved, rejected, or gone when the directory corrects itself.';
COMMENT ON COLUMN public.mail_held.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_held.held_id IS 'Identity; what approve and reject name.';
COMMENT ON COLUMN public.mail_held.mailbox_id IS 'Whose.';
COMMENT ON COLUMN public.mail_held.action IS 'What would be done.';
COMMENT ON COLUMN public.mail_held.cause IS 'inactive or deleted in the directory; scope: left the mail groups; vanished: the group is gone or empty; retention: over.';
COMMENT ON COLUMN public.mail_held.detail IS 'From what to what.';
COMMENT ON COLUMN public.mail_held.at IS 'Since when.';
COMMENT ON COLUMN public.mail_held.wave IS 'What is told together: held_id of the first of it; NULL: not looked at yet, or it waits for a wave of its own (mail/store_notice.c).';

CREATE TABLE public.mail_loss (
  org_id bigint NOT NULL,
  mailbox_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, at, mailbox_id)
);
COMMENT ON TABLE public.mail_loss IS 'Who lost a mailbox when: what the guard counts over an hour. Written in the transaction that disables.';
COMMENT ON COLUMN public.mail_loss.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_loss.mailbox_id IS 'Whose.';
COMMENT ON COLUMN public.mail_loss.at IS 'When.';

CREATE TABLE public.sync_run (
  org_id bigint NOT NULL,
  run_id bigint GENERATED ALWAYS AS IDENTITY,
  trigger text NOT NULL CHECK (trigger IN ('push', 'timer', 'once', 'approve', 'reject')),
  worker text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  counts jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (org_id, run_id)
);
COMMENT ON TABLE public.sync_run IS 'History of the worker: one row a pass that found something to do.';
COMMENT ON COLUMN public.sync_run.org_id IS 'Organisation.';
COMMENT ON COLUMN public.sync_run.run_id IS 'Identity.';
COMMENT ON COLUMN public.sync_run.trigger IS 'What started it.';
COMMENT ON COLUMN public.sync_run.worker IS 'host:pid.';
COMMENT ON COLUMN public.sync_run.started_at IS 'Begin.';
COMMENT ON COLUMN public.sync_run.finished_at IS 'End; NULL: it died or is at it.';
COMMENT ON COLUMN public.sync_run.counts IS 'Actions by name.';

CREATE TABLE public.mail_event_position (
  reader text PRIMARY KEY,
  inode bigint NOT NULL,
  at_byte bigint NOT NULL CHECK (at_byte >= 0),
  head bytea NOT NULL CHECK (length(head) = 32),
  moved_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.mail_event_position IS 'How far the mail server''s event logs were read; moves in the transaction that writes the records. Not data of an organisation.';
COMMENT ON COLUMN public.mail_event_position.reader IS 'host:path of the log.';
COMMENT ON COLUMN public.mail_event_position.inode IS 'The file, wherever it was renamed to.';
COMMENT ON COLUMN public.mail_event_position.at_byte IS 'Read up to here.';
COMMENT ON COLUMN public.mail_event_position.head IS 'SHA-256 of its first bytes: inodes are used again.';
COMMENT ON COLUMN public.mail_event_position.moved_at IS 'When.';

CREATE TABLE public.mail_notice (
  org_id bigint NOT NULL REFERENCES public.org,
  kind text NOT NULL CHECK (kind IN ('switchover', 'expiry', 'reuse', 'held', 'held-hook')),
  key text NOT NULL,
  address text NOT NULL,
  message_id text NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  PRIMARY KEY (org_id, kind, key)
);
COMMENT ON TABLE public.mail_notice IS 'Notices by mail, each marked before it is sent and after, so that none is lost and a doubled one has the same Message-ID.';
COMMENT ON COLUMN public.mail_notice.org_id IS 'Organisation.';
COMMENT ON COLUMN public.mail_notice.kind IS 'switchover, expiry, reuse; held: a letter about held changes; held-hook: a call about them.';
COMMENT ON COLUMN public.mail_notice.key IS 'What it is about: mailbox and date; token and days; token; wave of held changes.';
COMMENT ON COLUMN public.mail_notice.address IS 'To whom: an address, or of a call its URL.';
COMMENT ON COLUMN public.mail_notice.message_id IS 'Its Message-ID, also when sent again.';
COMMENT ON COLUMN public.mail_notice.claimed_at IS 'When a sender took it up; an old claim without sent_at is of one that died.';
COMMENT ON COLUMN public.mail_notice.sent_at IS 'When the SMTP server had taken it.';
