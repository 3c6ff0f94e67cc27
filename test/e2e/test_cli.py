"""The command line as a whole: help at every level, exit codes, settings, migrations, doctor, the admin listener, drain."""

import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.request

import pytest

from checks import ok
from conftest import new_gatepost
from stack import host, scim, server


@pytest.fixture(scope="module")
def own(run_dir, cluster):
    """A gatepost of this module's own, not running."""
    return new_gatepost(run_dir / "cli", cluster, "cli")


def get(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}") as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_help_at_every_level_has_examples(own):
    top = own.cli.run("--help")
    assert top.returncode == 0 and "gatepost" in top.stdout
    for noun, verb in (("db", "migrate"), ("db", "status"), ("org", "create"), ("source", "add"), ("domain", "verify"),
                       ("scim-token", "create"), ("scim-token", "rotate"), ("user", "show"), ("group", "list"), ("proxy", "config")):
        assert noun in top.stdout
        for argv in ((noun, "--help"), (noun, verb, "--help")):
            shown = own.cli.run(*argv)
            assert shown.returncode == 0 and shown.stdout.count(f"gatepost {noun}") >= 2, argv
    for noun in ("serve", "init", "check-config", "explain", "doctor", "version"):
        shown = own.cli.run(noun, "--help")
        assert shown.returncode == 0 and f"gatepost {noun}" in shown.stdout


@pytest.mark.parametrize("argv,code,words", [
    (["nonsense"], 2, ["nonsense"]), (["sevre"], 2, ["serve"]), (["db", "migrat"], 2, ["migrate"]), (["org", "create"], 2, ["NAME"]),
    (["org", "list", "--jsn"], 2, ["--json"]), (["user", "show", "nobody@example.org"], 3, ["nobody@example.org"]),
    (["explain", "GP-9999"], 3, ["9999"]), (["scim-token", "revoke", "999", "--yes"], 3, ["999"]),
])
def test_exit_codes_and_suggestions(own, argv, code, words):
    done = own.cli.run(*argv)
    assert done.returncode == code, (done.stdout, done.stderr)
    for word in words:
        assert word in done.stderr
    assert done.stdout == ""


def test_errors_as_json(own):
    done = own.cli.run("user", "show", "nobody@example.org", "--json")
    error = json.loads(done.stdout or done.stderr)["error"]
    assert done.returncode == 3 and error["message"]


def test_unreachable_database_is_5(run_dir):
    folder = run_dir / "unreachable"
    lone = server.Server(folder, f"host={folder} dbname=x").write_config()
    done = lone.cli.run("db", "status")
    assert done.returncode == 5 and "GP-1301" in done.stderr


@pytest.mark.parametrize("line,words", [
    ("public_ulr: x", ["GP-1002", "public_ulr", "public_url", "line"]), ("listen: [", ["GP-100", "line"]),
    ("listen: 127.0.0.1:99999", ["listen"]), ("database_connections: 0", ["database_connections"]),
    ("public_url: http://gatepost.example.org", ["GP-1210"]),
])
def test_bad_settings_are_78_and_name_the_line(own, run_dir, line, words):
    path = run_dir / "bad.yaml"
    text = "".join(part + "\n" for part in own.config.read_text().splitlines() if not part.startswith(line.split(":")[0] + ":"))
    path.write_text(text + line + "\n")
    os.chmod(path, 0o600)
    host.give(path)
    for argv in (["check-config"], ["serve"]):
        done = server.Cli(path).run(*argv)
        assert done.returncode == 78, (argv, done.stderr)
        for word in words:
            assert word in done.stderr, done.stderr


def test_check_config_shows_origin_and_masks_secrets(own):
    done = own.cli.run("check-config", env={"GATEPOST_LOG_LEVEL": "debug"})
    assert done.returncode == 0 and "environment" in done.stdout and "default" in done.stdout
    masked = own.cli.run("check-config", env={"GATEPOST_DATABASE": "host=/x user=u password=s3cret-canary"})
    assert "s3cret-canary" not in masked.stdout + masked.stderr


def test_explain_and_version(own):
    shown = own.cli.run("explain", "gp-2101")
    assert shown.returncode == 0 and "GP-2101" in shown.stdout
    assert own.cli.json("version")["version"]


def test_migrate_is_idempotent(own):
    assert own.cli.run("db", "migrate").returncode == 0
    status = own.cli.json("db", "status")
    assert "0001" in json.dumps(status) or "1" in json.dumps(status)


def test_init_plans_first(run_dir, cluster):
    folder = run_dir / "init"
    folder.mkdir()
    host.give(folder)
    conninfo = cluster.create_database("init_plan")
    config = folder / "gatepost.yaml"
    cli = server.Cli(config)
    options = ("init", "--public-url", "http://127.0.0.1:8025", "--database", conninfo)
    planned = cli.run(*options, "--plan")
    assert planned.returncode == 0 and not config.exists()
    with cluster.session("init_plan") as sql:
        sql.execute("SELECT to_regclass('org')")
        assert sql.fetchone() == (None,), "a plan changes nothing"
    refused = cli.run(*options)
    assert refused.returncode in (2, 4) and not config.exists(), "without a person and without --yes nothing is done"
    done = cli.run(*options, "--yes")
    assert done.returncode == 0, done.stderr
    assert config.exists() and oct(config.stat().st_mode & 0o777) in ("0o600", "0o640")
    again = cli.run(*options, "--yes")
    assert again.returncode == 0, again.stderr
    assert cli.json("db", "status")


def test_doctor(own):
    own.start()
    try:
        done = own.cli.run("doctor")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "✓" in done.stdout
        assert json.loads(own.cli.run("doctor", "--json").stdout)
    finally:
        own.stop()


