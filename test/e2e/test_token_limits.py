"""What a token may do, what it is told when it asks too much, and what is kept of its use."""

import itertools
import json
import socket
import time

import pytest
from checks import ok, refused
from stack import scim

_numbers = itertools.count(1)
NEAR, FAR = "near.example", "far.example"


def near():
    return f"limit-{next(_numbers)}@{NEAR}"


@pytest.fixture(scope="module")
def bounded(tenant):
    """A client whose token may name addresses of one domain alone."""
    return tenant.with_token("--domain", NEAR.upper())


def work(address):
    return [{"value": address, "type": "work", "primary": True}]


@pytest.mark.parametrize("body", [scim.user(f"eve@{FAR}"), scim.user(f"eve@sub.{NEAR}"), scim.user(f"eve@{NEAR}.{FAR}"),
                                  scim.user(f"eve@{NEAR}", emails=work(f"eve@{FAR}")), scim.user("eve", emails=work(f"eve@{FAR}"))],
                         ids=["userName", "sub-domain", "suffix", "emails", "emails alone"])
def test_a_domain_bounds_creates(bounded, tenant, body):
    refused(bounded.post("/Users", body), 403, None, FAR if FAR in json.dumps(body) else f"sub.{NEAR}", NEAR, "GP-2311")
    assert tenant.sql("SELECT count(*) FROM scim_user WHERE org_id = %s AND user_name = %s", tenant.org_id, body["userName"]) == [(0,)]


def test_a_domain_bounds_changes(bounded, tenant):
    name = near()
    user = ok(bounded.post("/Users", scim.user(name.replace(NEAR, "Near.EXAMPLE"), emails=work(name))), 201)["id"]
    refused(bounded.put(f"/Users/{user}", scim.user(f"eve@{FAR}")), 403, None, "GP-2311")
    for operation in ({"op": "replace", "path": "userName", "value": f"eve@{FAR}"},
                      {"op": "add", "path": "emails", "value": [{"value": f"eve@{FAR}", "type": "other"}]},
                      {"op": "replace", "value": {"emails": work(f"eve@{FAR}")}}):
        refused(bounded.patch(f"/Users/{user}", [{"op": "replace", "path": "title", "value": "x"}, operation]), 403, None, "GP-2311")
    assert tenant.sql("SELECT version FROM scim_user WHERE user_id = %s", user) == [(1,)]
    ok(bounded.patch(f"/Users/{user}", [{"op": "replace", "path": "active", "value": False}]))


def test_a_name_that_is_no_address_passes(bounded):
    ok(bounded.post("/Users", scim.user(f"plain-{next(_numbers)}")), 201)


def test_suspend_only_by_every_way(tenant):
    """DELETE deactivates; the person stays readable, keeps groups, and deleting again is the same."""
    client = tenant.with_token("--suspend-only")
    user = ok(client.post("/Users", scim.user(near())), 201)["id"]
    group = ok(client.post("/Groups", scim.group(near(), members=[{"value": user}])), 201)["id"]
    for _ in range(2):
        assert client.delete(f"/Users/{user}").status == 204
        read = ok(client.get(f"/Users/{user}"))
        assert read["active"] is False and [g["value"] for g in read["groups"]] == [group]
    assert tenant.sql("SELECT count(*) FROM scim_tombstone WHERE user_id = %s", user) == [(0,)]


def test_last_use_is_told_with_address_and_client(tenant):
    made = tenant.gatepost.cli.json("scim-token", "create", "--org", tenant.org, "--source", "main", "--name", "watched")
    assert (made["last_used"], made["last_used_ip"], made["last_used_agent"]) == (None, None, None)
    client = scim.Client(tenant.gatepost.scim_base, made["token"], headers={"User-Agent": "Okta SCIM Client 1.0.0"})
    ok(client.get("/Users?count=0", headers={"X-Forwarded-For": "192.0.2.44"}))  # the front on this host is believed
    deadline, row = time.monotonic() + 15, made
    while row["last_used"] is None and time.monotonic() < deadline:
        time.sleep(0.5)
        row = next(t for t in tenant.gatepost.cli.json("scim-token", "list", "--org", tenant.org)["tokens"] if t["id"] == made["id"])
    assert (row["last_used_ip"], row["last_used_agent"]) == ("192.0.2.44", "Okta SCIM Client 1.0.0")
    shown = tenant.gatepost.cli.run("scim-token", "list", "--org", tenant.org).stdout
    line = next(line for line in shown.splitlines() if "watched" in line)
    assert "192.0.2.44" in line and "Okta SCIM Client 1.0.0" in line


def test_too_many_at_once_is_429_with_retry_after(tenant):
    """25 at once, five seconds of shaping for 25 a second, and the rest is refused with the time to come back."""
    client = tenant.with_token("--rate", "25")
    ok(client.get("/Users?count=0"))  # from here on its own rate is known
    secret = client.headers["Authorization"]
    host, port = tenant.gatepost.address.split(":")
    sent = f"GET /scim/v2/Users?count=0 HTTP/1.1\r\nHost: x\r\nAuthorization: {secret}\r\nConnection: close\r\n\r\n".encode()
    sockets = [socket.create_connection((host, int(port)), timeout=30) for _ in range(200)]
    for sock in sockets:
        sock.sendall(sent)
    answers = []
    for sock in sockets:
        data = b""
        while part := sock.recv(65536):
            data += part
        sock.close()
        head, body = data.split(b"\r\n\r\n", 1)
        answers.append((int(head.split()[1]), head.decode(), json.loads(body)))
    refusals = [answer for answer in answers if answer[0] == 429]
    assert {answer[0] for answer in answers} == {200, 429}
    assert 140 <= len(answers) - len(refusals) <= 185, len(refusals)
    _, head, body = refusals[0]
    seconds = int(head.split("\r\nRetry-After: ")[1].split("\r\n")[0])
    assert 1 <= seconds <= 10
    assert body["status"] == "429" and body["detail"].endswith("(GP-2309)")
    time.sleep(seconds)
    ok(client.get("/Users?count=0"))


def test_one_log_line_a_request(tenant):
    answer = tenant.client.get("/Users?count=0")
    time.sleep(0.3)
    lines = [json.loads(line) for line in tenant.gatepost.log.splitlines() if answer.headers["x-request-id"] in line]
    assert [line["event"] for line in lines] == ["http_request"]
