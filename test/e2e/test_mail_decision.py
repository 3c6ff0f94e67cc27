"""The decision, asked by a real, unmodified Dovecot while no gatepost runs: what mail programs are told, and what is recorded."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "db"))

import mail_world  # noqa: E402
from conftest import new_gatepost  # noqa: E402
from stack import dovecot, host, mailclient  # noqa: E402
from stack.mailclient import Imap, Pop3, Sieve, refusal  # noqa: E402

PROGRAMS = {"imap": Imap, "pop3": Pop3, "sieve": Sieve}
# The mail server's own password database, which was there before and stays.
OLD_PASSWORD = "the-password-of-old"
OLD_DATABASE = f"""
passdb {{
  driver = static
  args = password={OLD_PASSWORD}
}}
"""


@pytest.fixture(scope="module")
def world(run_dir, cluster):
    """A migrated database without a server, a Dovecot on it, people; .dovecot_server, .secrets."""
    folder = run_dir / "decision"
    instance = new_gatepost(folder, cluster, "decision")
    for name, text in (("doveadm.key", "doveadm-key"), ("policy.header", "Authorization: Bearer policy-key")):
        (folder / "keys" / name).write_text(text, encoding="utf-8")
        host.give(folder / "keys" / name)
    before, mail_world.CONNINFO = mail_world.CONNINFO, cluster.conninfo("decision", "postgres")
    with mail_world.connect() as sql:
        mail_world.make_roles(sql)
    server = dovecot.Dovecot(run_dir / "decision-dovecot", instance.cli, "both", OLD_DATABASE).create("doveadm-key").start()
    world = mail_world.World()
    owner = (server.folder / "mail").stat()
    world.run("UPDATE mail_backend SET home = %s, uid = %s, gid = %s", f"{server.folder}/mail/%d/%n", owner.st_uid, owner.st_gid)
    world.dovecot_server, world.secrets = server, []
    yield world
    world.close()
    server.stop()
    mail_world.CONNINFO = before


@pytest.fixture
def someone(world):
    """A person and a secret of theirs; the organisation as at first."""
    world.settings(mode="directory", pat_enabled=True)
    world.rules({})
    person = world.person()
    secret = world.token(person, protocols=["imap", "pop3", "smtp", "sieve"])
    world.secrets.append(secret)
    return person, secret


def told(world, service, login, secret):
    return refusal(PROGRAMS[service], world.dovecot_server.ports[service], login, secret)


def smtp(world, login, secret):
    """Does Dovecot tell Postfix yes? As doveadm asks the same auth service."""
    try:
        said = world.dovecot_server.run("doveadm", "auth", "test", "-x", "service=smtp", "-x", "rip=127.0.0.1", login, secret)
    except host.StackError as failed:
        said = str(failed)
    assert "auth succeeded" in said or "auth failed" in said, said
    return "auth succeeded" in said


@pytest.mark.parametrize("service", PROGRAMS)
def test_both_spellings_let_in(world, someone, service):
    person, secret = someone
    assert told(world, service, person.address, secret) is None
    assert told(world, service, person.address.upper(), secret.replace("-", "")) is None


def shut(world, person, how):
    {"inactive": lambda: world.directory(person.user_id, False), "deleted": lambda: world.directory(person.user_id, None),
     "disabled": lambda: world.mailbox(person, state="disabled", why="left the group"),
     "contained": lambda: world.mailbox(person, contained_at="2001-01-01"),
     "revoked": lambda: world.run("UPDATE mail_token SET revoked_at = now() WHERE token_id = %s", world.last_token),
     "expired": lambda: world.run("UPDATE mail_token SET expires_at = now() WHERE token_id = %s", world.last_token),
     "network": lambda: world.run("UPDATE mail_token SET cidrs = '{203.0.113.0/24}' WHERE token_id = %s", world.last_token),
     "off": lambda: world.settings(pat_enabled=False),
     "rule": lambda: world.rules({}, {"effect": "deny", "message": 'Not from "here"\\'}), "no-rule": world.rules}[how]()


@pytest.mark.parametrize("how, code", [("inactive", 5111), ("deleted", 5111), ("disabled", 5112), ("contained", 5113),
                                       ("revoked", 5105), ("expired", 5103), ("network", 5107), ("off", 5108), ("rule", 6101),
                                       ("no-rule", 6102)])
def test_every_refusal_tells_its_reason_and_smtp_is_never_told_yes(world, someone, how, code):
    person, secret = someone
    assert smtp(world, person.address, secret)
    mark = world.audit_mark()
    shut(world, person, how)
    answers = {service: told(world, service, person.address, secret) for service in PROGRAMS}
    assert [service for service, answer in answers.items() if f"(GP-{code})" not in (answer or "")] == [], answers
    assert not smtp(world, person.address, secret)
    records = world.audit(mark, "AUTHENTICATION")
    assert sorted((r["detail"]["protocol"], r["detail"]["code"]) for r in records) == [
        (protocol, f"GP-{code}") for protocol in ("IMAP", "POP3", "SIEVE", "SMTP")]
    assert {r["source_ip"] for r in records} == {"127.0.0.1"} and all(r["detail"]["auth_successful"] == 0 for r in records)


@pytest.mark.parametrize("service", PROGRAMS)
def test_a_wrong_secret_learns_nothing(world, someone, service):
    person, _ = someone
    open_door = told(world, service, person.address, "wrong")
    shut(world, person, "contained")
    assert told(world, service, person.address, "wrong") == open_door and "GP-" not in open_door
    assert told(world, service, "x'); DROP TABLE audit; --", "' OR 1=1 --") is not None


@pytest.mark.parametrize("how, mode, gets_in", [("contained", "observe", False), ("inactive", "directory", False),
                                                ("inactive", "observe", True), (None, "directory", True)])
def test_the_old_password_meets_the_second_lock_while_no_gatepost_runs(world, someone, how, mode, gets_in):
    person, _ = someone
    world.settings(mode=mode)
    if how:
        shut(world, person, how)
    assert (told(world, "imap", person.address, OLD_PASSWORD) is None) == gets_in


def test_mail_arrives_without_anything_pushed_into_dovecot(world, someone):
    person, secret = someone
    lmtp = world.dovecot_server.ports["lmtp"]
    mailclient.lmtp(lmtp, "a@example.org", person.address, "first")
    world.mailbox(person, state="disabled")
    mailclient.lmtp(lmtp, "a@example.org", person.address, "second")
    world.mailbox(person, deliver_disabled=False)
    with pytest.raises(mailclient.Refused, match="550 5.1.1"):
        mailclient.lmtp(lmtp, "a@example.org", person.address, "third")
    world.mailbox(person, state="active")
    imap = Imap(world.dovecot_server.ports["imap"]).login(person.address, secret)
    assert imap.subjects() == ["first", "second"]
    imap.close()


def test_no_secret_stands_in_a_log(world, cluster):
    """Last: over all that was done above, with Dovecot's auth_debug on."""
    log = world.dovecot_server.log + (cluster.folder / "postgres.log").read_text(errors="replace")
    assert "dovecot_auth(" in log and "Panic" not in log and "signal 11" not in log
    assert world.secrets and [s for s in world.secrets if s in log or s.replace("-", "") in log] == []
