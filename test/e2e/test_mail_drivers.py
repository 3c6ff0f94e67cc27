"""The drivers against a doveadm that is broken or hostile, and against the real Dovecot; what Dovecot asks and tells gatepost.
Rows F32 to F36 of the fault catalogue, and D01 of the bad inputs."""

import base64
import collections
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "db"))

import mail_world  # noqa: E402
from conftest import new_gatepost  # noqa: E402
from stack import doveadm, dovecot, host, mailclient, server  # noqa: E402

POLICY_KEY = "policy-key-of-the-drivers-test"
PARTLY = 6


@pytest.fixture(scope="module")
def world(run_dir, cluster):
    """A gatepost of its own, and people of its own."""
    instance = new_gatepost(run_dir / "drivers", cluster, "drivers", mail_policy_key=POLICY_KEY)
    before, mail_world.CONNINFO = mail_world.CONNINFO, cluster.conninfo("drivers")
    with cluster.session("drivers") as sql:
        mail_world.make_roles(sql.connection)
    world = mail_world.World()
    world.settings(guard_count=1000, mode="directory")
    world.rules({})
    world.gatepost = instance
    for name, text in (("doveadm.key", doveadm.KEY), ("policy.header", f"Authorization: Bearer {POLICY_KEY}")):
        path = instance.folder / "keys" / name
        path.write_text(text)
        path.chmod(0o600)
        host.give(path)
    instance.start()
    yield world
    world.close()
    mail_world.CONNINFO = before
    assert instance.stop() == 0


def leaver(world, backend="dovecot"):
    """Somebody whose mailbox the worker has to shut."""
    person = world.person(backend=backend)
    leave(world, person)
    return person


def leave(world, person):
    """Inactive in the directory, and planned to be shut."""
    world.directory(person.user_id, False)
    world.run("UPDATE mailbox SET applied_gen = desired_gen, desired_gen = desired_gen + 1, open = false, dirty_since = now()"
              " WHERE mailbox_id = %s", person.mailbox_id)


def once(world):
    done = world.gatepost.cli.run("sync", "once", "--org", world.name)
    print(done.stderr)
    return done.returncode


def row(world, person):
    return world.run("SELECT desired_gen = applied_gen AS done, attempts, last_error FROM mailbox WHERE mailbox_id = %s",
                     person.mailbox_id)[0]


def again_now(world, person):
    world.run("UPDATE mailbox SET not_before = NULL, lease_until = NULL WHERE mailbox_id = %s", person.mailbox_id)


@pytest.fixture
def standin(world, request):
    store = doveadm.Standin(request.param)
    world.run("INSERT INTO mail_backend (backend, kind, url, secret_file) VALUES (%s, 'dovecot', %s, %s)"
              " ON CONFLICT (backend) DO UPDATE SET url = excluded.url",
              request.param, store.url, str(world.gatepost.folder / "keys" / "doveadm.key"))
    yield request.param, store
    store.stop()


# Personality → what the mailbox's row says. Each is well again afterwards, and then the mailbox is made so.
HOSTILE = {
    "401": "key is wrong", "500": "status 500", "truncated": "not JSON", "wrong-tag": "another command", "empty-list": "no list of one",
    "chunked-forever": "gave no answer", "redirect": "not the mail store's API", "huge": "too large", "reply-lost": "gave no answer",
    "endless-sessions": "still there after 5 rounds",
}


@pytest.mark.parametrize("standin", HOSTILE, indirect=True)
def test_D01_F34_a_broken_store_is_never_taken_for_done(world, standin):
    personality, store = standin
    person = leaver(world, personality)
    store.sessions[person.address] = 3
    assert once(world) == PARTLY  # although the store would go on for ever
    state = row(world, person)
    assert not state["done"] and state["attempts"] == 1 and HOSTILE[personality] in state["last_error"], state
    assert "followed" not in [name for name, _, _ in store.commands]
    store.be("well")
    again_now(world, person)
    assert once(world) == 0
    state = row(world, person)
    assert state["done"] and state["last_error"] is None, state
    assert store.sessions[person.address] == 0
    for name, parameters, _ in store.commands:
        assert name != "authCacheFlush" or parameters in ({"user": [person.address]}, {"user": [person.address.partition("@")[0]]})


