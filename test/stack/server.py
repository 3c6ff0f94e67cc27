"""`gatepost`: the command line, and `serve` as a process to start, stop, kill and start again."""

import json
import os
import pathlib
import signal
import subprocess
import time

from . import host


def binary():
    """The program under test: GATEPOST_BIN, else the release build."""
    path = os.environ.get("GATEPOST_BIN") or str(host.ROOT / "build" / "cmd" / "gatepost")
    if not os.access(path, os.X_OK):
        raise host.StackError(f"{path} is not built. Run ./quickstart or ./test/run once: they build it.")
    return path


class Cli:
    """Runs `gatepost …` with one settings file."""

    def __init__(self, config):
        self.config = str(config)

    @property
    def binary(self):
        return str(host.within_reach(binary(), pathlib.Path(self.config).parent))

    def run(self, *argv, stdin=None, env=None, timeout=60):
        """CompletedProcess with text output."""
        return subprocess.run(host.as_user([self.binary, *map(str, argv), "--config", self.config]), input=stdin, text=True,
                              capture_output=True, cwd="/", timeout=timeout, env={**os.environ, **(env or {})},
                              stdin=None if stdin is not None else subprocess.DEVNULL)

    def json(self, *argv, **options):
        """The JSON object a command printed; StackError with its words when it failed."""
        done = self.run(*argv, "--json", **options)
        if done.returncode != 0:
            raise host.StackError(f"gatepost {' '.join(map(str, argv))} exited {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        return json.loads(done.stdout)


class Server:
    """`gatepost serve`. After start(), `address` and `admin` are "127.0.0.1:PORT"."""

    def __init__(self, folder, conninfo, settings=None):
        self.folder = pathlib.Path(folder)
        self.config = self.folder / "gatepost.yaml"
        self.cli = Cli(self.config)
        self.process = None
        self.address = f"127.0.0.1:{host.free_port()}"
        self.admin = f"127.0.0.1:{host.free_port()}"
        self.settings = {
            "public_url": f"http://{self.address}", "listen": self.address, "listen_admin": self.admin,
            "database": conninfo, "keys_dir": str(self.folder / "keys"), "log_format": "json",
            **(settings or {}),
        }

    def write_config(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        host.give(self.folder)
        lines = []
        for key, value in self.settings.items():
            if isinstance(value, list):
                lines.append(f"{key}: [{', '.join(json.dumps(item) for item in value)}]")
            elif isinstance(value, bool):
                lines.append(f"{key}: {'true' if value else 'false'}")
            elif isinstance(value, int):
                lines.append(f"{key}: {value}")
            else:
                lines.append(f"{key}: {json.dumps(value)}")
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.chmod(self.config, 0o600)
        host.give(self.config)
        (self.folder / "keys").mkdir(mode=0o700, exist_ok=True)
        host.give(self.folder / "keys")
        return self

    @property
    def scim_base(self):
        return self.settings["public_url"] + "/scim/v2"

    @property
    def log(self):
        return (self.folder / "gatepost.log").read_text(encoding="utf-8", errors="replace")

    def start(self, env=None, wait=True):
        log = open(self.folder / "gatepost.log", "ab")
        ready, told = os.pipe()
        self.process = subprocess.Popen(
            host.as_user([self.cli.binary, "serve", "--config", str(self.config), "--ready-fd", str(told)]), pass_fds=(told,),
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True,
            env={**os.environ, **(env or {})})
        os.close(told)
        with os.fdopen(ready, encoding="utf-8") as pipe:
            if not wait:
                return self
            line = pipe.readline()
        if not line:
            raise host.StackError("gatepost serve did not start:\n" + self.log[-3000:])
        bound = json.loads(line)
        self.address, self.admin = bound["listen"], bound["listen_admin"]
        return self

    def stop(self, timeout=40):
        """SIGTERM; the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def wait_log(self, text, seconds=5):
        """TRUE as soon as the log holds the text."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if text in self.log:
                return True
            time.sleep(0.02)
        return False
