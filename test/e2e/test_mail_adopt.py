"""A Dovecot that had people and mail before gatepost came: found, left alone, adopted with all of it; and where the two differ."""

import json
import pwd
import time

import pytest

from conftest import new_gatepost
from stack import dovecot, host, mailclient, mailstack, okta

DOMAIN = "example.org"
GROUP = "mail-users"
PASSWORD = "the-old-password"
PARTLY = 6
USERS = """
passdb {{
  driver = passwd-file
  args = {folder}/old-passwords
}}
userdb {{
  driver = passwd-file
  args = {folder}/old-users
}}
"""


class OldStore:
    """Dovecot with a passwd-file of its own, and gatepost's snippet of mode `both` beside it."""

    def __init__(self, run_dir, cluster):
        self.cluster = cluster
        self.gatepost = new_gatepost(run_dir / "adopt", cluster, "adopt", **mailstack.SETTINGS)
        self.gatepost.start()
        self.cli = self.gatepost.cli
        folder = run_dir / "adopthost"
        self.mail = mailstack.MailStack(folder, self.gatepost, extra=USERS.format(folder=folder))
        self.folder = folder
        folder.mkdir()
        self.users = {}
        self.write()
        self.mail.start()
        self.cli.json("source", "add", "Okta", "--profile", "okta")
        token = self.cli.json("scim-token", "create", "--source", "Okta", "--name", "first")["token"]
        self.idp = okta.Okta(self.gatepost.scim_base, token)
        self.group = self.idp.create_group(GROUP)
        for argv in (("domain", "add", DOMAIN), ("domain", "verify", DOMAIN, "--trust"), ("mail-group", "add", GROUP, "--quota", "1G"),
                     ("mode", "set", "directory")):
            self.cli.json(*argv)

    def write(self):
        who = pwd.getpwnam(host.USER) if host.is_root() else pwd.getpwuid(0)
        passwords = "".join(f"{login}:{{PLAIN}}{PASSWORD}::::::{one.get('more', '')}\n" for login, one in self.users.items())
        users = "".join(f"{login}::{one.get('uid', who.pw_uid)}:{who.pw_gid}::{self.folder}/dovecot/mail/before/{login}::{one.get('extra', '')}\n"
                        for login, one in self.users.items())
        for name, text in (("old-passwords", passwords), ("old-users", users)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o644)

    def had(self, login, mail=1, **one):
        """A person with mail, from before."""
        self.users[login] = one
        self.write()
        time.sleep(1.1)  # Dovecot looks at a passwd-file once a second
        for number in range(mail):
            mailclient.lmtp(self.mail.ports["lmtp"], "friend@elsewhere.example", login, f"old {number}")

    def person(self, login, join=True, **more):
        user = self.idp.create_user({**self.idp.profile(login, "Old", "Timer", f"x-{login}"), **more})
        if join:
            assert self.idp.change_members(self.group, add=[user]).status in (200, 204)
        return user

    def imap(self, login, secret):
        return self.mail.refusal("imap", login, secret)

    def subjects(self, login, secret):
        client = mailclient.Imap(self.mail.ports["imap"]).login(login, secret)
        try:
            return client.subjects()
        finally:
            client.close()

    def once(self):
        done = self.cli.run("sync", "once", "--json")
        assert done.returncode in (0, 6), done.stderr
        return json.loads(done.stdout)

    def gatepost_sql(self):
        return self.cluster.session("adopt")

    def rows(self, report, key):
        return {row["address"]: row[key] for row in report["mailboxes"]}


@pytest.fixture(scope="module")
def old(run_dir, cluster):
    store = OldStore(run_dir, cluster)
    yield store
    store.mail.stop()
    store.gatepost.stop()


