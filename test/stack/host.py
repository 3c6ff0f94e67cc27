"""What the host offers: programs (installed, or unpacked into build/host), an unprivileged user, free ports."""

import glob
import grp
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = ROOT / "build" / "host"
USER = "nobody"


class StackError(Exception):
    """Something the caller can act on; the text says what."""


def is_root():
    return os.geteuid() == 0


def as_user(argv):
    """The command line that runs argv unprivileged: as nobody when we are root, else as ourselves."""
    if not is_root():
        return list(argv)
    who = pwd.getpwnam(USER)
    return ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups", "--", *map(str, argv)]


def user_and_group():
    """The names of whom servers run as."""
    who = pwd.getpwnam(USER) if is_root() else pwd.getpwuid(os.geteuid())
    return who.pw_name, grp.getgrgid(who.pw_gid if is_root() else os.getegid()).gr_name


def give(path):
    """Lets the unprivileged user own a file or folder we made."""
    if is_root():
        who = pwd.getpwnam(USER)
        os.chown(path, who.pw_uid, who.pw_gid)


def within_reach(path, folder, root=None):
    """path, or its copy below folder where our unprivileged user may not enter path's folders (a clone in /root, say).
    What is copied is path alone, or the whole tree `root` in which it lies."""
    path, root = pathlib.Path(path), pathlib.Path(root or path)
    if not is_root() or subprocess.run(as_user(["test", "-x", path]), check=False).returncode == 0:
        return path
    copy = pathlib.Path(folder) / "programs" / root.name
    if not copy.exists():
        copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        (shutil.copytree if root.is_dir() else shutil.copy2)(root, copy, **({"symlinks": True} if root.is_dir() else {}))
    return copy / path.relative_to(root)


def postgres_within_reach(folder):
    """postgres_bin() for our unprivileged user; PostgreSQL finds its other files relative to it."""
    found = postgres_bin()
    return within_reach(found / "postgres", folder, UNPACKED / "usr" if UNPACKED in found.parents else None).parent


def postgres_bin():
    """The folder with initdb and postgres of the newest server, 15 or later."""
    found = []
    for base in ("/usr/lib/postgresql", str(UNPACKED / "usr/lib/postgresql")):
        for path in glob.glob(base + "/*/bin/initdb"):
            version = re.search(r"/postgresql/(\d+)/", path)
            if version and int(version.group(1)) >= 15:
                found.append((int(version.group(1)), pathlib.Path(path).parent))
    if not found:
        raise StackError("PostgreSQL's server programs are not here. Run ./quickstart once: it unpacks them into build/host.")
    return max(found)[1]


def program(name, *more):
    """A program on the PATH or among the unpacked packages."""
    for folder in (None, "/usr/sbin", "/usr/bin", str(UNPACKED / "usr/sbin"), str(UNPACKED / "usr/bin"), *more):
        path = shutil.which(name, path=folder) if folder else shutil.which(name)
        if path:
            return path
    raise StackError(f"{name} is not here. Run ./quickstart once: it installs or unpacks what is missing.")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(argv, **options):
    """subprocess.run that captures text and raises StackError with the program's own words."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise StackError(f"{os.path.basename(str(argv[0]))} failed ({done.returncode}): {(done.stderr or done.stdout).strip()}")
    return done.stdout
