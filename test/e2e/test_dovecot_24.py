"""What is printed for Dovecot 2.4, read by that version's own doveconf."""

import os
import subprocess

import pytest

from stack import host, server

FOLDER = host.ROOT / "build" / "dovecot-2.4"
# What a host has before; unprivileged accounts, since Dovecot's own are not on this one.
BASE = """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
auth_mechanisms = plain login
passdb passwd-file {{
  passwd_file_path = /nowhere
}}
"""
ALWAYS = ["imap_id_retain = yes", "  check_after_auth = yes", "  check_before_auth = no", "  reject_on_fail = no",
          "  http_client_request_absolute_timeout = 500 ms", "    token = %{userdb:gp_token}",
          "    pwhash = "]  # a hash of the password, which 2.4 adds by itself and the snippet empties
TOKENS = ["sql_driver = pgsql", "passdb sql {", "userdb prefetch {", "userdb sql {", "auth_mechanisms = plain login xoauth2 oauthbearer",
          "  query = SELECT * FROM gatepost.dovecot_auth('%{user}','%{password | sha256 | hexlify}','%{remote_ip}','%{protocol}',"
          "'%{mechanism}','%{session}')"]
# Mode → lines that doveconf gives back: what it understood.
WANTED = {"observe": ALWAYS, "both": ALWAYS + TOKENS, "only": ALWAYS + TOKENS + ["  result_failure = return-fail"]}
# About this folder, not about the snippet: Dovecot's own account, and a plugin that is not asked for.
OURS = ("default_login_user doesn't exist: dovenull", "libpigeonhole_settings.so")


@pytest.fixture(scope="module")
def cli(run_dir):
    if not (FOLDER / "relocate.so").exists():
        pytest.skip("Dovecot 2.4 is not here: ./test/run fetches it as root where the package mirror has it")
    instance = server.Server(run_dir / "dovecot24", "host=/run/postgresql dbname=gatepost").write_config()
    (instance.folder / "keys").mkdir(exist_ok=True)
    for name in ("doveadm.key", "policy.header"):
        (instance.folder / "keys" / name).write_text("x")
    return instance.cli


def doveconf(run_dir, text):
    """(what it understood, its complaints); all in one file, as conf.d would be read."""
    path = run_dir / "dovecot24.conf"
    user, group = host.user_and_group()
    path.write_text(BASE.format(user=user, group=group) + text)
    done = subprocess.run([FOLDER / "usr/bin/doveconf", "-c", path, "-n"], capture_output=True, text=True, check=False, env={
        **os.environ, "LD_PRELOAD": str(FOLDER / "relocate.so"), "GATEPOST_UNPACKED": str(FOLDER),
        "LD_LIBRARY_PATH": f"{FOLDER}/usr/lib/dovecot:{FOLDER}/usr/lib/x86_64-linux-gnu"})
    complaints = [line for line in done.stderr.splitlines() if not any(ours in line for ours in OURS)]
    return done.stdout.splitlines(), complaints


def printed(cli, version, mode):
    done = cli.run("dovecot", "config", "--for", version, "--mode", mode)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("mode", WANTED)
def test_doveconf_takes_every_line(run_dir, cli, mode):
    understood, complaints = doveconf(run_dir, printed(cli, "2.4", mode))
    assert complaints == []
    assert [line for line in WANTED[mode] if line not in understood] == []
    assert mode != "observe" or "sql_driver = pgsql" not in understood


def test_the_wording_of_2_3_is_another(run_dir, cli):
    """So that a pass above means something: doveconf refuses what is not its own."""
    assert doveconf(run_dir, printed(cli, "2.3", "both"))[1] != []
    assert doveconf(run_dir, printed(cli, "2.4", "both").replace("sql_driver", "sql_drivr"))[1] != []