def test_scan_finds_what_is_there_and_changes_nothing(old):
    old.had(f"anna@{DOMAIN}", mail=2, extra="userdb_quota_rule=*:storage=5M")
    old.had(f"info@{DOMAIN}")
    old.had(f"foreign@{DOMAIN}", mail=0, uid=1)
    old.had("plainname", mail=0)
    plan = old.cli.json("mailbox", "scan", "--plan")
    assert plan["counts"]["new"] == 3 and old.cli.json("mailbox", "list")["mailboxes"] == []
    found = old.cli.json("mailbox", "scan")
    assert found["counts"] == {"new": 3, "known": 0, "ours": 0, "elsewhere": 1, "gone": 0}
    assert old.rows(found, "home")[f"anna@{DOMAIN}"].endswith(f"/before/anna@{DOMAIN}")
    assert "belongs to 1:" in old.rows(found, "why")[f"foreign@{DOMAIN}"]
    again = old.cli.json("mailbox", "scan")["counts"]
    assert (again["new"], again["known"]) == (0, 3)
    assert {row["origin"] for row in old.cli.json("mailbox", "list")["mailboxes"]} == {"found"}
    # Nothing that mail servers ask tells of them.
    with old.gatepost_sql() as sql:
        for view in ("gatepost.dovecot_user", "gatepost.postfix_mailbox", "public.mail_address"):
            sql.execute(f"SELECT count(*) FROM {view}")
            assert sql.fetchone() == (0,), view


def test_inspect_reads_what_the_real_one_prints(old):
    printed = old.folder / "doveconf.txt"
    printed.write_text(old.mail.dovecot.run("doveconf", "-n"))
    printed.chmod(0o644)
    report = old.cli.json("dovecot", "inspect", printed)
    told = {row["what"]: row for row in report["checks"]}
    assert report["state"] == "warning" and [row["what"] for row in report["checks"] if row["state"] == "warning"] == ["disable_plaintext_auth"]
    assert told["version"]["words"].startswith("Dovecot 2.3.") and told["passdb 1"]["words"] == "gatepost's, asked first"
    assert told["passdb 2"]["words"].startswith("passwd-file ") and "who is there stays there" in told["userdb 1"]["words"]
    assert told["auth_policy_server_url"]["words"].endswith("gatepost's")
    shown = old.cli.run("dovecot", "inspect", printed)
    assert shown.returncode == 0 and "✓ passdb 1" in shown.stdout and "Nothing stands in the way" in shown.stderr
    clash = old.cli.run("dovecot", "inspect", host.ROOT / "test/data/doveconf/clashes-2.3.txt")
    assert clash.returncode == 1 and "✗ auth_cache_size" in clash.stdout
    assert old.cli.run("dovecot", "inspect", "/nowhere").returncode == 3
    nonsense = old.cli.run("dovecot", "inspect", host.ROOT / "README.md")
    assert nonsense.returncode == 1 and "GP-5316" in nonsense.stderr


def test_found_ones_are_never_touched(old):
    before = old.subjects(f"info@{DOMAIN}", PASSWORD)
    assert before == ["old 0"]
    for _ in range(2):
        old.once()
    refused = old.cli.run("mailbox", "set", f"info@{DOMAIN}", "--quota", "1G")
    assert refused.returncode == 3 and "GP-4203" in refused.stderr
    # Not even for somebody who is to get that address: it collides, in words.
    user = old.person(f"info@{DOMAIN}")
    assert old.once().get("create") is None
    step, = [step for step in old.cli.json("sync", "plan")["steps"] if step["action"] == "collide"]
    assert step["address"] == f"info@{DOMAIN}" and "there before: gatepost mailbox adopt" in step["why"]
    assert old.idp.change_members(old.group, remove=[user]).status in (200, 204)
    assert old.idp.client.request("DELETE", f"/Users/{user}").status == 204
    old.once()
    assert old.subjects(f"info@{DOMAIN}", PASSWORD) == before
    assert old.cli.json("mailbox", "show", f"info@{DOMAIN}")["origin"] == "found"


