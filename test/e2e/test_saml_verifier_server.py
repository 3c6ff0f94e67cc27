"""`gatepost serve` and its verifiers: none where nobody signs in by SAML; seen in metrics and by `doctor`; a fault of theirs stays theirs."""

import json
import os
import pathlib
import signal
import time
import urllib.request

import pytest

import saml_world
from conftest import new_gatepost, new_tenant

CHILDREN = 2


@pytest.fixture(scope="module")
def gatepost(run_dir, cluster):
    """A server of its own: another test's connections must not be in its database."""
    instance = new_gatepost(run_dir / "verifiers", cluster, "verifiers", saml_verifiers=CHILDREN)
    instance.start()
    yield instance
    instance.stop()


def metric(gatepost, name):
    with urllib.request.urlopen(f"http://{gatepost.admin}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split(" ")[1]) for line in lines if line.startswith(name + " "))


def wait_metric(gatepost, name, value):
    deadline = time.monotonic() + 20
    while metric(gatepost, name) != value:
        assert time.monotonic() < deadline, f"{name} is {metric(gatepost, name)}"
        time.sleep(0.1)


def children(gatepost):
    """The processes that it started."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if f"\nPPid:\t{gatepost.process.pid}\n" in text:
            found.append(int(status.parent.name))
    return found


def doctor(gatepost):
    """(state, code, words) of each line about sign-in."""
    done = gatepost.cli.run("doctor", "--json")
    return [(check["state"], check["code"], check["words"]) for check in json.loads(done.stdout)["checks"] if check["group"] == "Sign-in"]


def test_nothing_without_a_connection(gatepost):
    assert children(gatepost) == [] and metric(gatepost, "gatepost_saml_verifiers") == 0
    assert not pathlib.Path(gatepost.settings["keys_dir"], "saml.key").exists()
    assert doctor(gatepost) == []


@pytest.fixture(scope="module")
def world(gatepost, cluster, run_dir):
    return saml_world.SamlWorld(new_tenant(gatepost, cluster), run_dir)


def test_the_first_need_starts_them(gatepost, world):
    wait_metric(gatepost, "gatepost_saml_verifiers", CHILDREN)
    assert len(children(gatepost)) == CHILDREN
    lines = doctor(gatepost)
    assert [state for state, _, _ in lines] == ["good"] * 3, lines
    assert f"{CHILDREN} SAML verifiers alive" in lines[-1][2]


def test_a_death_is_made_good(gatepost, world):
    before = children(gatepost)
    os.kill(before[0], signal.SIGKILL)
    wait_metric(gatepost, "gatepost_saml_verifier_deaths_total", 1)
    wait_metric(gatepost, "gatepost_saml_verifiers", CHILDREN)
    assert before[0] not in children(gatepost)
    assert gatepost.wait_log('"saml_verifier_died"')
    world.ask()  # nobody's job was in it, so nobody is refused


def test_they_are_ready_when_the_server_is(gatepost, world):
    gatepost.stop()
    gatepost.start()
    assert metric(gatepost, "gatepost_saml_verifiers") == CHILDREN


def test_without_the_key_the_rest_is_served(gatepost, world):
    """Sign-in is refused and said to be; everything else goes on; the key's return is enough."""
    key = pathlib.Path(gatepost.settings["keys_dir"], "saml.key")
    key.rename(key.with_name("away"))
    gatepost.stop()
    gatepost.start()
    try:
        assert gatepost.wait_log("GP-4001") and metric(gatepost, "gatepost_saml_verifiers") == 0
        assert world.tenant.client.get("/Users").status == 200
        assert ("broken", "GP-4001") in [(state, code) for state, code, _ in doctor(gatepost)]
    finally:
        key.with_name("away").rename(key)
    wait_metric(gatepost, "gatepost_saml_verifiers", CHILDREN)
    world.ask()
