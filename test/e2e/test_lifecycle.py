"""What happens to people over time; and that nothing accepted is ever dropped."""

import json
import pathlib
import socket
import threading
import time
import uuid

import pytest

from checks import listing, members_in_database, ok, refused, user_in_database
from stack import scim, server


def name():
    return f"{uuid.uuid4().hex[:12]}@example.org"


def create(client, user_name=None, **more):
    return ok(client.post("/Users", scim.user(user_name or name(), **more)), 201)


def test_inactive_people_stay_readable_and_keep_memberships(client, tenant):
    user = create(client)
    group = ok(client.post("/Groups", scim.group(name(), members=[{"value": user["id"]}])), 201)
    ok(client.patch(f"/Users/{user['id']}", [{"op": "replace", "path": "active", "value": False}]))
    read = ok(client.get(f"/Users/{user['id']}"))
    assert read["active"] is False and read["groups"][0]["value"] == group["id"]
    listing(client.search("Users", f'userName eq "{user["userName"]}"'), total=1)
    listing(client.search("Users", f'userName eq "{user["userName"]}" and active eq true'), total=0)
    assert members_in_database(tenant, group["id"])[0] == {user["id"]}


def test_delete_then_create_again(client, tenant):
    user = create(client, externalId="same")
    group = ok(client.post("/Groups", scim.group(name(), members=[{"value": user["id"]}])), 201)
    before = tenant.sql("SELECT version FROM scim_group WHERE group_id = %s", group["id"])[0][0]
    assert client.delete(f"/Users/{user['id']}").status == 204
    again = create(client, user["userName"], externalId="same")
    assert again["id"] != user["id"] and again["meta"]["version"] == 'W/"1"'
    read = ok(client.get(f"/Groups/{group['id']}"))
    assert read.get("members", []) == [] and read["meta"]["version"] == f'W/"{before + 1}"'
    listing(client.search("Users", f'userName eq "{user["userName"]}"'), total=1)


def test_totals_follow_creates_and_deletes(other):
    client = other.client
    ids = [create(client)["id"] for _ in range(5)]
    for user_id in ids[:2]:
        assert client.delete(f"/Users/{user_id}").status == 204
    listing(client.get("/Users?count=0"), total=3)
    assert other.sql("SELECT count(*) FROM scim_user WHERE org_id = %s", other.org_id) == [(3,)]


def test_suspend_only_token_turns_delete_into_deactivation(tenant):
    client = tenant.with_token("--suspend-only")
    user = create(client)
    assert client.delete(f"/Users/{user['id']}").status == 204
    assert ok(client.get(f"/Users/{user['id']}"))["active"] is False
    assert user_in_database(tenant, user["id"])[1] is False


def post_without_reading(gatepost, token, body):
    """A create whose answer never reaches the client: the connection is reset before it is written."""
    data = json.dumps(body).encode()
    host, port = gatepost.address.split(":")
    sock = socket.create_connection((host, int(port)))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    sock.sendall(b"POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode() +
                 b"\r\nContent-Type: application/scim+json\r\nContent-Length: " + str(len(data)).encode() + b"\r\n\r\n" + data)
    return sock


def hold_creates(tenant):
    """A lock that makes creates wait in the database until the session ends."""
    connection = tenant.cluster.connect("gatepost")
    connection.autocommit = False
    connection.cursor().execute("LOCK TABLE resource_count IN SHARE ROW EXCLUSIVE MODE")
    return connection


