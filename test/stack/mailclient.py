"""Mail programs, as small as can be: what the server said is given back, nothing is interpreted."""

import base64
import imaplib
import poplib
import re
import smtplib
import socket
import time


def message(sender, recipient, subject, body="Hello."):
    return (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\nMessage-ID: <{time.time_ns()}@test>\r\n"
            f"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n{body}\r\n")


class Refused(Exception):
    """The server said no; str() is what it said."""


class Imap:
    def __init__(self, port, source=None, timeout=15):
        self.connection = imaplib.IMAP4("127.0.0.1", port, timeout) if source is None else _ImapFrom(port, source, timeout)

    def login(self, user, secret):
        try:
            self.connection.login(user, secret)
        except imaplib.IMAP4.error as refused:
            raise Refused(_words(refused)) from None
        return self

    def subjects(self):
        """The subjects in INBOX."""
        self.connection.select("INBOX", readonly=True)
        _, found = self.connection.search(None, "ALL")
        subjects = []
        for number in found[0].split():
            _, data = self.connection.fetch(number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            subjects += [line.partition(":")[2].strip() for line in data[0][1].decode().splitlines() if line]
        return subjects

    def idle(self):
        """Goes to sleep as a phone does; wait_bye() tells when it was woken."""
        self.connection.select("INBOX")
        self.connection.send(b"X1 IDLE\r\n")
        line = self.connection.readline()
        if not line.startswith(b"+"):
            raise Refused(line.decode())
        return self

    def wait_bye(self, seconds=10):
        """(The BYE line, the moment it came by time.monotonic()); ("", moment) when the connection just ended; None when neither."""
        self.connection.sock.settimeout(seconds)
        try:
            while True:
                line = self.connection.file.readline()
                if not line or line.startswith(b"* BYE"):
                    return line.decode().strip(), time.monotonic()
        except (TimeoutError, socket.timeout):
            return None
        except OSError:
            return "", time.monotonic()

    def ended(self, seconds=10):
        """The moment of the BYE or of the end; None when the session lives on."""
        bye = self.wait_bye(seconds)
        return bye[1] if bye else None

    def close(self):
        try:
            self.connection.shutdown()
        except OSError:
            pass


class _ImapFrom(imaplib.IMAP4):
    def __init__(self, port, source, timeout):
        self.source = source
        super().__init__("127.0.0.1", port, timeout)

    def _create_socket(self, timeout):
        return socket.create_connection(("127.0.0.1", self.port), timeout, (self.source, 0))


def _words(refused):
    arg = refused.args[0]
    return arg.decode() if isinstance(arg, bytes) else str(arg)


class Pop3:
    def __init__(self, port, timeout=15):
        self.connection = poplib.POP3("127.0.0.1", port, timeout)

    def login(self, user, secret):
        try:
            self.connection.user(user)
            self.connection.pass_(secret)
        except poplib.error_proto as refused:
            raise Refused(_words(refused)) from None
        return self

    def ended(self, seconds=10):
        """The moment the server ended the session; None when it did not."""
        return _ended(self.connection.sock, seconds)

    def close(self):
        self.connection.close()


class Sieve:
    """ManageSieve: signs in, and stays."""

    def __init__(self, port, timeout=15):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")
        self._answer()

    def _answer(self):
        while True:
            line = self.file.readline().decode().strip()
            if not line or re.match(r"(OK|NO|BYE)\b", line):
                return line

    def login(self, user, secret):
        blob = base64.b64encode(f"\0{user}\0{secret}".encode()).decode()
        self.socket.sendall(f'AUTHENTICATE "PLAIN" "{blob}"\r\n'.encode())
        answer = self._answer()
        if not answer.startswith("OK"):
            raise Refused(answer)
        return self

    def ended(self, seconds=10):
        return _ended(self.socket, seconds)

    def close(self):
        self.socket.close()


def _ended(sock, seconds):
    sock.settimeout(seconds)
    try:
        while sock.recv(4096):
            pass
    except (TimeoutError, socket.timeout):
        return None
    except OSError:
        pass
    return time.monotonic()


class Smtp:
    def __init__(self, port, timeout=30):
        self.connection = smtplib.SMTP("127.0.0.1", port, "client.test", timeout)
        self.connection.ehlo()

    def login(self, user, secret):
        try:
            self.connection.login(user, secret, initial_response_ok=True)
        except smtplib.SMTPAuthenticationError as refused:
            raise Refused(f"{refused.smtp_code} {refused.smtp_error.decode()}") from None
        return self

    def send(self, sender, recipient, subject, body="Hello."):
        try:
            self.connection.sendmail(sender, [recipient], message(sender, recipient, subject, body))
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            raise Refused(f"{code} {words.decode()}") from None
        except smtplib.SMTPResponseException as refused:
            raise Refused(f"{refused.smtp_code} {refused.smtp_error.decode()}") from None

    def close(self):
        self.connection.close()


def lmtp(port, sender, recipient, subject, body="Hello."):
    """Delivers one message as Postfix would; Refused with the server's words."""
    with smtplib.LMTP("127.0.0.1", port, "client.test", timeout=30) as connection:
        try:
            connection.sendmail(sender, [recipient], message(sender, recipient, subject, body))
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            raise Refused(f"{code} {words.decode()}") from None


def refusal(program, port, user, secret):
    """What `program` (Imap, Pop3, Sieve or Smtp) says to this sign-in; None when it lets it in."""
    client = program(port)
    try:
        client.login(user, secret)
        return None
    except Refused as refused:
        return str(refused)
    finally:
        client.close()


def eventually(what, seconds=5.0, step=0.05):
    """Seconds until what() was true; None when it never was."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if what():
            return time.monotonic() - begin
        time.sleep(step)
    return None
