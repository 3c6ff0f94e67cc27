"""A doveadm HTTP API that is slow, broken or hostile; well, it does what the driver asks of Dovecot."""

import base64
import collections
import http.server
import json
import random
import socket
import threading
import time

KEY = "doveadm-key-of-the-fault-tests"


class Handler(http.server.BaseHTTPRequestHandler):
    """One command a request. `store` is the Standin it answers for."""

    protocol_version = "HTTP/1.1"
    store = None

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert len(body) == 1, "one command a request"
        expected = "X-Dovecot-API " + base64.b64encode(KEY.encode()).decode()
        with self.store.at_it():
            self.store.commands.append((*body[0][:2], time.monotonic()))
            if self.headers["Authorization"] != expected:
                self.send(401, b"")
            else:
                getattr(self, "be_" + self.store.mood().replace("-", "_"))(*body[0])

    def do_GET(self):
        self.store.commands.append(("followed", {}, time.monotonic()))
        self.send(200, b"[]")

    def send(self, status, body, **headers):
        try:
            self.send_response(status)
            for key, value in {"Content-Length": len(body), **headers}.items():
                self.send_header(key.replace("_", "-"), str(value))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the other side was killed, or waited no longer
            self.close_connection = True

    def answer(self, name, parameters, tag):
        found = self.store.obey(name, parameters)
        entry = ["error", {"type": "exitCode", "exitCode": found}, tag] if isinstance(found, int) else ["doveadmResponse", found, tag]
        return json.dumps([entry]).encode()

    # The personalities.

    def be_well(self, *ask):
        self.send(200, self.answer(*ask))

    def be_slow(self, *ask):
        """The effect comes as late as the answer."""
        self.store.over.wait(self.store.delay)
        self.send(200, self.answer(*ask))

    def be_slow_to_expunge(self, name, *rest):
        """Destroying mail takes long, all else is quick."""
        if name == "expunge":
            self.store.over.wait(self.store.delay)
        self.send(200, self.answer(name, *rest))

    def be_401(self, *_):
        self.send(401, b"")

    def be_500(self, *_):
        self.send(500, b"oh")

    def be_exit_code(self, _name, _parameters, tag):
        self.send(200, json.dumps([["error", {"type": "exitCode", "exitCode": 75}, tag]]).encode())

    def be_dead(self, *_):
        """A command that takes the server down with it."""
        self.close_connection = True

    def be_truncated(self, *ask):
        self.send(200, self.answer(*ask)[:-3])

    def be_wrong_tag(self, name, parameters, _):
        self.send(200, self.answer(name, parameters, "another"))

    def be_empty_list(self, *_):
        self.send(200, b"[]")

    def be_chunked_forever(self, *_):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.pour(b"1\r\n \r\n", 0.05)

    def be_redirect(self, *_):
        self.send(302, b"", Location="/elsewhere")

    def be_huge(self, *_):
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 30))
        self.end_headers()
        self.pour(b" " * 65536, 0)

    def be_reply_lost(self, *ask):
        """Each command has its effect; the answer to the first of each name about each login is lost."""
        answer = self.answer(*ask)
        if [command[:2] for command in self.store.commands].count(ask[:2]) == 1:
            self.close_connection = True
            return
        self.send(200, answer)

    def be_endless_sessions(self, name, parameters, tag):
        answer = self.answer(name, parameters, tag)
        if name == "kick":
            self.store.sessions[parameters["mask"][0]] = 1
        self.send(200, answer)

    def pour(self, piece, pause):
        self.close_connection = True
        try:
            while not self.store.over.is_set():
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """A connection that the other side ended is no news."""


class Standin:
    """`sessions`: login → live ones, until kicked. `commands`: (name, parameters, moment). `most`: commands at once, at most.
    share: of the commands so many meet the personality, the others a well store."""

    def __init__(self, personality="well", share=1.0, delay=30):
        self.personality, self.share, self.delay = personality, share, delay
        self.sessions, self.commands, self.now, self.most = collections.Counter(), [], 0, 0
        self.random, self.lock, self.over = random.Random(3), threading.Lock(), threading.Event()
        self.server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"store": self}))
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def be(self, personality, delay=30):
        self.personality, self.share, self.delay = personality, 1.0, delay

    def mood(self):
        with self.lock:
            return self.personality if self.random.random() < self.share else "well"

    def at_it(self):
        return _Busy(self)

    def obey(self, name, parameters):
        """The data, or an exit code; and the effect."""
        login = parameters.get("mask") or parameters.get("user") or parameters.get("userMask")
        if login is None:  # who, about everybody
            with self.lock:
                return [self.session(each, n) for each, n in self.sessions.items() if n]
        login = login if isinstance(login, str) else login[0]
        with self.lock:
            n = self.sessions.pop(login, 0) if name == "kick" else self.sessions.get(login, 0)
        if name == "kick":
            return [{"result": login}] if n else 68
        if name == "who":
            return [self.session(login, n)] if n else []
        return {"authCacheFlush": [{"entries": "0"}], "user": {each: {"uid": "1"} for each in parameters.get("userMask", ())},
                "expunge": [], "mailboxList": [{"mailbox": "INBOX"}], "mailboxPath": [{"path": f"/mail/{login}"}],
                "mailboxStatus": [{"mailbox": "INBOX", "messages": "0", "vsize": "0"}]}[name]

    @staticmethod
    def session(login, n):
        return {"username": login, "connections": str(n), "service": "imap", "pids": "(1)", "ips": "(127.0.0.1)"}

    def orders(self):
        """The commands about somebody; the others look at everybody's sessions, as a worker does when it begins."""
        return [command for command in list(self.commands) if command[1]]

    def about(self, name):
        """The logins that a command was about, in turn."""
        return [(p.get("mask") or p.get("user") or p.get("userMask"))[0] for command, p, _ in self.orders() if command == name]

    def stop(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


class _Busy:
    def __init__(self, store):
        self.store = store

    def __enter__(self):
        with self.store.lock:
            self.store.now += 1
            self.store.most = max(self.store.most, self.store.now)

    def __exit__(self, *_):
        with self.store.lock:
            self.store.now -= 1


class BlackHole:
    """An address where connecting takes for ever: the queue of its listener is full."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)

    def stop(self):
        for each in (*self.fillers, self.listener):
            each.close()
