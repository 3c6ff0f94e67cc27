"""Hostile and odd HTTP on raw sockets. Each row has its verdict: a status; CUT: the connection ends without an answer."""

import json
import socket
import time

import pytest

CUT = "cut"
HOST = b"Host: a.example\r\n"
BASE = b"/scim/v2"
CONFIG = BASE + b"/ServiceProviderConfig"


class Wire:
    """One connection. answers() reads all that comes until the end of it."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=15)

    def say(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # refused before everything was sent
        return self

    def hear(self):
        data = b""
        try:
            while part := self.socket.recv(65536):
                data += part
        except ConnectionResetError:
            pass
        self.socket.close()
        return data

    def statuses(self):
        """What was answered, in order; text of a reply's body does not begin with HTTP/1.1."""
        return [int(line.split()[1]) for line in self.hear().split(b"\r\n") if b"HTTP/1." in line[:9] or
                b"}HTTP/1." in line for line in [line[line.index(b"HTTP/1."):]]]


@pytest.fixture
def ask(gatepost):
    """Sends bytes, gives the first status or CUT."""
    def send(data, finish=True):
        wire = Wire(gatepost.address).say(data)
        if finish:
            wire.socket.shutdown(socket.SHUT_WR)
        statuses = wire.statuses()
        return statuses[0] if statuses else CUT
    return send


def get(target=CONFIG, headers=b"", version=b"HTTP/1.1", method=b"GET", host=HOST):
    return method + b" " + target + b" " + version + b"\r\n" + host + headers + b"Connection: close\r\n\r\n"


def post(headers, body=b"", target=BASE + b"/Users"):
    return b"POST " + target + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body


