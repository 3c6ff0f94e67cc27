"""The server under clients that are slow, large or many; and the listener for the machine room."""

import http.client
import json
import socket
import statistics
import threading
import time
import uuid

from stack import scim, server


def dial(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=15)


def times(client, n=60):
    taken = []
    for _ in range(n):
        begin = time.monotonic()
        assert client.request("GET", "/Users?count=1").status == 200
        taken.append(time.monotonic() - begin)
    return statistics.median(taken)


def test_200_dribbling_clients_stall_nobody(gatepost, tenant):
    quiet = times(tenant.client)
    head = f"POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {tenant.token}\r\nContent-Type: application/scim+json\r\nContent-Length: 5000\r\n\r\n".encode()
    dribblers = [dial(gatepost.address) for _ in range(200)]
    for n, sock in enumerate(dribblers):
        sock.sendall(head if n % 2 else head[:40])
    over = threading.Event()

    def dribble():
        while not over.wait(1):
            for sock in dribblers:
                try:
                    sock.send(b"x")
                except OSError:
                    pass

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        busy = times(tenant.client)
    finally:
        over.set()
        thread.join()
        for sock in dribblers:
            sock.close()
    assert busy < max(quiet * 3, 0.05), (quiet, busy)


def test_a_dribbled_head_is_cut(gatepost):
    sock = dial(gatepost.address)
    begin = time.monotonic()
    sock.sendall(b"GET /scim/v2/Users HTTP/1.1\r\n")
    try:
        while time.monotonic() - begin < 30:
            sock.send(b"X")
            time.sleep(0.5)
    except OSError:
        pass
    assert 5 < time.monotonic() - begin < 15


def log_line(gatepost, request_id):
    for _ in range(100):
        for line in gatepost.log.splitlines():
            if request_id in line:
                return line
        time.sleep(0.05)
    raise AssertionError("no log line for " + request_id)


def test_one_log_line_without_personal_data(gatepost, tenant):
    secret = "p" + uuid.uuid4().hex
    answer = tenant.client.request("GET", f"/Users?filter=userName%20eq%20%22{secret}%22", headers={"User-Agent": secret})
    line = log_line(gatepost, answer.headers["x-request-id"])
    for word in ("http_request", "GET", "200"):
        assert word in line
    assert secret not in gatepost.log and tenant.token not in gatepost.log


def test_forwarded_address(gatepost, tenant):
    """The front on this host is trusted: the last hop it names counts, what a client wrote before it does not."""
    answer = tenant.client.request("GET", "/Users?count=1", headers={"X-Forwarded-For": "198.51.100.1, 192.0.2.77"})
    line = log_line(gatepost, answer.headers["x-request-id"])
    assert "192.0.2.77" in line and "198.51.100.1" not in line


def test_forwarded_by_a_stranger_is_told_once(run_dir, cluster):
    """GP-1212: ignored, counted, and told at most once a minute."""
    lone = server.Server(run_dir / "untrusting", cluster.conninfo("gatepost", "gatepost"), {"trusted_proxies": []})
    lone.write_config().start()
    try:
        anyone = scim.Client(f"http://{lone.address}/scim/v2")
        for _ in range(3):
            anyone.request("GET", "/Schemas", headers={"X-Forwarded-For": "192.0.2.9"})
        assert lone.wait_log("GP-1212") and lone.log.count("GP-1212") == 1
        assert "192.0.2.9" not in lone.log
        assert "gatepost_http_forwarded_ignored_total 3" in admin(lone, "/metrics")[1]
    finally:
        assert lone.stop() == 0


def test_forwarded_nonsense(gatepost, tenant):
    answer = tenant.client.request("GET", "/Users?count=1", headers={"X-Forwarded-For": "192.0.2.78, unknown"})
    line = log_line(gatepost, answer.headers["x-request-id"])
    assert "192.0.2.78" not in line and "127.0.0.1" in line


def test_replies_are_not_cached_or_sniffed(tenant):
    answer = tenant.client.request("GET", "/ServiceProviderConfig")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert uuid.UUID(answer.headers["x-request-id"])


def test_a_known_path_names_its_methods(tenant):
    answer = tenant.client.request("DELETE", "/Users")
    assert answer.status == 405
    assert {"GET", "HEAD", "POST"} <= set(answer.headers["allow"].split(", "))
    assert json.loads(answer.body)["status"] == "405"


def test_too_large_is_said_before_the_body(gatepost, tenant):
    sock = dial(gatepost.address)
    sock.sendall(f"POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {tenant.token}\r\nContent-Type: application/scim+json\r\nContent-Length: 99999999\r\n\r\n".encode())
    reply = sock.recv(65536)
    assert reply.startswith(b"HTTP/1.1 413") and b"GP-2307" in reply


def admin(gatepost, path):
    connection = http.client.HTTPConnection(gatepost.admin, timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def test_machine_room(gatepost, tenant):
    assert admin(gatepost, "/livez")[0] == 200
    assert admin(gatepost, "/readyz")[0] == 200
    status, text = admin(gatepost, "/metrics")
    assert status == 200
    assert "gatepost_http_requests_total{" in text and "gatepost_http_request_duration_seconds" in text
    assert tenant.client.request("GET", "/metrics", raw_path=True).status == 404