@pytest.mark.parametrize("standin", ["well"], indirect=True)
def test_F32_a_store_that_is_away_keeps_nobody_else_waiting(world, standin):
    world.run("INSERT INTO mail_backend (backend, kind, url, secret_file) VALUES ('away', 'dovecot', 'http://127.0.0.1:1', %s)"
              " ON CONFLICT DO NOTHING", str(world.gatepost.folder / "keys" / "doveadm.key"))
    lost, served = leaver(world, "away"), leaver(world, standin[0])
    assert once(world) == PARTLY
    assert "gave no answer" in row(world, lost)["last_error"]
    assert row(world, served)["done"]
    world.run("UPDATE mailbox SET applied_gen = desired_gen WHERE mailbox_id = %s", lost.mailbox_id)


# ---- the real Dovecot


@pytest.fixture(scope="module")
def real(world, run_dir):
    try:
        instance = dovecot.Dovecot(run_dir / "drivers-dovecot", world.gatepost.cli, "both", OLD_DATABASE).create(doveadm.KEY).start()
    except host.StackError as missing:
        pytest.skip(str(missing))
    user = os.stat(instance.folder / "mail")
    world.run("UPDATE mail_backend SET url = %s, secret_file = %s, home = %s, uid = %s, gid = %s WHERE backend = 'dovecot'",
              f"http://127.0.0.1:{instance.ports['doveadm']}/doveadm/v1", str(world.gatepost.folder / "keys" / "doveadm.key"),
              str(instance.folder / "mail/%d/%n"), user.st_uid, user.st_gid)
    yield instance
    instance.stop()


OLD_PASSWORD = "the-old-password"
OLD_DATABASE = f"""
passdb {{
  driver = static
  args = password={OLD_PASSWORD}
}}
"""


def with_token(world):
    person = world.person()
    return person, world.token(person, protocols=["imap", "pop3", "smtp", "sieve", "dav"])


def test_three_sleeping_sessions_are_ended(world, real):
    person, secret = with_token(world)
    phones = [mailclient.Imap(real.ports["imap"]).login(person.address, secret).idle() for _ in range(3)]
    assert real.who(person.address) == 3
    leave(world, person)
    assert once(world) == 0
    for phone in phones:
        line, _ = phone.wait_bye()
        assert "BYE" in line, line
    assert real.who(person.address) == 0 and row(world, person)["done"]


def test_F36_clients_that_reconnect_all_the_time_are_out_after_one_run(world, real):
    """Sessions that begin between the commit and the kick."""
    person, secret = with_token(world)
    over, opened = threading.Event(), []

    def storm():
        while not over.wait(0.02):
            try:
                opened.append(mailclient.Imap(real.ports["imap"]).login(person.address, secret))
            except (mailclient.Refused, OSError):
                pass

    threads = [threading.Thread(target=storm) for _ in range(2)]
    [thread.start() for thread in threads]
    try:
        assert mailclient.eventually(lambda: len(opened) >= 10, 30) is not None
        leave(world, person)
        assert once(world) == 0
        time.sleep(1)  # fifty more tries
        assert real.who(person.address) == 0 and row(world, person)["done"]
    finally:
        over.set()
        [thread.join() for thread in threads]
        [session.close() for session in opened]


