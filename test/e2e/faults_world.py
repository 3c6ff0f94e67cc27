"""One gatepost with a real Dovecot for the fault tests: organisations on any mail store, their people with tokens, and the state
that a fault ends in."""

import contextlib
import os
import pathlib
import pwd

import pytest

from conftest import new_gatepost
from mail_world import Worker, World
from stack import doveadm, dovecot, host, mailclient

DATABASE = "faults"
POLICY_KEY = "policy-key-of-the-fault-tests-0123456789"


class Host:
    """The instances, and how a mail store is named to gatepost."""

    def __init__(self, folder, cluster):
        self.gatepost = new_gatepost(folder / "faults", cluster, DATABASE, mail_policy_key=POLICY_KEY)
        self.cluster, self.folder, self.cli = cluster, folder, self.gatepost.cli
        self.key = self._secret("doveadm.key", doveadm.KEY)
        self._secret("policy.header", f"Authorization: Bearer {POLICY_KEY}")
        self.dovecot = dovecot.Dovecot(folder / "faults-dovecot", self.cli, "both").create(doveadm.KEY)

    def _secret(self, name, text):
        path = self.gatepost.folder / "keys" / name
        path.write_text(text)
        path.chmod(0o600)
        host.give(path)
        return path

    def start(self):
        self.dovecot.start()
        self.gatepost.start()
        self.backend("dovecot", f"http://127.0.0.1:{self.dovecot.ports['doveadm']}")
        return self

    def stop(self):
        self.dovecot.stop()
        assert self.gatepost.stop() == 0

    def backend(self, name, *urls):
        who = pwd.getpwnam(host.USER) if host.is_root() else pwd.getpwuid(os.geteuid())
        self.cli.json("backend", "add", name, "--kind", "dovecot", *[part for url in urls for part in ("--url", url)],
                      "--secret-file", self.key, "--home", f"{self.dovecot.folder}/mail/%d/%n", "--uid", who.pw_uid, "--gid", who.pw_gid)
        return name


class House(World):
    """An organisation on one mail store."""

    def __init__(self, machine, backend="dovecot"):
        super().__init__(machine.gatepost, machine.cluster, DATABASE, backend)
        self.machine, self.dovecot = machine, machine.dovecot
        self.cli("mode", "set", "directory")

    def org_id(self):
        return self.sql("SELECT org_id FROM org WHERE name = %s", self.org)[0][0]

    def secret(self, person):
        return self.cli("pat", "create", person["userName"], "--name", "test")["token"]

    def refusal(self, person, secret):
        return mailclient.refusal(mailclient.Imap, self.dovecot.ports["imap"], person["userName"], secret)

    def idle(self, person, secret):
        return mailclient.Imap(self.dovecot.ports["imap"]).login(person["userName"], secret).idle()

    def deliver(self, person, subject):
        mailclient.lmtp(self.dovecot.ports["lmtp"], "a@elsewhere.example", person["userName"], subject)

    def subjects(self, login, secret):
        session = mailclient.Imap(self.dovecot.ports["imap"]).login(login, secret)
        try:
            return session.subjects()
        finally:
            session.close()

    def tokens(self, person):
        """live, revoked."""
        return self.sql("SELECT count(*) FILTER (WHERE revoked_at IS NULL), count(revoked_at) FROM mail_token WHERE user_id = %s",
                        person["id"])[0]

    def audit(self, *people):
        """What the worker recorded of them: action → how often."""
        rows = self.sql("SELECT action, count(*) FROM audit a JOIN org o USING (org_id) WHERE o.name = %s AND a.kind = 'sync'"
                        " AND (%s OR subject = ANY (%s)) GROUP BY 1", self.org, not people, [p["id"] for p in people])
        return dict(rows)

    def again_now(self):
        """Time passes: leases, back-off. Rows are locked in the worker's own order."""
        self.sql("WITH behind AS MATERIALIZED (SELECT org_id, mailbox_id FROM mailbox WHERE org_id = %s AND applied_gen <> desired_gen"
                 " ORDER BY mailbox_id FOR UPDATE) UPDATE mailbox m SET not_before = NULL, lease_until = NULL FROM behind b"
                 " WHERE (m.org_id, m.mailbox_id) = (b.org_id, b.mailbox_id)", self.org_id())

    def behind(self):
        return self.sql("SELECT count(*) FROM mailbox WHERE org_id = %s AND applied_gen <> desired_gen", self.org_id())[0][0]

    def quiet(self):
        """Nothing to plan and nothing to do, by one look: between two a plan might turn the first into the second."""
        return self.sql("SELECT (SELECT count(*) FROM mailbox WHERE org_id = %s AND applied_gen <> desired_gen)"
                        " + (SELECT count(*) FROM mail_change WHERE org_id = %s)", self.org_id(), self.org_id()) == [(0,)]

    def words(self, person):
        """What the mail store said last."""
        return self.sql("SELECT last_error FROM mailbox WHERE user_id = %s", person["id"])[0][0]