def test_adopting_reports_first_and_then_keeps_everything(old):
    old.person(f"anna@{DOMAIN}")
    old.person(f"foreign@{DOMAIN}", join=False)
    report = old.cli.json("mailbox", "adopt", "--all")
    assert old.rows(report, "match") == {f"anna@{DOMAIN}": "exact", f"foreign@{DOMAIN}": "unsure", f"info@{DOMAIN}": "none"}
    assert old.cli.json("mailbox", "show", f"anna@{DOMAIN}")["origin"] == "found", "only a report"
    assert old.cli.json("mailbox", "adopt", "--all", "--yes")["counts"] == {"exact": 1, "alias": 0, "unsure": 1, "none": 1}
    box = old.cli.json("mailbox", "show", f"anna@{DOMAIN}")
    assert box["origin"] == "adopted" and box["quota_override"] == 5 << 20 and box["home"].endswith(f"/before/anna@{DOMAIN}")
    old.once()
    secret = old.cli.json("pat", "create", f"anna@{DOMAIN}", "--name", "laptop")["token"]
    mailclient.lmtp(old.mail.ports["lmtp"], "friend@elsewhere.example", f"anna@{DOMAIN}", "new")
    assert old.subjects(f"anna@{DOMAIN}", secret) == ["old 0", "old 1", "new"]
    assert old.subjects(f"anna@{DOMAIN}", PASSWORD) == ["old 0", "old 1", "new"]
    assert {row["origin"] for row in old.cli.json("mailbox", "list")["mailboxes"] if row["address"] != f"anna@{DOMAIN}"} == {"found"}


def test_an_adopted_one_leaves_and_returns_with_its_mail(old):
    user = old.idp.find_user(f"anna@{DOMAIN}").json["Resources"][0]["id"]
    secret = old.cli.json("pat", "create", f"anna@{DOMAIN}", "--name", "phone")["token"]
    session = mailclient.Imap(old.mail.ports["imap"]).login(f"anna@{DOMAIN}", secret).idle()
    old.idp.set_active(user, False)
    assert session.ended(10) is not None
    session.close()
    assert "GP-511" in old.imap(f"anna@{DOMAIN}", secret) and "GP-511" in old.imap(f"anna@{DOMAIN}", PASSWORD)
    old.idp.set_active(user, True)
    assert mailclient.eventually(lambda: old.imap(f"anna@{DOMAIN}", secret) is None, 10) is not None
    assert old.subjects(f"anna@{DOMAIN}", secret) == ["old 0", "old 1", "new"]


def test_pair_takes_a_found_one_by_hand(old):
    old.had(f"desk@{DOMAIN}")
    old.cli.json("mailbox", "scan")
    old.person("clerk@elsewhere.example")
    assert old.cli.json("mailbox", "pair", f"desk@{DOMAIN}", "clerk@elsewhere.example")["origin"] == "adopted"
    old.once()
    secret = old.cli.json("pat", "create", "clerk@elsewhere.example", "--name", "desk")["token"]
    assert old.subjects(f"desk@{DOMAIN}", secret) == ["old 0"]


def test_check_tells_each_difference(old):
    agreed = old.cli.json("mailbox", "check")
    assert agreed["counts"]["unknown"] == 0 and agreed["stores"][0]["listed"] >= 4
    old.had(f"late@{DOMAIN}", mail=0)
    old.users[f"anna@{DOMAIN}"]["extra"] = "userdb_quota_rule=*:storage=7M"
    old.write()
    report = old.cli.run("mailbox", "check", "--json", "--exit-code")
    assert report.returncode == PARTLY
    told = {(row["address"], row["drift"]): row for row in json.loads(report.stdout)["mailboxes"]}
    assert "gatepost mailbox scan" in told[f"late@{DOMAIN}", "unknown"]["next"]
    quota = told[f"anna@{DOMAIN}", "quota"]
    assert (quota["store"], quota["ours"]) == (str(7 << 20), str(5 << 20)) and f"mailbox set anna@{DOMAIN} --quota" in quota["next"]
    old.users[f"anna@{DOMAIN}"]["extra"] = "userdb_quota_rule=*:storage=5M"
    del old.users[f"late@{DOMAIN}"]
    old.write()


