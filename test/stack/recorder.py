"""A mail store of a customer's own, as `webhook` speaks to it (docs/webhook.md): keeps what it is told, and can be made to
misbehave."""

import hashlib
import hmac
import http.server
import json
import threading
import time


class Recorder:
    """`mailboxes`: address → {open, quota, generation}; `calls`: every order in turn. delay: seconds before each answer;
    broken: answer 503."""

    def __init__(self, secret="s" * 40):
        self.secret, self.mailboxes, self.calls, self.generations = secret, {}, [], {}
        self.delay, self.broken, self.forged = 0, False, 0
        self.lock = threading.Lock()
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = recorder.answer(self.headers, body)
                data = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except ConnectionError:  # the worker was killed meanwhile
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def genuine(self, header, body):
        parts = dict(part.split("=", 1) for part in (header or "").split(",") if "=" in part)
        wanted = hmac.new(self.secret.encode(), f"{parts.get('t')}.{body}".encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, parts.get("v1", ""))

    def answer(self, headers, body):
        if self.delay:
            time.sleep(self.delay)
        if not self.genuine(headers.get("Gatepost-Signature"), body):
            self.forged += 1
            return 401, {"message": "bad signature"}
        if self.broken:
            return 503, {"message": "out of order"}
        order = json.loads(body)
        with self.lock:
            return self.obey(order)

    def obey(self, order):
        address = order["address"]
        box = self.mailboxes.get(address)
        if order["action"] == "look":
            return 200, {"exists": box is not None, "open": bool(box and box["open"]), "messages": 0, "bytes": 0, "sessions": 0}
        self.calls.append(order)
        # What a worker says that stood still meanwhile is older than what we know.
        if "mailbox_id" in order and order["generation"] < self.generations.get(order["mailbox_id"], 0):
            return 200, {}
        if "mailbox_id" in order:
            self.generations[order["mailbox_id"]] = order["generation"]
        if order["action"] == "rename":
            self.mailboxes[address] = self.mailboxes.pop(order["former_address"])
        elif order["action"] in ("create", "enable", "disable"):
            self.mailboxes[address] = {"open": order["open"], "quota": order["quota_bytes"], "aliases": order["aliases"],
                                       "generation": order["generation"], "id": order["mailbox_id"]}
        elif order["action"] == "purge":
            self.mailboxes.pop(address, None)
        return 200, {}

    def count(self, action, address=None):
        return sum(c["action"] == action and address in (None, c["address"]) for c in self.calls)