SEED = """
WITH o AS (SELECT org_id, source_id FROM source JOIN org USING (org_id) WHERE org.name = %(org)s),
     p AS (SELECT gen_random_uuid() AS user_id, gen_random_uuid() AS box, 'big' || n || '@' || %(domain)s AS login FROM generate_series(1, %(n)s) n),
     u AS (INSERT INTO scim_user (org_id, source_id, user_id, user_name, user_name_key, active, doc, fold)
           SELECT org_id, source_id, user_id, login, login, true, jsonb_build_object('userName', login), '{}' FROM o, p),
     m AS (INSERT INTO scim_member (org_id, group_id, member_id, kind) SELECT org_id, %(group)s, user_id, 'u' FROM o, p),
     b AS (INSERT INTO mailbox (org_id, mailbox_id, user_id, mail_group_id, address, state, origin, backend, quota_bytes, applied_gen)
           SELECT org_id, box, user_id, (SELECT mail_group_id FROM mail_group g WHERE g.org_id = o.org_id), login, 'active', 'made',
                  %(backend)s, 1 << 30, 1 FROM o, p RETURNING 1)
INSERT INTO mail_address (org_id, address, kind, mailbox_id) SELECT org_id, login, 'primary', box FROM o, p
"""


def big_house(machine, n, backend="dovecot"):
    """An organisation of n people whose mailboxes are as wanted."""
    house = House(machine, backend)
    with house.cluster.connect(DATABASE) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute("SET session_replication_role = replica")  # one statement: the rows refer to each other
            cursor.execute(SEED, {"org": house.org, "domain": house.domain, "n": n, "group": house.group["id"], "backend": backend})
        connection.commit()
    return house


def leave(house, n):
    """n people are inactive, and everybody is to be looked at."""
    house.sql("UPDATE scim_user SET active = false WHERE org_id = %s AND user_id IN (SELECT user_id FROM scim_user WHERE org_id = %s"
              " ORDER BY user_id LIMIT %s)", house.org_id(), house.org_id(), n)
    house.sql("UPDATE mail_setting SET reconcile_at = now() WHERE org_id = %s", house.org_id())


def started(folder, cluster):
    """What the fixture `machine` of conftest.py yields: one for all modules of a run."""
    try:
        machine = Host(folder, cluster).start()
    except host.StackError as missing:
        pytest.skip(str(missing))
    yield machine
    machine.stop()


@pytest.fixture
def house(machine):
    return House(machine)


@contextlib.contextmanager
def working(machine, *names):
    """Workers of these names while the block runs."""
    workers = [Worker(machine.gatepost, name) for name in names]
    try:
        yield workers
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                assert worker.stop() == 0


def worker_log(machine, name):
    path = pathlib.Path(machine.gatepost.folder) / f"{name}.log"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
