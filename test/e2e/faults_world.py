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
        """Time passes: leases, back-off."""
        self.sql("UPDATE mailbox SET not_before = NULL, lease_until = NULL WHERE org_id = %s AND applied_gen <> desired_gen", self.org_id())

    def behind(self):
        return self.sql("SELECT count(*) FROM mailbox WHERE org_id = %s AND applied_gen <> desired_gen", self.org_id())[0][0]

    def quiet(self):
        """Nothing to plan and nothing to do, by one look: between two a plan might turn the first into the second."""
        return self.sql("SELECT (SELECT count(*) FROM mailbox WHERE org_id = %s AND applied_gen <> desired_gen)"
                        " + (SELECT count(*) FROM mail_change WHERE org_id = %s)", self.org_id(), self.org_id()) == [(0,)]

    def words(self, person):
        """What the mail store said last."""
        return self.sql("SELECT last_error FROM mailbox WHERE user_id = %s", person["id"])[0][0]


@pytest.fixture(scope="session")
def machine(run_dir, cluster):
    try:
        machine = Host(run_dir, cluster).start()
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
