"""The quickstart's story: start, push, show; or check it; or leave it running."""

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import sys
import tempfile
import time
from concurrent import futures

from . import canary, host, mailstack, mailstory, okta, people, postgres, samlstory, scim, server


def say(text=""):
    print(text, file=sys.stderr, flush=True)


class Story:
    """Everything lives below one temporary directory. checked: PostgreSQL logs all it can, and no log may hold one of .secrets."""

    def __init__(self, checked=False):
        self.run_dir = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-"))
        self.run_dir.chmod(0o755)
        self.postgres = postgres.Postgres(self.run_dir / "pg", canary.LOUD_POSTGRES if checked else None)
        # The private PostgreSQL trusts its socket and asks for none; the program must keep it to itself all the same.
        self.secrets = {"database password": secrets.token_hex(16)} if checked else {}
        self.gatepost = None
        self.token, self.pat, self.mail, self.signing = None, None, None, None

    def step(self, name, what, work):
        begin = time.monotonic()
        result = work()
        say(f"  {name:<12}{what:<58}{time.monotonic() - begin:5.1f} s")
        return result

    def start(self):
        say(f"gatepost quickstart: everything lives in {self.run_dir}")
        self.step("database", "private PostgreSQL on a Unix socket", lambda: self.postgres.create().start())
        conninfo = self.postgres.create_database("gatepost") + "".join(f" password={each}" for each in self.secrets.values())
        self.gatepost = server.Server(self.run_dir / "gatepost", conninfo, mailstack.SETTINGS).write_config()
        self.step("schema", "gatepost db migrate", lambda: self._cli("db", "migrate"))
        self.step("service", f"gatepost serve on {self.gatepost.address}", self.gatepost.start)
        self._cli("source", "add", "Okta", "--profile", "okta")
        made = self._cli("scim-token", "create", "--source", "Okta", "--name", "quickstart")
        self.token = made["token"]
        self.mail = mailstack.MailStack(self.run_dir, self.gatepost)
        without = f", without Postfix: {self.mail.why_not}" if self.mail.why_not else " and Postfix"
        self.signing = samlstory.Signing(self.run_dir, self.gatepost)
        with futures.ThreadPoolExecutor(1) as meanwhile:
            signing = meanwhile.submit(self.signing.start)
            self.step("mail", "private Dovecot, sync run" + without, self.mail.start)
            self.step("sign-in", "SimpleSAMLphp as identity provider, connected by SAML", signing.result)

    def _cli(self, *argv):
        return self.gatepost.cli.json(*argv)

    def push(self):
        """Twelve people and two groups, request by request as Okta would."""
        idp = okta.Okta(self.gatepost.scim_base, self.token)
        tested = idp.test_credentials()
        if tested.status != 200:
            raise host.StackError(f"Okta's credentials test was refused: {tested}")
        ids = {}
        for number, (given, family, _, _) in enumerate(people.PEOPLE, 1):
            ids[given] = idp.create_user(idp.profile(people.address(given), given, family, f"00u{number:017d}"))
        for name, column in (("mail-users", 2), ("staff", 3)):
            group = idp.create_group(name)
            wanted = [ids[row[0]] for row in people.PEOPLE if row[column]]
            answer = idp.change_members(group, add=wanted)
            if answer.status not in (200, 204):
                raise host.StackError(f"the members of {name} were refused: {answer}")
        self.pat = mailstory.prepare(self)
        return idp, ids

    def description(self):
        return {
            "scim_base": self.gatepost.scim_base, "scim_token": self.token, "database": self.gatepost.settings["database"],
            "gatepost": self.gatepost.cli.binary, "config": str(self.gatepost.config), "run_dir": str(self.run_dir),
            "admin": f"http://{self.gatepost.admin}",
            **{name: f"127.0.0.1:{port}" for name, port in self.mail.ports.items()},
            "pat": {"login": mailstory.LOGIN, "token": self.pat},
            **self.signing.description(),
        }

    def pids(self):
        return {**self.mail.pids(), **self.signing.pids(), "gatepost": self.gatepost.process.pid, "postgres": self.postgres.process.pid}

    def stop(self):
        if self.signing is not None:
            self.signing.stop()
        if self.mail is not None:
            self.mail.stop()
        if self.gatepost is not None:
            self.gatepost.stop()
        with contextlib.suppress(Exception):
            self.postgres.stop("fast")
        shutil.rmtree(self.run_dir, ignore_errors=True)


