"""The doors one by one, with the real Dovecot and Postfix, and what holds while parts of the host are down."""

import contextlib
import threading
import time

import pytest

from conftest import new_gatepost
from stack import canary, mailclient, mailstack, okta

DOMAIN = "example.org"
GROUP = "mail-users"
DATABASE_PASSWORD = "password-that-the-database-never-asks-for"


class World:
    """One organisation with Okta in front, a mail group and a whole mail host behind."""

    def __init__(self, gatepost, mail):
        self.gatepost, self.mail, self.cli = gatepost, mail, gatepost.cli
        self.cli.json("source", "add", "Okta", "--profile", "okta")
        token = self.cli.json("scim-token", "create", "--source", "Okta", "--name", "first")["token"]
        self.idp = okta.Okta(gatepost.scim_base, token)
        self.scim_token = token
        self.group = self.idp.create_group(GROUP)
        self.cli.json("domain", "add", DOMAIN)
        self.cli.json("domain", "verify", DOMAIN, "--trust")
        self.cli.json("mail-group", "add", GROUP)
        self.cli.json("mode", "set", "directory")
        self.secrets = [token, mail.key, mailstack.POLICY_KEY, DATABASE_PASSWORD]

    def person(self, name, **pat):
        """(login, SCIM id, token) of somebody with a mailbox."""
        login = f"{name}@{DOMAIN}"
        user = self.idp.create_user(self.idp.profile(login, name.title(), "Test", f"x-{name}"))
        assert self.idp.change_members(self.group, add=[user]).status in (200, 204)
        # The token's owner is known at once; the mailbox a moment later.
        made = self.cli.json("pat", "create", login, "--name", "test", *[part for key, value in pat.items() for part in (f"--{key}", value)])
        self.secrets.append(made["token"])
        assert mailclient.eventually(lambda: self.mail.dovecot.doveadm(("user", {"userMask": [login]}))[0][1].get(login), 10)
        return login, user, made["token"]

    def imap(self, login, secret):
        return self.mail.refusal("imap", login, secret)

    @contextlib.contextmanager
    def idle(self, login, secret):
        session = mailclient.Imap(self.mail.ports["imap"]).login(login, secret).idle()
        try:
            yield session
        finally:
            session.close()


@pytest.fixture(scope="module")
def world(run_dir, cluster):
    with cluster.session("postgres") as sql:
        for name, value in canary.LOUD_POSTGRES.items():
            sql.execute(f"ALTER SYSTEM SET {name} = {value}")
        sql.execute("SELECT pg_reload_conf()")
    gatepost = new_gatepost(run_dir / "mailstory", cluster, "mailstory", **mailstack.SETTINGS)
    gatepost.settings["database"] += f" password={DATABASE_PASSWORD}"
    gatepost.write_config()
    gatepost.start()
    mail = mailstack.MailStack(run_dir / "mailhost", gatepost)
    try:
        mail.start()
        yield World(gatepost, mail)
    finally:
        mail.stop()
        gatepost.stop()


@pytest.fixture
def postfix(world):
    if world.mail.postfix is None:
        pytest.skip(world.mail.why_not)
    return world.mail.ports


def test_each_door_opens_to_the_token_in_both_spellings(world):
    login, _, secret = world.person("abel")
    for door in ("imap", "pop3", "sieve", *(["submission"] if world.mail.postfix else [])):
        assert world.mail.refusal(door, login, secret) is None, door
        assert world.mail.refusal(door, login, secret.replace("-", "")) is None, door
        assert world.mail.refusal(door, login, "wrong") is not None, door
    assert world.imap(login.upper(), secret) is None


def test_a_token_opens_only_its_protocols(world):
    login, _, secret = world.person("bela", protocols="imap")
    assert world.imap(login, secret) is None
    assert "GP-5106" in world.mail.refusal("pop3", login, secret)
    assert "GP-5106" in world.mail.refusal("sieve", login, secret)


def test_smtp_gets_no_row_and_so_no_success(world, postfix):
    """With nologin Dovecot would tell Postfix yes."""
    login, user, secret = world.person("cleo")
    assert world.mail.refusal("submission", login, secret) is None
    world.idp.set_active(user, False)
    assert world.mail.refusal("submission", login, secret).startswith("535")


def test_nothing_is_cached(world):
    login, _, secret = world.person("dora")
    assert world.imap(login, secret) is None
    token = world.cli.json("pat", "list", login)["tokens"][0]["id"]
    assert world.cli.run("pat", "revoke", token, "--yes").returncode == 0
    assert "GP-5105" in world.imap(login, secret)


