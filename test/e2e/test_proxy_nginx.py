"""gatepost behind the front that `gatepost proxy config nginx` describes, over HTTPS, with the real nginx."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time

import pytest

from checks import ok
from conftest import new_gatepost
from stack import host, scim


@pytest.fixture(scope="module")
def fronted(run_dir, cluster):
    """(server, https port, ssl context): its own gatepost, because public_url is the front's."""
    folder = run_dir / "nginx"
    folder.mkdir()
    host.give(folder)
    port = host.free_port()
    gatepost = new_gatepost(folder / "gatepost", cluster, "fronted", public_url=f"https://localhost:{port}", trusted_proxies=["127.0.0.1/32"])
    gatepost.start()
    host.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
              "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
    for name in ("key.pem", "cert.pem"):
        host.give(folder / name)
    printed = gatepost.cli.run("proxy", "config", "nginx", "--cert", folder / "cert.pem", "--key", folder / "key.pem")
    assert printed.returncode == 0, printed.stderr
    (folder / "site.conf").write_text(printed.stdout)
    (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/site.conf;
}}
""")
    process = subprocess.Popen([str(a) for a in host.as_user([host.within_reach(host.program("nginx"), folder), "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "error.log"])],
                               stderr=subprocess.PIPE, cwd="/")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
    yield gatepost, port, ssl.create_default_context(cafile=str(folder / "cert.pem"))
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    assert gatepost.stop() == 0


def request(fronted, method, path, token, body=None, headers=None):
    _, port, context = fronted
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    connection.request(method, path, body=json.dumps(body) if body is not None else None,
                       headers={"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json", **(headers or {})})
    reply = connection.getresponse()
    answer = scim.Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read().decode())
    connection.close()
    return answer


@pytest.fixture(scope="module")
def token(fronted):
    cli = fronted[0].cli
    cli.json("source", "add", "main")
    return cli.json("scim-token", "create", "--source", "main", "--name", "t")["token"]


def test_locations_are_public(fronted, token):
    answer = request(fronted, "POST", "/scim/v2/Users", token, scim.user("front@example.org"))
    made = ok(answer, 201)
    assert made["meta"]["location"] == f"https://localhost:{fronted[1]}/scim/v2/Users/{made['id']}" == answer.headers["location"]


def test_encoded_filters_arrive_as_sent(fronted, token):
    listed = ok(request(fronted, "GET", "/scim/v2/Users?filter=userName%20eq%20%22front%40example.org%22", token))
    assert listed["totalResults"] == 1


def test_a_large_body_passes(fronted, token):
    group = ok(request(fronted, "POST", "/scim/v2/Groups", token, scim.group("large", members=[{"value": f"pending-{n:06}"} for n in range(50000)])), 201)
    assert len(group["members"]) == 50000


def test_the_clients_address_is_believed_from_the_front_only(fronted):
    gatepost = fronted[0]
    secret = gatepost.cli.json("scim-token", "create", "--source", "main", "--name", "local", "--cidr", "127.0.0.1/32",
                                "--cidr", "::1/128")["token"]  # whichever localhost is
    foreign = gatepost.cli.json("scim-token", "create", "--source", "main", "--name", "foreign", "--cidr", "203.0.113.0/24")["token"]
    ok(request(fronted, "GET", "/scim/v2/Users", secret))
    assert request(fronted, "GET", "/scim/v2/Users", foreign).status == 401
    forged = {"X-Forwarded-For": "203.0.113.7"}
    assert request(fronted, "GET", "/scim/v2/Users", foreign, headers=forged).status == 401, "the front replaces what a client claims"
    direct = scim.Client(f"http://{gatepost.address}/scim/v2", foreign)
    ok(direct.get("/Users", headers=forged))  # 127.0.0.1 is a trusted proxy here


def test_errors_keep_their_bodies_through_the_front(fronted):
    answer = request(fronted, "GET", "/scim/v2/Users", "nonsense")
    assert answer.status == 401 and answer.json["status"] == "401"


def test_concurrent_keep_alive(fronted, token):
    _, port, context = fronted
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    for _ in range(50):
        connection.request("GET", "/scim/v2/Users?count=1", headers={"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        assert reply.status == 200
        reply.read()
    connection.close()


def test_nothing_but_the_public_paths_is_reachable(fronted):
    for path in ("/metrics", "/readyz", "/livez"):
        assert request(fronted, "GET", path, "x").status in (403, 404), path
