"""Sending, with the real Postfix and Dovecot: what a session that is already signed in may still do, how often its map is asked
about a recipient, and what reaches PostgreSQL of what strangers type."""

import contextlib
import smtplib
import ssl

import pytest

from conftest import new_gatepost
from stack import host, mailclient, mailstack, postfix
from test_mail_story import DOMAIN, World

OLD_PASSWORD = "the-password-of-old"
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
    if postfix.cannot():
        pytest.skip(postfix.cannot())
    gatepost = new_gatepost(run_dir / "submission", cluster, "submission", **mailstack.SETTINGS)
    gatepost.start()
    mail = mailstack.MailStack(run_dir / "submissionhost", gatepost, extra=OLD_DATABASE.format(folder=run_dir / "submission"))
    # A system's account beside gatepost's people: "vera" without a domain.
    passwords = run_dir / "submission/old-passwords"
    passwords.write_text(f"vera:{OLD_PASSWORD}:65534:65534::{run_dir}/vera::\n")
    host.give(passwords)
    try:
        mail.start()
        world = World(gatepost, mail)
        world.sql = lambda statement, *arguments: query(cluster, statement, arguments)
        world.chen = world.person("chen")[0]
        yield world
    finally:
        mail.stop()
        gatepost.stop()


def query(cluster, statement, arguments):
    with cluster.session("submission") as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchall() if cursor.description else None


@contextlib.contextmanager
def session(world, login, secret, port="submission"):
    """A session that is signed in; smtplib's own."""
    client = mailclient.Smtp(world.mail.ports[port]).login(login, secret)
    try:
        yield client.connection
    finally:
        client.close()


def recipient(smtp, address):
    """The answer to one RCPT TO, as (code, text)."""
    code, text = smtp.rcpt(address)
    return code, text.decode(errors="replace")


def envelope(smtp, sender, *recipients):
    """The answers to one envelope; nothing is sent."""
    smtp.rset()
    code, text = smtp.mail(sender)
    if code != 250:
        return [(code, text.decode(errors="replace"))]
    return [recipient(smtp, address) for address in recipients]


def box(world, login, change):
    world.sql(f"UPDATE mailbox SET {change} WHERE address = %s", login)


# ---- the port for TLS


def test_the_port_that_pat_create_names(world):
    """465: TLS from the first byte, a sign-in, a mail, a wrong secret."""
    if "submissions" not in world.mail.ports:
        pytest.skip("openssl is not here, so there is no certificate")
    login, _, secret = world.person("tilda")
    trust = ssl.create_default_context(cafile=str(world.mail.postfix.folder / "conf/tls.pem"))
    trust.check_hostname = False
    for attempt in ("wrong", secret):
        with smtplib.SMTP_SSL("127.0.0.1", world.mail.ports["submissions"], "client.test", timeout=30, context=trust) as smtp:
            if attempt == "wrong":
                with pytest.raises(smtplib.SMTPAuthenticationError):
                    smtp.login(login, attempt)
                continue
            smtp.login(login, attempt)
            assert smtp.sendmail(login, [world.chen], mailclient.message(login, world.chen, "by TLS")) == {}
            assert envelope(smtp, world.chen, world.chen)[0][0] == 553, "as somebody else"
    with pytest.raises((OSError, smtplib.SMTPException)):
        smtplib.SMTP("127.0.0.1", world.mail.ports["submissions"], "client.test", timeout=3)


# ---- the empty sender, which is nobody's


SHUT = {  # what happens while the session is open → the code that it reads
    "smtp is switched off": ("directory", "protocols = '{imap}'", 5109),
    "the last secret is gone": ("idp", None, 5105),
    "disabled": ("directory", "state = 'disabled'", 5112),
    "contained in mode observe": ("observe", "contained_at = now()", 5113),
}


@pytest.mark.parametrize("what", SHUT)
def test_a_session_whose_login_may_send_no_more_sends_nothing_even_as_nobody(world, what):
    mode, change, code = SHUT[what]
    login, _, secret = world.person("empty" + str(code))
    world.cli.json("mode", "set", mode, "--user", login)
    with session(world, login, secret) as smtp:
        assert [a[0] for a in envelope(smtp, "", world.chen) + envelope(smtp, login, world.chen)] == [250, 250]
        if change:
            box(world, login, change)
        else:
            assert world.cli.run("pat", "revoke", "--all-of", login, "--yes").returncode == 0
        for sender in ("", login):
            answer, = envelope(smtp, sender, world.chen)
            assert answer[0] == 554 and f"(GP-{code})" in answer[1], answer


def test_an_address_at_rest_sends_nothing_more(world):
    login, _, secret = world.person("rest")
    with session(world, login, secret) as smtp:
        assert envelope(smtp, "", world.chen)[0][0] == 250
        world.sql("UPDATE mail_address SET kind = 'resting', until = 'infinity' WHERE address = %s", login)
        answer, = envelope(smtp, "", world.chen)
        assert answer[0] == 554 and "(GP-5115)" in answer[1], answer
        world.sql("UPDATE mail_address SET kind = 'primary', until = NULL WHERE address = %s", login)


