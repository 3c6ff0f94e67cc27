"""The suites of ./test/run: each runs by itself, is counted apart and timed; the last line sums them up."""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stack import host, postgres, server  # noqa: E402

TEST = host.ROOT / "test"
BUILD = pathlib.Path(os.environ.get("GATEPOST_BUILD", host.ROOT / "build"))

# Suite → pytest files below test/e2e.
E2E = {
    "replay": ["test_replay_okta.py", "test_replay_entra.py", "test_replay_others.py"],
    "okta-spec": ["test_okta_spec.py"],
    "entra-validator": ["test_entra_validator.py"],
    "cross-org": ["test_cross_org.py"],
    "http-gate": ["test_http_gate.py"],
    "http-server": ["test_http_server.py", "test_proxy_nginx.py", "test_proxy_others.py"],
    "races": ["test_races.py"],
    "lifecycle": ["test_lifecycle.py", "test_in_doubt.py", "test_token_limits.py", "test_housekeeping.py", "test_errors.py",
                  "test_paging.py", "test_dialect.py"],
    "mail": ["test_mail_story.py", "test_mail_places.py"],
    "mail-worker": ["test_mail_worker.py", "test_mail_fleet.py"],
    "mail-pairing": ["test_mail_pairing.py"],
    "cli": ["test_cli.py", "test_cli_admin.py", "test_docs.py"],
    "decision": ["test_mail_decision.py", "test_mail_policy.py", "test_mail_submission.py", "test_dovecot_24.py"],
    "mail-faults": ["test_mail_faults.py", "test_mail_faults_store.py", "test_mail_faults_worker.py"],  # F26 to F42, by name
    "mail-kill": ["test_mail_kill.py"],  # kill -9 at each step of each action
    "mail-drivers": ["test_mail_drivers.py", "test_mail_purge.py"],  # the real Dovecot, and a doveadm that is broken
    "saml": ["test_saml_real.py", "test_saml_failover.py", "test_saml_flow.py", "test_saml_admin.py", "test_saml_verifier.py", "test_saml_verifier_server.py"],
    "saml-attacks": ["test_saml_attacks.py", "test_saml_catalogue.py", "test_saml_positive.py", "test_saml_logout_attacks.py", "test_saml_metadata.py"],
    "mail-doors": ["test_mail_doors.py", "test_mail_notices.py"],
    "mail-alarms": ["test_mail_alarms.py", "test_mail_adopt.py"],
}


class Count:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.notes = 0, 0, 0, []

    def add_junit(self, path, reasons=None):
        """Every testcase of a JUnit file; `reasons` holds why a test was skipped where the file does not."""
        reasons = reasons or {}
        for case in xml.parse(path).iter("testcase"):
            name = f"{case.get('classname', '')}.{case.get('name', '')}"
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed += 1
                self.notes.append(f"FAILED {name}")
            elif case.find("skipped") is not None:
                self.skipped += 1
                self.notes.append(f"skipped {name}: {case.find('skipped').get('message') or reasons.get(case.get('name'), '')}")
            else:
                self.passed += 1

    def must_have_run(self, what, exit_code):
        if exit_code != 0 and self.failed == 0:
            self.failed += 1
            self.notes.append(f"FAILED {what} exited {exit_code}")
        if self.passed + self.failed == 0:
            self.failed += 1
            self.notes.append(f"FAILED {what} ran no test")


def run(argv, **options):
    environment = {**os.environ, "GATEPOST_BUILD": str(BUILD), **options.pop("env", {})}
    environment.setdefault("GATEPOST_BIN", str(BUILD / "cmd" / "gatepost"))
    done = subprocess.run([str(a) for a in argv], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environment, **options)
    return done.returncode, done.stdout


def meson_suite(count, name, env=None):
    code, output = run(["meson", "test", "-C", BUILD, "--no-rebuild", "--suite", name, "--print-errorlogs"],
                       env=env or {})
    junit = BUILD / "meson-logs" / "testlog.junit.xml"
    if junit.exists():
        # meson keeps the words of a skipped TAP line in its log alone.
        log = (BUILD / "meson-logs" / "testlog.txt").read_text(encoding="utf-8", errors="replace")
        count.add_junit(junit, dict(re.findall(r"^ok (\d+ \S+) # SKIP (.*)$", log, re.MULTILINE)))
    count.must_have_run(f"meson test --suite {name}", code)
    return output


