"""A private PostgreSQL on a Unix socket."""

import pathlib
import subprocess
import time

import psycopg2

from . import host


class Postgres:
    """A cluster of its own below `folder`; reachable through its socket only."""

    def __init__(self, folder, settings=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.port = 5432
        self.settings = settings or {}
        self.process = None

    def create(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        host.give(self.folder)
        bin_ = self.bin
        host.run(host.as_user([bin_ / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                               "--locale=C.UTF-8", "--no-sync"]), cwd="/")
        settings = {
            "listen_addresses": "''", "unix_socket_directories": f"'{self.folder}'", "port": str(self.port),
            "max_connections": "100", "shared_buffers": "'128MB'", "log_min_duration_statement": "-1",
            "timezone": "'UTC'", "jit": "off", **self.settings,
        }
        text = "".join(f"{key} = {value}\n" for key, value in settings.items())
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(text)
        return self

    def start(self):
        bin_ = self.bin
        log = open(self.folder / "postgres.log", "ab")
        self.process = subprocess.Popen([str(a) for a in host.as_user([bin_ / "postgres", "-D", self.data])],
                                        stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.connect("postgres").close()
                return self
            except psycopg2.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise host.StackError("PostgreSQL did not start:\n" + (self.folder / "postgres.log").read_text()[-2000:])
                time.sleep(0.05)

    def standby(self, folder):
        """A hot standby that stands at this moment: it can be read, and hears of nothing any more."""
        return self._copy(folder).start()

    def follower(self, folder):
        """A standby that follows, and without whose word no commit counts."""
        copy = self._copy(folder, f"primary_conninfo = 'host={self.folder} port={self.port} user=postgres application_name=follower'\n")
        copy.start()
        with self.session("postgres") as sql:
            sql.execute("ALTER SYSTEM SET synchronous_standby_names = 'follower'")
            sql.execute("SELECT pg_reload_conf()")
        return copy

    def promote(self):
        """From now on it is the primary, and waits for nobody."""
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write("synchronous_standby_names = ''\n")
        host.run(host.as_user([self.bin / "pg_ctl", "-D", self.data, "-w", "promote"]), cwd="/")

    def _copy(self, folder, more=""):
        copy = Postgres(folder, self.settings)
        copy.folder.mkdir(parents=True, exist_ok=True)
        host.give(copy.folder)
        host.run(host.as_user([self.bin / "pg_basebackup", "-h", self.folder, "-p", self.port, "-U", "postgres", "-D", copy.data,
                               "-X", "stream", "-c", "fast", "--no-sync"]), cwd="/")
        (copy.data / "standby.signal").touch()
        host.give(copy.data / "standby.signal")
        with open(copy.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"unix_socket_directories = '{copy.folder}'\n{more}")
        return copy

    @property
    def bin(self):
        return host.postgres_within_reach(self.folder)

    @property
    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self, mode="fast"):
        """mode: smart, fast or immediate (which is a crash)."""
        if self.process is None:
            return
        bin_ = self.bin
        subprocess.run([str(a) for a in host.as_user([bin_ / "pg_ctl", "-D", self.data, "-m", mode, "-w", "stop"])],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=False)
        self.process.wait(timeout=30)
        self.process = None

    def create_database(self, name, owner="gatepost"):
        """A database owned by a login role that may create roles, as an administrator would prepare it; and the roles
        that `gatepost init` makes, so that `gatepost serve` and the mail servers work with their rights and no others."""
        with self.session("postgres") as sql:
            for role, options in ((owner, "LOGIN CREATEROLE"), ("gatepost_app", "NOLOGIN"), ("gatepost_dovecot", "LOGIN"),
                                  ("gatepost_postfix", "LOGIN")):
                sql.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
                if not sql.fetchall():
                    sql.execute(f'CREATE ROLE "{role}" {options}')
            sql.execute(f'GRANT gatepost_app TO "{owner}"')
            sql.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
            sql.execute(f'ALTER DATABASE "{name}" SET timezone = \'UTC\'')
        with self.session(name) as sql:
            sql.execute(f'ALTER SCHEMA public OWNER TO "{owner}"')
        return self.conninfo(name, owner)

    def conninfo(self, database, user="postgres"):
        return f"host={self.folder} port={self.port} dbname={database} user={user}"

    def connect(self, database, user="postgres"):
        connection = psycopg2.connect(self.conninfo(database, user))
        connection.autocommit = True
        return connection

    def session(self, database, user="postgres"):
        return _Session(self.connect(database, user))


class _Session:
    def __init__(self, connection):
        self.connection = connection

    def __enter__(self):
        return self.connection.cursor()

    def __exit__(self, *_):
        self.connection.close()
