"""Somebody is told: held changes by letter, call and metric, once a wave; tokens' owners by the worker itself."""

import threading
import time
import urllib.request

import pytest

from conftest import new_gatepost
from mail_world import REFUSED, Worker, World, wait
from stack import host, recorder, scim
from stack.sink import Sink

NOT_FOUND, USAGE, UNREACHABLE = 3, 2, 5
ALARM_TO = "it@gatepost.example"


class Siren(recorder.Recorder):
    """Takes alarms: .alarms, each with its Idempotency-Key."""

    def __init__(self):
        super().__init__("a" * 40)
        self.alarms, self.keys = [], []

    def answer(self, headers, body):
        status, answer = super().answer(headers, body)
        if status == 200:
            self.keys.append(headers["Idempotency-Key"])
        return status, answer

    def obey(self, order):
        self.alarms.append(order)
        return 200, {}


@pytest.fixture(scope="module")
def sink():
    sink = Sink()
    yield sink
    sink.shutdown()
    sink.server_close()


@pytest.fixture(scope="module")
def mail(run_dir, cluster, sink):
    instance = new_gatepost(run_dir / "alarms", cluster, "mail", mail_smtp=sink.address, mail_from="gatepost@gatepost.example")
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


@pytest.fixture(scope="module")
def siren(mail):
    siren = Siren()
    key = mail.folder / "siren.key"
    key.write_text(siren.secret + "\n")
    host.give(key)
    siren.key_file = str(key)
    yield siren
    siren.stop()
    assert siren.forged == 0


@pytest.fixture
def world(mail, store, cluster, siren, sink):
    sink.letters.clear()
    siren.alarms.clear()
    siren.keys.clear()
    siren.broken = False
    world = World(mail, cluster)
    world.to = f"alarms@{world.domain}"
    world.cli("mail-setting", "set", f"alarm_address={world.to}", f"alarm_url={siren.url}", f"alarm_secret_file={siren.key_file}")
    return world


def empty_the_group(world):
    world.patch(f"/Groups/{world.group['id']}", {"op": "remove", "path": "members"})


def test_a_wave_is_told_once_by_letter_and_call(world, sink, siren):
    people = world.people(13)
    world.once()
    assert sink.letters == [] and siren.alarms == []
    empty_the_group(world)
    world.once(REFUSED)
    letter, = sink.to(world.to)
    assert letter["Subject"] == f"Mail of {world.org}: 13 changes held, nothing was done"
    words = letter.get_content().replace("\r\n", "\n")
    assert sum(person["userName"] + " (" in words for person in people) == 10
    for needed in ("the first 10 of 13", "a mail group is gone from the directory, or is empty",
                   f"gatepost sync reject --all --org {world.org}", f"gatepost sync approve --all --org {world.org}",
                   "lets those who are inactive sign in again for\n  72 hours", "What goes on working: all mail is kept"):
        assert needed in words, words
    alarm, = siren.alarms
    assert (alarm["event"], alarm["organisation"], alarm["held"], alarm["vanished"], alarm["code"], alarm["action"]) == (
        "sync_held", world.org, 13, 13, "GP-4301", "disable")
    assert len(alarm["people"]) == 10 and alarm["approve"] == f"gatepost sync approve --all --org {world.org}"
    assert siren.keys == [alarm["id"]]
    world.once(REFUSED)
    assert len(sink.letters) == 1 and len(siren.alarms) == 1