def check(story):
    """Reads what was pushed back through SCIM, the command line and the database; a list of what is wrong."""
    idp, ids = story.push()
    wrong = []

    def expect(what, got, wanted):
        say(f"  {'ok ' if got == wanted else 'NOT'} {what}: {got}" + ("" if got == wanted else f", expected {wanted}"))
        if got != wanted:
            wrong.append(what)

    listed = idp.client.get("/Users?startIndex=1&count=100").json
    expect("people in the list", listed["totalResults"], 12)
    expect("groups in the list", idp.client.get("/Groups").json["totalResults"], 2)
    group = idp.find_group("mail-users").json["Resources"][0]
    members = sum(row[2] for row in people.PEOPLE)
    expect("members of mail-users", len(group["members"]), members)
    expect("a second create of Ada", idp.client.post("/Users", idp.profile("ada@example.org", "Ada", "Byron", "x")).status, 409)
    expect("Okta deactivates Bob", idp.set_active(ids["Bob"], False).json["active"], False)
    expect("Bob stays in his groups", len(idp.find_group("mail-users").json["Resources"][0]["members"]), members)
    expect("Okta takes Eve out of mail-users", idp.change_members(group["id"], remove=[ids["Eve"]]).status, 204)
    expect("a nonsense token", scim.Client(story.gatepost.scim_base, "nonsense").get("/Users").status, 401)
    with story.postgres.session("gatepost") as sql:
        sql.execute("SELECT count(*), count(*) FILTER (WHERE active) FROM scim_user")
        expect("people and active people in the database", sql.fetchone(), (12, 11))
        sql.execute("SELECT count(*) FROM scim_member m JOIN scim_group g USING (org_id, group_id) WHERE g.display_name = 'mail-users'")
        expect("members of mail-users in the database", sql.fetchone()[0], members - 1)
        sql.execute("SELECT count(*) FROM write_request w WHERE NOT EXISTS (SELECT FROM audit a WHERE a.request_id = w.request_id)")
        expect("writes without an audit record", sql.fetchone()[0], 0)
    shown = story._cli("user", "show", "bob@example.org")
    expect("gatepost user show bob@example.org", shown.get("active"), False)
    expect("gatepost doctor", story.gatepost.cli.run("doctor").returncode, 0)
    signing = samlstory.Check(story, idp, ids, expect)
    signing.run()
    mailstory.Check(story, idp, ids, expect, signing.secrets).run()
    return wrong


def show(story):
    begin = time.monotonic()
    story.push()
    say(f"  {'people':<12}{'12 people and 2 groups pushed as Okta would':<58}{time.monotonic() - begin:5.1f} s")
    base, token = story.gatepost.scim_base, story.token
    person = story.signing.people["Ada"]
    signing = f"{story.signing.connection.base}{samlstory.PORTAL}   sign in as {person.uid} / {person.password}"
    command = f"{story.gatepost.cli.binary} --config {story.gatepost.config}"
    print(f"""
  portal          {signing}
  SCIM base URL   {base}
  token           {token}
  metrics         http://{story.gatepost.admin}/metrics
  database        psql "{story.gatepost.settings['database']}"

Try:
  curl -s -H 'Authorization: Bearer {token}' '{base}/Users?count=3'
  curl -s -H 'Authorization: Bearer {token}' '{base}/Groups?filter=displayName%20eq%20%22mail-users%22'
  gatepost() {{ setpriv --reuid=nobody --regid=nogroup --clear-groups -- {story.gatepost.cli.binary} "$@" --config {story.gatepost.config}; }}
  gatepost user list
  gatepost user show ada@example.org
  gatepost saml connection trace {story.signing.connection.slug}

Ctrl-C ends everything and removes {story.run_dir}.""" if host.is_root() else f"""
  portal          {signing}
  SCIM base URL   {base}
  token           {token}
  metrics         http://{story.gatepost.admin}/metrics

Try:
  curl -s -H 'Authorization: Bearer {token}' '{base}/Users?count=3'
  {command} user list
  {command} saml connection trace {story.signing.connection.slug}

Ctrl-C ends everything and removes {story.run_dir}.""", flush=True)
    signal.pause()


def stop(run_dir):
    """Ends what --background started: by the pids it wrote."""
    folder = pathlib.Path(run_dir)
    try:
        pids = json.loads((folder / "background.json").read_text())["pids"]
    except (OSError, ValueError, KeyError):
        say(f"{run_dir} is not the run_dir of a running quickstart.")
        return 1
    for name, pid in pids.items():
        sign = signal.SIGINT if name == "postgres" else signal.SIGTERM
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
            deadline = time.monotonic() + 40
            while pathlib.Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def background(story):
    story.push()
    described = story.description()
    described["pids"] = story.pids()
    (story.run_dir / "background.json").write_text(json.dumps(described))
    print(json.dumps(described), flush=True)


def interrupted(*_):
    raise KeyboardInterrupt


def main(argv):
    mode = argv[0] if argv else "--show"
    if mode == "--stop":
        return stop(argv[1])
    for number in (signal.SIGTERM, signal.SIGINT):  # SIGINT too: a shell's background job would start with it ignored
        signal.signal(number, interrupted)
    story = Story(mode == "--check")
    keep = False
    try:
        story.start()
        if mode == "--check":
            wrong = check(story)
            say(f"FAILED: {', '.join(wrong)}" if wrong else "All of it holds.")
            return 1 if wrong else 0
        if mode == "--background":
            background(story)
            keep = True
            return 0
        show(story)
        return 0
    except KeyboardInterrupt:
        say("\nStopping.")
        return 0
    except (host.StackError, AssertionError) as failed:
        say(f"\nThe quickstart failed. {failed}")
        return 1
    finally:
        if not keep:
            story.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
