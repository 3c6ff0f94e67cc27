"""Sign-ins against a real Dovecot: ours, and one whose password database is the least that a careful admin would write."""

import base64
import concurrent.futures as futures
import multiprocessing
import re
import socket
import time

import measure
from stack import dovecot, mailclient

CONTROL = """
CREATE TABLE bare_login (login text PRIMARY KEY, secret text NOT NULL, home text NOT NULL);
CREATE TABLE bare_log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), login text NOT NULL,
                       ip text NOT NULL, service text NOT NULL);
GRANT SELECT ON bare_login TO gatepost_dovecot;
GRANT INSERT ON bare_log TO gatepost_dovecot;
GRANT USAGE ON SCHEMA public TO gatepost_dovecot"""
QUERY = ("password_query = WITH logged AS (INSERT INTO public.bare_log (login, ip, service) VALUES ('%u', '%r', '%s')) SELECT login AS user,"
         " NULL AS password, 'y' AS nopassword, home AS userdb_home, {uid} AS userdb_uid, {gid} AS userdb_gid FROM public.bare_login"
         " WHERE login = '%u' AND secret = '%{{sha256:password}}'")


class Quiet(dovecot.Dovecot):
    """As printed, but without the tests' debug log, and without the policy server: the decision alone."""

    def create(self, key):
        super().create(key)
        path = self.folder / "dovecot.conf"
        text = path.read_text(encoding="utf-8").replace("auth_debug = yes", "").replace("auth_verbose = yes", "")
        self._write("dovecot.conf", re.sub(r"(?m)^auth_policy_server_url.*$", "", text))
        return self


class Bare(Quiet):
    """The same Dovecot with the control's query."""

    owner = (0, 0)

    def _printed(self, part):
        text = super()._printed(part)
        if part != "sql":
            return text
        return re.sub(r"(?m)^password_query.*$", lambda _: QUERY.format(uid=self.owner[0], gid=self.owner[1]), text)


def prepare(directory, logins):
    with directory.cluster.session(directory.database) as sql:
        sql.execute(CONTROL)
        sql.execute("INSERT INTO bare_login SELECT user_name, encode(sha256(('hello-' || user_name)::bytea), 'hex'), home FROM scim_user u"
                    " JOIN mailbox b USING (org_id, user_id) WHERE u.org_id = %s AND u.user_name = ANY (%s)",
                    (directory.org_id, [login for login, _ in logins]))
        sql.execute("VACUUM ANALYZE bare_login")


class Asker:
    """Dovecot's auth service as Postfix asks it: one connection, one sign-in after the other."""

    def __init__(self, dovecot_folder, number):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(dovecot_folder / "run/auth-postfix"))
        self.file = self.socket.makefile("rb")
        self.socket.sendall(b"VERSION\t1\t2\nCPID\t%d\n" % (70000 + number))
        while not self.file.readline().startswith(b"DONE"):
            pass
        self.n = 0

    def ask(self, login, secret):
        self.n += 1
        blob = base64.b64encode(f"\0{login}\0{secret}".encode())
        self.socket.sendall(b"AUTH\t%d\tPLAIN\tservice=imap\trip=127.0.0.1\tlip=127.0.0.1\tsecured\tresp=%s\n" % (self.n, blob))
        return self.file.readline().startswith(b"OK\t")


def ask_for(arguments):
    """In a process of its own: sign-ins within `seconds`."""
    folder, number, logins, seconds = arguments
    asker, done = Asker(folder, number), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        login, secret = logins[(number * 7919 + done) % len(logins)]
        assert asker.ask(login, secret), f"{login} was refused"
        done += 1
    return done


def sign_in_for(arguments):
    _, number, logins, seconds, port = arguments
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        login, secret = logins[(number * 7919 + done) % len(logins)]
        client = mailclient.Imap(port)
        client.login(login, secret)
        client.connection.logout()
        done += 1
    return done


def parallel(function, jobs):
    begin = time.monotonic()
    with multiprocessing.get_context("fork").Pool(len(jobs)) as pool:
        done = sum(pool.map(function, jobs))
    return done / (time.monotonic() - begin)


def decision(table, ours, bare, logins, quick):
    seconds, n = (2, 3) if quick else (6, 5)

    def rate(instance):
        return lambda: parallel(ask_for, [(instance.folder, i, logins, seconds) for i in range(8)])

    def imap(instance):
        return lambda: parallel(sign_in_for, [(instance.folder, i, logins, seconds, instance.ports["imap"]) for i in range(8)])
    for warm in (rate(ours), rate(bare)):
        warm()
    table.pairs("8 parallel IMAP logins", imap(ours), imap(bare), 0.8, n)
    table.pairs("   the same without the mail process", rate(ours), rate(bare), None, n)
    table.note("logins: a second Dovecot whose password_query is one statement: SELECT of one row by primary key, INSERT of one log row;"
               " no policy server on either side. Without the mail process: Dovecot's auth service, asked as Postfix asks it")


def storm(table, ours, logins, quick):
    """Everybody's mail program comes back at once, after a restart of Dovecot, say."""
    total, refused, took = 300 if quick else 10_000, [], []

    def one(number):
        login, secret = logins[number % len(logins)]
        begin = time.monotonic()
        try:
            client = mailclient.Imap(ours.ports["imap"], timeout=60)
            client.login(login, secret)
            took.append(time.monotonic() - begin)
            client.close()
        except Exception as failed:  # whatever it was, a good sign-in did not succeed
            refused.append(f"{login}: {failed!r}")
    begin = time.monotonic()
    with futures.ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(total)))
    seconds = time.monotonic() - begin
    for words in refused[:5]:
        measure.say(f"  refused: {words}")
    table.noise.look()
    table.row(f"storm of {total} sign-ins, 50 at once", f"{total / seconds:.0f} /s, p50 {1000 * measure.percentile(took, 0.5):.0f} ms, "
              f"p99 {1000 * measure.percentile(took, 0.99):.0f} ms", "", "", "", None)
    table.row("   good ones refused", str(len(refused)), "", "", "0", not refused)
