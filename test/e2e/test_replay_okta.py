"""Okta's requests, shape by shape (O1–O14; O15 is test_okta_spec.py), with the state of the database afterwards."""

import pytest

from checks import listing, members_in_database, ok, refused, user_in_database
from stack import okta, scim


@pytest.fixture(scope="module")
def idp(tenant):
    return okta.Okta(tenant.gatepost.scim_base, tenant.token)


@pytest.fixture(scope="module")
def people(idp):
    """Three ids."""
    return [idp.create_user(idp.profile(f"{n}@example.org", n.title(), "Okta", f"00u-{n}")) for n in ("ada", "bob", "eve")]


def test_o1_credentials_pair_on_an_empty_directory(other):
    empty = okta.Okta(other.gatepost.scim_base, other.token)
    listing(empty.client.get("/Users?startIndex=1&count=2"), total=0)
    listing(empty.client.get("/Groups?count=100&startIndex=1"), total=0)


def test_o2_exists_check(idp, people):
    assert listing(idp.find_user("ada@example.org"), total=1)[0]["id"] == people[0]
    listing(idp.find_user("nobody@example.org"), total=0)


def test_o3_create(idp, tenant):
    profile = idp.profile("carol@example.org", "Carol", "Okta", "00u-carol")
    user = ok(idp.client.post("/Users", profile), 201)
    assert user["externalId"] == "00u-carol" and "password" not in user and user["active"] is True
    name, active, version, doc, extra = user_in_database(tenant, user["id"])
    assert (name, active, version, extra) == ("carol@example.org", True, 1, None)
    assert doc["name"] == profile["name"] and doc["emails"] == profile["emails"]
    assert "password" not in doc and "groups" not in doc
    assert profile["password"] not in str(tenant.sql("SELECT * FROM scim_user WHERE user_id = %s", user["id"]))
    assert tenant.sql("SELECT count(*) FROM audit WHERE subject = %s AND action = 'user.create'", user["id"]) == [(1,)]


def test_o4_duplicate_create(idp, tenant, people):
    profile = idp.profile("ADA@example.org", "Ada", "Again", "00u-other")
    refused(idp.client.post("/Users", profile), 409, "uniqueness")
    assert tenant.sql("SELECT count(*) FROM scim_user WHERE user_name_key = 'ada@example.org'") >= [(1,)]
    assert user_in_database(tenant, people[0])[2] == 1


def test_o5_get_then_put_echoes_what_was_read(idp, tenant, people):
    group = idp.create_group("echo")
    idp.change_members(group, add=[people[1]])
    read = ok(idp.client.get(f"/Users/{people[1]}"))
    assert [g["value"] for g in read["groups"]] == [group] and read["groups"][0]["display"] == "echo"
    merged = {**read, "displayName": "Bob Renamed", "emails": [{**read["emails"][0], "display": "bob"}]}
    written = ok(idp.client.put(f"/Users/{people[1]}", merged))
    assert written["id"] == people[1] and written["displayName"] == "Bob Renamed"
    assert [g["value"] for g in written["groups"]] == [group]
    again = ok(idp.client.put(f"/Users/{people[1]}", written))
    assert again["meta"]["version"] == written["meta"]["version"], "nothing changed, so the version stays"
    assert user_in_database(tenant, people[1])[3]["displayName"] == "Bob Renamed"


def test_o6_patch_active_without_path(idp, tenant, people):
    assert ok(idp.set_active(people[2], False))["active"] is False
    assert user_in_database(tenant, people[2])[1] is False
    assert ok(idp.client.get(f"/Users/{people[2]}"))["active"] is False
    assert ok(idp.set_active(people[2], True))["active"] is True
    assert user_in_database(tenant, people[2])[1] is True


def test_o7_put_active(idp, tenant, people):
    read = ok(idp.client.get(f"/Users/{people[2]}"))
    assert ok(idp.client.put(f"/Users/{people[2]}", {**read, "active": False}))["active"] is False
    assert user_in_database(tenant, people[2])[1] is False
    assert ok(idp.client.put(f"/Users/{people[2]}", {**read, "active": True}))["active"] is True
    assert user_in_database(tenant, people[2])[1] is True


def test_o8_group_create_empty_and_filled(idp, tenant, people):
    empty = ok(idp.client.post("/Groups", {"schemas": [scim.GROUP], "displayName": "o8-empty", "members": []}), 201)
    assert members_in_database(tenant, empty["id"]) == (set(), set())
    filled = ok(idp.client.post("/Groups", {"schemas": [scim.GROUP], "displayName": "o8-filled",
                                            "members": [{"value": i, "display": "x"} for i in people]}), 201)
    assert {m["value"] for m in filled["members"]} == set(people)
    assert members_in_database(tenant, filled["id"]) == (set(people), set())


