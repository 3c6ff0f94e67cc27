"""Two servers on one database, and clients that get in each other's way: what is left is what the answers said."""

import random
import threading
import time

import pytest
from conftest import new_tenant
from stack import scim, server

SEED = 7


@pytest.fixture(scope="module")
def pair(gatepost, cluster, run_dir):
    """A second server beside the first, on its database."""
    second = server.Server(run_dir / "second", cluster.conninfo("gatepost", "gatepost")).write_config().start()
    yield gatepost, second
    assert second.stop() == 0


@pytest.fixture
def place(pair, cluster):
    """An organisation of the test's own, and a client for each thread: even ones speak to one server, odd to the other."""
    tenant = new_tenant(pair[0], cluster)
    tenant.at = lambda number: scim.Client(f"http://{pair[number % 2].address}/scim/v2", tenant.token)
    return tenant


def at_once(*works):
    """Runs them together; what one raises is raised here."""
    barrier, failures = threading.Barrier(len(works)), []

    def run(work):
        try:
            barrier.wait()
            work()
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def user(client, name):
    answer = client.request("POST", "/Users", {"schemas": [scim.USER], "userName": name})
    assert answer.status == 201, answer
    return answer.json["id"]


def group(client, name, members=()):
    answer = client.request("POST", "/Groups", {"schemas": [scim.GROUP], "displayName": name,
                                                "members": [{"value": m} for m in members]})
    assert answer.status == 201, answer
    return answer.json["id"]


def change(client, group_id, op, *values):
    operation = {"op": op, "path": "members", "value": [{"value": v} for v in values]}
    return client.request("PATCH", f"/Groups/{group_id}", {"schemas": [scim.PATCH], "Operations": [operation]})


def consistent(tenant):
    """No member that is nobody, no write without its trace, totals that are true."""
    org = tenant.org_id
    assert not tenant.sql("SELECT * FROM scim_member m WHERE org_id = %s AND NOT EXISTS (SELECT FROM scim_user u WHERE"
                          " u.org_id = m.org_id AND u.user_id = m.member_id) AND NOT EXISTS (SELECT FROM scim_group g WHERE"
                          " g.org_id = m.org_id AND g.group_id = m.member_id)", org)
    for kind, table in (("u", "scim_user"), ("g", "scim_group")):
        assert tenant.sql(f"SELECT coalesce(sum(n), 0) - (SELECT count(*) FROM {table} WHERE org_id = %s)"
                          " FROM resource_count WHERE org_id = %s AND kind = %s", org, org, kind)[0][0] == 0
    assert tenant.sql("SELECT count(*) FROM audit a FULL JOIN write_request w USING (org_id, request_id)"
                      " WHERE org_id = %s AND a.kind IS DISTINCT FROM 'admin' AND a.actor IS DISTINCT FROM 'housekeeping'"
                      " AND (w.request_id IS NULL OR a.request_id IS NULL)", org)[0][0] == 0


def test_eight_clients_change_one_group(place):
    people = [user(place.client, f"p{i}@x.example") for i in range(40)]
    target = group(place.client, "hot")
    kept, counted = [set() for _ in range(8)], []

    def work(number):
        client, rng = place.at(number), random.Random(SEED + number)
        mine = people[number * 5:number * 5 + 5]
        for _ in range(25):
            op, who = rng.choice(("add", "remove")), rng.choice(mine)
            changes = (op == "add") != (who in kept[number])
            answer = change(client, target, op, who)
            assert answer.status == 204, answer
            (kept[number].add if op == "add" else kept[number].discard)(who)
            counted.append(changes)

    at_once(*[lambda n=n: work(n) for n in range(8)])
    shown = place.client.request("GET", f"/Groups/{target}").json
    assert {m["value"] for m in shown.get("members", [])} == set().union(*kept)
    assert shown["meta"]["version"] == f'W/"{1 + sum(counted)}"'
    consistent(place)


def test_people_come_and_go_while_they_are_added(place):
    target = group(place.client, "flow")

    def life(number):
        client, other = place.at(number), place.at(number + 1)
        for i in range(12):
            who = user(client, f"c{number}-{i}@x.example")
            steps = [lambda w=who: answers(change(other, target, "add", w), 204),
                     lambda w=who: answers(client.request("DELETE", f"/Users/{w}"), 204)]
            at_once(*steps)

    def answers(answer, status):
        assert answer.status == status, answer

    at_once(*[lambda n=n: life(n) for n in range(4)])
    assert not place.sql("SELECT 1 FROM scim_member WHERE group_id = %s", target)
    consistent(place)


@pytest.mark.parametrize("by", ["userName", "externalId"])
def test_person_and_the_group_that_names_him_arrive_at_once(place, by):
    first, second = place.at(0), place.at(1)
    for i in range(10):
        body = {"schemas": [scim.USER], "userName": f"late{i}@x.example", "externalId": f"ext-{i}"}
        named = body[by].upper() if by == "userName" else body[by]
        made = {}
        at_once(lambda: made.update(user=first.request("POST", "/Users", body)),
                lambda: made.update(group=group(second, f"g{i}", [named])))
        assert made["user"].status == 201
    # In one statement: the sweep may come between two.
    pending, live = place.sql("SELECT (SELECT count(*) FROM scim_pending_member WHERE org_id = %s), (SELECT count(*) FROM scim_member"
                              " WHERE org_id = %s)", place.org_id, place.org_id)[0]
    assert pending + live == 10, "whoever was missed waits for the sweep, which makes him live within a minute"
    consistent(place)


def test_circles_are_not_closed_together(place):
    for i in range(8):
        a, b, c = [group(place.client, f"{name}{i}") for name in "abc"]
        answers = []
        at_once(*[lambda n=n, x=x, y=y: answers.append(change(place.at(n), x, "add", y).status)
                  for n, (x, y) in enumerate(((a, b), (b, c), (c, a)))])
        assert sorted(answers) == [204, 204, 400], answers


def test_one_name_is_taken_once(place):
    for i in range(10):
        answers = []
        at_once(*[lambda n=n: answers.append(place.at(n).request("POST", "/Users", {
            "schemas": [scim.USER], "userName": f"One{i}@x.example", "title": f"t{n}"}).status) for n in range(4)])
        assert sorted(answers) == [201, 409, 409, 409]
    consistent(place)


def test_a_change_of_a_person_does_not_wait_for_groups_that_name_him_but_a_delete_does(place):
    client = place.at(0)
    who = user(client, "named@x.example")
    naming = place.cluster.connect("gatepost", "postgres")
    naming.autocommit = False
    try:
        naming.cursor().execute("SELECT 1 FROM scim_user WHERE user_id = %s FOR KEY SHARE", (who,))
        begin = time.monotonic()
        change = [{"op": "replace", "path": "displayName", "value": "Other"}]
        assert client.patch(f"/Users/{who}", change).status == 200
        assert time.monotonic() - begin < 2
        gone = []
        thread = threading.Thread(target=lambda: gone.append(place.at(1).request("DELETE", f"/Users/{who}").status))
        thread.start()
        time.sleep(0.5)
        assert not gone
    finally:
        naming.rollback()
        naming.close()
    thread.join()
    assert gone == [204]
