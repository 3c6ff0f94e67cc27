"""A private Dovecot: unprivileged, in a folder, on free ports, with the configuration that `gatepost dovecot config` prints."""

import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

from . import host

# What a host's own Dovecot has and a snippet therefore leaves alone; and the places of this one.
BASE = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = gatepost-test
{user}
protocols = imap pop3 lmtp sieve
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_verbose = yes
auth_debug = yes
auth_failure_delay = 0 secs
mail_location = maildir:~/Maildir
first_valid_uid = 1
mail_plugins = quota
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  sieve = file:~/sieve;active=~/.dovecot.sieve
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service managesieve-login {{
  chroot =
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service lmtp {{
  user =
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service imap {{
  user =
}}
service pop3 {{
  user =
}}
service managesieve {{
  user =
}}
service auth {{
  user =
  unix_listener auth-postfix {{
    mode = 0666
  }}
}}
service auth-worker {{
  user =
}}
service doveadm {{
  user =
}}
service stats {{
  chroot =
}}
# No growing delay after wrong secrets: tests try many from one address.
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
UNPRIVILEGED = """default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}"""
# Unpacked, not installed: see relocate.c.
UNPACKED = """libexec_dir = {lib}
mail_plugin_dir = {lib}/modules
import_environment = $import_environment LD_PRELOAD={preload} GATEPOST_UNPACKED={root} LD_LIBRARY_PATH={libraries}"""


def unpacked_root(folder):
    """Where the packages were unpacked, within our unprivileged user's reach; None when the host's own Dovecot serves."""
    found = host.UNPACKED / "usr/sbin/dovecot"
    if not found.exists() and os.access("/usr/sbin/dovecot", os.X_OK):
        return None
    if not found.exists():
        raise host.StackError("Dovecot is not here. Run ./quickstart once as root: it unpacks it into build/host.")
    return host.within_reach(found, folder, host.UNPACKED).parents[2]


class Dovecot:
    """After start(): .ports by name (imap, pop3, sieve, lmtp, doveadm)."""

    def __init__(self, folder, cli, mode="both", extra=""):
        self.folder = pathlib.Path(folder)
        self.cli, self.mode, self.extra = cli, mode, extra
        self.ports = {name: host.free_port() for name in ("imap", "pop3", "sieve", "lmtp", "doveadm")}
        self.process, self.root, self.environment = None, None, None
        self.through = ()  # what its programs are started by

    def _write(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        host.give(path)
        return path

    def _printed(self, part):
        """A part as the program prints it, with the files where this instance has them."""
        done = self.cli.run("dovecot", "config", "--mode", self.mode, "--part", part, "--doveadm-port", self.ports["doveadm"])
        if done.returncode != 0:
            raise host.StackError("gatepost dovecot config: " + done.stderr)
        return done.stdout.replace("/etc/dovecot/", f"{self.folder}/")

    def _host_block(self):
        text = ""
        if self.root is not None:
            lib = self.root / "usr/lib/dovecot"
            libraries = f"{lib}:{lib}/modules:{lib}/modules/old-stats"
            self.environment = {"LD_PRELOAD": str(self.root / "relocate.so"), "GATEPOST_UNPACKED": str(self.root),
                                "LD_LIBRARY_PATH": libraries}
            text = UNPACKED.format(lib=lib, preload=self.root / "relocate.so", root=self.root, libraries=libraries)
        return text

    def create(self, key):
        """Writes the configuration; key: what doveadm's callers must bring."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        host.give(self.folder)
        self.root = unpacked_root(self.folder)
        self.key = key
        (self.folder / "mail").mkdir(exist_ok=True)
        host.give(self.folder / "mail")
        user, group = host.user_and_group()
        text = BASE.format(folder=self.folder, user=UNPRIVILEGED.format(user=user, group=group), **self.ports)
        first = "" if self.mode == "observe" else self._printed("first")
        if self.mode != "observe":
            self._write("gatepost-sql.conf.ext", self._printed("sql"), 0o600)
        self._write("dovecot.conf", self._host_block() + text + first + self.extra + self._printed("main"))
        return self

    def run(self, name, *argv):
        """A program of Dovecot's: doveconf, doveadm."""
        path = f"/usr/bin/{name}" if self.root is None else self.root / "usr/bin" / name
        return host.run(host.as_user([*self.through, path, "-c", self.folder / "dovecot.conf", *argv]), cwd="/",
                        env={**os.environ, **(self.environment or {})})

    def start(self):
        path = "/usr/sbin/dovecot" if self.root is None else self.root / "usr/sbin/dovecot"
        out = open(self.folder / "start.log", "ab")
        self.process = subprocess.Popen(
            [str(a) for a in host.as_user([*self.through, path, "-F", "-c", self.folder / "dovecot.conf"])], stdout=out, stderr=out,
            stdin=subprocess.DEVNULL, cwd="/", start_new_session=True, env={**os.environ, **(self.environment or {})})
        for name in self.ports:
            if name != "doveadm" or self.mode != "observe":  # whoever only observes prints no listener for it
                self._wait(name)
        return self

    def _wait(self, name):
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ports[name]), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise host.StackError(f"Dovecot did not start ({name}):\n" + (self.folder / "start.log").read_text()[-2000:] + self.log[-2000:])
                time.sleep(0.05)

    def stop(self, sign=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(sign)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @property
    def log(self):
        path = self.folder / "dovecot.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def doveadm(self, *commands):
        """Calls doveadm over HTTP: each command is (name, {parameters}); the answers."""
        body = json.dumps([[name, parameters, f"t{number}"] for number, (name, parameters) in enumerate(commands)])
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['doveadm']}/doveadm/v1", body.encode(), {
            "Authorization": "X-Dovecot-API " + base64.b64encode(self.key.encode()).decode(), "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=15) as reply:
            return json.loads(reply.read())

    def who(self, login):
        """Live sessions of a login, all protocols."""
        answer = self.doveadm(("who", {"mask": [login]}))[0]
        return sum(int(row["connections"]) for row in answer[1]) if answer[0] == "doveadmResponse" else 0