def test_a_create_that_was_never_answered_heals(tenant, client):
    body = scim.user(name(), displayName="Healed")
    lock = hold_creates(tenant)
    sock = post_without_reading(tenant.gatepost, tenant.token, body)
    time.sleep(0.3)
    sock.close()  # reset: the answer has nowhere to go
    time.sleep(0.1)
    lock.rollback()
    lock.close()
    deadline = time.monotonic() + 5
    while not tenant.sql("SELECT 1 FROM scim_user WHERE user_name = %s", body["userName"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    healed = ok(client.post("/Users", body), 201)
    assert tenant.sql("SELECT user_id::text FROM scim_user WHERE user_name = %s", body["userName"]) == [(healed["id"],)]
    time.sleep(2.5)
    refused(client.post("/Users", body), 409, "uniqueness")  # now it was acknowledged


def test_another_body_does_not_heal(tenant, client):
    body = scim.user(name())
    lock = hold_creates(tenant)
    sock = post_without_reading(tenant.gatepost, tenant.token, body)
    time.sleep(0.3)
    sock.close()
    lock.rollback()
    lock.close()
    time.sleep(0.5)
    refused(client.post("/Users", {**body, "displayName": "other"}), 409, "uniqueness")


def test_a_retried_create_never_makes_a_second_row(tenant):
    body = scim.user(name())
    answers = []

    def post():
        answers.append(scim.Client(tenant.gatepost.scim_base, tenant.token).post("/Users", body).status)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tenant.sql("SELECT count(*) FROM scim_user WHERE user_name = %s", body["userName"]) == [(1,)]
    assert set(answers) <= {201, 409} and 201 in answers


@pytest.mark.parametrize("key", ["externalId", "userName"])
def test_unknown_members_are_pending_until_the_person_arrives(client, tenant, key):
    value = name()
    group = ok(client.post("/Groups", scim.group(name(), members=[{"value": value}])), 201)
    assert [m["value"] for m in group["members"]] == [value], "what was accepted is shown"
    assert members_in_database(tenant, group["id"]) == (set(), {value})
    user = create(client, value) if key == "userName" else create(client, externalId=value)
    assert members_in_database(tenant, group["id"]) == ({user["id"]}, set())
    read = ok(client.get(f"/Groups/{group['id']}"))
    assert [m["value"] for m in read["members"]] == [user["id"]] and read["meta"]["version"] != group["meta"]["version"]
    assert ok(client.get(f"/Users/{user['id']}"))["groups"][0]["value"] == group["id"]


def test_pending_becomes_live_by_a_rename_too(client, tenant):
    value = name()
    group = ok(client.post("/Groups", scim.group(name(), members=[{"value": value}])), 201)["id"]
    user = create(client)
    ok(client.patch(f"/Users/{user['id']}", [{"op": "replace", "path": "userName", "value": value}]))
    assert members_in_database(tenant, group) == ({user["id"]}, set())


@pytest.fixture
def hints(tenant):
    """Keeps what the directory tells the mail worker, who takes the hints away. A function: the (kind, id) of this organisation."""
    tenant.sql("INSERT INTO mail_setting (org_id) VALUES (%s) ON CONFLICT DO NOTHING", tenant.org_id)
    tenant.sql("CREATE TABLE told (kind text, subject text, org_id bigint)")
    tenant.sql("""CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
                  'BEGIN INSERT INTO public.told VALUES (new.kind, new.subject, new.org_id); RETURN new; END'""")
    tenant.sql("CREATE TRIGGER tell AFTER INSERT ON mail_change FOR EACH ROW EXECUTE FUNCTION tell()")
    yield lambda: set(tenant.sql("SELECT kind, subject FROM told WHERE org_id = %s", tenant.org_id))
    tenant.sql("DROP TRIGGER tell ON mail_change")
    tenant.sql("DROP FUNCTION tell()")
    tenant.sql("DROP TABLE told")
    tenant.sql("DELETE FROM mail_setting WHERE org_id = %s", tenant.org_id)


def arrivals(tenant, group):
    return tenant.sql("SELECT actor, detail #>> '{members,added}', detail #>> '{members,added_ids,0}' FROM audit"
                      " WHERE org_id = %s AND kind = 'scim' AND action = 'group.arrival' AND subject = %s", tenant.org_id, group)


def test_an_arrival_is_recorded_and_told_for_the_group_too(client, tenant, hints):
    value = name()
    group = ok(client.post("/Groups", scim.group(name(), members=[{"value": value}])), 201)["id"]
    tenant.sql("DELETE FROM told")
    user = create(client, value)["id"]
    assert hints() == {("u", user), ("g", group)}
    assert arrivals(tenant, group) == [(f"scim-token:{tenant.token_id}", "1", user)]


def test_the_sweep_records_and_tells_whom_it_made_a_member(client, tenant, gatepost, hints, run_dir, cluster):
    user = create(client)
    group = ok(client.post("/Groups", scim.group(name())), 201)["id"]
    tenant.sql("DELETE FROM told")
    tenant.sql("""INSERT INTO scim_pending_member (org_id, source_id, group_id, value, value_key)
                  SELECT org_id, source_id, group_id, %s, %s FROM scim_group WHERE group_id = %s""",
               user["userName"], user["userName"], group)
    sweeper = server.Server(run_dir / "sweeper", cluster.conninfo("gatepost", "gatepost")).write_config().start()
    try:
        deadline = time.monotonic() + 10
        while not arrivals(tenant, group) and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        assert sweeper.stop() == 0
    assert members_in_database(tenant, group) == ({user["id"]}, set())
    assert hints() == {("u", user["id"]), ("g", group)}
    assert arrivals(tenant, group) == [("housekeeping", "1", user["id"])]


def test_pending_members_can_be_removed(client, tenant):
    group = ok(client.post("/Groups", scim.group(name(), members=[{"value": "gone"}])), 201)["id"]
    assert client.patch(f"/Groups/{group}", [{"op": "remove", "path": 'members[value eq "gone"]'}]).status == 204
    assert members_in_database(tenant, group) == (set(), set())


def test_groups_in_groups(client, tenant):
    inner = ok(client.post("/Groups", scim.group(name())), 201)["id"]
    outer = ok(client.post("/Groups", scim.group(name(), members=[{"value": inner, "type": "Group"}])), 201)
    assert outer["members"][0]["type"] == "Group" and outer["members"][0]["$ref"].endswith(f"/Groups/{inner}")
    refused(client.patch(f"/Groups/{inner}", [{"op": "add", "path": "members", "value": [{"value": inner}]}]), 400, "invalidValue")
    refused(client.patch(f"/Groups/{inner}", [{"op": "add", "path": "members", "value": [{"value": outer["id"]}]}]), 400, "invalidValue")
    assert members_in_database(tenant, inner) == (set(), set())


FULL = json.loads((pathlib.Path(__file__).parents[1] / "data" / "full_user.json").read_text())


def test_everything_a_person_may_have_comes_back(client):
    """Every readWrite attribute of the core and enterprise schemas: accepted means kept."""
    sent = {**FULL, "userName": name()}
    made = ok(client.post("/Users", sent), 201)
    read = ok(client.get(f"/Users/{made['id']}"))
    for key, value in sent.items():
        if key not in ("password", "schemas"):
            assert read[key] == value, key
    schemas = {s["id"]: s for s in ok(client.get("/Schemas"))["Resources"]}
    for urn, there in ((scim.USER, FULL), (scim.ENTERPRISE, FULL[scim.ENTERPRISE])):
        for attribute in schemas[urn]["attributes"]:
            if attribute["mutability"] in ("readWrite", "immutable"):
                assert attribute["name"] in there, f"{attribute['name']} is missing from the test's data"


def test_undeclared_attributes_are_kept_aside(client, tenant):
    user = create(client, nosuch="kept", name={"givenName": "A", "shoeSize": 44},
                  **{"urn:example:ext:1.0:User": {"badge": "B1"}})
    assert "nosuch" not in user and "urn:example:ext:1.0:User" not in user
    extra = user_in_database(tenant, user["id"])[4]
    assert extra["nosuch"] == "kept" and extra["urn:example:ext:1.0:User"] == {"badge": "B1"}
    assert extra["name"] == {"shoeSize": 44}
    shown = tenant.gatepost.cli.json("user", "show", user["id"], "--org", tenant.org)
    assert "kept" in json.dumps(shown)


def test_every_write_left_its_audit_record_and_write_request(tenant):
    missing = tenant.sql("""SELECT count(*) FROM write_request w WHERE org_id = %s AND NOT EXISTS
                            (SELECT FROM audit a WHERE a.org_id = w.org_id AND a.request_id = w.request_id)""", tenant.org_id)
    assert missing == [(0,)]