def policy(world, body, key=POLICY_KEY, command="allow"):
    name, port = world.gatepost.admin.split(":")
    connection = http.client.HTTPConnection(name, int(port), timeout=5)
    connection.request("POST", f"/mail/policy?command={command}", body if isinstance(body, str) else json.dumps(body),
                       {"Content-Type": "application/json", "Authorization": f"Bearer {key}"})
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def test_the_policy_server_is_strict(world):
    person = world.person()
    ask = {"login": person.address, "remote": "127.0.0.1", "protocol": "imap", "mech": "PLAIN", "session_id": "s", "tls": False}
    assert policy(world, ask) == (200, '{"status":0,"msg":""}')
    assert policy(world, ask, command="report") == (200, "{}")
    assert policy(world, ask, key="wrong")[0] == 401
    for body in ("", "[]", "{", {"login": 7, "protocol": "imap"}, {"login": person.address}, {**ask, "token": "7" * 5000}):
        status, text = policy(world, body)
        assert status == 200 and json.loads(text)["status"] == -1 and "(GP-5307)" in json.loads(text)["msg"], body
        assert policy(world, body, key="wrong")[0] == 401
    assert policy(world, {**ask, "client_id": "x" * 5000, "session_id": "x" * 5000, "mech": "x" * 5000})[0] == 200
    assert "mail_policy_unreadable" in world.gatepost.log
    assert policy(world, ask, command="other")[0] == 400
    world.mailbox(person, contained_at="2001-01-01")
    status, text = policy(world, ask)
    assert status == 200 and json.loads(text)["status"] == -1 and "(GP-5113)" in json.loads(text)["msg"]


def check(world, login, secret):
    name, port = world.gatepost.admin.split(":")
    connection = http.client.HTTPConnection(name, int(port), timeout=5)
    blob = base64.b64encode(f"{login}:{secret}".encode()).decode()
    connection.request("GET", "/mail/check", headers={"Authorization": f"Basic {blob}"})
    reply = connection.getresponse()
    reply.read()
    return reply.status, reply.getheader("X-Gatepost-User")


def test_a_calendar_server_asks(world):
    person, secret = with_token(world)
    world.mailbox(person, protocols=["imap", "dav"])
    assert check(world, person.address.upper(), secret) == (204, person.address)
    assert check(world, person.address, "wrong") == (401, None)
    other = world.token(person, protocols=["imap"])
    assert check(world, person.address, other) == (401, None)
    world.mailbox(person, contained_at="2001-01-01")
    assert check(world, person.address, secret) == (401, None)


def test_the_policy_server_answers_dovecot(world, real):
    """The person's old password is right, the policy server says no; the reason reaches IMAP."""
    person = world.person()
    assert mailclient.refusal(mailclient.Imap, real.ports["imap"], person.address, OLD_PASSWORD) is None
    world.mailbox(person, state="disabled", why="left")
    told = mailclient.refusal(mailclient.Imap, real.ports["imap"], person.address, OLD_PASSWORD)
    assert "(GP-5112)" in told, told


# ---- events


def reader(world, path):
    return subprocess.Popen([str(a) for a in host.as_user([server.binary(), "mail-events", "run", str(path), "--config",
                                                           str(world.gatepost.config)])], cwd="/", start_new_session=True,
                            stderr=open(world.gatepost.folder / "events.log", "ab"))


def accesses(world, person):
    return world.run("SELECT action, detail FROM audit WHERE kind = 'MAILBOX_ACCESS' AND subject = %s ORDER BY audit_id",
                     person.user_id)


def test_each_access_is_recorded_once_over_kills_and_a_rotation(world, real):
    person, secret = with_token(world)
    log = real.folder / "dovecot.log"
    process = reader(world, log)
    for number in range(30):
        program = mailclient.Imap(real.ports["imap"]).login(person.address, secret)
        program.connection.select("INBOX")
        program.connection.logout()
        if number in (7, 19):
            process.kill()
            process.wait()
            process = reader(world, log)
        if number == 13:
            log.rename(log.with_name("dovecot.log.1"))
            real.run("doveadm", "log", "reopen")
    deadline = time.monotonic() + 20
    while len(accesses(world, person)) < 60 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    found = accesses(world, person)
    assert collections.Counter(r["action"] for r in found) == {"read_hierarchy": 30, "session_end": 30}
    assert len({r["detail"]["session"] for r in found}) == 30
    first = next(r["detail"] for r in found if r["action"] == "read_hierarchy")
    assert first["folder_path"] == "INBOX" and first["action_allowed"] == 1 and first["source_ip"] == "127.0.0.1"
    assert first["user_id"] == str(person.user_id) and first["organization_id"] == world.org
