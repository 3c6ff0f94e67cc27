"""The faults of the mail store, F32 to F37: away, slow, half-failing, in several nodes, raced, and with a wrong clock. Each test
ends in the state that its row of the catalogue asks for."""

import datetime
import threading
import time

import pytest

from faults_world import House, big_house, house, leave, worker_log, working  # noqa: F401 (fixtures)
from mail_world import PARTLY, REFUSED, wait
from stack import doveadm, mailclient
from stack import turned as turned_clock


@pytest.fixture
def store(machine, request):
    """A stand-in, and the name of the back end that leads to it."""
    standin = doveadm.Standin()
    standin.name = machine.backend("b" + str(standin.port), standin.url)
    yield standin
    standin.stop()


def shut(house, person):
    return house.box(person)[1:4] == ("disabled", False, True)


# F32: unreachable

def away_refused(_):
    return "http://127.0.0.1:1", None


def away_black_hole(_):
    hole = doveadm.BlackHole()
    return hole.url, hole


@pytest.mark.parametrize("away", [away_refused, away_black_hole], ids=["refused", "black-hole"])
def test_F32_an_unreachable_store_keeps_its_work_and_disturbs_no_other(machine, store, away):
    """The lost house's mail is on the real Dovecot, whose API cannot be reached: its people are refused all the same."""
    lost, other = House(machine), House(machine, store.name)
    people, served = lost.people(12), other.person()
    secret = lost.secret(people[0])
    lost.once()
    other.once()
    session = lost.idle(people[0], secret)
    url, hole = away(machine)
    there = f"http://127.0.0.1:{machine.dovecot.ports['doveadm']}"
    machine.backend("dovecot", url)
    try:
        lost.sql("UPDATE mail_setting SET guard_count = 100 WHERE org_id = %s", lost.org_id())
        lost.sql("UPDATE mail_backend SET waiting_told_at = NULL")  # it is told once in five minutes, and the test before was quicker
        for person in people:
            lost.active(person, False)
        assert "GP-5111" in lost.refusal(people[0], secret)
        with working(machine, "lost-" + away.__name__):
            wait(lambda: lost.sql("SELECT count(*) FROM mailbox WHERE org_id = %s AND attempts > 0", lost.org_id()) == [(12,)], 30)
            store.sessions[served["userName"]] = 1
            other.active(served, False)
            wait(lambda: shut(other, served), 30)
            assert store.sessions[served["userName"]] == 0
            assert lost.behind() == 12 and lost.states() == {("disabled", False): 12}  # kept, and wanted
            lost.sql("UPDATE mailbox SET dirty_since = now() - interval '61 seconds' WHERE org_id = %s", lost.org_id())
            wait(lambda: "mail_leaver_waits" in worker_log(machine, "lost-" + away.__name__), 15)
            machine.backend("dovecot", there)
            lost.again_now()
            wait(lambda: lost.behind() == 0, 30)
        assert session.ended(5) and machine.dovecot.who(people[0]["userName"]) == 0
        assert lost.audit(*people) == {"mailbox.create": 12, "mailbox.disable": 12}
        assert lost.tokens(people[0]) == (1, 0) and lost.held() == []
    finally:
        machine.backend("dovecot", there)
        if hole is not None:
            hole.stop()


def test_F32_the_breaker_leaves_a_broken_store_alone(machine, store):
    house = House(machine, store.name)
    house.people(40)
    store.be("500")
    with working(machine, "breaker"):
        wait(lambda: len(store.orders()) >= 5, 30)
        time.sleep(4)
        # Five failures open it, with as many calls as were under way; then one a ten seconds tries.
        n, tries = len(store.orders()), (time.monotonic() - store.orders()[4][2]) // 10
        assert 5 <= n <= 5 + 3 + tries, (n, tries)
        assert house.behind() == 40
        store.be("well")
        wait(lambda: house.again_now() or house.behind() == 0, 60)
    assert house.states() == {("active", True): 40} and house.audit() == {"mailbox.create": 40}


# F33: slow