def pytest_files(count, files, env=None):
    present = [path for path in files if path.exists()]
    for missing in set(files) - set(present):
        count.failed += 1
        count.notes.append(f"FAILED {missing.name} is not there")
    with tempfile.NamedTemporaryFile(suffix=".xml") as junit:
        code, output = run(["/usr/bin/python3", "-m", "pytest", "-x" if os.environ.get("FAIL_FAST") else "-q", "--durations=5",
                            "-rsP", f"--junitxml={junit.name}", *present], cwd=TEST / "e2e", env=env or {})
        if os.path.getsize(junit.name):
            count.add_junit(junit.name)
    count.must_have_run("pytest", code)
    return output


def suite_house(count):
    code, output = run(["/usr/bin/python3", TEST / "house" / "check.py", BUILD])
    for line in output.splitlines():
        count.passed += line.startswith("ok ")
        if line.startswith("not ok "):
            count.failed += 1
            count.notes.append("FAILED " + line)
    count.must_have_run("house check", code)
    listed = {name for names in E2E.values() for name in names} | {"test_quickstart.py"}
    for path in sorted((TEST / "e2e").glob("test_*.py")):
        if path.name not in listed:
            count.failed += 1
            count.notes.append(f"FAILED {path.name} is in no suite")
    return output


def suite_db(count):
    """The C suite brings its own clusters; the schema, and the decisions it makes, are asked of a freshly migrated database."""
    with tempfile.TemporaryDirectory(prefix="gatepost-db-") as folder:
        os.chmod(folder, 0o755)
        output = meson_suite(count, "db", {"GATEPOST_POSTGRES_BIN": str(host.postgres_within_reach(folder))})
        cluster = postgres.Postgres(pathlib.Path(folder) / "pg").create().start()
        try:
            conninfo = cluster.create_database("gatepost")
            migrated = server.Server(pathlib.Path(folder) / "gatepost", conninfo).write_config().cli.run("db", "migrate")
            output += migrated.stdout + migrated.stderr
            files = ("test_schema.py", "test_decision.py", "test_mail_rules.py", "test_mail_views.py", "test_mail_logins.py")
            output += pytest_files(count, [TEST / "db" / name for name in files], {
                "GATEPOST_TEST_DATABASE": cluster.conninfo("gatepost", "postgres")})
        finally:
            cluster.stop("immediate")
    return output


def suite_quickstart(count):
    """The story as a person runs it, in the foreground and in the background."""
    return pytest_files(count, [TEST / "e2e" / "test_quickstart.py"])


SUITES = {
    "house": suite_house,
    "unit": lambda count: meson_suite(count, "unit"),
    "fuzz-corpus": lambda count: meson_suite(count, "fuzz"),
    "db": suite_db,
    **{name: (lambda count, files=files: pytest_files(count, [TEST / "e2e" / f for f in files]))
       for name, files in E2E.items()},
    "quickstart": suite_quickstart,
}


# These wait more than they work: they run beside the others.
WAITING = ("mail-worker", "mail-faults", "mail-kill")


def run_suite(name):
    """(count, output, seconds) of one suite."""
    count, begin = Count(), time.monotonic()
    try:
        output = SUITES[name](count)
    except host.StackError as failed:
        output, count.failed = str(failed), count.failed + 1
        count.notes.append(f"FAILED {failed}")
    return count, output, time.monotonic() - begin


def show(name, count, output, seconds):
    if count.failed or os.environ.get("VERBOSE"):
        print(output)
    for line in output.splitlines():
        if line.startswith("time "):
            print("    " + line)
    for note in count.notes:
        print("    " + note)
    print(f"{name:<18}{count.passed:>6} passed{count.failed:>5} failed{count.skipped:>5} skipped{seconds:>8.1f} s", flush=True)


def main(names):
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"No such suite: {', '.join(unknown)}. There are: {', '.join(SUITES)}", file=sys.stderr)
        return 2
    names = list(names or SUITES)
    total, printing = Count(), threading.Lock()

    def lane(mine):
        for name in mine:
            count, output, seconds = run_suite(name)
            with printing:
                show(name, count, output, seconds)
                total.passed += count.passed
                total.failed += count.failed
                total.skipped += count.skipped

    with concurrent.futures.ThreadPoolExecutor(2) as lanes:
        running = [lanes.submit(lane, [name for name in names if (name in WAITING) == waits]) for waits in (True, False)]
    for one in running:
        one.result()
    print(f"{total.passed} passed, {total.failed} failed" + (f", {total.skipped} skipped" if total.skipped else ""))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