# Numbers are those of the list of bad input; the words say what the row sends.
ROWS = [
    ("H01 length and coding", post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), 400),
    ("H01 coding and length", post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), 400),
    ("H02 two lengths that differ", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!"), 400),
    ("H03 two lengths that agree", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"), 400),
    ("H04 +5", post(b"Content-Length: +5\r\n", b"hello"), 400),
    ("H04 -1", post(b"Content-Length: -1\r\n"), 400),
    ("H04 5,5", post(b"Content-Length: 5,5\r\n", b"hello"), 400),
    ("H04 hex", post(b"Content-Length: 0x5\r\n", b"hello"), 400),
    ("H04 2^64", post(b"Content-Length: 18446744073709551616\r\n"), (400, 413)),
    ("H04 leading zeros", post(b"Content-Length: 0005\r\n", b"hello"), 400),
    ("H04 far above the limit", post(b"Content-Length: 10000000000\r\n"), (401, 413)),
    ("H05 gzip, chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 400),
    ("H05 xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), 400),
    ("H05 chunked, chunked", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"), 400),
    ("H05 chunked twice", post(b"Transfer-Encoding: chunked\r\n" * 2, b"0\r\n\r\n"), 400),
    ("H05 chunked in HTTP/1.0", get(headers=b"Transfer-Encoding: chunked\r\n", version=b"HTTP/1.0"), 400),
    ("H07 no Host", get(host=b""), 400),
    ("H07 two Hosts", get(host=HOST * 2), 400),
    ("H07 Host with a path", get(host=b"Host: a.example/x\r\n"), 400),
    ("H08 bare LF", b"GET " + CONFIG + b" HTTP/1.1\r\nHost: a\r\nX-A: b\nX-B: c\r\n\r\n", 400),
    ("H08 bare LF everywhere", b"GET " + CONFIG + b" HTTP/1.1\nHost: a\n\n", 400),
    ("H08 bare CR", get(headers=b"X-A: b\rX-B: c\r\n"), 400),
    ("H08 folded", get(headers=b"X-A: b\r\n c\r\n"), 400),
    ("H08 space before the colon", get(headers=b"X-A : b\r\n"), 400),
    ("H08 NUL in a value", get(headers=b"X-A: b\0c\r\n"), 400),
    ("H08 NUL and bare LF in balance", get(headers=b"X-A: b\nX-B: c\nX-C: d\0e\r\n"), 400),
    ("H08 empty name", get(headers=b": b\r\n"), 400),
    ("H09 %00", get(CONFIG + b"%00/x"), 400),
    ("H10 dot segments", get(BASE + b"/../admin"), 400),
    ("H10 doubled slash", get(b"//scim//v2//ServiceProviderConfig/"), 200),
    ("H10 single dot", get(BASE + b"/./ServiceProviderConfig"), 400),
    ("H10 %2e%2e", get(BASE + b"/%2e%2e/admin"), 400),
    ("H10 %2f", get(b"/scim%2fv2/ServiceProviderConfig"), 400),
    ("H10 %5c", get(BASE + b"/..%5cadmin"), 400),
    ("H10 path parameter", get(CONFIG + b";v=1"), 400),
    ("H10 overlong UTF-8", get(BASE + b"/%c0%af"), 400),
    ("H11 40 KB of URI", get(CONFIG + b"?a=" + b"a" * 40000), (414, 431)),
    ("H11 20 KB of URI", get(CONFIG + b"?a=" + b"a" * 20000), 414),
    ("H11 2,000 headers", get(headers=b"X-A: b\r\n" * 2000), 431),
    ("H11 a header of 20 KB", get(headers=b"X-A: " + b"b" * 20000 + b"\r\n"), 431),
    ("H12 0.9", b"GET " + CONFIG + b"\r\n\r\n", (400, 505, CUT)),
    ("H12 1.0", get(version=b"HTTP/1.0"), 200),
    ("H12 preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505, CUT)),
    ("H12 9.9", get(version=b"HTTP/9.9"), (505, CUT)),
    ("H13 TRACE", get(method=b"TRACE"), 405),
    ("H13 CONNECT", b"CONNECT a.example:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    ("H13 get", get(method=b"get"), 405),
    ("H13 8 KB of method", get(method=b"A" * 8192), 405),
    ("H14 method override is not heard", get(headers=b"X-HTTP-Method-Override: DELETE\r\n"), 200),
    ("H14 Forwarded is not heard", get(headers=b"Forwarded: for=192.0.2.1\r\n"), 200),
    ("H15 no Authorization", get(BASE + b"/Users"), 401),
    ("H15 Authorization twice", get(BASE + b"/Users", b"Authorization: Bearer a\r\n" * 2), 400),
    ("H15 Basic", get(BASE + b"/Users", b"Authorization: Basic YTpi\r\n"), 401),
    ("H15 empty", get(BASE + b"/Users", b"Authorization: \r\n"), 401),
    ("H15 1 MB", get(BASE + b"/Users", b"Authorization: Bearer " + b"a" * 1000000 + b"\r\n"), 431),
    ("H15 outside ASCII", get(BASE + b"/Users", "Authorization: Bearer \u00e9\r\n".encode()), 400),
    ("H16 Content-Type twice", post(b"Content-Type: application/json\r\n" * 2 + b"Content-Length: 2\r\n", b"{}"), 400),
    ("H17 Accept of all kinds", get(headers=b"Accept: text/html;q=0.9, image/*, */*;q=0\r\n"), 200),
    ("H23 compressed body", post(b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"\x1f\x8b"), 415),
    ("H24 Range is not heard", get(headers=b"Range: bytes=0-1\r\n"), 200),
    ("H26 websocket", get(headers=b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), 400),
    ("H26 h2c", get(headers=b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), 400),
    ("H27 TLS", bytes.fromhex("16030100f1010000ed0303") + b"\x01" * 200 + b"\r\n\r\n", (400, 405, CUT)),
]


@pytest.mark.parametrize("data, verdict", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_row(ask, data, verdict):
    assert ask(data, finish=False) in (verdict if isinstance(verdict, tuple) else (verdict,))


def test_refusals_close_and_are_in_our_words(gatepost):
    """What follows a refused head is never read as a second request."""
    smuggled = post(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + get())
    reply = Wire(gatepost.address).say(smuggled).hear()
    head, body = reply.split(b"\r\n\r\n", 1)
    assert b"Connection: close" in head and b"HTTP/1.1" not in body
    assert json.loads(body)["detail"].endswith("(GP-2057)")


def authorised(tenant):
    return f"Authorization: Bearer {tenant.token}\r\nContent-Type: application/scim+json\r\n".encode()


@pytest.mark.parametrize("chunks", [b"fffffffffffffffff\r\nx", b"-1\r\nx", b"5;" + b"x" * 16384 + b"\r\nhello\r\n0\r\n\r\n", b"zz\r\n"],
                         ids=["overflow", "negative", "an extension of 16 KB", "not hex"])
def test_h06_chunks(ask, tenant, chunks):
    data = post(authorised(tenant) + b"Transfer-Encoding: chunked\r\n", chunks)
    assert ask(data) in (400, 413, 431, CUT)


def test_h06_an_extension_beyond_the_buffer(ask, tenant):
    """The library answers this one by itself."""
    chunks = b"5;" + b"x" * 60000 + b"\r\nhello\r\n0\r\n\r\n"
    assert ask(post(authorised(tenant) + b"Transfer-Encoding: chunked\r\n", chunks), finish=False) in (400, 413, 431, 500, CUT)


def test_h06_trailers_are_dropped(ask, tenant):
    body = json.dumps({"userName": "h06@a.example"}).encode()
    chunks = b"%x\r\n" % len(body) + body + b"\r\n0\r\nContent-Length: 5\r\nAuthorization: x\r\n\r\n"
    assert ask(post(authorised(tenant) + b"Transfer-Encoding: chunked\r\n", chunks), finish=False) == 201


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", ""])
def test_h15_scheme(ask, tenant, scheme):
    assert ask(get(BASE + b"/Users", f"Authorization: {scheme}{tenant.token}\r\n".encode()), finish=False) == 200


def test_h15_trailing_blank(ask, tenant):
    assert ask(get(BASE + b"/Users", f"Authorization: Bearer {tenant.token} \r\n".encode()), finish=False) == 200


def test_h15_other_organisation(ask, tenant, other):
    assert ask(get(f"/o/{tenant.org}/scim/v2/Users".encode(), f"Authorization: Bearer {other.token}\r\n".encode()), finish=False) == 401


@pytest.mark.parametrize("kind, verdict", [
    (None, (201, 415)), ("text/plain", (415,)), ("application/json; charset=utf-16", (415,)),
    ("application/scim+json;charset=UTF-8", (201,)), ("application/json", (201,))])
def test_h16_content_type(ask, tenant, kind, verdict):
    body = json.dumps({"userName": f"h16-{abs(hash(kind))}@a.example"}).encode()
    headers = f"Authorization: Bearer {tenant.token}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    if kind:
        headers += f"Content-Type: {kind}\r\n"
    assert ask(post(headers.encode(), body), finish=False) in verdict


@pytest.mark.parametrize("match, verdict", [("*", 200), ('W/"999"', 412), ('W/"999", W/"998"', 412), ("unquoted", 412),
                                            (", ".join(f'"{n + 5000}"' for n in range(1200)), 412)],
                         ids=["any", "weak", "list", "unquoted", "1,200 tags"])
def test_h18_if_match(tenant, match, verdict):
    made = tenant.client.request("POST", "/Users", {"userName": f"h18-{time.monotonic_ns()}@a.example"})
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "displayName", "value": "x"}]}
    done = tenant.client.request("PATCH", "/Users/" + made.json["id"], body, headers={"If-Match": match})
    assert done.status == verdict


def test_h19_continue_then_silence(gatepost, tenant):
    wire = Wire(gatepost.address).say(post(authorised(tenant) + b"Expect: 100-continue\r\nContent-Length: 100\r\n"))
    wire.socket.settimeout(40)
    begin = time.monotonic()
    reply = wire.hear()
    assert reply.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert time.monotonic() - begin < 25


def test_h19_no_continue_for_a_stranger(ask):
    assert ask(post(b"Expect: 100-continue\r\nContent-Length: 100\r\n"), finish=False) == 401


def test_h20_pipeline_of_1000(gatepost):
    one = b"GET " + CONFIG + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    wire = Wire(gatepost.address)
    wire.socket.settimeout(60)
    # In parts, so that neither side fills the other's buffer.
    for _ in range(20):
        wire.say(one * 50)
        seen = b""
        while seen.count(b"HTTP/1.1 200") < 50 or not seen.endswith(b"}"):
            part = wire.socket.recv(65536)
            assert part, "the connection ended early"
            seen += part
    wire.say(get())
    assert wire.hear().count(b"HTTP/1.1 200") == 1


def test_h21_end_at_each_byte(gatepost, tenant):
    """No half request does anything, and the server lives."""
    name = f"h21-{time.monotonic_ns()}@a.example"
    body = json.dumps({"userName": name}).encode()
    whole = post(authorised(tenant) + b"Content-Length: %d\r\n" % len(body), body)
    for at in range(len(whole)):
        wire = Wire(gatepost.address).say(whole[:at])
        wire.socket.close()
    found = tenant.client.request("GET", f"/Users?filter=userName%20eq%20%22{name}%22")
    assert found.json["totalResults"] == 0


def test_h22_slow_reader(gatepost, tenant):
    """Somebody who does not read his answer holds up nobody."""
    wires = [Wire(gatepost.address).say((b"GET /scim/v2/Schemas HTTP/1.1\r\n" + HOST + b"\r\n") * 100) for _ in range(20)]
    begin = time.monotonic()
    assert tenant.client.request("GET", "/Users?count=1").status == 200
    assert time.monotonic() - begin < 2
    for wire in wires:
        wire.socket.close()


def test_h25_keep_alive_10000(gatepost):
    wire = Wire(gatepost.address)
    one = b"HEAD " + CONFIG + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    for _ in range(10000):
        wire.say(one)
        reply = wire.socket.recv(4096)
        assert reply.startswith(b"HTTP/1.1 200"), reply
    wire.socket.close()