def test_F33_a_slow_store_holds_four_calls_each_until_its_deadline(machine, store):
    house, other = House(machine, store.name), House(machine)
    house.sql("UPDATE mail_setting SET guard_count = 100 WHERE org_id = %s", house.org_id())
    people, served = house.people(8), other.person()
    house.once()
    other.once()
    secret = other.secret(served)
    session = other.idle(served, secret)
    store.be("slow", delay=30)
    store.most = 0
    for person in people:
        house.active(person, False)
    with working(machine, "slow"):
        wait(lambda: store.now == 4, 20)
        other.active(served, False)
        wait(lambda: shut(other, served), 20)  # who need not wait for the eight
        assert session.ended(5) and store.most == 4
        # Each call ends by its own deadline, not by the store's thirty seconds.
        wait(lambda: house.sql("SELECT count(*) FROM mailbox WHERE org_id = %s AND attempts > 0", house.org_id())[0][0] >= 4, 25)
        assert "gave no answer" in " ".join(str(house.words(p)) for p in people)
        store.be("well")
        store.over.set()
        wait(lambda: house.again_now() or house.behind() == 0, 120)
    assert house.states() == {("disabled", False): 8} and house.audit()["mailbox.disable"] == 8


def test_F33_a_purge_that_outlives_a_plain_lease_is_asked_for_once_and_delays_no_leaver(machine, store):
    house = House(machine, store.name)
    doomed, leaver = house.people(2)
    house.once()
    house.active(doomed, False)
    house.once()
    house.sql("UPDATE mailbox SET disabled_at = now() - interval '31 days' WHERE org_id = %s AND state = 'disabled'", house.org_id())
    house.once(REFUSED)
    house.cli("sync", "approve", *[row["id"] for row in house.held()])
    house.active(leaver, False)
    store.be("slow-to-expunge", delay=290)
    with working(machine, "purger", "waiting"):
        wait(lambda: store.about("expunge"), 30)
        # 35 seconds go by.
        house.sql("UPDATE mailbox SET lease_until = lease_until - interval '35 seconds' WHERE user_id = %s", doomed["id"])
        wait(lambda: shut(house, leaver), 30)
        late = house.person()  # both workers look again
        wait(lambda: house.box(late) and house.box(late)[3], 30)
        assert len(store.about("expunge")) == 1 and store.now == 1
        assert house.sql("SELECT state, applied_gen = desired_gen FROM mailbox WHERE user_id = %s", doomed["id"]) == [("purged", False)]
        store.over.set()
        wait(house.quiet, 30)
    assert len(store.about("expunge")) == 1 and house.box(doomed) is None
    assert house.audit(doomed) == {"mailbox.create": 1, "mailbox.disable": 1}  # its end stands with who approved it


# F34: half-failing

PERSONALITIES = ["500", "exit-code", "dead", "truncated", "wrong-tag", "empty-list", "reply-lost", "401"]


@pytest.mark.parametrize("personality", PERSONALITIES)
def test_F34_a_half_failing_store_is_asked_until_it_is_so(machine, store, personality):
    """Some two hundred commands each. A lost reply may be made good within its own run, by asking once more."""
    house = big_house(machine, 60, store.name)
    house.sql("UPDATE mail_setting SET guard_count = 1000 WHERE org_id = %s", house.org_id())
    leave(house, 60)
    for (address,) in house.sql("SELECT address FROM mailbox WHERE org_id = %s", house.org_id()):
        store.sessions[address] = 2
    store.be(personality)
    store.share = 0.2
    rounds = 0
    while house.run("sync", "once").returncode == PARTLY:
        # What is called done is so, and what is not is not forgotten.
        for address, done in house.sql("SELECT address, applied_gen = desired_gen FROM mailbox WHERE org_id = %s", house.org_id()):
            assert not done or store.sessions[address] == 0
        house.again_now()
        rounds += 1
        assert rounds < 60
    assert (rounds > 0 or personality == "reply-lost") and sum(store.sessions.values()) == 0 and house.behind() == 0
    assert house.states() == {("disabled", False): 60} and house.audit() == {"mailbox.disable": 60}
    print(f"count F34 {personality}: {len(store.orders())} commands, {rounds} rounds")
    assert len(store.orders()) > 3 * 60 and all(p == {"user": [p["user"][0]]} for name, p, _ in store.commands if name == "authCacheFlush")


# F35: part of a cluster

