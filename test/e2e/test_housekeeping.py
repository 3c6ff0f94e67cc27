"""What is kept for a while goes when its time is over, and totals stay exact while they are folded."""

import threading
import time

import pytest
from checks import ok
from conftest import new_gatepost
from stack import scim, server


@pytest.fixture(scope="module")
def own(run_dir, cluster):
    """(gatepost, token, sql) on a database of its own: sweeps begin when a server starts."""
    gatepost = new_gatepost(run_dir / "keep", cluster, "keep")
    gatepost.cli.json("source", "add", "main")
    token = gatepost.cli.json("scim-token", "create", "--source", "main", "--name", "t", "--rate", "1000")["token"]

    def sql(statement, *arguments):
        with cluster.session("keep") as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else None
    return gatepost, token, sql


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def test_requests_go_after_seven_days_and_tombstones_after_thirty(own):
    gatepost, token, sql = own
    gatepost.start()
    client = scim.Client(gatepost.scim_base, token)
    ids = [ok(client.post("/Users", scim.user(f"keep-{n}@example.org")), 201)["id"] for n in range(30)]
    for user in ids[:4]:
        assert client.delete(f"/Users/{user}").status == 204
    assert gatepost.stop() == 0
    ages = {"7 days 1 hour": ids[4], "6 days 23 hours": ids[5]}
    for age, user in ages.items():
        sql("UPDATE write_request SET at = now() - %s::interval WHERE resource_id = %s", age, user)
    for age, user in {"30 days 1 hour": ids[0], "29 days 23 hours": ids[1]}.items():
        sql("UPDATE scim_tombstone SET deleted_at = now() - %s::interval WHERE user_id = %s", age, user)
    sql("INSERT INTO resource_count (org_id, source_id, kind, n) SELECT org_id, source_id, kind, d.n"
        " FROM (SELECT DISTINCT org_id, source_id, kind FROM resource_count) k, (VALUES (1), (-1)) d(n), generate_series(1, 20)")
    gatepost.start()
    wait_until(lambda: sql("SELECT count(*) FROM scim_tombstone WHERE user_id = %s", ids[0]) == [(0,)])
    wait_until(lambda: sql("SELECT count(*) FROM resource_count") == [(1,)])
    assert sql("SELECT count(*) FROM write_request WHERE resource_id = %s", ids[4]) == [(0,)]
    assert sql("SELECT count(*) FROM write_request WHERE resource_id = %s", ids[5]) == [(1,)]
    assert sql("SELECT count(*) FROM scim_tombstone") == [(3,)]
    assert sql("SELECT sum(n) FROM resource_count") == [(26,)]
    assert gatepost.stop() == 0


def test_totals_are_exact_in_every_snapshot_while_they_are_folded(own, run_dir, cluster):
    gatepost, token, sql = own
    gatepost.start()
    over, folds = threading.Event(), []

    def write(number):
        client, n = scim.Client(gatepost.scim_base, token), 0
        while not over.is_set():
            made = ok(client.post("/Users", scim.user(f"fold-{number}-{n}@example.org")), 201)["id"]
            if n % 3 == 0:
                assert client.delete(f"/Users/{made}").status == 204
            n += 1

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in writers:
        thread.start()
    try:
        for _ in range(4):
            time.sleep(0.5)  # some rows to fold
            second = server.Server(run_dir / "keep2", cluster.conninfo("keep", "gatepost")).write_config().start()
            most = least = sql("SELECT count(*) FROM resource_count")[0][0]
            for _ in range(40):
                total, there, rows = sql("SELECT (SELECT coalesce(sum(n), 0) FROM resource_count WHERE kind = 'u'),"
                                         " (SELECT count(*) FROM scim_user), (SELECT count(*) FROM resource_count)")[0]
                assert total == there
                most, least = max(most, rows), min(least, rows)
            folds.append(most - least)
            assert second.stop() == 0
    finally:
        over.set()
        for thread in writers:
            thread.join()
        assert gatepost.stop() == 0
    assert sql("SELECT sum(n) FROM resource_count WHERE kind = 'u'") == sql("SELECT count(*) FROM scim_user")
    assert max(folds) > 16, "nothing was folded while it was watched"


def test_expired_questions_to_providers_go_by_the_thousand_but_for_the_last_hours(own, cluster):
    """Whoever visits a sign-in page leaves one: all go in one look, beside a row that somebody has in hand."""
    gatepost, _, sql = own
    (org, source), = sql("SELECT org_id, source_id FROM source LIMIT 1")
    (connection,), = sql("INSERT INTO saml_connection (org_id, source_id, slug, name, idp_entity_id, sso_url)"
                         " VALUES (%s, %s, 'keep', 'keep', 'https://idp.example', 'https://idp.example/sso') RETURNING connection_id", org, source)
    put = ("INSERT INTO saml_request (org_id, request_id, connection_id, kind, expires_at)"
           " SELECT %s, %s || n, %s, 'login', now() - %s::interval FROM generate_series(1, %s) n")
    sql(put, org, "old", connection, "61 minutes", 12000)
    sql(put, org, "young", connection, "50 minutes", 3)
    with cluster.session("keep") as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT FROM saml_request WHERE request_id = 'old7' FOR UPDATE")
        gatepost.start()
        wait_until(lambda: sql("SELECT count(*) FROM saml_request") == [(4,)], 90)  # the first look is after a minute, one more after two
        holder.execute("ROLLBACK")
    assert sql("SELECT request_id FROM saml_request ORDER BY 1") == [("old7",), ("young1",), ("young2",), ("young3",)]
    assert gatepost.stop() == 0
