"""Stands between a worker and PostgreSQL, and between it and doveadm, and holds the traffic at one named step, so that the worker can
be killed exactly there. What is held is never let go; all else passes."""

import http.server
import json
import os
import pathlib
import socket
import threading
import urllib.error
import urllib.request

COMMIT = b"\0COMMIT\0"
PLANNED = (b"\0mailbox_insert\0", b"\0mailbox_update\0")
READY = b"Z\0\0\0\x05"


class Step:
    """Where to hold. `name` is one of SQL or HTTP below; `marker`: bytes that must be in what is held, where the step has them;
    `command`: of doveadm. reached.wait() says that the worker stands there."""

    SQL = ("before-the-plan-commits", "after-the-plan-committed", "after-the-claim", "before-applied", "after-applied")
    HTTP = ("before-the-call", "after-the-effect")

    def __init__(self, name, marker=b"", command=None):
        assert name in self.SQL + self.HTTP
        self.name, self.marker, self.command = name, marker, command
        self.reached, self.over = threading.Event(), threading.Event()

    def hold(self):
        self.reached.set()
        self.over.wait(60)


class Sql:
    """A Unix socket in front of PostgreSQL's. arm(step) before the worker starts."""

    def __init__(self, folder, upstream, port=5997):
        self.folder, self.port, self.upstream, self.step = pathlib.Path(folder), port, str(upstream), None
        path = self.folder / f".s.PGSQL.{port}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chmod(path, 0o777)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def conninfo(self, database, user):
        return f"host={self.folder} port={self.port} dbname={database} user={user}"

    def arm(self, step):
        self.step = step

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.upstream)
            _Connection(self, client, server).start()


class _Connection:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.planned = self.claims = self.deaf = False

    def start(self):
        for pump in (self._up, self._down):
            threading.Thread(target=pump, daemon=True).start()

    def _at(self, step, data):
        """Does what the worker sends bring it to the step?"""
        if step.name in ("before-the-plan-commits", "after-the-plan-committed"):
            return self.planned and COMMIT in data
        return step.name in ("before-applied", "after-applied") and b"\0mail_effect_applied\0" in data and step.marker in data

    def _up(self):
        try:
            while data := self.client.recv(1 << 20):
                step = self.proxy.step
                self.planned = self.planned or any(name in data for name in PLANNED)
                self.claims = b"\0mail_effect_claim\0" in data
                at = step is not None and self._at(step, data)
                if at and step.name.startswith("before"):
                    step.hold()
                    break
                self.deaf = at
                self.server.sendall(data)
                self.planned = self.planned and COMMIT not in data
        except OSError:
            pass
        self._end()

    def _down(self):
        try:
            while data := self.server.recv(1 << 20):
                step = self.proxy.step
                claimed = step is not None and step.name == "after-the-claim" and self.claims and step.marker in data
                if claimed or (self.deaf and READY in data[-6:]):
                    step.hold()
                    break
                if not self.deaf:
                    self.client.sendall(data)
        except OSError:
            pass
        self._end()

    def _end(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Http:
    """In front of doveadm's HTTP API."""

    def __init__(self, upstream):
        self.upstream, self.step, self.commands = upstream, None, []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                command = json.loads(body)[0]
                proxy.commands.append(command[0])
                step = proxy.step
                at = step is not None and step.command == command[0] and step.marker in body
                if at and step.name == "before-the-call":
                    self.close_connection = True
                    return step.hold()
                status, answer = proxy.ask(self.path, body, self.headers["Authorization"])
                if at and step.name == "after-the-effect":
                    self.close_connection = True
                    return step.hold()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:  # killed meanwhile
                    self.close_connection = True
                return None

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def arm(self, step):
        self.step = step

    def ask(self, path, body, key):
        request = urllib.request.Request(self.upstream + path, body, {"Authorization": key, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
