"""kill -9 of the worker at each step of each kind of action, and another one after it: it converges, does nothing twice, and keeps the
mail. The steps are held by proxies between the worker and PostgreSQL and doveadm; the product knows nothing of them.

A worker looks at everything that is behind, so the cases run one after the other, each with a person of its own."""

import itertools

import pytest

from faults_world import DATABASE, House  # noqa: F401 (fixtures)
from mail_world import REFUSED, Worker, wait
from stack import host, server, steps

PLANNED = ("create", "enable", "disable", "rename", "change")  # what the worker itself decides
ORDERED = ("quota", "cut", "purge", "adopt")                   # what a command wrote, and the worker does
# The doveadm command that is the heart of each.
HEART = {"create": "user", "enable": "user", "disable": "kick", "rename": "kick", "change": "user",
         "quota": "user", "cut": "kick", "purge": "expunge", "adopt": "user"}
PLAN_STEPS = steps.Step.SQL[:2]
EFFECT_STEPS = ("after-the-claim", "before-the-call", "after-the-effect", "before-applied", "after-applied")
CASES = [(action, step) for action in PLANNED for step in PLAN_STEPS] + list(itertools.product(PLANNED + ORDERED, EFFECT_STEPS))


class Case:
    """A person in the state before the action: `address`, `secret`, an open session, one message delivered."""

    def __init__(self, world, action, step):
        self.world, self.house, self.action, self.step = world, world.house, action, step
        self.name = f"{action}-{CASES.index((action, step))}"
        self.person = self.session = self.secret = None
        self.address = f"{self.name}@{self.house.domain}"

    def make(self):
        joined = self.action not in ("create", "adopt")
        self.person = self.house.person(self.name, join=joined)

    def ready(self):
        """Everybody has a mailbox now, but who shall get one."""
        if self.action in ("create", "adopt"):
            return
        self.secret = self.house.secret(self.person)
        self.house.deliver(self.person, f"mail of {self.name}")
        if self.action in ("disable", "cut"):
            self.session = self.house.idle(self.person, self.secret)
        if self.action in ("enable", "purge"):
            self.house.active(self.person, False)

    def begin(self):
        """What the worker is to follow."""
        house, path = self.house, f"/Users/{self.person['id']}"
        if self.action == "create":
            house.join(self.person)
        elif self.action in ("enable", "disable"):
            house.active(self.person, self.action == "enable")
        elif self.action == "rename":
            house.patch(path, {"op": "replace", "path": "userName", "value": f"new-{self.address}"})
        elif self.action == "change":
            house.patch(path, {"op": "add", "path": "emails", "value": [{"value": f"also-{self.address}"}]})
        elif self.action == "quota":
            house.cli("mailbox", "set", self.address, "--quota", "3G")
        elif self.action == "cut":
            house.cli("user", "contain", self.address, "--why", "test")
        elif self.action == "purge":
            ids = [row["id"] for row in house.held() if row["address"] == self.address]
            house.cli("sync", "approve", *ids)
        elif self.action == "adopt":
            house.cli("mailbox", "adopt", str(self.world.file(self.name, self.address)), "--backend", "held-up", "--yes")

    # The state it must end in.

    def messages(self, address=None):
        answer = self.world.machine.dovecot.doveadm(("mailboxStatus", {
            "user": address or self.address, "field": ["messages"], "mailboxMask": ["INBOX"]}))[0]
        return int(answer[1][0]["messages"]) if answer[0] == "doveadmResponse" else answer[1]

    def check(self):
        box = self.house.box(self.person)
        getattr(self, "check_" + self.action)(box)
        row = self.house.sql("SELECT desired_gen = applied_gen, lease_owner, last_error FROM mailbox WHERE user_id = %s", self.person["id"])
        assert row == [(True, None, None)]
        assert [n for n in self.house.audit(self.person).values() if n != 1] == [], self.house.audit(self.person)

    def check_create(self, box):
        assert box[:4] == (self.address, "active", True, True)
        self.house.deliver(self.person, "first")
        assert self.messages() == 1 and self.house.audit(self.person) == {"mailbox.create": 1}

    def check_enable(self, box):
        assert box[:4] == (self.address, "active", True, True)
        assert self.house.subjects(self.address, self.secret) == [f"mail of {self.name}"]
        assert self.house.audit(self.person)["mailbox.enable"] == 1

    def check_disable(self, box):
        assert box[:4] == (self.address, "disabled", False, True)
        assert self.session.ended(5) and self.world.machine.dovecot.who(self.address) == 0 and self.messages() == 1
        assert self.house.refusal(self.person, self.secret) is not None
        assert self.house.audit(self.person) == {"mailbox.create": 1, "mailbox.disable": 1} and self.house.tokens(self.person) == (1, 0)
        assert self.house.sql("SELECT count(*) FROM mail_loss WHERE mailbox_id = %s", box[4]) == [(1,)]

    def check_rename(self, box):
        assert box[:4] == (f"new-{self.address}", "active", True, True)
        assert self.house.subjects(f"new-{self.address}", self.secret) == [f"mail of {self.name}"]
        assert self.house.sql("SELECT kind FROM mail_address WHERE address = %s", self.address) == [("former",)]
        assert self.house.audit(self.person)["mailbox.rename"] == 1

    def check_change(self, box):
        assert box[:4] == (self.address, "active", True, True) and self.messages() == 1
        assert self.house.sql("SELECT kind FROM mail_address WHERE address = %s", f"also-{self.address}") == [("alias",)]
        assert self.house.audit(self.person)["mailbox.change"] == 1

    def check_quota(self, box):
        assert box[:4] == (self.address, "active", True, True) and self.messages() == 1
        assert self.house.sql("SELECT quota_override FROM mailbox WHERE mailbox_id = %s", box[4]) == [(3 << 30,)]

    def check_cut(self, box):
        assert box[:4] == (self.address, "active", False, True) and self.messages() == 1
        assert self.session.ended(5) and self.world.machine.dovecot.who(self.address) == 0
        assert "GP-5113" in self.house.refusal(self.person, self.secret) and self.house.tokens(self.person) == (1, 0)

    def check_purge(self, box):
        assert box is None
        assert self.house.sql("SELECT state FROM mailbox WHERE user_id = %s", self.person["id"]) == [("purged",)]
        assert self.house.sql("SELECT kind FROM mail_address WHERE address = %s", self.address) == [("resting",)]
        assert self.world.mail_on_disk(self.name) == [] and self.world.mail_on_disk("neighbour")
        assert self.house.sql("SELECT count(*) FROM audit WHERE action = 'sync.approve' AND subject = %s", self.person["id"]) == [(1,)]

    def check_adopt(self, box):
        assert box[:4] == (self.address, "active", True, True)
        assert self.house.sql("SELECT origin FROM mailbox WHERE mailbox_id = %s", box[4]) == [("adopted",)]
        self.house.deliver(self.person, "first")
        assert self.messages() == 1


