"""The handbook says all that the program has, and nothing that it has not."""

import json
import re
import shlex
import subprocess

import pytest

from stack import host, server

DOCS = host.ROOT / "docs"
PAGES = [host.ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
COMMON = {"--config", "--json", "--quiet", "--help"}


def gatepost(*argv):
    return subprocess.run([server.binary(), *argv], text=True, capture_output=True, timeout=20)


def settings():
    return re.findall(r"^#?([a-z_]+): ", gatepost("check-config", "--example").stdout, re.M)


def commands_of(page):
    """What stands after "gatepost" in the fenced blocks and in the text of a page."""
    text = page.read_text(encoding="utf-8")
    fenced = "\n".join(re.findall(r"^```\n(.*?)^```", text, re.M | re.S))
    lines = re.findall(r"^(?:sudo -u \S+ )?gatepost ([a-z].*)$", fenced, re.M)
    return lines + re.findall(r"`gatepost ([a-z-][^`\n]*)`", re.sub(r"^```\n.*?^```", "", text, flags=re.M | re.S))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(host.ROOT)))
def test_commands_exist_with_their_options(page):
    for line in commands_of(page):
        words = shlex.split(line)
        path = next((words[:n] for n in (3, 2) if gatepost(*words[:n], "--help").returncode == 0), words[:1])
        shown = gatepost(*path, "--help")
        assert shown.returncode == 0, line
        assert "Commands:" not in shown.stdout or len(words) == 1, f"no such command: gatepost {line}"
        known = set(re.findall(r"--[a-z-]+", shown.stdout)) | COMMON
        assert {word for word in words if word.startswith("--")} <= known, line


def test_every_code_is_in_errors_md():
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    for row in json.loads(gatepost("explain", "--all", "--json").stdout)["codes"]:
        assert f"| {row['code']} | {row['what']} | {row['meaning']} | {row['next']} |" in text, row["code"]


def test_every_code_that_is_named_exists():
    known = {row["code"] for row in json.loads(gatepost("explain", "--all", "--json").stdout)["codes"]}
    for page in PAGES:
        assert set(re.findall(r"GP-\d{4}", page.read_text(encoding="utf-8"))) <= known, page


def test_every_leniency_and_profile_is_in_scim_md():
    text = (DOCS / "scim.md").read_text(encoding="utf-8")
    source = (host.ROOT / "scim" / "dialect.c").read_text(encoding="utf-8")
    leniencies = re.findall(r'\[SCIM_LENIENT_[A-Z_]+\]\s*=\s*\{\s*"([a-z-]+)"', source)
    profiles = re.findall(r'^    \{"([a-z]+)", "', source, re.M)
    assert len(leniencies) > 20 and len(profiles) > 5
    for name in leniencies + profiles:
        assert f"| `{name}` |" in text, name


def test_every_setting_is_documented():
    names = settings()
    assert len(names) > 5
    handbook = (DOCS / "admin.md").read_text(encoding="utf-8")
    manual = (DOCS / "man" / "gatepost.yaml.5.scd").read_text(encoding="utf-8").replace("\\_", "_")
    for name in names:
        assert f"`{name}`" in handbook, name
        assert f"*{name}*\n" in manual, name


def test_every_limit_is_in_the_handbook():
    handbook = (DOCS / "admin.md").read_text(encoding="utf-8")
    for name in re.findall(r"^#define (LIMIT_\w+)", (host.ROOT / "lib" / "limits.h").read_text(encoding="utf-8"), re.M):
        assert f"| `{name}` |" in handbook, name


def test_the_man_page_has_every_command():
    manual = (DOCS / "man" / "gatepost.1.scd").read_text(encoding="utf-8")
    block = gatepost("--help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    for name in re.findall(r"^  ([a-z-]+(?: [a-z-]+)*)  ", block, re.M):
        assert f"*{name}*\n" in manual, name
        for verb in re.findall(r"^  ([a-z]+)[ A-Z]*  ", gatepost(*name.split(), "--help").stdout.partition("Commands:\n")[2].split("\n\n")[0], re.M):
            assert f"*{verb}*" in manual.split(f"\n*{name}*\n")[1].split("\n\n")[0], f"{name} {verb}"


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