def test_o9_rename_with_its_id_in_the_value(idp, tenant, people):
    group = idp.create_group("o9")
    idp.change_members(group, add=people)
    rename = [{"op": "replace", "value": {"id": group, "displayName": "o9-renamed"}}]
    for _ in range(2):  # Okta sends the name again with membership changes
        answer = idp.client.patch(f"/Groups/{group}", rename)
        assert answer.status == 204, answer
    name, version = tenant.sql("SELECT display_name, version FROM scim_group WHERE group_id = %s", group)[0]
    assert name == "o9-renamed" and version == 3, "created, filled, renamed; the repeat changed nothing"
    assert members_in_database(tenant, group)[0] == set(people), "a rename empties nobody"
    refused(idp.client.patch(f"/Groups/{group}", [{"op": "replace", "value": {"id": people[0], "displayName": "no"}}]),
            400, "mutability", "Operations[0]", "id")


def test_o10_remove_and_add_in_one_request(idp, tenant, people):
    group = idp.create_group("o10")
    idp.change_members(group, add=people[:2])
    assert idp.change_members(group, add=people[2:], remove=people[:1]).status == 204
    assert members_in_database(tenant, group)[0] == set(people[1:])


def test_o11_replace_the_full_list(idp, tenant, people):
    group = idp.create_group("o11")
    idp.change_members(group, add=people[:2])
    answer = idp.client.patch(f"/Groups/{group}", [{"op": "replace", "path": "members", "value": [{"value": i} for i in people[1:]]}])
    assert answer.status == 204
    assert members_in_database(tenant, group)[0] == set(people[1:])
    before = tenant.sql("SELECT version FROM scim_group WHERE group_id = %s", group)
    idp.client.patch(f"/Groups/{group}", [{"op": "replace", "path": "members", "value": [{"value": i} for i in people[1:]]}])
    assert tenant.sql("SELECT version FROM scim_group WHERE group_id = %s", group) == before, "the same set is no change"


@pytest.mark.parametrize("filled", [False, True])
def test_o12_push_an_empty_list(idp, tenant, people, filled):
    group = idp.create_group(f"o12-{filled}")
    if filled:
        idp.change_members(group, add=people)
    answer = idp.client.patch(f"/Groups/{group}", [{"op": "replace", "path": "members", "value": []}])
    assert answer.status == 204
    assert members_in_database(tenant, group) == (set(), set())


def test_o13_put_group_with_all_members(idp, tenant, people):
    group = idp.create_group("o13")
    body = {"schemas": [scim.GROUP], "id": group, "displayName": "o13", "members": [{"value": i} for i in people]}
    assert {m["value"] for m in ok(idp.client.put(f"/Groups/{group}", body))["members"]} == set(people)
    assert members_in_database(tenant, group)[0] == set(people)
    ok(idp.client.put(f"/Groups/{group}", {**body, "members": [{"value": people[0]}]}))
    assert members_in_database(tenant, group)[0] == {people[0]}
    ok(idp.client.put(f"/Groups/{group}", {"schemas": [scim.GROUP], "displayName": "o13"}))
    assert members_in_database(tenant, group)[0] == {people[0]}, "a PUT that does not name members keeps them"
    ok(idp.client.put(f"/Groups/{group}", {**body, "members": []}))
    assert members_in_database(tenant, group)[0] == set()


def test_o14_delete_group(idp, tenant, people):
    group = idp.create_group("o14")
    idp.change_members(group, add=people)
    assert idp.client.delete(f"/Groups/{group}").status == 204
    assert tenant.sql("SELECT count(*) FROM scim_group WHERE group_id = %s", group) == [(0,)]
    assert members_in_database(tenant, group) == (set(), set())
    refused(idp.client.delete(f"/Groups/{group}"), 404)
    assert group not in [g["value"] for g in ok(idp.client.get(f"/Users/{people[0]}")).get("groups", [])]


def test_import_pages_are_stable(idp, tenant):
    """Okta imports by pages of 100 until totalResults is reached."""
    seen, start = [], 1
    while True:
        body = ok(idp.client.get(f"/Users?startIndex={start}&count=100"))
        seen += [u["id"] for u in body["Resources"]]
        if start + 100 > body["totalResults"]:
            break
        start += 100
    rows = tenant.sql("SELECT user_id::text FROM scim_user WHERE org_id = %s ORDER BY seq", tenant.org_id)
    assert seen == [row[0] for row in rows]