def test_a_session_of_a_shut_mailbox_is_cut_again(old):
    """What a back end let in past its door, the next look ends."""
    user = old.idp.find_user(f"anna@{DOMAIN}").json["Resources"][0]["id"]
    old.mail.worker.stop()
    secret = old.cli.json("pat", "create", f"anna@{DOMAIN}", "--name", "tablet")["token"]
    session = mailclient.Imap(old.mail.ports["imap"]).login(f"anna@{DOMAIN}", secret).idle()
    old.idp.set_active(user, False)
    with old.gatepost_sql() as sql:
        sql.execute("UPDATE mailbox SET state = 'disabled', open = false, disabled_at = now(), desired_gen = desired_gen + 1 WHERE address = %s", (f"anna@{DOMAIN}",))
        sql.execute("UPDATE mailbox SET applied_gen = desired_gen WHERE address = %s", (f"anna@{DOMAIN}",))
    told = {row["address"]: row["drift"] for row in old.cli.json("mailbox", "check")["mailboxes"]}
    assert told[f"anna@{DOMAIN}"] == "sessions" and old.mail.dovecot.who(f"anna@{DOMAIN}") == 1
    old.once()
    assert old.mail.dovecot.who(f"anna@{DOMAIN}") == 0 and session.ended(5) is not None
    session.close()
    old.idp.set_active(user, True)
    old.mail.worker.start()


def test_a_store_that_does_not_list_says_so(old, run_dir):
    key = old.gatepost.folder / "other.key"
    key.write_text("k" * 40)
    host.give(key)
    old.cli.json("backend", "add", "other", "--kind", "webhook", "--url", "http://127.0.0.1:9/", "--secret-file", key)
    for argv in (("mailbox", "scan"), ("mailbox", "check")):
        done = old.cli.run(*argv)
        assert done.returncode == PARTLY and "other was not looked at: a store of kind webhook does not list" in done.stderr
    assert old.cli.run("mailbox", "scan", "--backend", "dovecot").returncode == 0
    assert "GP-4204" in old.cli.run("mailbox", "scan", "--backend", "nowhere").stderr


def test_a_mailbox_that_is_gone_is_forgotten(old):
    del old.users[f"foreign@{DOMAIN}"]
    old.write()
    report = old.cli.json("mailbox", "scan", "--backend", "dovecot")
    assert old.rows(report, "state")[f"foreign@{DOMAIN}"] == "gone"
    assert old.cli.run("mailbox", "show", f"foreign@{DOMAIN}").returncode == 3


def test_a_row_of_the_old_passwords_that_brings_a_quota_signs_in(old):
    """Dovecot takes whatever a passdb brings along for what `prefetch` answers with: it must not be asked before the host's userdb."""
    login = f"brings@{DOMAIN}"
    old.had(login, more="userdb_quota_rule=*:storage=5M")
    assert old.subjects(login, PASSWORD) == ["old 0"]


STATIC = """
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/static/%u {more}
}}
"""


@pytest.mark.parametrize("more", ["allow_all_users=yes", ""])
def test_mail_lies_where_a_token_reads_it_beside_a_static_userdb(old, run_dir, more):
    login = f"static{len(more)}@{DOMAIN}"
    old.person(login)
    old.once()
    secret = old.cli.json("pat", "create", login, "--name", "static")["token"]
    who, folder = pwd.getpwnam(host.USER) if host.is_root() else pwd.getpwuid(0), run_dir / f"static{len(more)}"
    server = dovecot.Dovecot(folder, old.cli, "both", STATIC.format(uid=who.pw_uid, gid=who.pw_gid, folder=folder / "mail", more=more))
    server.create(old.mail.key).start()
    try:
        mailclient.lmtp(server.ports["lmtp"], "friend@elsewhere.example", login, "for the token")
        client = mailclient.Imap(server.ports["imap"]).login(login, secret)
        assert client.subjects() == ["for the token"]
        client.close()
    finally:
        server.stop()