# ---- a login without a domain


def test_a_bare_login_sends_as_its_person_and_as_nobody_else(world):
    login, _, _ = world.person("vera")
    world.cli.json("mode", "set", "observe", "--user", login)
    with session(world, "vera", OLD_PASSWORD) as smtp:
        assert envelope(smtp, login, world.chen)[0][0] == 250
        assert envelope(smtp, world.chen, world.chen)[0][0] == 553
        box(world, login, "contained_at = now()")
        assert "(GP-5113)" in envelope(smtp, "", world.chen)[0][1]
    assert "(GP-5113)" in world.mail.refusal("submission", "vera", OLD_PASSWORD)
    box(world, login, "contained_at = NULL")
    world.cli.json("mode", "set", "idp", "--user", login)
    assert "(GP-5101)" in world.mail.refusal("submission", "vera", OLD_PASSWORD)


# ---- the cap


def counted(world, login):
    rows = world.sql("SELECT recipients FROM mail_send_hour WHERE login = %s", login)
    return rows[0][0] if rows else 0


def test_the_cap_counts_each_accepted_recipient_once_and_no_refused_one(world):
    login, _, secret = world.person("kim")
    others = [world.person(f"kim{n}")[0] for n in range(4)]
    unknown, disabled = f"nobody@{DOMAIN}", world.person("off")[0]
    box(world, disabled, "state = 'disabled', deliver_disabled = false")
    world.cli.json("mail-setting", "set", "send_per_hour=3")
    world.gatepost.stop()  # nothing but PostgreSQL is needed for it
    try:
        with session(world, login, secret) as smtp:
            answers = envelope(smtp, login, others[0], unknown, disabled, "not-an-address", others[1])
            assert [code for code, _ in answers] == [250, 550, 550, 504, 250], answers
            assert counted(world, login) == 2
            assert envelope(smtp, world.chen, others[0])[0][0] == 553 and counted(world, login) == 2, "as somebody else"
            answers = envelope(smtp, login, others[2], others[3])
            assert answers[0][0] == 250 and answers[1][0] == 450 and "(GP-5110)" in answers[1][1], answers
            assert counted(world, login) == 3
        with session(world, login, secret) as smtp:
            assert envelope(smtp, login, others[0])[0][0] == 450, "in another session too"
            assert envelope(smtp, "", others[0])[0][0] == 450, "and as nobody"
            world.sql("UPDATE mail_send_hour SET hour = hour - interval '1 hour' WHERE login = %s", login)
            assert envelope(smtp, login, others[0])[0][0] == 250
            assert counted(world, login) == 1
    finally:
        world.gatepost.start()
    told = world.sql("SELECT detail->>'code', detail->>'user' FROM audit WHERE kind = 'ACCESS_CONTROL'"
                     " AND detail->>'scope' = 'SendRate' AND actor = %s", "mail:" + login)
    assert told == [("GP-5110", login)]
    mailclient.lmtp(world.mail.ports["lmtp"], "a@elsewhere.example", login, "what arrives is not counted")
    with smtplib.SMTP("127.0.0.1", world.mail.ports["smtp"], "client.test", timeout=30) as smtp:
        smtp.ehlo()
        assert envelope(smtp, "a@elsewhere.example", login, others[0], others[1], others[2], others[3]) != []
    assert counted(world, login) == 1
    world.cli.json("mail-setting", "set", "send_per_hour=none")


# ---- what strangers type


HOSTILE = ["\"x'); DROP TABLE audit; --\"@example.org", "\"'||pg_sleep(9)||'\"@example.org", "\"a\\\\' OR 1=1\"@example.org",
           "\"%s%u$1\"@example.org", "x'y@example.org"]


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_typed_is_never_a_statement(world, address):
    login, _, secret = world.person(f"inga{HOSTILE.index(address)}")
    with session(world, login, secret) as smtp:
        for words in (f"MAIL FROM:<{address}>", f"MAIL FROM:<{login}>", f"RCPT TO:<{address}>"):
            code, text = smtp.docmd(words)
            assert code in (250, 501, 504, 550, 553, 554), (words, code, text)
            if words.startswith("MAIL") and code == 250 and address in words:
                assert recipient(smtp, world.chen)[0] == 553
                smtp.rset()
    assert world.mail.refusal("submission", address, "' OR '1'='1") is not None
    assert world.sql("SELECT to_regclass('public.audit') IS NOT NULL") == [(True,)]
    assert "table lookup problem" not in world.mail.postfix.log and "Temporary lookup failure" not in world.mail.postfix.log


def test_plus_and_case(world):
    """A recipient delimiter that the host sets is no other login, and none that a token opens."""
    login, _, secret = world.person("paul")
    assert world.mail.refusal("submission", login.upper(), secret) is None
    assert world.mail.refusal("submission", login.replace("@", "+x@"), secret) is not None
    assert world.mail.refusal("submission", login, "") is not None
    with session(world, login.upper(), secret) as smtp:
        assert envelope(smtp, login.upper(), world.chen)[0][0] == 250
        assert envelope(smtp, login.replace("@", "+x@"), world.chen)[0][0] == 553