def test_a_revoked_token_ends_what_it_opened(world):
    login, _, secret = world.person("dora2")
    other = world.cli.json("pat", "create", login, "--name", "phone")["token"]
    world.secrets.append(other)
    with world.idle(login, secret) as session, world.idle(login, other) as phone:
        token = next(t["id"] for t in world.cli.json("pat", "list", login)["tokens"] if t["name"] == "test")
        begin = time.monotonic()
        assert world.cli.run("pat", "revoke", token, "--yes").returncode == 0
        bye, moment = session.wait_bye(10)
        assert "BYE" in bye and moment - begin < 5
        assert phone.wait_bye(10) is not None, "nobody can tell which session which secret opened"
    assert "GP-5105" in world.imap(login, secret) and world.imap(login, other) is None


def test_a_token_that_expires_ends_what_it_opened(world, cluster):
    login, user, secret = world.person("dora3")
    other = world.cli.json("pat", "create", login, "--name", "phone")["token"]
    world.secrets.append(other)
    with world.idle(login, secret) as session, cluster.session("mailstory") as sql:
        sql.execute("UPDATE mail_token SET expires_at = now() WHERE user_id = %s AND name = 'test'", (user,))
        world.cli.json("sync", "once")  # the worker does so every 15 minutes
        assert session.wait_bye(10) is not None
        assert "GP-5103" in world.imap(login, secret) and world.imap(login, other) is None
    with world.idle(login, other) as session:
        world.cli.json("sync", "once")
        assert session.wait_bye(2) is None, "once for each token"


# What a mail program asks → what the record says; by number and by UID alike.
ACCESSES = [("SELECT INBOX", "read_hierarchy"), ("FETCH 1 (FLAGS)", "read_summary"), ("FETCH 1 (BODY.PEEK[])", "read"),
            ("UID FETCH 1:* (BODY.PEEK[])", "read"), ("SEARCH ALL", "read_summary"), ("STORE 1 +FLAGS (\\Seen)", "update_read_state"),
            ("CREATE kept", "create"), ("COPY 1 kept", "copy"), ("MOVE 1 kept", "move"), ("RENAME kept gone", "update"),
            ("DELETE gone", "delete"), ("EXPUNGE", "delete")]


def test_each_way_to_read_and_to_change_is_recorded(world, cluster):
    login, user, secret = world.person("watched")
    mailclient.lmtp(world.mail.ports["lmtp"], "friend@elsewhere.example", login, "to be read")
    imap = mailclient.Imap(world.mail.ports["imap"]).login(login, secret)
    for number, (command, _) in enumerate(ACCESSES):
        imap.connection.send(f"A{number} {command}\r\n".encode())
        while not (line := imap.connection.readline()).startswith(f"A{number} ".encode()):
            assert line, command
        assert b" OK " in line, (command, line)
    imap.close()

    def recorded():
        with cluster.session("mailstory") as sql:
            sql.execute("SELECT detail ->> 'action' FROM audit WHERE kind = 'MAILBOX_ACCESS' AND subject = %s"
                        " AND detail ->> 'protocol' = 'IMAP' AND detail ->> 'action' <> 'session_end' ORDER BY audit_id", (user,))
            return [row[0] for row in sql.fetchall()]

    assert mailclient.eventually(lambda: len(recorded()) >= len(ACCESSES), 10), recorded()
    assert recorded() == [action for _, action in ACCESSES]


def test_nobody_gets_the_address_of_a_service(world):
    login = f"scanner@{DOMAIN}"
    made = world.cli.json("pat", "create", "--service", login, "--name", "scanner")
    world.secrets.append(made["token"])
    user = world.idp.create_user(world.idp.profile(login, "Scanner", "Test", "x-scanner"))
    assert world.idp.change_members(world.group, add=[user]).status in (200, 204)
    known = lambda: world.mail.dovecot.doveadm(("user", {"userMask": [login]}))[0][1].get(login)  # noqa: E731
    assert mailclient.eventually(known, 3) is None
    assert "a service token" in world.cli.run("sync", "plan").stdout
    assert world.cli.run("pat", "revoke", made["id"], "--yes").returncode == 0
    world.cli.json("sync", "once")
    assert mailclient.eventually(known, 10) is not None


def test_sign_ins_work_while_serve_and_the_worker_are_down(world):
    login, user, secret = world.person("egon")
    world.mail.worker.stop()
    world.gatepost.stop()
    try:
        assert world.imap(login, secret) is None
        assert world.imap(login, "wrong") is not None
        mailclient.lmtp(world.mail.ports["lmtp"], "a@elsewhere.example", login, "still")
    finally:
        world.gatepost.start()
        world.mail.worker.start()
    world.idp.set_active(user, False)
    assert mailclient.eventually(lambda: world.imap(login, secret) is not None, 2) is not None


def test_dovecot_down_while_a_person_leaves(world):
    """The decision holds as soon as Dovecot is back; the worker's part follows."""
    login, user, secret = world.person("fritz")
    world.mail.dovecot.stop()
    world.idp.set_active(user, False)
    world.mail.dovecot.start()
    if world.mail.postfix is not None:
        world.mail.postfix.reload()
    assert world.imap(login, secret) is not None
    world.idp.set_active(user, True)
    assert mailclient.eventually(lambda: world.imap(login, secret) is None, 10) is not None