def test_admin_listener(gatepost):
    assert get(gatepost.admin, "/livez")[0] == 200
    assert get(gatepost.admin, "/readyz")[0] == 200
    status, text = get(gatepost.admin, "/metrics")
    assert status == 200
    for family in ("gatepost_build_info", "gatepost_http_requests_total", "gatepost_db_pool_connections", "process_"):
        assert family in text
    assert get(gatepost.address, "/metrics")[0] == 404, "metrics are not on the public listener"


def test_sigterm_drains(own, cluster):
    """A request in flight is answered; the exit code is 0; what comes later is not accepted."""
    own.start()
    own.cli.run("source", "add", "drain")
    token = own.cli.json("scim-token", "create", "--source", "drain", "--name", "t")["token"]
    lock = cluster.connect("cli")
    lock.autocommit = False
    lock.cursor().execute("LOCK TABLE resource_count IN SHARE ROW EXCLUSIVE MODE")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(scim.Client(own.scim_base, token).post("/Users", scim.user("drain@example.org"))))
    thread.start()
    time.sleep(0.5)
    own.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert own.process.poll() is None, "it waits for the request"
    assert get(own.admin, "/readyz")[0] == 503
    lock.rollback()
    lock.close()
    thread.join()
    assert answers[0].status == 201
    assert own.process.wait(30) == 0
    own.stop()


def test_serve_without_a_database_stays_up_and_says_so(run_dir, cluster):
    from stack import postgres
    lone = postgres.Postgres(run_dir / "late-pg").create()
    instance = server.Server(run_dir / "late", lone.conninfo("gatepost", "gatepost")).write_config()
    instance.start(wait=False)
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                if get(instance.admin, "/livez")[0] == 200:
                    break
            except OSError:
                time.sleep(0.05)
        assert get(instance.admin, "/livez")[0] == 200
        assert get(instance.admin, "/readyz")[0] == 503
        lone.start()
        lone.create_database("gatepost")
        assert instance.cli.run("db", "migrate").returncode == 0
        deadline = time.monotonic() + 15
        while get(instance.admin, "/readyz")[0] != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert get(instance.admin, "/readyz")[0] == 200
    finally:
        instance.stop()
        lone.stop("immediate")


def test_log_lines_hold_no_personal_data(gatepost, tenant):
    marker = "canary-person-7f3a"
    made = ok(tenant.client.post("/Users", scim.user(f"{marker}@example.org", displayName=marker)), 201)
    tenant.client.search("Users", f'userName eq "{marker}@example.org"')
    ok(tenant.client.get(f"/Users/{made['id']}"))
    tenant.client.post("/Users", {"schemas": [scim.USER], "userName": marker, "active": marker})
    time.sleep(0.2)
    log = gatepost.log
    assert marker not in log and tenant.token not in log and tenant.token[4:20] not in log
    lines = [json.loads(line) for line in log.splitlines() if '"http_request"' in line]
    assert lines and {"route", "method", "status", "ms", "request_id"} <= set(lines[-1])


def test_rate_shaping(tenant):
    """Over its rate a token is slowed down before it is refused."""
    client = tenant.with_token("--rate", "25")
    begin = time.monotonic()
    statuses = [client.get("/Users?count=0").status for _ in range(90)]
    took = time.monotonic() - begin
    assert set(statuses) == {200}, "a sequential client is shaped, never refused"
    assert took > 1, f"90 requests at 25 a second took {took:.1f} s"


def commands(cli):
    """Every command of the program, as its help lists them: ["db", "migrate"], ["serve"]…"""
    def listed(*path):
        text = cli.run(*path, "--help").stdout
        part = text.split("\nCommands:\n", 1)
        return re.findall(r"^  ([a-z-]+(?: [a-z-]+)*)", part[1].split("\n\n", 1)[0], re.M) if len(part) == 2 else []
    for noun in listed():
        words = noun.split()  # "saml connection" is one
        verbs = listed(*words)
        yield from ([*words, verb] for verb in verbs) if verbs else [words]


def test_every_command_has_json_examples_and_exit_codes(own):
    found = list(commands(own.cli))
    assert len(found) > 30
    for path in found:
        text = own.cli.run(*path, "--help").stdout
        examples = text.split("\nExamples:\n", 1)[1].split("\n\n", 1)[0]
        assert f"  gatepost {' '.join(path)}" in examples, path
        assert "\n  --json" in text and "\nExit codes:\n  0 " in text, path


@pytest.mark.parametrize("argv", [
    ["org", "list"], ["source", "list"], ["domain", "list"], ["scim-token", "list"], ["user", "list"], ["group", "list"], ["version"],
    ["explain", "GP-2311"], ["check-config"], ["db", "status"], ["db", "migrate", "--plan"], ["db", "migrate"], ["proxy", "config", "nginx"],
    ["org", "create", "as-json"], ["source", "add", "as-json"], ["domain", "add", "as-json.example"],
    ["domain", "verify", "as-json.example", "--trust"], ["scim-token", "create", "--source", "as-json", "--name", "j"]], ids=" ".join)
def test_json_is_one_object_alone(own, argv):
    done = own.cli.run(*argv, "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


@pytest.mark.parametrize("argv,code", [(["user", "show", "nobody@example.org"], 3), (["org", "create", "default"], 4), (["org", "create", "Ä"], 2),
                                       (["explain", "GP-9999"], 3), (["sevre"], 2)])
def test_json_failures_are_one_object_too(own, argv, code):
    done = own.cli.run(*argv, "--json")
    assert done.returncode == code
    assert json.loads(done.stdout)["error"]["message"]
