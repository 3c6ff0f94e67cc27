"""The mail half of the story: from a push to a mailbox, reading and sending with a token, and every door shut by one PATCH."""

import time
from concurrent import futures

from . import canary, mailclient, people

LOGIN = people.address("Ada")
FRIEND = people.address("Chen")
DOORS = ("imap", "pop3", "sieve", "submission")


def prepare(story):
    """A mail group over what was pushed, and Ada's token."""
    cli = story.gatepost.cli
    cli.json("domain", "add", people.DOMAIN)
    cli.json("domain", "verify", people.DOMAIN, "--trust")
    cli.json("mail-group", "add", "mail-users", "--quota", "1G")
    # Observing is where an installation begins; here rules shall hold.
    cli.json("mode", "set", "directory")
    made = cli.json("pat", "create", LOGIN, "--name", "quickstart")
    return made["token"]


class Check:
    """expect(what, got, wanted) is told each result. secrets: what else no log may hold, by its name."""

    def __init__(self, story, idp, ids, expect, secrets=None):
        self.secrets = secrets or {}
        self.story, self.idp, self.ids, self.expect = story, idp, ids, expect
        self.mail, self.cli = story.mail, story.gatepost.cli
        self.doors = [door for door in DOORS if door in self.mail.ports]
        self.secret = story.pat

    def within(self, what, took, limit):
        self.expect(f"{what}: {'never' if took is None else f'{took * 1000:.0f} ms'}, at most {limit} s", took is not None and took <= limit, True)

    def refusals(self):
        return {door: self.mail.refusal(door, LOGIN, self.secret) for door in self.doors}

    def doors_shut(self, begin):
        """All doors tried at once: what each says, and when the last had said it."""
        with futures.ThreadPoolExecutor(len(self.doors)) as pool:
            words = {door: pool.submit(self.mail.refusal, door, LOGIN, self.secret) for door in self.doors}
            words = {door: future.result() for door, future in words.items()}
        return words, time.monotonic() - begin

    def mailbox(self):
        """A person put into the group has a mailbox that Dovecot knows."""
        address = people.address("Jonas")
        group = self.idp.find_group("mail-users").json["Resources"][0]["id"]
        answer = self.idp.change_members(group, add=[self.ids["Jonas"]])
        self.expect("Okta puts Jonas into mail-users", answer.status in (200, 204), True)
        self.within("from that push to Jonas's mailbox in Dovecot", mailclient.eventually(
            lambda: self.mail.dovecot.doveadm(("user", {"userMask": [address]}))[0][1].get(address) is not None, 10), 5)

    def traffic(self):
        """Delivery, reading with the token, sending."""
        mailclient.lmtp(self.mail.ports["lmtp"], "friend@elsewhere.example", LOGIN, "the first mail")
        imap = mailclient.Imap(self.mail.ports["imap"]).login(LOGIN, self.secret)
        self.expect("Ada reads over IMAP with her token", imap.subjects(), ["the first mail"])
        imap.close()
        self.within("until a record tells that she read her INBOX", mailclient.eventually(self.has_record, 10), 5)
        self.expect("her token opens", self.refusals(), dict.fromkeys(self.doors))
        wrong = self.mail.refusal("imap", LOGIN, self.secret[:-1] + ("a" if self.secret[-1] != "a" else "b"))
        self.expect("a wrong secret", wrong, "[AUTHENTICATIONFAILED] Authentication failed.")
        if self.mail.postfix is not None:
            self.submission()

    def has_record(self):
        """Dovecot's own word, read by `mail-events run`."""
        with self.story.postgres.session("gatepost") as sql:
            sql.execute("SELECT count(*) FROM audit WHERE kind = 'MAILBOX_ACCESS' AND subject = %s"
                        " AND detail ->> 'action' LIKE 'read%%' AND detail ->> 'object_type' = 'Message'", (self.ids["Ada"],))
            return sql.fetchone()[0] > 0

    def submission(self):
        smtp = mailclient.Smtp(self.mail.ports["submission"]).login(LOGIN, self.secret)
        smtp.send(LOGIN, FRIEND, "sent by submission")
        try:
            smtp.send(people.address("Grace"), FRIEND, "not hers")
            words = None
        except mailclient.Refused as refused:
            words = str(refused)[:3]
        self.expect("Ada sends as Grace", words, "553")
        smtp.close()
        count = lambda: self.mail.dovecot.doveadm(("mailboxStatus", {  # noqa: E731
            "user": FRIEND, "field": ["messages"], "mailboxMask": ["INBOX"]}))[0][1] == [{"mailbox": "INBOX", "messages": "1"}]
        self.within("from submission to Chen's INBOX", mailclient.eventually(count, 10), 5)

    def rule(self):
        # Ada is all who uses POP3 here, so this shuts everybody out, and has to be meant.
        rule = ("rule", "add", "no-pop3", "--effect", "deny", "--action", "pop3", "--message", "POP3 is not used here")
        self.expect("a rule that shuts out all who use POP3", self.cli.run(*rule).returncode, 4)
        self.cli.json(*rule, "--yes-lock-out")
        self.expect("POP3 under a rule", self.mail.refusal("pop3", LOGIN, self.secret), "-ERR [AUTH] POP3 is not used here (GP-6101)")
        self.expect("IMAP under it", self.mail.refusal("imap", LOGIN, self.secret), None)
        self.cli.run("rule", "remove", "no-pop3")

    def leaver(self):
        """One PATCH: each door, and each session that was open, and when."""
        ports = self.mail.ports
        idle = mailclient.Imap(ports["imap"]).login(LOGIN, self.secret).idle()
        pop3 = mailclient.Pop3(ports["pop3"]).login(LOGIN, self.secret)
        sieve = mailclient.Sieve(ports["sieve"]).login(LOGIN, self.secret)
        smtp = mailclient.Smtp(ports["submission"]).login(LOGIN, self.secret) if "submission" in ports else None
        with futures.ThreadPoolExecutor(3) as pool:
            ends = {"IDLE": pool.submit(idle.ended), "POP3": pool.submit(pop3.ended), "ManageSieve": pool.submit(sieve.ended)}
            begin = time.monotonic()
            self.expect("Okta deactivates Ada", self.idp.set_active(self.ids["Ada"], False).json["active"], False)
            words, took = self.doors_shut(time.monotonic())
            ends = {name: end.result() for name, end in ends.items()}
        for door, said in words.items():
            # 5111 by the person's row; 5112 once the worker has disabled the mailbox, which may be quicker than we are.
            shut = said is not None and ("GP-5111" in said or "GP-5112" in said or (door == "submission" and said.startswith("535")))
            self.expect(f"{door} refuses her: {said}", shut, True)
        self.within("from the commit to the last of these answers", took, 2)
        for name, end in ends.items():
            self.within(f"from the PATCH to the end of her {name} session", end - begin if end else None, 5)
        if smtp is not None:
            self.expect("her signed-in SMTP session", self.too_late(smtp)[:9], "554 5.7.1")
        for client in (idle, pop3, sieve):
            client.close()
        mailclient.lmtp(ports["lmtp"], "friend@elsewhere.example", LOGIN, "meanwhile")
        self.stopwatch()

    def stopwatch(self):
        """What an admin reads of it: each door, when it shut."""
        shut = lambda: all(door["state"] == "shut" for door in self.shown().values()) and set(self.shown()) >= {"sign-in", "sessions"}  # noqa: E731
        self.within("until gatepost user show tells when each door shut", mailclient.eventually(shut, 10), 5)
        for line in self.cli.run("user", "show", LOGIN).stdout.splitlines():
            if " shut, " in line:
                self.expect(f"gatepost user show: {line.strip()}", True, True)

    def shown(self):
        return self.cli.json("user", "show", LOGIN)["mailbox"]["doors"] or {}

    def too_late(self, smtp):
        try:
            smtp.send(LOGIN, FRIEND, "too late")
            return "accepted"
        except mailclient.Refused as late:
            return str(late)
        finally:
            smtp.close()

    def back(self):
        self.expect("Okta reactivates Ada", self.idp.set_active(self.ids["Ada"], True).json["active"], True)
        self.within("until all doors open to the same token", mailclient.eventually(
            lambda: self.refusals() == dict.fromkeys(self.doors), 10), 5)
        imap = mailclient.Imap(self.mail.ports["imap"]).login(LOGIN, self.secret)
        self.expect("her mail is as it was, and what came meanwhile", imap.subjects(), ["the first mail", "meanwhile"])
        imap.close()

    def canary(self):
        """No secret in any log of the whole host, PostgreSQL's with each statement's parameters among them."""
        secrets = {"token": self.secret, "SCIM token": self.story.token, "doveadm key": self.mail.key, **self.story.secrets,
                   **canary.key_files(self.story.run_dir), **self.secrets}
        wrong, logs = canary.told(self.story.run_dir, secrets)
        self.expect(f"logs, of {logs}, that hold one of {len(secrets)} secrets", wrong, [])

    def run(self):
        self.mailbox()
        self.traffic()
        self.rule()
        self.leaver()
        self.back()
        self.canary()
