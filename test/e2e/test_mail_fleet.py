"""Two workers, one of them frozen for a minute, while an identity provider changes ten thousand things; the mail store is one of
the customer's own, reached by the webhook driver. What is left is held against a model that never saw the workers."""

import collections
import os
import random
import signal
import threading
import time

import pytest

from conftest import new_gatepost
from mail_world import Worker, World, wait
from stack import host, recorder, scim

CHANGES = int(os.environ.get("FLEET_CHANGES", "10000"))
CLIENTS = 6
FROZEN_SECONDS = 60
AT_ONCE = 4  # calls of one worker to one store: what it may have had in hand when it froze


@pytest.fixture(scope="module")
def mail(run_dir, cluster):
    instance = new_gatepost(run_dir / "fleet", cluster, "fleet")
    instance.start()
    yield instance
    assert instance.stop() == 0


@pytest.fixture(scope="module")
def store(mail):
    store = recorder.Recorder()
    key = mail.folder / "hook.key"
    key.write_text(store.secret + "\n")
    host.give(key)
    mail.cli.json("backend", "add", "hook", "--kind", "webhook", "--url", store.url, "--secret-file", str(key))
    yield store
    store.stop()
    assert store.forged == 0


class Person:
    """What the directory says of somebody, and what must have become of their mailbox."""

    def __init__(self, user_id, name):
        self.id, self.name, self.active, self.member = user_id, name, True, False
        self.had = False  # were they ever active and in the group?
        self.names = [name]

    def settle(self):
        self.had = self.had or (self.active and self.member)


class Client:
    """One connection of the provider, with people of its own: each one's changes come in order."""

    def __init__(self, world, number, quota):
        self.world, self.number, self.quota = world, number, quota
        self.client = scim.Client(world.mail.scim_base, world.tenant.token, timeout=60)
        self.rng, self.people, self.serial, self.failed = random.Random(number), [], 0, None
        self.done = collections.Counter()

    def ask(self, method, path, body):
        answer = self.client.request(method, path, body)
        assert answer.status in (200, 201, 204), answer
        return answer

    def patch(self, path, *operations):
        self.ask("PATCH", path, {"schemas": [scim.PATCH], "Operations": list(operations)})

    def fresh_name(self):
        self.serial += 1
        return f"c{self.number}n{self.serial}@{self.world.domain}"

    def create(self):
        name = self.fresh_name()
        made = self.ask("POST", "/Users", scim.user(name)).json
        self.people.append(Person(made["id"], name))

    def join(self, person):
        self.patch(f"/Groups/{self.world.group['id']}", {"op": "add", "path": "members", "value": [{"value": person.id}]})
        person.member = True

    def leave(self, person):
        self.patch(f"/Groups/{self.world.group['id']}", {"op": "remove", "path": f"members[value eq \"{person.id}\"]"})
        person.member = False

    def activate(self, person):
        self.patch(f"/Users/{person.id}", {"op": "replace", "path": "active", "value": True})
        person.active = True

    def deactivate(self, person):
        self.patch(f"/Users/{person.id}", {"op": "replace", "path": "active", "value": False})
        person.active = False

    def rename(self, person):
        name = self.fresh_name()
        self.patch(f"/Users/{person.id}", {"op": "replace", "path": "userName", "value": name})
        person.name = name
        person.names.append(name)

    def step(self):
        if len(self.people) < 20 or self.rng.random() < 0.25:
            self.done["create"] += 1
            return self.create()
        person = self.rng.choice(self.people)
        if not person.member:
            kind = "join"
        else:
            kind = self.rng.choice(["leave", "rename", "activate" if not person.active else "deactivate",
                                    "activate" if not person.active else "rename"])
        getattr(self, kind)(person)
        self.done[kind] += 1
        return None

    def run(self):
        try:
            for _ in range(self.quota):
                self.step()
        except Exception as failed:  # told by the test's own thread
            self.failed = failed
        finally:
            self.client.close()


def behind(world):
    """Hints, and mailboxes that the store does not match."""
    return world.sql("SELECT (SELECT count(*) FROM mail_change), (SELECT count(*) FROM mailbox WHERE desired_gen <> applied_gen),"
                     " (SELECT count(*) FROM mailbox WHERE attempts > 0)")[0]