class KillWorld:
    def __init__(self, machine, folder):
        self.machine, self.folder = machine, folder
        self.sql = steps.Sql(folder, machine.cluster.folder / f".s.PGSQL.{machine.cluster.port}")
        self.http = steps.Http(f"http://127.0.0.1:{machine.dovecot.ports['doveadm']}")
        self.house = House(machine, machine.backend("held-up", self.http.url))
        self.house.cli("mail-setting", "set", "guard_count=1000")
        # What the victims read: the same database, by way of the proxy.
        self.victim = server.Server(folder / "victim", self.sql.conninfo(DATABASE, "gatepost")).write_config()
        self.cases = {case: Case(self, *case) for case in CASES}
        self.prepare()

    def file(self, name, address):
        path = self.folder / f"{name}.txt"
        path.write_text(address + "\n")
        host.give(path)
        return path

    def mail_on_disk(self, local):
        home = self.machine.dovecot.folder / "mail" / self.house.domain / local
        return [path for path in home.rglob("*") if path.is_file() and path.parent.name in ("cur", "new")]

    def prepare(self):
        neighbour = self.house.person("neighbour")
        for case in self.cases.values():
            case.make()
        self.house.once()
        self.house.deliver(neighbour, "stays")
        for case in self.cases.values():
            case.ready()
        self.house.once()
        self.house.sql("UPDATE mailbox SET disabled_at = now() - interval '31 days' WHERE org_id = %s AND address LIKE 'purge-%%'",
                       self.house.org_id())
        self.house.once(REFUSED)  # the purges wait for an admin

    def step(self, case):
        """What to hold: the row that is claimed, written and told."""
        marker = case.address.encode()
        if case.step in ("before-applied", "after-applied"):
            found = self.house.sql("SELECT mailbox_id::text FROM mailbox WHERE user_id = %s", case.person["id"])
            marker = found[0][0].encode() if found else b""
        if case.action == "rename" and case.step == "after-the-claim":
            marker = b"new-" + marker
        return steps.Step(case.step, marker, HEART[case.action])

    def close(self):
        self.sql.close()
        self.http.close()


