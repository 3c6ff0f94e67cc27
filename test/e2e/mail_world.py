"""An organisation with mail, the worker as a process, and waiting: what the tests of the worker share."""

import itertools
import json
import os
import signal
import subprocess
import time

from conftest import new_tenant
from stack import host, scim, server

_numbers = itertools.count(1)
OK, NOT_FOUND, REFUSED, PARTLY = 0, 3, 4, 6


class World:
    """An organisation with a verified domain and one mail group."""

    def __init__(self, mail, cluster, database="mail", backend=None):
        self.mail, self.database = mail, database
        self.tenant = new_tenant(mail, cluster)
        self.tenant.sql = self.sql
        self.cluster = cluster
        self.org = self.tenant.org
        self.domain = f"{self.org}.example"
        self.cli("domain", "add", self.domain)
        self.cli("domain", "verify", self.domain, "--trust")
        self.group = self.post("/Groups", {"schemas": [scim.GROUP], "displayName": f"mail-{self.org}"})
        self.cli("mail-group", "add", self.group["displayName"], "--quota", "1G", *(["--backend", backend] if backend else []))

    def cli(self, *argv):
        return self.mail.cli.json(*argv, "--org", self.org)

    def run(self, *argv):
        return self.mail.cli.run(*argv, "--org", self.org)

    def sql(self, statement, *arguments):
        with self.cluster.session(self.database) as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else None

    def post(self, path, body):
        answer = self.tenant.client.request("POST", path, body)
        assert answer.status == 201, answer
        return answer.json

    def patch(self, path, *operations):
        answer = self.tenant.client.request("PATCH", path, {"schemas": [scim.PATCH], "Operations": list(operations)})
        assert answer.status in (200, 204), answer

    def person(self, name=None, join=True, **more):
        name = name or f"p{next(_numbers)}"
        person = self.post("/Users", {"schemas": [scim.USER], "userName": f"{name}@{self.domain}", "externalId": f"x-{name}",
                                      "active": True, **more})
        if join:
            self.join(person)
        return person

    def people(self, n):
        people = [self.person(join=False) for _ in range(n)]
        self.join(*people)
        return people

    def join(self, *people):
        self.patch(f"/Groups/{self.group['id']}", {"op": "add", "path": "members", "value": [{"value": p["id"]} for p in people]})

    def leave(self, *people):
        for person in people:
            self.patch(f"/Groups/{self.group['id']}", {"op": "remove", "path": f"members[value eq \"{person['id']}\"]"})

    def active(self, person, value):
        self.patch(f"/Users/{person['id']}", {"op": "replace", "path": "active", "value": value})

    def box(self, person):
        rows = self.sql("SELECT address, state, open, desired_gen = applied_gen, mailbox_id::text FROM mailbox"
                        " WHERE user_id = %s AND state <> 'purged'", person["id"])
        return rows[0] if rows else None

    def states(self):
        rows = self.sql("SELECT state, open, count(*) FROM mailbox b JOIN org o USING (org_id) WHERE o.name = %s"
                        " GROUP BY 1, 2 ORDER BY 1, 2", self.org)
        return {(state, is_open): n for state, is_open, n in rows}

    def once(self, code=OK):
        done = self.run("sync", "once", "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def held(self):
        return self.cli("sync", "held")["held"]


class Worker:
    """`gatepost sync run` as a process."""

    def __init__(self, mail, name):
        self.log = open(mail.folder / f"{name}.log", "ab")
        self.process = subprocess.Popen(
            host.as_user([server.binary(), "sync", "run", "--worker", name, "--config", str(mail.config)]), stdout=self.log,
            stderr=self.log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)

    def signal(self, number):
        os.killpg(self.process.pid, number)

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()


def wait(condition, seconds=10):
    """Seconds until the condition held; fails when it never did."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        if condition():
            return time.monotonic() - begin
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")