def test_a_client_that_reconnects_in_a_loop_is_out(world):
    """A session may begin between the commit and the kick: it is ended too, and no other begins."""
    login, user, secret = world.person("greta")
    stop, opened = threading.Event(), []

    def reconnect():
        while not stop.is_set():
            with contextlib.suppress(mailclient.Refused, OSError, Exception):
                opened.append(mailclient.Imap(world.mail.ports["imap"]).login(login, secret).idle())

    thread = threading.Thread(target=reconnect)
    thread.start()
    try:
        assert mailclient.eventually(lambda: len(opened) >= 3, 10) is not None
        world.idp.set_active(user, False)
        assert mailclient.eventually(lambda: world.mail.dovecot.who(login) == 0, 10) is not None
        time.sleep(1)
        assert world.mail.dovecot.who(login) == 0
    finally:
        stop.set()
        thread.join()
        for session in opened:
            session.close()


def test_containment_shuts_the_stopwatch_s_doors_too(world):
    login, _, _ = world.person("watch")
    doors = lambda: world.cli.json("user", "show", login)["mailbox"]["doors"]  # noqa: E731
    states = lambda: {name: door["state"] for name, door in doors().items()}  # noqa: E731
    assert states()["sign-in"] == "open"
    world.cli.json("user", "contain", login, "--why", "a test")
    shut = doors()["sign-in"]
    assert shut["state"] == "shut" and mailclient.eventually(lambda: states()["sessions"] == "shut", 10)
    world.cli.json("user", "release", login)
    assert mailclient.eventually(lambda: states() == {"sign-in": "open", "sessions": "open"}, 10)
    assert doors()["sign-in"]["at"] > shut["at"], "it opened after it was shut"


def test_containment_cuts_at_once(world):
    login, _, secret = world.person("hanna")
    with world.idle(login, secret) as session:
        begin = time.monotonic()
        world.cli.json("user", "contain", login, "--why", "test")
        assert "GP-5113" in world.imap(login, secret)
        assert session.ended(10) - begin < 5
    world.cli.json("user", "release", login)
    assert world.imap(login, secret) is None


def test_verify_proves_it_and_leaves_no_token(world):
    login, _, _ = world.person("ines")
    place = f"127.0.0.1:{world.mail.ports['imap']}"
    doors = [door for door in ("pop3", "sieve", "submission") if door in world.mail.ports]
    places = [part for door in doors for part in (f"--{door}", f"127.0.0.1:{world.mail.ports[door]}")]
    proved = world.cli.json("dovecot", "verify", "--login", login, "--imap", place, *places)
    wrong, opens, cut, revoked = ("a wrong secret is refused", "a token opens", "an open session is ended",
                                  "the revoked token is refused")
    each = lambda what: [f"{door}: {what}" for door in doors]  # noqa: E731
    assert [row["check"] for row in proved["checks"] if "skipped" not in row] == [
        wrong, opens, *each(wrong), *each(opens), cut, revoked, *each(revoked)], proved
    assert proved["ok"] and all(row["ok"] for row in proved["checks"] if "skipped" not in row)
    told = world.cli.run("dovecot", "verify", "--login", login, "--imap", place, "--pop3", "127.0.0.1:9")
    assert told.returncode == 1 and "GP-5314" in told.stderr and "sieve is not proved" in told.stdout + told.stderr
    world.cli.json("rule", "add", "no-pop3", "--effect", "deny", "--action", "pop3", "--yes-lock-out")
    told = world.cli.run("dovecot", "verify", "--login", login, "--imap", place, *places)
    world.cli.run("rule", "remove", "no-pop3")
    assert told.returncode == 1 and "GP-6101" in told.stdout + told.stderr, "a door that a rule shuts is told"
    assert [row["state"] for row in world.cli.json("pat", "list", login)["tokens"]].count("active") == 1
    dead = world.cli.run("dovecot", "verify", "--login", login, "--imap", "127.0.0.1:9")
    assert dead.returncode == 5 and "GP-5313" in dead.stderr
    assert world.cli.run("dovecot", "verify").returncode == 2


def test_no_secret_is_in_any_log(world, run_dir):
    """PostgreSQL told each statement with its parameters, Dovecot all that auth_debug tells."""
    secrets = {**{f"secret {number}": secret for number, secret in enumerate(world.secrets)}, **canary.key_files(run_dir)}
    assert {"mailstory/keys/doveadm.key", "mailstory/keys/policy.header"} <= set(secrets)
    wrong, logs = canary.told(run_dir, secrets)
    assert wrong == [] and logs >= 5
    told = (run_dir / "pg" / "postgres.log").read_text(encoding="utf-8", errors="replace")
    assert "parameters: $1" in told and "dovecot_auth" in told  # it would have been there
