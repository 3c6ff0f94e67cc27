"""The quickstart as a person runs it."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from stack import browser, host, mailclient, samlstory, scim

QUICKSTART = str(host.ROOT / "quickstart")
pytestmark = pytest.mark.skipif("asan" in os.environ.get("GATEPOST_BUILD", ""), reason="builds its own release")


def leftovers():
    return set(pathlib.Path("/tmp").glob("gatepost-????????"))


def test_check_exits_0_and_leaves_nothing():
    before = leftovers()
    done = subprocess.run([QUICKSTART, "--check"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert leftovers() <= before


def sign_in(told, name):
    """At the portal that was told, with the password that was told."""
    person = next(person for person in told["people"] if person["name"] == name)
    who = browser.Browser()
    page = who.get(told["portal"])
    assert page.url.startswith(told["idp"])
    return samlstory.carry_on(who, who.submit(page, page.form("password"), username=name, password=person["password"]))


def test_two_in_the_background_at_once():
    told = []
    for _ in range(2):
        done = subprocess.run([QUICKSTART, "--background"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
        assert {"scim_base", "scim_token", "database", "gatepost", "config", "run_dir", "imap", "pop3", "lmtp", "sieve", "doveadm",
                "pat", "portal", "idp", "people"} <= set(told[-1])
        assert ("submission" in told[-1]) == ("postfix" in told[-1]["pids"]) and {"sync", "mail-events", "dovecot", "idp"} <= set(told[-1]["pids"])
    for one in told:
        imap = mailclient.Imap(int(one["imap"].rpartition(":")[2])).login(one["pat"]["login"], one["pat"]["token"])
        assert imap.subjects() == []
        imap.close()
        page = sign_in(one, "chen")
        assert page.url == one["portal"] and "Chen" in page.text
        assert scim.Client(one["scim_base"], one["scim_token"]).get("/Users").json["totalResults"] == 12
        assert subprocess.run([QUICKSTART, "--stop", one["run_dir"]]).returncode == 0
        assert not pathlib.Path(one["run_dir"]).exists()
        assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in one["pids"].values())


def test_ctrl_c_leaves_nothing_behind():
    before = leftovers()
    process = subprocess.Popen([QUICKSTART], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    text = "".join(lines)
    assert "token" in text and "curl" in text and re.search(r"portal +http://127\.0\.0\.1:\d+/portal +sign in as ada / [0-9a-f]+\n", text)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert leftovers() <= before


def test_wrong_arguments():
    assert subprocess.run([QUICKSTART, "--nonsense"], capture_output=True).returncode == 2
    assert subprocess.run([QUICKSTART, "--stop", "/nowhere"], capture_output=True).returncode == 1