def test_a_second_wave_is_told_again_and_what_comes_a_little_later_waits(world, sink, siren):
    people = world.people(3)
    world.once()
    empty_the_group(world)
    world.once(REFUSED)
    assert len(sink.letters) == 1
    world.sql("INSERT INTO mail_held (org_id, mailbox_id, action, cause) SELECT org_id, mailbox_id, 'rename', 'scope' FROM mailbox"
              " WHERE user_id = %s", people[0]["id"])
    world.once(REFUSED)
    assert len(sink.letters) == 1, "it is little, and within the hour"
    world.sql("UPDATE mail_held SET at = at - interval '2 hours'")
    world.sql("INSERT INTO mail_held (org_id, mailbox_id, action, cause) SELECT org_id, mailbox_id, 'rename', 'scope' FROM mailbox"
              " WHERE user_id = %s", people[1]["id"])
    world.once(REFUSED)
    assert [letter["Subject"] for letter in sink.to(world.to)][1] == f"Mail of {world.org}: 2 changes held, nothing was done"
    assert len(siren.alarms) == 2


def test_a_mass_loss_after_a_small_one_is_told(world, sink, siren):
    people = world.people(40)
    world.sql("UPDATE mail_setting SET guard_count = 1, guard_percent = 1 WHERE org_id = (SELECT org_id FROM org WHERE name = %s)", world.org)
    world.once()
    for person in people[:4]:
        world.active(person, False)
    world.once(REFUSED)
    told = len(world.held())
    assert len(sink.letters) == 1 and siren.alarms[0]["held"] == told
    world.active(people[4], False)
    world.once(REFUSED)
    assert len(sink.letters) == 1 and len(world.held()) == told + 1
    for person in people[5:30]:
        world.active(person, False)
    world.once(REFUSED)
    assert [alarm["held"] for alarm in siren.alarms] == [told, 26] and len(sink.letters) == 2


def test_a_group_that_vanishes_after_a_letter_is_told_however_small(world, sink, siren):
    world.people(8)
    other = world.post("/Groups", {"schemas": [scim.GROUP], "displayName": f"second-{world.org}"})
    world.cli("mail-group", "add", other["displayName"])
    last = world.person(join=False)
    world.patch(f"/Groups/{other['id']}", {"op": "add", "path": "members", "value": [{"value": last["id"]}]})
    world.once()
    empty_the_group(world)
    world.once(REFUSED)
    world.patch(f"/Groups/{other['id']}", {"op": "remove", "path": "members"})
    world.once(REFUSED)
    assert [(alarm["held"], alarm["vanished"]) for alarm in siren.alarms] == [(8, 8), (1, 1)] and len(sink.letters) == 2


def test_purges_say_what_they_destroy(world, sink):
    person = world.person()
    world.once()
    world.active(person, False)
    world.once()
    world.sql("UPDATE mailbox SET disabled_at = now() - interval '31 days' WHERE user_id = %s", person["id"])
    world.once(REFUSED)
    letter, = sink.to(world.to)
    assert letter["Subject"] == f"Mail of {world.org}: 1 purge waits for your word"
    words = letter.get_content()
    assert "for good" in words and "asks again after 30 days" in words
    assert f"gatepost sync approve ID... --org {world.org}" in words and "approve --all" not in words


def test_two_workers_tell_once_and_the_metric_counts(world, mail, sink, siren):
    world.people(12)
    workers = [Worker(mail, name) for name in ("w1", "w2")]
    try:
        wait(lambda: sum(world.states().values()) == 12)
        empty_the_group(world)
        wait(lambda: len(world.held()) == 12)
        wait(lambda: sink.letters and siren.alarms, 30)
        time.sleep(6)  # a round of each more
    finally:
        assert [worker.stop() for worker in workers] == [0, 0]
    assert len(sink.letters) == 1 and len(siren.alarms) == 1 and siren.alarms[0]["held"] == 12
    metric = f'gatepost_sync_held_changes{{org="{world.org}"}} 12'
    wait(lambda: metric in urllib.request.urlopen(f"http://{mail.admin}/metrics").read().decode(), 15)
    world.cli("sync", "approve", "--all")
    wait(lambda: metric.replace(" 12", " 0") in urllib.request.urlopen(f"http://{mail.admin}/metrics").read().decode(), 15)