@pytest.fixture(scope="module")
def world(machine, run_dir):
    folder = run_dir / "kill"
    folder.mkdir(mode=0o755)
    host.give(folder)
    world = KillWorld(machine, folder)
    yield world
    world.close()


@pytest.mark.parametrize(("action", "step"), CASES, ids=["-".join(case) for case in CASES])
def test_killed(world, machine, action, step):
    case = world.cases[action, step]
    held = world.step(case)
    case.begin()
    world.sql.arm(held)
    world.http.arm(held)
    victim = Worker(world.victim, "victim")
    try:
        assert held.reached.wait(20), "the worker never came to this step"
    finally:
        victim.kill()
        held.over.set()
        world.sql.arm(None)
        world.http.arm(None)
    world.house.again_now()  # the dead one's lease ends, by the database's clock
    survivor = Worker(machine.gatepost, "survivor")
    try:
        wait(world.house.quiet, 30)
    finally:
        survivor.kill()
    case.check()


def test_a_real_store_loses_only_the_mail_whose_purge_was_approved(world, machine):
    """Folders as well; the neighbour's are as they were, and the one whose purge was not approved has everything."""
    house = House(machine)
    doomed, spared, neighbour = house.people(3)
    house.once()
    for person in (doomed, spared, neighbour):
        house.deliver(person, "in the inbox")
        assert house.dovecot.doveadm(("mailboxCreate", {"user": person["userName"], "mailbox": ["Projects", "Projects.X"]}))[0][0] == "doveadmResponse"
    everything = {p["id"]: sorted(folder["mailbox"] for folder in house.dovecot.doveadm(("mailboxList", {"user": p["userName"]}))[0][1])
                  for p in (doomed, spared, neighbour)}
    for person in (doomed, spared):
        house.active(person, False)
    house.once()
    house.sql("UPDATE mailbox SET disabled_at = now() - interval '31 days' WHERE org_id = %s AND state = 'disabled'", house.org_id())
    house.once(REFUSED)
    assert {row["action"] for row in house.held()} == {"purge"}
    house.cli("sync", "approve", *[row["id"] for row in house.held() if row["address"] == doomed["userName"]])
    house.once(REFUSED)
    assert house.states() == {("purged", False): 1, ("disabled", False): 1, ("active", True): 1}
    home = machine.dovecot.folder / "mail" / house.domain
    on_disk = {p["id"]: sum(path.parent.name in ("cur", "new") for path in (home / p["userName"].split("@")[0]).rglob("*") if path.is_file())
               for p in (doomed, spared, neighbour)}
    assert on_disk == {doomed["id"]: 0, spared["id"]: 1, neighbour["id"]: 1}
    for person in (spared, neighbour):
        found = house.dovecot.doveadm(("mailboxList", {"user": person["userName"]}))[0][1]
        assert sorted(folder["mailbox"] for folder in found) == everything[person["id"]]
    assert not any("Projects" in path.name for path in (home / doomed["userName"].split("@")[0]).rglob("*"))
