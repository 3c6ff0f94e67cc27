"""A private Postfix with the configuration that `gatepost postfix config` prints.

Postfix must be started by root, and its daemons want an owner and a group that nothing else uses. The accounts that its
package makes (postfix, postdrop) are not on a host where it was only unpacked, and the host is left alone; so two accounts stand
in that Debian has always had and nothing runs as: uucp as mail_owner, irc as setgid_group. Neither owns a file outside this
instance's folder because of us. The master process runs directly: the postfix command would check and repair an installation."""

import os
import pathlib
import pwd
import grp
import shutil
import signal
import socket
import subprocess
import time

from . import host

OWNER, GROUP = "uucp", "irc"
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
MAIN = """compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
meta_directory = {folder}/conf
command_directory = {sbin}
daemon_directory = {lib}/sbin
shlib_directory = {lib}
mail_owner = {owner}
setgid_group = {group}
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH={lib}
myhostname = mx.example.org
mydestination =
mynetworks = 127.255.255.255/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error:this host relays nothing
smtpd_tls_security_level = none
{tls}
smtp_tls_security_level = none
"""
MASTER = """127.0.0.1:{smtp} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
postlog   unix-dgram n  -       n       -       1       postlogd
"""
TLS = """smtpd_tls_cert_file = {folder}/conf/tls.pem
smtpd_tls_key_file = {folder}/conf/tls.key"""
MAPS = ("domains.cf", "mailboxes.cf", "aliases.cf", "senders.cf", "recipients.cf", "logins.cf", "sends.cf")


def cannot():
    """Why Postfix cannot run here; None when it can."""
    if not host.is_root():
        return "Postfix can only be started by root"
    try:
        pwd.getpwnam(OWNER), grp.getgrnam(GROUP)
    except KeyError:
        return f"the accounts {OWNER} and {GROUP}, which stand in for Postfix's own, are not on this host"
    return None


class Postfix:
    """After start(): .ports smtp, submission, and submissions (TLS from the first byte) where openssl can make a certificate."""

    def __init__(self, folder, cli, dovecot):
        self.folder, self.cli, self.dovecot = pathlib.Path(folder), cli, dovecot
        names = ("smtp", "submission", *(["submissions"] if shutil.which("openssl") else []))
        self.ports = {name: host.free_port() for name in names}
        self.root = host.UNPACKED if (host.UNPACKED / "usr/lib/postfix/sbin/master").exists() else pathlib.Path("/")
        self.process = None

    def _printed(self, part):
        done = self.cli.run("postfix", "config", "--part", part, "--maps", self.folder / "conf",
                            "--lmtp", f"inet:127.0.0.1:{self.dovecot.ports['lmtp']}",
                            "--sasl", self.dovecot.folder / "run/auth-postfix",
                            "--submission", f"127.0.0.1:{self.ports['submission']}",
                            "--submissions", f"127.0.0.1:{self.ports.get('submissions', 'submissions')}")
        if done.returncode != 0:
            raise host.StackError("gatepost postfix config: " + done.stderr)
        return done.stdout

    def _master(self):
        """The printed services; without TLS on the one for STARTTLS: a loopback address and a throw-away folder."""
        text = self._printed("master").replace("=encrypt", "=none")
        if "submissions" in self.ports:
            host.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mx.example.org", "-days", "2",
                      "-keyout", self.folder / "conf/tls.key", "-out", self.folder / "conf/tls.pem"])
            return text
        return text.partition("# The same with TLS")[0]

    def create(self):
        if not (self.root / "usr/lib/postfix/sbin/master").exists():
            raise host.StackError("Postfix is not here. Run ./quickstart once as root: it unpacks it into build/host.")
        # Its daemons open libraries after they gave up being root.
        if self.root == host.UNPACKED:
            self.root = host.within_reach(self.root / "usr/lib/postfix/sbin/master", self.folder, self.root).parents[4]
        lib, conf = self.root / "usr/lib/postfix", self.folder / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        values = {"folder": self.folder, "sbin": self.root / "usr/sbin", "lib": lib, "owner": OWNER, "group": GROUP,
                  "tls": TLS.format(folder=self.folder) if "submissions" in self.ports else "", **self.ports}
        (conf / "main.cf").write_text(MAIN.format(**values) + self._printed("main"))
        (conf / "master.cf").write_text(MASTER.format(**values) + self._master())
        (conf / "dynamicmaps.cf").write_text("pgsql\tpostfix-pgsql.so\tdict_pgsql_open\n")
        for name in MAPS:
            (conf / name).write_text(self._printed(name))
        uid, gid = pwd.getpwnam(OWNER).pw_uid, grp.getgrnam(GROUP).gr_gid
        for name in QUEUES:
            (self.folder / "spool" / name).mkdir(parents=True, exist_ok=True)
            os.chown(self.folder / "spool" / name, uid, 0)
        for name in ("maildrop", "public"):
            (self.folder / "spool" / name).mkdir(exist_ok=True)
            os.chown(self.folder / "spool" / name, uid, gid)
        (self.folder / "spool/pid").mkdir(exist_ok=True)
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)
        os.chown(self.folder / "data", uid, 0)
        return self

    def start(self):
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self.root / "usr/lib/postfix"), "MAIL_CONFIG": str(self.folder / "conf")}
        out = open(self.folder / "start.log", "ab")
        self.process = subprocess.Popen([str(self.root / "usr/lib/postfix/sbin/master"), "-d", "-c", str(self.folder / "conf")],
                                        stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True,
                                        env=environment)
        deadline = time.monotonic() + 20
        for name in self.ports:
            while not self._answers(name):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise host.StackError(f"Postfix did not start ({name}):\n" + (self.folder / "start.log").read_text()[-2000:] + self.log[-2000:])
                time.sleep(0.05)
        return self

    def _answers(self, name):
        try:
            socket.create_connection(("127.0.0.1", self.ports[name]), 1).close()
            return True
        except OSError:
            return False

    def reload(self):
        """Its daemons end when idle and start anew: after Dovecot was restarted, they still hold its old auth process."""
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @property
    def log(self):
        path = self.folder / "postfix.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