def test_who_is_killed_between_mark_and_letter_tells_again_under_the_same_id(world, sink):
    world.people(2)
    world.once()
    empty_the_group(world)
    world.once(REFUSED)
    org = world.sql("SELECT org_id FROM org WHERE name = %s", world.org)[0][0]
    world.sql("UPDATE mail_notice SET sent_at = NULL, claimed_at = now() - interval '11 minutes' WHERE org_id = %s AND kind = 'held'", org)
    world.once(REFUSED)
    assert len(sink.letters) == 2 and len({letter["Message-ID"] for letter in sink.to(world.to)}) == 1


def test_what_nobody_takes_comes_again(world, sink, siren):
    world.people(2)
    world.once()
    siren.broken = True
    empty_the_group(world)
    done = world.run("sync", "once")
    assert done.returncode == REFUSED and "GP-5233" in done.stderr and "status 503" in done.stderr
    assert len(sink.letters) == 1 and siren.alarms == []
    siren.broken = False
    world.once(REFUSED)
    assert len(siren.alarms) == 1 and len(sink.letters) == 1


def test_a_trial(world, mail, sink, siren):
    assert world.cli("sync", "alarm") == {"letter": world.to, "call": siren.url}
    assert sink.to(world.to)[0]["Subject"] == f"Trial: alarms about mail of {world.org} arrive here"
    assert siren.alarms[0]["event"] == "trial" and "held" not in siren.alarms[0]
    siren.broken = True
    failed = world.run("sync", "alarm")
    assert failed.returncode == UNREACHABLE and "GP-5233" in failed.stderr
    world.cli("mail-setting", "set", "alarm_url=none", "alarm_address=none")
    none = world.run("sync", "alarm")
    assert none.returncode == NOT_FOUND and "GP-5233" in none.stderr


@pytest.mark.parametrize("wrong", ["alarm_address=it", "alarm_url=ftp://x.example/", "alarm_url=https://u:p@x.example/", "alarm_secret_file=key"])
def test_places_are_checked(world, wrong):
    done = world.run("mail-setting", "set", wrong)
    assert done.returncode == USAGE and "GP-5221" in done.stderr


def test_the_worker_writes_to_people_by_itself(world, mail, sink):
    person = world.person()
    world.once()
    made = world.cli("pat", "create", person["userName"], "--name", "Thunderbird")
    shared = world.cli("pat", "create", person["userName"], "--name", "shared")
    world.sql("UPDATE mail_token SET created_at = now() - interval '300 days', last_used_at = now(), expires_at = now() + interval '6 days'"
              " WHERE token_id = %s", made["id"])
    world.sql("UPDATE mail_token SET clients = '{thunderbird,ios mail}' WHERE token_id = %s", shared["id"])
    world.sql("UPDATE mail_setting SET notices_at = now()")
    workers = [Worker(mail, name) for name in ("n1", "n2")]
    try:
        wait(lambda: len(sink.to(person["userName"])) >= 2, 20)
        world.sql("UPDATE mail_setting SET notices_at = now()")
        wait(lambda: world.sql("SELECT bool_and(notices_at > now()) FROM mail_setting") == [(True,)], 15)
        time.sleep(1)
    finally:
        assert [worker.stop() for worker in workers] == [0, 0]
    subjects = sorted(letter["Subject"] for letter in sink.to(person["userName"]))
    assert subjects == ['The token "Thunderbird" of your mail ends within 7 days', 'The token "shared" is used by more than one program']


def test_once_writes_too_and_an_hour_passes_before_the_next_look(world, sink):
    person = world.person()
    world.once()
    made = world.cli("pat", "create", person["userName"], "--name", "Phone")
    world.sql("UPDATE mail_token SET created_at = now() - interval '300 days', last_used_at = now(), expires_at = now() + interval '20 hours'"
              " WHERE token_id = %s", made["id"])
    world.once()
    assert sink.to(person["userName"]) == [], "it looked a moment ago"
    world.sql("UPDATE mail_setting SET notices_at = now()")
    world.once()
    assert len(sink.to(person["userName"])) == 1
