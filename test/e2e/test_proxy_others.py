"""gatepost behind HAProxy and Caddy, each with the block that `gatepost proxy config` prints, over HTTPS."""

import signal
import socket
import ssl
import subprocess
import time

import pytest
from checks import ok
from conftest import new_gatepost
from stack import host, scim
from test_proxy_nginx import request

# What stands around the block on a host: HAProxy's and Caddy's own general settings.
GENERAL = {"haproxy": "global\n  maxconn 256\n\n", "caddy": "{\n\tadmin off\n\tauto_https disable_redirects\n}\n\n"}
CHECK = {"haproxy": ["-c", "-f"], "caddy": ["validate", "--adapter", "caddyfile", "--config"]}
RUN = {"haproxy": ["-db", "-f"], "caddy": ["run", "--adapter", "caddyfile", "--config"]}


def certificate(folder):
    """(certificate, key); the first file holds both, which HAProxy wants and Caddy allows."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    host.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
              "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
    cert.write_text(cert.read_text() + key.read_text())
    for path in (cert, key):
        host.give(path)
    return cert, key


def wait_for(port, process):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("localhost", port)).close()
            return
        except OSError:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)


@pytest.fixture(scope="module", params=["haproxy", "caddy"])
def fronted(request, run_dir, cluster):  # pylint: disable=redefined-outer-name
    """(server, https port, ssl context)."""
    name = request.param
    folder = run_dir / name
    folder.mkdir()
    host.give(folder)
    port = host.free_port()
    gatepost = new_gatepost(folder / "gatepost", cluster, f"front_{name}", public_url=f"https://localhost:{port}",
                            trusted_proxies=["127.0.0.1/32"])
    gatepost.start()
    cert, key = certificate(folder)
    printed = gatepost.cli.run("proxy", "config", name, "--cert", cert, "--key", key)
    assert printed.returncode == 0, printed.stderr
    config = folder / f"{name}.conf"
    config.write_text(GENERAL[name] + printed.stdout)
    program = host.within_reach(host.program(name), folder)
    options = {"cwd": "/", "text": True, "env": {"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}}
    checked = subprocess.run([str(a) for a in host.as_user([program, *CHECK[name], config])], capture_output=True,
                             timeout=60, check=False, **options)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with open(folder / "front.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([str(a) for a in host.as_user([program, *RUN[name], config])], stdout=log, stderr=log, **options)
    wait_for(port, process)
    yield gatepost, port, ssl.create_default_context(cafile=str(cert))
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert gatepost.stop() == 0


@pytest.fixture(scope="module")
def token(fronted):
    fronted[0].cli.json("source", "add", "main")
    return fronted[0].cli.json("scim-token", "create", "--source", "main", "--name", "t")["token"]


def test_locations_are_public_and_filters_arrive_as_sent(fronted, token):
    made = ok(request(fronted, "POST", "/scim/v2/Users", token, scim.user("a+b@example.org")), 201)
    assert made["meta"]["location"] == f"https://localhost:{fronted[1]}/scim/v2/Users/{made['id']}"
    found = ok(request(fronted, "GET", "/scim/v2/Users?filter=userName%20eq%20%22a%2Bb%40example.org%22", token))
    assert [user["id"] for user in found["Resources"]] == [made["id"]]


def test_what_a_client_claims_of_its_address_is_replaced(fronted):
    secret = fronted[0].cli.json("scim-token", "create", "--source", "main", "--name", "near", "--cidr", "127.0.0.1/32",
                                 "--cidr", "::1/128")["token"]
    foreign = fronted[0].cli.json("scim-token", "create", "--source", "main", "--name", "far", "--cidr", "203.0.113.0/24")["token"]
    ok(request(fronted, "GET", "/scim/v2/Users?count=0", secret))
    assert request(fronted, "GET", "/scim/v2/Users?count=0", foreign, headers={"X-Forwarded-For": "203.0.113.7"}).status == 401


def test_large_groups_pass_and_errors_keep_their_bodies(fronted, token):
    members = [{"value": f"pending-{n:06}"} for n in range(50000)]
    group = ok(request(fronted, "POST", "/scim/v2/Groups", token, scim.group("large", members=members)), 201)
    assert len(group["members"]) == 50000
    refused = request(fronted, "GET", "/scim/v2/Users", "nonsense")
    assert refused.status == 401 and refused.json["status"] == "401"


def test_the_machine_room_is_not_reachable(fronted):
    for path in ("/metrics", "/readyz", "/livez"):
        assert request(fronted, "GET", path, "x").status in (403, 404), path
