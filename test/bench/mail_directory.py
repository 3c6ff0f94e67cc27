"""Organisations as a push leaves them, made by the thousand in SQL; and what their mailboxes are when nothing is to be done."""

import itertools

_numbers = itertools.count(1)

PEOPLE = """
INSERT INTO scim_user (org_id, source_id, user_id, user_name, user_name_key, external_id, email_keys, active, doc, fold)
SELECT %(org)s, %(source)s, gen_random_uuid(), name, name, 'x' || n, ARRAY[name], true, json_build_object(
  'schemas', json_build_array('urn:ietf:params:scim:schemas:core:2.0:User',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'),
  'userName', name, 'externalId', 'x' || n, 'displayName', 'Person Number ' || n, 'active', true, 'locale', 'en-GB',
  'name', json_build_object('givenName', 'Person', 'familyName', 'Number ' || n, 'formatted', 'Person Number ' || n),
  'title', 'Engineer of things', 'timezone', 'Europe/London', 'userType', 'Employee',
  'emails', json_build_array(json_build_object('value', name, 'type', 'work', 'primary', true)),
  'phoneNumbers', json_build_array(json_build_object('value', '+44 20 7946 ' || lpad((n %% 10000)::text, 4, '0'), 'type', 'work')),
  'addresses', json_build_array(json_build_object('streetAddress', n || ' High Street', 'locality', 'London', 'country', 'GB')),
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User', json_build_object('employeeNumber', n::text,
    'department', 'Department ' || n %% 40, 'costCenter', (n %% 90)::text))::text, '{}'
FROM (SELECT n, 'p' || n || '@' || %(domain)s AS name FROM generate_series(1, %(people)s) n) p"""
MEMBERS = "INSERT INTO scim_member (org_id, group_id, member_id, kind) SELECT org_id, %(group)s, user_id, 'u' FROM scim_user WHERE org_id = %(org)s"
MAILBOXES = """
INSERT INTO mailbox (org_id, user_id, mail_group_id, address, state, origin, backend, home, quota_bytes, desired_gen, applied_gen)
SELECT u.org_id, u.user_id, g.mail_group_id, u.user_name, 'active', 'made', g.backend, '/var/vmail/' || u.user_name, g.quota_bytes, 1, 1
FROM scim_user u JOIN mail_group g USING (org_id) WHERE u.org_id = %(org)s"""
ADDRESSES = ("INSERT INTO mail_address (org_id, address, kind, mailbox_id) SELECT org_id, address, 'primary', mailbox_id FROM mailbox"
             " WHERE org_id = %(org)s")


class Directory:
    """One organisation; the worker leaves it alone until resume()."""

    def __init__(self, gatepost, cluster, database):
        number = next(_numbers)
        self.gatepost, self.cluster, self.database = gatepost, cluster, database
        self.org, self.domain = f"bench-{number}", f"bench{number}.example"
        self.cli("org", "create", self.org, of=False)
        self.cli("source", "add", "main")
        self.cli("domain", "add", self.domain)
        self.cli("domain", "verify", self.domain, "--trust")
        self.token = self.cli("scim-token", "create", "--source", "main", "--name", "bench")["token"]
        self.org_id, self.source_id = self.sql("SELECT org_id, source_id FROM source JOIN org o USING (org_id) WHERE o.name = %s", self.org)[0]
        self.group_id = self.sql("INSERT INTO scim_group (org_id, source_id, group_id, display_name, display_key, doc, fold) VALUES"
                                 " (%s, %s, gen_random_uuid(), 'mail', 'mail', '{\"displayName\":\"mail\"}', '{}') RETURNING group_id::text",
                                 self.org_id, self.source_id)[0][0]

    def cli(self, *argv, of=True):
        return self.gatepost.cli.json(*argv, *(["--org", self.org] if of else []), timeout=600)

    def sql(self, statement, *arguments, **named):
        with self.cluster.session(self.database) as cursor:
            cursor.execute(statement, named or arguments)
            return cursor.fetchall() if cursor.description else None

    def fill(self, people, mailboxes=False):
        """People and their membership; with mailboxes, also these, as wanted."""
        names = {"org": self.org_id, "source": self.source_id, "domain": self.domain, "people": people, "group": self.group_id}
        self.cli("mail-group", "add", "mail", "--quota", "1G")
        self.cli("sync", "pause")
        for statement in (PEOPLE, MEMBERS, *((MAILBOXES, ADDRESSES) if mailboxes else ())):
            self.sql(statement, **names)
        for table in ("scim_user", "scim_member", "mailbox", "mail_address"):
            self.sql(f"VACUUM ANALYZE {table}")
        return self

    def secrets(self, tokens):
        """One token each of the first people, by its hash: the secret is hello-N."""
        self.sql("INSERT INTO mail_token (org_id, user_id, name, hash, hash_grouped, hint, protocols, created_by)"
                 " SELECT org_id, user_id, 'bench', sha256(('hello-' || user_name)::bytea), sha256(('hello.' || user_name)::bytea),"
                 " 'xxxx', '{imap,pop3,smtp,sieve}', 'bench' FROM scim_user WHERE org_id = %s LIMIT %s", self.org_id, tokens)
        return [(login, f"hello-{login}") for (login,) in self.sql(
            "SELECT u.user_name FROM mail_token k JOIN scim_user u USING (org_id, user_id) WHERE k.org_id = %s", self.org_id)]
