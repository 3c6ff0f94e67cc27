"""An SMTP server that keeps what it is sent."""

import email
import email.policy
import socketserver
import threading


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that keeps what it is sent; an address that begins with "no" it refuses."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.letters, self.drop = [], None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.server_address[1]

    def to(self, address):
        return [email.message_from_bytes(data, policy=email.policy.default) for rcpt, data in self.letters if rcpt == address]


class Conversation(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink ESMTP")
        rcpt = None
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            verb = line[:4].upper()
            if verb == "EHLO":
                self.say("250 sink")
            elif verb == "RCPT":
                rcpt = line[line.index("<") + 1:line.index(">")]
                self.say("550 5.1.1 no such person" if rcpt.startswith("no") else "250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                data = b""
                for raw_line in self.rfile:
                    if raw_line == b".\r\n":
                        break
                    data += raw_line[1:] if raw_line.startswith(b"..") else raw_line
                self.server.letters.append((rcpt, data))
                if self.server.drop == "after":
                    return
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")
