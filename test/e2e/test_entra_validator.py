"""The list of Microsoft's hosted SCIM validator: required and preview tests, by their own topics."""

import time
import uuid

import pytest

from checks import listing, ok, refused
from stack import entra, scim


@pytest.fixture(scope="module")
def idp(tenant):
    return entra.Entra(tenant.gatepost.scim_base, tenant.token, flag=True)


@pytest.fixture(autouse=True)
def timed(request):
    begin = time.monotonic()
    yield
    print(f"time {request.node.name}: {(time.monotonic() - begin) * 1000:.1f} ms")


def fresh():
    return f"{uuid.uuid4().hex[:12]}@Example.org"


@pytest.fixture
def user(idp):
    return ok(idp.create(idp.profile(fresh())), 201)


@pytest.fixture
def group(idp):
    return ok(idp.create_group("G " + uuid.uuid4().hex[:12]), 201)


def test_create_a_new_user(idp):
    body = idp.profile(fresh())
    assert ok(idp.create(body), 201)["userName"] == body["userName"], "values are stored unaltered"


def test_create_a_duplicate_user(idp, user):
    refused(idp.create(idp.profile(user["userName"], displayName="Someone else")), 409, "uniqueness")


def test_delete_a_user(idp, user):
    assert idp.client.delete(f"/Users/{user['id']}").status == 204
    refused(idp.get(f"/Users/{user['id']}"), 404)


def test_filter_for_an_existing_user(idp, user):
    listing(idp.find("Users", f'userName eq "{user["userName"]}"'), total=1)


def test_filter_for_an_existing_user_in_other_case(idp, user):
    listing(idp.find("Users", f'userName eq "{user["userName"].swapcase()}"'), total=1)


def test_filter_for_a_user_that_does_not_exist(idp):
    listing(idp.find("Users", f'userName eq "{fresh()}"'), total=0)


def test_update_user_replace_attributes_verbose(idp, user):
    values = {"displayName": "D", "title": "T", "preferredLanguage": "fr-FR", "nickName": "N", "userType": "U",
              "locale": "en_US", "timezone": "Europe/Oslo", "profileUrl": "https://example.org/p"}
    changed = ok(idp.patch(f"/Users/{user['id']}", *[
        {"op": "replace", "path": name, "value": value} for name, value in values.items()],
        {"op": "replace", "path": "name.givenName", "value": "Giv"}, {"op": "replace", "path": "name.formatted", "value": "F"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "w@example.org"}))
    assert {name: changed[name] for name in values} == values
    assert changed["name"]["givenName"] == "Giv" and changed["emails"][0]["value"] == "w@example.org"


def test_update_user_name(idp, user):
    name = fresh()
    assert ok(idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": "userName", "value": name}))["userName"] == name
    listing(idp.find("Users", f'userName eq "{name}"'), total=1)
    listing(idp.find("Users", f'userName eq "{user["userName"]}"'), total=0)


def test_disable_user(idp, user):
    assert ok(idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False}))["active"] is False


def test_update_user_add_attributes_verbose(idp, user):
    changed = ok(idp.patch(f"/Users/{user['id']}",
                           {"op": "add", "path": "title", "value": "T"},
                           {"op": "add", "path": 'phoneNumbers[type eq "work"].value', "value": "1"},
                           {"op": "add", "path": 'phoneNumbers[type eq "fax"].value', "value": "2"},
                           {"op": "add", "path": 'addresses[type eq "work"].formatted', "value": "Somewhere"},
                           {"op": "add", "path": f"{scim.ENTERPRISE}:costCenter", "value": "C"}))
    assert changed["title"] == "T" and changed[scim.ENTERPRISE]["costCenter"] == "C"
    assert sorted((p["type"], p["value"]) for p in changed["phoneNumbers"]) == [("fax", "2"), ("work", "1")]


def test_add_replace_and_remove_manager(idp, user):
    bosses = [ok(idp.create(idp.profile(fresh())), 201)["id"] for _ in range(2)]
    path = f"{scim.ENTERPRISE}:manager"
    for op, boss in (("add", bosses[0]), ("replace", bosses[1])):
        assert ok(idp.patch(f"/Users/{user['id']}", {"op": op, "path": path, "value": boss}))[scim.ENTERPRISE]["manager"]["value"] == boss
    assert "manager" not in ok(idp.patch(f"/Users/{user['id']}", {"op": "remove", "path": path})).get(scim.ENTERPRISE, {})


def test_create_a_group(idp):
    ok(idp.create_group("G " + uuid.uuid4().hex), 201)


def test_create_a_duplicate_group(idp, group):
    refused(idp.create_group(group["displayName"]), 409, "uniqueness")


def test_delete_a_group(idp, group):
    assert idp.client.delete(f"/Groups/{group['id']}").status == 204
    refused(idp.get(f"/Groups/{group['id']}"), 404)


def test_group_by_id_without_members(idp, group, user):
    idp.add_members(group["id"], user["id"])
    assert "members" not in ok(idp.get(f"/Groups/{group['id']}?excludedAttributes=members"))


def test_filter_group_hit_miss_and_case(idp, group):
    for expression, total in ((f'displayName eq "{group["displayName"]}"', 1), (f'displayName eq "{group["displayName"].upper()}"', 1),
                              (f'externalId eq "{group["externalId"]}"', 1), ('displayName eq "no such group"', 0)):
        listing(idp.find("Groups", expression, excludedAttributes="members"), total=total)


def test_update_group_display_name_and_external_id(idp, group):
    name = "R " + uuid.uuid4().hex
    assert idp.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": name},
                     {"op": "replace", "path": "externalId", "value": "ext-" + name}).status == 204
    read = ok(idp.get(f"/Groups/{group['id']}"))
    assert read["displayName"] == name and read["externalId"] == "ext-" + name


def test_add_and_remove_a_member(idp, group, user):
    assert idp.add_members(group["id"], user["id"]).status == 204
    assert [m["value"] for m in ok(idp.get(f"/Groups/{group['id']}"))["members"]] == [user["id"]]
    assert idp.remove_member(group["id"], user["id"]).status == 204
    assert ok(idp.get(f"/Groups/{group['id']}")).get("members", []) == []


def test_preview_many_operations_on_the_same_attribute(idp, user):
    changed = ok(idp.patch(f"/Users/{user['id']}", *[{"op": "replace", "path": "title", "value": f"T{n}"} for n in range(5)]))
    assert changed["title"] == "T4"


def test_preview_many_operations_on_different_attributes(idp, user):
    changed = ok(idp.patch(f"/Users/{user['id']}", {"op": "remove", "path": "displayName"}, {"op": "add", "path": "title", "value": "T"},
                           {"op": "replace", "path": "nickName", "value": "N"}))
    assert "displayName" not in changed and changed["title"] == "T" and changed["nickName"] == "N"


def test_preview_delete_an_unknown_user(idp):
    refused(idp.client.delete(f"/Users/{uuid.uuid4()}"), 404)


def test_preview_delete_the_same_user_twice(idp, user):
    assert idp.client.delete(f"/Users/{user['id']}").status == 204
    refused(idp.client.delete(f"/Users/{user['id']}"), 404)


def test_preview_add_and_remove_the_same_member_in_one_request(idp, group, user):
    assert idp.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": user["id"]}]},
                     {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}).status == 204
    assert ok(idp.get(f"/Groups/{group['id']}")).get("members", []) == []
