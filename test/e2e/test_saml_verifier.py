"""The verifier's processes: what they may do, and what becomes of a sign-in when one dies."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

import saml_folder

SANDBOX = saml_folder.BUILD / "test" / "e2e" / "saml_sandbox"
GATEPOST = pathlib.Path(os.environ.get("GATEPOST_BIN", saml_folder.BUILD / "cmd" / "gatepost"))
CALLS_MOST = 35
HOSTILE_KIB = 16384


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = saml_folder.Folder(tmp_path_factory.mktemp("verifier"))
    made.message("good", made.signed())
    return made


@pytest.fixture(scope="module")
def told():
    return json.loads(subprocess.run([SANDBOX, "list"], capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def calls(told):
    """Each system call: allowed, refused (EPERM) or killed, as the kernel judged it."""
    if told["sanitized"]:
        pytest.skip("a sanitizer makes calls of its own: such a build has no filter")
    return told["calls"]


def test_few_system_calls(calls):
    by = {judged: sorted(name for name, one in calls.items() if one == judged) for judged in ("allowed", "refused", "killed")}
    print(f"time verifier: {len(by['allowed'])} system calls allowed: {' '.join(by['allowed'])}")
    print(f"time verifier: {len(by['refused'])} answer EPERM: {' '.join(by['refused'])}; {len(by['killed'])} kill")
    assert len(by["allowed"]) + len(by["refused"]) <= CALLS_MOST
    assert len(by["killed"]) > 300
    assert {"read", "write", "mmap", "exit_group"} <= set(by["allowed"])
    assert {"open", "openat", "newfstatat", "readlink"} <= set(by["refused"])


CLASSES = {
    "network": "socket connect bind listen accept accept4 sendto recvfrom sendmsg recvmsg socketpair",
    "programs and processes": "execve execveat fork vfork clone clone3 unshare setns",
    "other processes": "kill tkill tgkill ptrace process_vm_readv process_vm_writev pidfd_open pidfd_send_signal kcmp",
    "changing files": "unlink unlinkat rename mkdir rmdir chmod fchmod chown mount umount2 truncate ftruncate link symlink mknod",
    "more rights": "setuid setgid setresuid setgroups capset prctl seccomp personality keyctl add_key",
    "the kernel": "bpf io_uring_setup perf_event_open init_module kexec_load userfaultfd reboot iopl swapon",
    "descriptors": "dup dup2 fcntl ioctl pipe pipe2 eventfd2 memfd_create pread64 pwrite64 sendfile splice",
}


@pytest.mark.parametrize("what", CLASSES)
def test_whole_classes_kill(calls, what):
    for name in CLASSES[what].split():
        assert calls[name] == "killed", name


@pytest.mark.parametrize("name, ends", [
    ("compute", 0), ("open_write", 2), ("open_read", 2), ("log", 2),
    *((name, -signal.SIGSYS) for name in ("socket", "connect", "execve", "fork", "clone", "ptrace", "kill", "unlink", "map_code", "make_code"))])
def test_one_call(calls, name, ends):
    """The same with arguments that would do harm: executable memory too, which no number tells."""
    assert subprocess.run([SANDBOX, "try", name], capture_output=True, check=False).returncode == ends


# A pool, as a server has one

class Pool:
    """saml_bench's pool: sign-ins without a pause by one thread more than there are children."""

    def __init__(self, folder, seconds, children=1):
        self.program = subprocess.Popen([str(saml_folder.PROGRAM), str(folder.path), "pool", "good", str(seconds), str(children)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "GATEPOST_BIN": str(GATEPOST)})
        self.errors = []
        threading.Thread(target=lambda: self.errors.extend(self.program.stderr), daemon=True).start()

    def children(self, n=1, wait=10):
        """Those that are ready: they have their filter, or in a build without one, no core."""
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            found = [int(pid) for pid in pathlib.Path(f"/proc/{self.program.pid}/task/{self.keeper()}/children").read_text().split()]
            ready = [pid for pid in found if "NoNewPrivs:\t1" in self.status(pid)]
            if len(ready) >= n:
                time.sleep(0.3)  # the second self-test, then work
                return ready
            time.sleep(0.02)
        raise AssertionError(f"no {n} children: {self.errors}")

    def keeper(self):
        """The thread that starts them."""
        for task in pathlib.Path(f"/proc/{self.program.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == "saml-keeper":
                return task.name
        return self.program.pid

    @staticmethod
    def status(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return ""

    def result(self):
        out, _ = self.program.communicate(timeout=60)
        assert self.program.returncode == 0, self.errors
        return json.loads(out)

    def deaths(self):
        return [json.loads(line[line.index("{"):]) for line in self.errors if '"saml_verifier_died"' in line]


def gone(pid):
    deadline = time.monotonic() + 10
    while pathlib.Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"{pid} is still there"
        time.sleep(0.02)


def test_child_is_bare(folder, calls):
    """What the process itself shows: no more files, processes or core, one socket, filtered, not to be looked into."""
    pool = Pool(folder, 3)
    pid = pool.children()[0]
    status, limits = pool.status(pid), pathlib.Path(f"/proc/{pid}/limits").read_text()
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "Threads:\t1"):
        assert line in status
    for name in ("Max open files", "Max processes", "Max core file size", "Max file size", "Max locked memory"):
        assert limits[limits.index(name) + 26:].split()[:2] == ["0", "0"], name
    assert limits[limits.index("Max address space") + 26:].split()[1].isdigit()
    opened = {int(fd.name): os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    assert set(opened) == {0, 1, 2, 3}
    assert opened[0] == opened[1] == "/dev/null" and opened[3].startswith("socket:")
    environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert {entry.split(b"=")[0] for entry in environment if entry} <= {b"TZ", b"LC_ALL", b"LD_LIBRARY_PATH"}
    assert pool.result()["away"] == 0


def test_death_is_one_refusal(folder):
    """Killed in the middle of a job: stopped first, so that one is certainly at work."""
    pool, kills = Pool(folder, 5), 3
    for _ in range(kills):
        pid = pool.children()[0]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        gone(pid)
    result = pool.result()
    assert result["away"] == kills
    assert result["n"] > 10
    assert [death["how"] for death in pool.deaths()] == ["signal 9"] * kills


def test_stuck_is_killed(folder):
    """One that does not answer is killed at the deadline of a job, not waited for."""
    pool = Pool(folder, 5)
    pid = pool.children()[0]
    os.kill(pid, signal.SIGSTOP)
    gone(pid)
    result = pool.result()
    assert result["away"] == 1 and result["n"] > 10


def test_children_end_with_the_server(folder):
    pool = Pool(folder, 30, 2)
    pids = pool.children(2)
    pool.program.kill()
    for pid in pids:
        gone(pid)


def test_a_person_is_told(tmp_path):
    told = subprocess.run([GATEPOST, "saml-verifier", str(tmp_path / "key")], capture_output=True, text=True, check=False)
    assert told.returncode == 2 and "started by gatepost serve" in told.stderr


def test_no_key_is_said(folder):
    key = folder.path / "saml.key"
    key.rename(folder.path / "away")
    try:
        pool = Pool(folder, 1)
        assert pool.program.wait(30) != 0
        time.sleep(0.2)
        assert any("GP-4001" in line for line in pool.errors), pool.errors
    finally:
        (folder.path / "away").rename(key)


def test_more_children_do_more(folder):
    """With two processors two children check more sign-ins; how many more is for the benchmark to say."""
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor")
    pools = {children: Pool(folder, 3, children).result() for children in (1, 2)}
    print("time verifier: sign-ins per second with one and two children: "
          + ", ".join(f"{pool['n'] / pool['wall']:.0f}" for pool in pools.values()))
    assert all(pool["n"] > 0 and pool["away"] == 0 for pool in pools.values())


# Hostile messages: each is refused, and none takes much memory

def test_hostile_messages_cost_little(folder, told):
    for name, text in saml_folder.hostile(folder):
        folder.message("hostile", text)
        cost = folder.run("once", "hostile")
        print(f"time hostile: {name}: {cost['failure']}, {cost['ms']:.1f} ms, {cost['kib']} KiB")
        assert cost["failure"] != "ok", name
        # A sanitizer keeps what was freed.
        assert cost["kib"] <= HOSTILE_KIB or told["sanitized"], name
