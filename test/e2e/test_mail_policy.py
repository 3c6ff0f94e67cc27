"""What a real Dovecot asks and tells the policy server: names without a domain, addresses at rest, programs of a token, failures;
and what calendar servers ask. The mail server's own password database knows everybody's old password and says yes."""

import base64
import concurrent.futures
import http.client
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "db"))

import mail_world  # noqa: E402
from conftest import new_gatepost  # noqa: E402
from stack import dovecot, host, mailclient  # noqa: E402

POLICY_KEY = "policy-key-of-the-policy-test"
OLD_PASSWORD = "the-password-of-old"
# "ada" is a name as the system's own accounts have it; the others are whole addresses.
OLD_DATABASE = """
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/old-passwords
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/old-passwords
}}
"""


@pytest.fixture(scope="module")
def world(run_dir, cluster):
    """One organisation alone on its database, a gatepost that runs, people."""
    instance = new_gatepost(run_dir / "policy", cluster, "policy", mail_policy_key=POLICY_KEY)
    for name, text in (("doveadm.key", "doveadm-key"), ("policy.header", f"Authorization: Bearer {POLICY_KEY}")):
        (instance.folder / "keys" / name).write_text(text)
        host.give(instance.folder / "keys" / name)
    before, mail_world.CONNINFO = mail_world.CONNINFO, cluster.conninfo("policy", "postgres")
    with mail_world.connect() as sql:
        mail_world.make_roles(sql)
    instance.start()
    world = mail_world.World()
    world.gatepost, world.folder = instance, run_dir
    yield world
    world.close()
    mail_world.CONNINFO = before
    assert instance.stop() == 0


def start(world, name, mode):
    folder = world.folder / name
    folder.mkdir()
    folder.chmod(0o755)
    server = dovecot.Dovecot(folder, world.gatepost.cli, mode, OLD_DATABASE.format(folder=folder)).create("doveadm-key")
    owner = (folder / "mail").stat()
    known = ["ada", f"freed@{world.domain}", *(f"{n}@{world.domain}" for n in ("ada", "eve"))]
    server._write("old-passwords", "".join(
        f"{login}:{OLD_PASSWORD}:{owner.st_uid}:{owner.st_gid}::{folder}/mail/{login}::\n" for login in known), 0o600)
    world.run("UPDATE mail_backend SET home = %s, uid = %s, gid = %s", f"{folder}/mail/%d/%n", owner.st_uid, owner.st_gid)
    return server.start()


@pytest.fixture(scope="module")
def both(world):
    """Tokens beside passwords."""
    server = start(world, "policy-both", "both")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def observing(world):
    """The snippet of the first day: Dovecot asks about each sign-in and knows none of our tokens."""
    server = start(world, "policy-observe", "observe")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def people(world):
    return {name: world.person(name) for name in ("ada", "eve")}


@pytest.fixture(autouse=True)
def as_at_first(world):
    world.settings(mode="directory", pat_reuse="notice", pat_enabled=True)
    world.rules({})
    world.run("UPDATE mailbox SET contained_at = NULL WHERE org_id = %s", world.org)


def told(server, login, secret=OLD_PASSWORD, program=mailclient.Imap, protocol="imap"):
    return mailclient.refusal(program, server.ports[protocol], login, secret)


def smtp(server, login, secret=OLD_PASSWORD):
    """Does Dovecot tell Postfix yes?"""
    try:
        said = server.run("doveadm", "auth", "test", "-x", "service=smtp", "-x", "rip=127.0.0.1", login, secret)
    except host.StackError as failed:
        said = str(failed)
    assert "auth succeeded" in said or "auth failed" in said, said
    return "auth succeeded" in said


@pytest.mark.parametrize("which", ["both", "observing"])
def test_a_name_without_a_domain_is_judged(world, people, which, request):
    server = request.getfixturevalue(which)
    for mode in ("observe", "directory"):
        world.settings(mode=mode)
        assert told(server, "ada") is None and smtp(server, "ada"), mode
    world.mailbox(people["ada"], contained_at="2001-01-01")
    assert "(GP-5113)" in told(server, "ada") and "(GP-5113)" in told(server, "ADA", program=mailclient.Pop3, protocol="pop3")
    world.mailbox(people["ada"], contained_at=None)
    world.settings(mode="idp")
    mark = world.audit_mark()
    assert "(GP-5101)" in told(server, "ada") and not smtp(server, "ada")
    assert [(r["subject"], r["detail"]["user"]) for r in world.audit(mark, "AUTHENTICATION") if r["detail"].get("code")] == [
        (people["ada"].user_id, "ada")] * 2


def test_an_address_at_rest_lets_its_former_owner_in_no_more(world, both, people):
    freed = world.address(people["eve"], "freed", "former", "2999-01-01")
    assert told(both, freed) is None
    world.run("UPDATE mail_address SET kind = 'resting' WHERE address = %s", freed)
    assert "(GP-5115)" in told(both, freed) and not smtp(both, freed)
    world.settings(mode="observe")
    assert told(both, freed) is None and smtp(both, freed)


