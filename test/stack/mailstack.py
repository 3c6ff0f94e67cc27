"""Dovecot, Postfix where it can run, and the worker, around one gatepost and its database: a whole mail host in a folder."""

import os
import pathlib
import pwd
import secrets
import signal
import subprocess

from . import dovecot, host, mailclient, postfix

POLICY_KEY = "policy-key-of-a-throw-away-host-0123456789"
SETTINGS = {"mail_policy_key": POLICY_KEY}


class Worker:
    """A command of gatepost's that runs until it is stopped: `sync run`."""

    def __init__(self, server, argv=("sync", "run"), name="worker"):
        self.server, self.argv, self.process = server, argv, None
        self.path = server.folder / f"{name}.log"

    def start(self):
        log = open(self.path, "ab")
        self.process = subprocess.Popen(host.as_user([self.server.cli.binary, *self.argv, "--config", str(self.server.config)]),
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)
        return self

    def stop(self, sign=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(sign)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    @property
    def log(self):
        return self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""


class MailStack:
    """The server's settings must hold SETTINGS. After start(): .dovecot, .postfix (None where it cannot run, .why_not says
    why), .worker, .events (`mail-events run` on Dovecot's log), .ports."""

    def __init__(self, folder, server, mode="both", extra=""):
        self.folder, self.server = pathlib.Path(folder), server
        self.key = secrets.token_hex(16)
        self.dovecot = dovecot.Dovecot(self.folder / "dovecot", server.cli, mode, extra)
        self.why_not = postfix.cannot()
        self.postfix = None if self.why_not else postfix.Postfix(self.folder / "postfix", server.cli, self.dovecot)
        self.worker = Worker(server)
        self.events = Worker(server, ("mail-events", "run", self.dovecot.folder / "dovecot.log"), "events")

    def _secret(self, name, text):
        path = pathlib.Path(self.server.settings["keys_dir"]) / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        host.give(path)
        return path

    def start(self):
        key_file = self._secret("doveadm.key", self.key)
        self._secret("policy.header", f"Authorization: Bearer {POLICY_KEY}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.dovecot.create(self.key).start()
        if self.postfix is not None:
            self.postfix.create().start()
        who = pwd.getpwnam(host.USER) if host.is_root() else pwd.getpwuid(os.geteuid())
        self.server.cli.json("backend", "add", "dovecot", "--kind", "dovecot",
                             "--url", f"http://127.0.0.1:{self.dovecot.ports['doveadm']}", "--secret-file", key_file,
                             "--home", f"{self.dovecot.folder}/mail/%d/%n", "--uid", who.pw_uid, "--gid", who.pw_gid)
        self.worker.start()
        self.events.start()
        return self

    @property
    def ports(self):
        ports = dict(self.dovecot.ports)
        if self.postfix is not None:
            ports.update(self.postfix.ports)
        return ports

    def pids(self):
        processes = {"sync": self.worker.process, "mail-events": self.events.process, "dovecot": self.dovecot.process,
                     "postfix": self.postfix.process if self.postfix else None}
        return {name: process.pid for name, process in processes.items() if process is not None}

    def refusal(self, protocol, login, secret):
        """What a door says to this sign-in; None when it opens. protocol: imap, pop3, sieve, submission."""
        program = {"imap": mailclient.Imap, "pop3": mailclient.Pop3, "sieve": mailclient.Sieve, "submission": mailclient.Smtp}
        return mailclient.refusal(program[protocol], self.ports[protocol], login, secret)

    def stop(self):
        self.worker.stop()
        self.events.stop()
        if self.postfix is not None:
            self.postfix.stop()
        self.dovecot.stop()
