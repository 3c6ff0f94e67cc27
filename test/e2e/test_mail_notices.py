"""Who is ready for tokens alone, and the letters that tell people: against a real SMTP conversation."""

import json

import pytest

from stack.sink import Sink
from test_mail_doors import House, NOT_FOUND, OK, UNREACHABLE, USAGE, let_in, refused
from test_mail_doors import own, strict  # noqa: F401

PARTLY, BAD_CONFIG = 6, 78


@pytest.fixture
def sink():
    server = Sink()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def post(own, sink):  # noqa: F811
    """Runs a command whose notices go to the sink."""
    env = {"GATEPOST_MAIL_SMTP": sink.address, "GATEPOST_MAIL_FROM": "it@gatepost.example"}

    def run(*argv):
        return own.gatepost.cli.run("notice", "send", *argv, "--org", own.org, "--json", env=env)
    return run


def told(done, code=OK):
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_readiness(strict):  # noqa: F811
    secret = strict.ask("pat", "create", strict.address("ada"), "--name", "t")["token"]
    assert let_in(strict, "ada", secret)
    strict.person("cyd")
    for name in ("ada", "bob"):
        strict.sql("SELECT * FROM mail_policy(%s, '203.0.113.5', 'imap', 'PLAIN', 's', 'Old Phone', '')", strict.address(name))
    report = strict.ask("readiness")
    assert report["counts"] == {"ready": 0, "both": 1, "password": 1, "silent": 1}
    by = {row["address"].split("@")[0]: row for row in report["people"]}
    assert (by["ada"]["state"], by["ada"]["tokens"], by["ada"]["by_token"], by["ada"]["by_password"]) == ("both", 1, 1, 1)
    assert (by["bob"]["state"], by["bob"]["client"], by["bob"]["ip"]) == ("password", "Old Phone", "203.0.113.5")
    assert by["cyd"]["state"] == "silent" and by["cyd"]["last"] is None
    shown = strict.run("readiness", "--not-ready")
    assert "bob@" in shown.stdout and "password alone 1" in shown.stderr
    refused(strict.run("readiness", "--days", "0"), USAGE, "--days")


def test_switchover_is_sent_once(own, post, sink):  # noqa: F811
    own.ask("mail-setting", "set", "help_text=Hilfe: 4711 (Zimmer fünf)")
    argv = ("--kind", "switchover", "--date", "2027-01-12", "--all")
    plan = told(post(*argv, "--plan"))["notices"]
    assert [row["to"] for row in plan] == [own.address("ada"), own.address("bob")] and sink.letters == []
    assert told(post(*argv, "--yes")) == {"kind": "switchover", "sent": 2, "skipped": 0, "refused": []}
    letter, = sink.to(own.address("ada"))
    assert letter["From"] == "it@gatepost.example" and letter["Auto-Submitted"] == "auto-generated"
    assert "2027-01-12" in letter["Subject"] and letter["Message-ID"] and letter["Date"]
    body = letter.get_content()
    assert "Hello Ada" in body and own.address("ada") in body and "Zimmer fünf" in body and "One token for each program" in body
    assert told(post(*argv, "--yes"))["sent"] == 0 and len(sink.letters) == 2
    assert told(post("--kind", "switchover", "--date", "2027-02-01", "--to", own.address("bob"), "--yes"))["sent"] == 1


def test_not_ready_alone_are_written_to(strict, post, sink):  # noqa: F811
    secret = strict.ask("pat", "create", strict.address("ada"), "--name", "t")["token"]
    assert let_in(strict, "ada", secret)
    assert told(post("--kind", "switchover", "--date", "2027-01-12", "--not-ready", "--yes"))["sent"] == 1
    assert len(sink.to(strict.address("bob"))) == 1 and sink.to(strict.address("ada")) == []


def test_expiry_by_stages(own, post, sink):  # noqa: F811
    made = own.ask("pat", "create", own.address("ada"), "--name", "Thunderbird")
    own.ask("pat", "create", own.address("bob"), "--name", "short one", "--days", "20")

    def at(left):
        own.sql("UPDATE mail_token SET created_at = now() - interval '80 days', expires_at = now() + %s::interval WHERE org_id = %s AND token_id = %s", left, own.org_id, made["id"])
        return told(post("--kind", "expiry"))["sent"]
    assert [at(left) for left in ("60 days", "29 days", "28 days", "6 days", "5 days", "20 hours", "-1 hour", "-2 days")] \
        == [0, 1, 0, 1, 0, 1, 1, 0]
    subjects = [letter["Subject"] for letter in sink.to(own.address("ada"))]
    assert "within 30 days" in subjects[0] and "within a day" in subjects[2] and "has ended" in subjects[3]
    assert sink.to(own.address("bob")) == []


