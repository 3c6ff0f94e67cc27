"""An organisation with people, mailboxes and tokens, and the questions that Dovecot and Postfix ask about them."""

import hashlib
import os
import uuid

import psycopg2
import psycopg2.extensions
import psycopg2.extras

CONNINFO = os.environ.get("GATEPOST_TEST_DATABASE")
INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"


def sha256_hex(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


def connect(user=None):
    """A connection of its own, each statement a transaction; as the owner, or as one of the mail server's roles."""
    connection = psycopg2.connect(psycopg2.extensions.make_dsn(CONNINFO, **({"user": user} if user else {})))
    connection.autocommit = True
    return connection


def rows(connection, sql, *args):
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(sql, args or None)
        return [dict(row) for row in cursor.fetchall()] if cursor.description else []


def make_roles(connection):
    """As `gatepost init` makes them; the grants may come at any time, and twice."""
    for role in ("gatepost_dovecot", "gatepost_postfix"):
        if not rows(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            rows(connection, f"CREATE ROLE {role} LOGIN")
    for _ in range(2):
        rows(connection, "SELECT gatepost_grant()")


class Person:
    """A person of the world with a mailbox; address is the primary one."""

    def __init__(self, user_id, mailbox_id, address):
        self.user_id, self.mailbox_id, self.address = user_id, mailbox_id, address


class World:
    """An organisation of its own with a proved domain, its mail settings and a mail store."""

    def __init__(self, settings=True):
        self.sql, self.dovecot = connect(), connect("gatepost_dovecot")
        self.name = "w" + uuid.uuid4().hex[:12]
        self.domain = self.name + ".example"
        self.org = self.one("INSERT INTO org (name) VALUES (%s) RETURNING org_id", self.name)
        self.source = self.one("INSERT INTO source (org_id, name) VALUES (%s, 'it') RETURNING source_id", self.org)
        self.run("INSERT INTO domain (org_id, domain, challenge, verified_at, verified_by) VALUES (%s, %s, '', now(), 'trust')",
                 self.org, self.domain)
        self.run("INSERT INTO mail_backend (backend, kind, url) VALUES ('dovecot', 'dovecot', 'http://127.0.0.1:1')"
                 " ON CONFLICT DO NOTHING")
        if settings:
            self.run("INSERT INTO mail_setting (org_id) VALUES (%s)", self.org)

    def close(self):
        self.sql.close()
        self.dovecot.close()

    def run(self, sql, *args):
        return rows(self.sql, sql, *args)

    def one(self, sql, *args):
        found = self.run(sql, *args)
        return list(found[0].values())[0] if found else None

    def person(self, name=None, **mailbox):
        name = name or "p" + uuid.uuid4().hex[:10]
        user_id, mailbox_id, address = str(uuid.uuid4()), str(uuid.uuid4()), f"{name}@{self.domain}"
        self.directory(user_id, True)
        columns = {"state": "active", "origin": "made", "backend": "dovecot", **mailbox}
        self.run(f"INSERT INTO mailbox (org_id, mailbox_id, user_id, address, {', '.join(columns)})"
                 f" VALUES (%s, %s, %s, %s, {', '.join(['%s'] * len(columns))})",
                 self.org, mailbox_id, user_id, address, *columns.values())
        person = Person(user_id, mailbox_id, address)
        self.address(person, name, "primary")
        return person

    def directory(self, user_id, active):
        """What the identity provider says: active, inactive, or (None) gone."""
        self.run("DELETE FROM scim_user WHERE org_id = %s AND user_id = %s", self.org, user_id)
        if active is not None:
            self.run("INSERT INTO scim_user (org_id, source_id, user_id, user_name, user_name_key, active, doc, fold)"
                     " VALUES (%s, %s, %s, %s, %s, %s, '{}', '{}')", self.org, self.source, user_id, user_id, user_id, active)

    def address(self, person, local, kind, until=None):
        address = f"{local}@{self.domain}"
        self.run("INSERT INTO mail_address (org_id, address, kind, mailbox_id, until) VALUES (%s, %s, %s, %s, %s)",
                 self.org, address, kind, person.mailbox_id, until)
        return address

    def group(self, people=(), groups=()):
        group_id = str(uuid.uuid4())
        self.run("INSERT INTO scim_group (org_id, source_id, group_id, display_name, display_key, doc, fold)"
                 " VALUES (%s, %s, %s, %s, %s, '{}', '{}')", self.org, self.source, group_id, group_id, group_id)
        for member, kind in [(p.user_id, "u") for p in people] + [(g, "g") for g in groups]:
            self.run("INSERT INTO scim_member (org_id, group_id, member_id, kind) VALUES (%s, %s, %s, %s)",
                     self.org, group_id, member, kind)
        return group_id

    def mailbox(self, person, **columns):
        self.run("UPDATE mailbox SET " + ", ".join(f"{name} = %s" for name in columns) +
                 " WHERE org_id = %s AND mailbox_id = %s", *columns.values(), self.org, person.mailbox_id)

    def settings(self, **columns):
        self.run("UPDATE mail_setting SET " + ", ".join(f"{name} = %s" for name in columns) + " WHERE org_id = %s",
                 *columns.values(), self.org)

    def token(self, person=None, **columns):
        """A new token; the secret as it is typed with dashes. Without person: login= names a service token's."""
        plain = uuid.uuid4().hex
        grouped = "-".join(plain[i:i + 4] for i in range(0, 32, 4))
        columns = {"protocols": ["imap", "pop3", "smtp", "sieve", "dav"], "user_id": person and person.user_id,
                   "name": "laptop", **columns}
        cast = {"cidrs": "%s::cidr[]"}
        self.last_token = self.one(
            f"INSERT INTO mail_token (org_id, hash, hash_grouped, hint, created_by, {', '.join(columns)})"
            f" VALUES (%s, sha256(%s::bytea), sha256(%s::bytea), %s, 'test', {', '.join(cast.get(c, '%s') for c in columns)})"
            " RETURNING token_id", self.org, plain, grouped, plain[-4:], *columns.values())
        return grouped

    def access_token(self, person, seconds=600):
        secret = uuid.uuid4().hex
        self.run("INSERT INTO access_token (hash, org_id, user_id, client, expires_at)"
                 " VALUES (sha256(%s::bytea), %s, %s, 'webmail', now() + make_interval(secs => %s))",
                 secret, self.org, person.user_id, seconds)
        return secret

    def rules(self, *rules):
        """These rules and no others, each a dict of columns."""
        self.run("DELETE FROM access_rule WHERE org_id = %s", self.org)
        for number, rule in enumerate(rules):
            columns = {"name": f"rule {number}", "effect": "allow", **rule}
            casts = {"cidrs": "::cidr[]", "not_cidrs": "::cidr[]", "users": "::uuid[]", "not_users": "::uuid[]",
                     "groups": "::uuid[]", "not_groups": "::uuid[]"}
            self.run(f"INSERT INTO access_rule (org_id, {', '.join(columns)}) VALUES (%s, "
                     + ", ".join("%s" + casts.get(name, "") for name in columns) + ")", self.org, *columns.values())

    def auth(self, login, secret, service="imap", ip=INSIDE, mech="PLAIN", session=""):
        """As Dovecot asks: the row, or None."""
        found = rows(self.dovecot, "SELECT * FROM gatepost.dovecot_auth(%s, %s, %s, %s, %s, %s)",
                     login, sha256_hex(secret), ip, service, mech, session)
        assert len(found) <= 1
        return found[0] if found else None

    def policy(self, login, token="", protocol="imap", ip=INSIDE, client="", session=""):
        found = self.run("SELECT * FROM public.mail_policy(%s, %s, %s, 'PLAIN', %s, %s, %s)",
                         login, ip, protocol, session, client, token)
        return found[0]["status"], found[0]["message"]

    def audit_mark(self):
        return self.one("SELECT coalesce(max(audit_id), 0) FROM audit")

    def audit(self, since, kind=None):
        """Records after a mark, in order: kind, action, subject, actor, source_ip, detail."""
        return self.run("SELECT * FROM audit WHERE org_id = %s AND audit_id > %s AND (%s::text IS NULL OR kind = %s)"
                        " ORDER BY audit_id", self.org, since, kind, kind)