def test_F35_one_node_of_four_is_away_the_others_are_cut_and_it_is_done_when_all_are(machine):
    nodes = [doveadm.Standin() for _ in range(4)]
    house = House(machine, machine.backend("cluster", *[node.url for node in nodes]))
    try:
        person = house.person()
        house.once()
        login = person["userName"]
        for node in nodes:
            node.sessions[login] = 3
        nodes[1].be("slow", delay=300)
        house.active(person, False)
        cut = threading.Thread(target=lambda: house.run("sync", "once"))
        cut.start()
        wait(lambda: [node.sessions[login] for node in nodes] == [0, 3, 0, 0], 30)
        cut.join()
        begun = [node.orders()[0][2] for node in nodes]
        assert max(begun) - min(begun) < 5  # nobody waited for the slow one, whose deadline that is
        assert house.box(person)[1:4] == ("disabled", False, False)
        assert f"node {nodes[1].url}/doveadm/v1" in house.words(person)
        nodes[1].be("well")
        house.again_now()
        house.once()
        assert [node.sessions[login] for node in nodes] == [0] * 4 and shut(house, person)
        assert house.audit(person) == {"mailbox.create": 1, "mailbox.disable": 1}
    finally:
        for node in nodes:
            node.stop()


# F36: sessions between the commit and the kick

def test_F36_a_client_that_reconnects_fifty_times_a_second_is_out(house, machine):
    person = house.person()
    house.once()
    secret = house.secret(person)
    over, opened = threading.Event(), []

    def reconnect():
        while not over.wait(0.02):
            try:
                opened.append(mailclient.Imap(machine.dovecot.ports["imap"], timeout=5).login(person["userName"], secret))
            except (mailclient.Refused, OSError):
                pass

    threads = [threading.Thread(target=reconnect) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        with working(machine, "reconnect"):
            wait(lambda: len(opened) >= 10, 15)
            house.active(person, False)
            wait(lambda: shut(house, person), 15)
            time.sleep(5)
            assert machine.dovecot.who(person["userName"]) == 0
            assert not over.is_set() and shut(house, person)
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for session in opened:
            session.close()
    assert house.tokens(person) == (1, 0) and house.audit(person) == {"mailbox.create": 1, "mailbox.disable": 1}


# F37: a clock that goes back

@pytest.fixture
def turned(machine):
    if turned_clock.library() is None:
        pytest.skip("libfaketime is not here. Run ./test/run once as root: it unpacks it into build/host.")
    instance = turned_clock.Turned(machine.folder / "turned", machine.cli).create(doveadm.KEY).start()
    yield instance
    instance.stop()


def hours_behind(instance):
    """By what it wrote into its log last."""
    stamp = instance.log.splitlines()[-1][:15]
    there = datetime.datetime.strptime(f"{datetime.datetime.now().year} {stamp}", "%Y %b %d %H:%M:%S")
    return round((datetime.datetime.now() - there).total_seconds() / 3600)


def test_F37_a_dovecot_whose_clock_goes_back_shuts_the_same_doors(machine, turned):
    """Nothing of ours depends on its clock. Dovecot itself waits for the old hour to come again (its SQL client to connect, its API to
    answer): until it is reloaded it lets nobody in, and the work is kept; then it serves with the wrong clock."""
    house = House(machine, machine.backend("turned", f"http://127.0.0.1:{turned.ports['doveadm']}"))
    house.dovecot = turned
    person = house.person()
    house.once()
    secret = house.secret(person)
    house.deliver(person, "before")
    session = house.idle(person, secret)
    turned.clock("-2h")
    house.active(person, False)
    assert house.refusal(person, secret) is not None
    assert hours_behind(turned) == 2
    assert house.run("sync", "once").returncode in (0, PARTLY) and house.box(person)[1:3] == ("disabled", False)
    turned.run("doveadm", "reload")
    wait(lambda: house.again_now() or house.run("sync", "once").returncode == 0, 30)
    assert session.ended(5) and turned.who(person["userName"]) == 0 and shut(house, person)
    assert "GP-511" in house.refusal(person, secret)
    house.active(person, True)
    house.once()
    assert hours_behind(turned) == 2 and house.subjects(person["userName"], secret) == ["before"]
    assert house.box(person)[1:4] == ("active", True, True) and house.tokens(person) == (1, 0)
    assert house.audit(person) == {"mailbox.create": 1, "mailbox.disable": 1, "mailbox.enable": 1}