def test_expiry_of_an_unused_token_is_silent(own, post, sink):  # noqa: F811
    made = own.ask("pat", "create", own.address("ada"), "--name", "forgotten")
    own.sql("UPDATE mail_token SET created_at = now() - interval '300 days', last_used_at = now() - interval '91 days',"
            " expires_at = now() + interval '6 days' WHERE org_id = %s AND token_id = %s", own.org_id, made["id"])
    assert told(post("--kind", "expiry"))["sent"] == 0
    own.sql("UPDATE mail_token SET last_used_at = now() - interval '89 days' WHERE org_id = %s", own.org_id)
    assert told(post("--kind", "expiry"))["sent"] == 1
    own.ask("user", "contain", own.address("ada"), "--why", "drill")
    own.sql("UPDATE mail_token SET expires_at = now() + interval '5 hours' WHERE org_id = %s", own.org_id)
    assert told(post("--kind", "expiry"))["sent"] == 0, "nobody is written to whose door is shut"


def test_reuse_is_told_once(own, post, sink):  # noqa: F811
    own.ask("pat", "create", own.address("ada"), "--name", "shared")
    own.sql("UPDATE mail_token SET clients = '{thunderbird,ios mail}' WHERE org_id = %s", own.org_id)
    own.ask("mail-setting", "set", "pat_reuse=off")
    assert told(post("--kind", "reuse"))["sent"] == 0
    own.ask("mail-setting", "set", "pat_reuse=notice")
    assert [told(post("--kind", "reuse"))["sent"] for _ in range(2)] == [1, 0]
    assert "thunderbird, ios mail" in sink.to(own.address("ada"))[0].get_content()


def test_refused_by_one_sent_to_the_others(own, post, sink):  # noqa: F811
    own.person("nobody")
    done = told(post("--kind", "switchover", "--date", "2027-01-12", "--all", "--yes"), PARTLY)
    assert done["sent"] == 2 and [row["to"] for row in done["refused"]] == [own.address("nobody")]
    assert "550" in done["refused"][0]["words"]


def test_server_away_then_again(own, post, sink):  # noqa: F811
    argv = ("--kind", "switchover", "--date", "2027-01-12", "--all", "--yes")
    away = own.gatepost.cli.run("notice", "send", *argv, "--org", own.org,
                                env={"GATEPOST_MAIL_SMTP": "127.0.0.1:9", "GATEPOST_MAIL_FROM": "it@gatepost.example"})
    refused(away, UNREACHABLE, "GP-5231")
    assert told(post(*argv))["sent"] == 2


def test_crash_between_claim_and_mark_sends_again_with_the_same_id(own, post, sink):  # noqa: F811
    argv = ("--kind", "switchover", "--date", "2027-01-12", "--to", own.address("ada"), "--yes")
    assert told(post(*argv))["sent"] == 1
    own.sql("UPDATE mail_notice SET sent_at = NULL WHERE org_id = %s", own.org_id)
    assert told(post(*argv)) == {"kind": "switchover", "sent": 0, "skipped": 1, "refused": []}, "a fresh claim is somebody's"
    own.sql("UPDATE mail_notice SET claimed_at = now() - interval '11 minutes' WHERE org_id = %s", own.org_id)
    assert told(post(*argv))["sent"] == 1
    assert len({letter["Message-ID"] for letter in sink.to(own.address("ada"))}) == 1 and len(sink.letters) == 2


@pytest.mark.parametrize("argv, code, words", [
    ((), USAGE, "--kind takes"),
    (("--kind", "birthday"), USAGE, "--kind takes"),
    (("--kind", "switchover", "--all"), USAGE, "--date is missing"),
    (("--kind", "switchover", "--all", "--date", "2027-02-30"), USAGE, "--date is missing"),
    (("--kind", "switchover", "--date", "2027-01-12"), USAGE, "say to whom"),
    (("--kind", "switchover", "--date", "2027-01-12", "--all", "--not-ready"), USAGE, "exclude each other"),
    (("--kind", "expiry", "--date", "2027-01-12"), USAGE, "switchover alone"),
    (("--kind", "expiry", "--to", "nobody"), NOT_FOUND, "GP-5211"),
    (("--kind", "switchover", "--date", "2027-01-12", "--all"), 4, ""),
])
def test_notice_refused(post, argv, code, words):
    refused(post(*argv), code, words)


def test_no_sender_no_notice(gatepost, cluster):
    house = House(gatepost, cluster)
    refused(house.run("notice", "send", "--kind", "expiry"), BAD_CONFIG, "GP-5232")