def check_rows(world, people):
    """Who is in the directory and in the group has a mailbox under the present name that is open; who left keeps a shut one. Whether
    somebody who was both only for a moment ever got one is the workers' choice of when to look."""
    rows = {user_id: rest for user_id, *rest in world.sql(
        "SELECT user_id::text, address, state, open FROM mailbox b JOIN org o USING (org_id) WHERE o.name = %s", world.org)}
    for person in people:
        row = rows.pop(person.id, None)
        if person.active and person.member:
            assert row == [person.name, "active", True], (vars(person), row)
        elif row is not None:
            assert row[0] in person.names and row[1:] == ["disabled", False], (vars(person), row)
    assert rows == {}


def check_store(world, store):
    """The store has each mailbox as its row says, and was told nothing twice that did not change in between."""
    for address, state, is_open, mailbox_id in world.sql(
            "SELECT address, state, open, mailbox_id::text FROM mailbox b JOIN org o USING (org_id) WHERE o.name = %s", world.org):
        box = store.mailboxes.get(address)
        if box is None:  # shut before the store had ever heard of it
            assert (state, is_open) == ("disabled", False), address
        else:
            assert box["open"] == is_open and box["id"] == mailbox_id, (address, box)
    ids = collections.Counter(box["id"] for box in store.mailboxes.values())
    assert max(ids.values()) == 1  # a rename leaves nothing behind, however many came between two looks
    orders = collections.Counter((call["mailbox_id"], call["generation"], call["action"]) for call in store.calls)
    assert sum(n - 1 for n in orders.values()) <= AT_ONCE, "more than the frozen worker had in hand was done twice"
    created = world.sql("SELECT count(*), count(DISTINCT subject) FROM audit a JOIN org o USING (org_id) WHERE o.name = %s"
                        " AND a.action = 'mailbox.create'", world.org)[0]
    assert created[0] == created[1]


def test_two_workers_one_frozen_and_ten_thousand_changes(mail, store, cluster):
    world = World(mail, cluster, "fleet", backend="hook")
    # The guard would hold what the model expects to be done.
    world.sql("UPDATE mail_setting SET guard_count = 1000000")
    workers = [Worker(mail, "one"), Worker(mail, "two")]
    clients = [Client(world, number, CHANGES // CLIENTS) for number in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    try:
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        time.sleep(2)  # in the middle of work
        workers[0].signal(signal.SIGSTOP)
        frozen = time.monotonic()
        for thread in threads:
            thread.join()
        pushed = time.monotonic() - begin
        assert [client.failed for client in clients if client.failed] == []
        # The other one does the work of both; what the frozen one held is free again after its lease.
        time.sleep(max(0.0, frozen + FROZEN_SECONDS - time.monotonic()))
        workers[0].signal(signal.SIGCONT)
        wait(lambda: behind(world) == (0, 0, 0), 120)
        time.sleep(2)  # whatever the frozen one still had in hand
        wait(lambda: behind(world) == (0, 0, 0), 60)
    finally:
        for worker in workers:
            worker.signal(signal.SIGCONT)
            worker.stop()
    done = sum((client.done for client in clients), collections.Counter())
    people = [person for client in clients for person in client.people]
    print(f"time fleet: {sum(done.values())} changes in {pushed:.1f} s ({', '.join(f'{n} {kind}' for kind, n in sorted(done.items()))}), "
          f"{len(store.calls)} calls to the store")
    check_rows(world, people)
    check_store(world, store)
    # What was asked of the database as it froze is over, and a transaction it stood in was ended; nothing else may have gone wrong.
    allowed = ("the deadline is over", "before the deadline", "idle-in-transaction timeout", "the connection to PostgreSQL was lost")
    trouble = [line for name in ("one", "two") for line in (mail.folder / f"{name}.log").read_text().splitlines()
               if '"sync_trouble"' in line and not any(words in line for words in allowed)]
    assert trouble == []
    # Looking at everybody once more finds nothing to do.
    counts = world.once()
    assert set(counts) <= {"keep", "held"} and counts["held"] == 0, counts
