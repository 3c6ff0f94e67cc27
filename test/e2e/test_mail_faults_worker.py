"""The faults of the worker, F40 and F42: several of them, frozen and thawed, and wake-ups that never come."""

import random
import signal
import threading
import time

from faults_world import DATABASE, House, house, working  # noqa: F401 (fixtures)
from mail_world import wait
from stack import doveadm


def quiet(house):
    return wait(house.quiet, 60)


def test_F40_three_workers_frozen_by_turns_past_their_leases_end_as_one_would(machine):
    """Ten times one of three stands still while its leases end, changes go on, and it wakes in the middle of its calls."""
    store = doveadm.Standin("slow", delay=0.02)
    house = House(machine, machine.backend("frozen", store.url))
    house.cli("mail-setting", "set", "guard_count=10000")
    rng = random.Random(40)
    try:
        with working(machine, "f40-a", "f40-b", "f40-c") as workers:
            people = house.people(15)
            quiet(house)
            model = {p["id"]: True for p in people}
            for turn in range(10):
                frozen = workers[turn % 3]
                change(house, people, model, store, rng)
                frozen.signal(signal.SIGSTOP)
                # What 30 seconds do; rows that the frozen one has locked stay as they are, for as long as it sleeps.
                house.sql("UPDATE mailbox SET lease_until = now() - interval '1 second' WHERE (org_id, mailbox_id) IN (SELECT org_id, mailbox_id"
                          " FROM mailbox WHERE org_id = %s AND lease_until IS NOT NULL FOR UPDATE SKIP LOCKED)", house.org_id())
                change(house, people, model, store, rng)
                time.sleep(0.4)
                frozen.signal(signal.SIGCONT)
            quiet(house)
            time.sleep(1.5)  # what the last to wake was at
            quiet(house)
    finally:
        store.stop()
    for person in people:
        is_open = model[person["id"]]
        assert house.box(person)[1:4] == ("active" if is_open else "disabled", is_open, True)
        assert is_open or store.sessions[person["userName"]] == 0
    # Each change of the directory left one record or was caught up with by the next; none was written twice.
    for action, count in house.sql("SELECT subject, count(*) FILTER (WHERE action = 'mailbox.disable') - count(*) FILTER (WHERE action = 'mailbox.enable')"
                                   " FROM audit WHERE org_id = %s AND kind = 'sync' GROUP BY 1", house.org_id()):
        assert count == (0 if model[action] else 1)
    assert house.audit()["mailbox.create"] == 15
    assert house.sql("SELECT count(*) FROM mailbox WHERE org_id = %s AND lease_owner IS NOT NULL", house.org_id()) == [(0,)]


def change(house, people, model, store, rng):
    for person in rng.sample(people, 4):
        model[person["id"]] = not model[person["id"]]
        store.sessions[person["userName"]] = 1
        house.active(person, model[person["id"]])


def test_F42_without_a_single_wake_up_each_change_is_followed_within_a_second_or_so(machine):
    """The listening connection is cut whenever it stands: the look at each second serves alone."""
    house, over, cuts, took = House(machine), threading.Event(), [], []

    def cut():
        with machine.cluster.session(DATABASE) as cursor:
            while not over.wait(0.02):
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatepost sync listen'"
                               " AND datname = current_database()")
                cuts.extend(cursor.fetchall())

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        with working(machine, "deaf"):
            for _ in range(8):
                person = house.person()
                took.append(wait(lambda: house.box(person) and house.box(person)[3], 10))
    finally:
        over.set()
        thread.join()
    print(f"time F42 without LISTEN: {max(took):.2f} s at most")
    assert len(cuts) > 3
    assert house.states() == {("active", True): 8} and house.audit() == {"mailbox.create": 8}
