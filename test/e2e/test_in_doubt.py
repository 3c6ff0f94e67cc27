"""The connection to PostgreSQL is lost around a commit: the caller is told the truth, and what he sent is there once."""

import itertools

import pytest
from checks import ok
from conftest import new_gatepost
from stack import cutter, host, scim

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cut(run_dir, cluster):
    """(cutter, client, sql): a gatepost that reaches its database through the cutter alone."""
    folder = run_dir / "cut"
    folder.mkdir()
    host.give(folder)
    line = cutter.Cutter(folder, cluster.folder / f".s.PGSQL.{cluster.port}")
    gatepost = new_gatepost(folder / "gatepost", cluster, "cut")
    gatepost.settings["database"] = line.conninfo("cut", "gatepost")
    gatepost.write_config().start()
    gatepost.cli.json("source", "add", "main")
    token = gatepost.cli.json("scim-token", "create", "--source", "main", "--name", "t")["token"]

    def sql(statement, *arguments):
        with cluster.session("cut") as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall()
    yield line, scim.Client(gatepost.scim_base, token), sql
    assert gatepost.stop() == 0
    line.close()


@pytest.fixture
def person(cut):
    made = cut[1].post("/Users", scim.user(f"doubt-{next(_numbers)}@example.org"))
    return ok(made, 201)["id"]


def create(client, _):
    return client.post("/Users", scim.user(f"doubt-{next(_numbers)}@example.org")), 201


def create_group(client, person):
    return client.post("/Groups", scim.group(f"doubt-{next(_numbers)}", members=[{"value": person}])), 201


def patch(client, person):
    return client.patch(f"/Users/{person}", [{"op": "replace", "path": "displayName", "value": f"Name {next(_numbers)}"}]), 200


def put(client, person):
    return client.put(f"/Users/{person}", scim.user(f"doubt-{next(_numbers)}@example.org")), 200


def delete(client, person):
    return client.delete(f"/Users/{person}"), 204


@pytest.mark.parametrize("fault", ["before", "after"])
@pytest.mark.parametrize("write", [create, create_group, patch, put, delete])
def test_a_write_happens_once(cut, person, write, fault):
    line, client, sql = cut
    before, struck = sql("SELECT version FROM scim_user WHERE user_id = %s", person)[0][0], line.struck
    line.arm(fault)
    answer, status = write(client, person)
    assert line.struck == struck + 1, "the fault did not strike"
    ok(answer, status)
    request_id = answer.headers["x-request-id"]
    assert sql("SELECT count(*) FROM write_request WHERE request_id = %s", request_id) == [(1,)]
    assert sql("SELECT count(*) FROM audit WHERE request_id = %s", request_id) == [(1,)]
    if status == 201:
        table, column = ("scim_user", "user_name") if write is create else ("scim_group", "display_name")
        name = answer.json["userName" if write is create else "displayName"]
        assert sql(f"SELECT count(*) FROM {table} WHERE {column} = %s", name) == [(1,)]
        assert answer.json["meta"]["version"] == 'W/"1"' and answer.headers["location"] == answer.json["meta"]["location"]
    if status == 200:
        assert answer.json["meta"]["version"] == f'W/"{before + 1}"'
    assert sql("SELECT coalesce(sum(n), 0) FROM resource_count WHERE kind = 'u'") == sql("SELECT count(*) FROM scim_user")