# ---- which program uses a token


def sign_in_as(server, program, login, secret):
    """None, or the refusal; program is what the mail program says of itself, bytes."""
    imap = mailclient.Imap(server.ports["imap"])
    try:
        imap.connection.send(b"I1 ID (" + program + b")\r\n")
        while not imap.connection.readline().startswith(b"I1 OK"):
            pass
        imap.login(login, secret)
        return None
    except mailclient.Refused as refused:
        return str(refused)
    finally:
        imap.close()


def program(name, version="1"):
    return f'"name" "{name}" "version" "{version}"'.encode()


def clients(world):
    return world.one("SELECT clients FROM mail_token WHERE token_id = %s", world.last_token)


def test_two_programs_with_one_token_are_noticed(world, both, people):
    secret = world.token(people["eve"])
    for name, version in (("Thunderbird", "115"), ("Thunderbird", "128"), ("iPhone Mail", "20G75")):
        assert sign_in_as(both, program(name, version), people["eve"].address, secret) is None
    assert clients(world) == ["thunderbird", "iphone mail"]
    world.settings(pat_reuse="enforce")
    assert sign_in_as(both, program("iPhone Mail"), people["eve"].address, secret) is None, "known already"
    assert "(GP-5104)" in sign_in_as(both, program("Outlook"), people["eve"].address, secret)
    assert clients(world) == ["thunderbird", "iphone mail"]


def test_a_name_in_another_character_set_hides_no_second_program_and_keeps_nobody_out(world, both, people):
    """Dovecot itself cuts lines off that are longer than a name may be here."""
    secret, said = world.token(people["eve"]), b'"name" "Courrier \xe9l\xe9ctronique"'
    world.settings(pat_reuse="enforce")
    assert sign_in_as(both, said, people["eve"].address, secret) is None
    assert sign_in_as(both, said, people["eve"].address, secret) is None
    assert len(clients(world)) == 1
    assert "(GP-5104)" in sign_in_as(both, program("Outlook"), people["eve"].address, secret)


# ---- failures


def failures(world, mark):
    return [r["detail"] for r in world.audit(mark, "AUTHENTICATION") if r["detail"]["auth_successful"] == 0]


@pytest.mark.parametrize("which, by", [("both", None), ("observing", "dovecot")])
def test_each_wrong_password_leaves_one_record(world, which, by, request):
    server = request.getfixturevalue(which)
    for login in (world.person(f"known-{which}").address, f"nobody-{which}@{world.domain}"):
        mark = world.audit_mark()
        assert told(server, login, "wrong") is not None and not smtp(server, login, "wrong")
        assert mailclient.eventually(lambda: len(failures(world, mark)) == 2), failures(world, mark)
        assert [(d["user"], d.get("told_by"), d["protocol"]) for d in failures(world, mark)] == [(login, by, "IMAP"), (login, by, "SMTP")]
    mark = world.audit_mark()
    assert told(server, "nobody@elsewhere.example", "wrong") is not None
    assert failures(world, mark) == []


def test_a_refused_token_is_no_success_by_password(world, both, people):
    """Dovecot takes our answer with a reason for a sign-in, and asks the policy server about it."""
    secret = world.token(people["eve"])
    world.run("UPDATE mail_token SET revoked_at = now() WHERE token_id = %s", world.last_token)
    for mode in ("directory", "idp", "observe"):
        world.settings(mode=mode)
        mark = world.audit_mark()
        assert "(GP-5105)" in told(both, people["eve"].address, secret), mode
        assert [(d["auth_successful"], d.get("code")) for d in (r["detail"] for r in world.audit(mark, "AUTHENTICATION"))] == [
            (0, "GP-5105")], mode


# ---- the check of calendar servers


def check(world, login, secret):
    name, port = world.gatepost.admin.split(":")
    connection = http.client.HTTPConnection(name, int(port), timeout=15)
    blob = base64.b64encode(f"{login}:{secret}".encode()).decode()
    connection.request("GET", "/mail/check", headers={"Authorization": f"Basic {blob}"})
    reply = connection.getresponse()
    body = reply.read().decode()
    return reply.status, reply.getheader("Retry-After"), body


def test_a_login_is_not_asked_about_without_end(world, people):
    secret = world.token(people["eve"], protocols=["dav"])
    world.mailbox(people["eve"], protocols=["imap", "pop3", "smtp", "sieve", "dav"])
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        logins = [people["ada"].address, people["ada"].address.upper()] * 120
        answers = list(pool.map(lambda login: check(world, login, "guess"), logins))
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {401, 429} and statuses[0] == 401
    _, again, body = answers[statuses.index(429)]
    assert int(again) >= 1 and "(GP-5308)" in body
    assert statuses.count(401) < 200, "both spellings are one login"
    assert check(world, people["eve"].address, secret)[0] == 204, "another login is another count"


def test_no_secret_stands_in_a_log(world, both):
    for text in (both.log, world.gatepost.log):
        assert OLD_PASSWORD not in text
