"""Microsoft Entra's requests, shape by shape (E1–E18), with and without the flag aadOptscim062020 in the URL."""

import itertools

import pytest

from checks import listing, members_in_database, ok, refused, user_in_database
from stack import entra, scim

numbers = itertools.count(1)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "flag"])
def idp(request, tenant):
    return entra.Entra(tenant.gatepost.scim_base, tenant.token, flag=request.param)


@pytest.fixture
def user(idp):
    return ok(idp.create(idp.profile(f"u{next(numbers)}@example.org")), 201)


@pytest.fixture
def group(idp):
    return ok(idp.create_group(f"group {next(numbers)}"), 201)["id"]


def doc(tenant, user_id):
    return user_in_database(tenant, user_id)[3]


def test_connection_with_a_random_guid(idp):
    assert listing(idp.test_connection(), total=0) == []


def test_match_by_each_attribute(idp, user):
    for expression in (f'userName eq "{user["userName"]}"', f'externalId eq "{user["externalId"]}"',
                       f'emails[type eq "work"].value eq "{user["userName"]}"', f'externalId eq {user["externalId"]}'):
        assert [u["id"] for u in listing(idp.find("Users", expression), total=1)] == [user["id"]], expression
    listing(idp.find("Users", f'emails[type eq "home"].value eq "{user["userName"]}"'), total=0)


def test_create_with_nulls_and_a_damaged_urn(idp, tenant):
    name = f"u{next(numbers)}@example.org"
    body = idp.profile(name)
    body["schemas"] = [scim.USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"]
    made = ok(idp.create(body), 201)
    assert made[scim.ENTERPRISE] == {"department": "Sales"} and scim.ENTERPRISE in made["schemas"]
    assert "addresses" not in made and "roles" not in made
    assert set(doc(tenant, made["id"])["schemas"]) == {scim.USER, scim.ENTERPRISE}


def test_group_create_and_match_without_members(idp, tenant, user):
    answer = idp.create_group(name := f"Entra group {next(numbers)}")
    made = ok(answer, 201)
    assert made["schemas"] == [scim.GROUP], "the foreign URI is not echoed"
    assert idp.add_members(made["id"], user["id"]).status == 204
    found = listing(idp.find("Groups", f'displayName eq "{name}"', excludedAttributes="members"), total=1)[0]
    assert found["id"] == made["id"] and "members" not in found
    by_id = ok(idp.get(f"/Groups/{made['id']}?excludedAttributes=members"))
    assert "members" not in by_id and by_id["displayName"] == name
    assert [m["value"] for m in ok(idp.get(f"/Groups/{made['id']}"))["members"]] == [user["id"]]


def test_reference_check(idp, user):
    boss = ok(idp.create(idp.profile(f"u{next(numbers)}@example.org")), 201)["id"]
    ok(idp.patch(f"/Users/{user['id']}", {"op": "Add", "path": f"{scim.ENTERPRISE}:manager", "value": boss}))
    found = listing(idp.find("Users", f"id eq {user['id']} and manager eq {boss}", attributes="id"), total=1)
    assert set(found[0]) == {"id", "schemas"} and found[0]["id"] == user["id"]
    listing(idp.find("Users", f"id eq {boss} and manager eq {boss}", attributes="id"), total=0)


def test_e1_capital_op(idp, tenant, user):
    assert ok(idp.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "displayName", "value": "A"}))["displayName"] == "A"
    assert doc(tenant, user["id"])["displayName"] == "A"


@pytest.mark.parametrize("value", ["False", "false", False])
def test_e2_active_as_text(idp, tenant, user, value):
    assert ok(idp.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": value}))["active"] is False
    assert user_in_database(tenant, user["id"])[1] is False and doc(tenant, user["id"])["active"] is False


@pytest.mark.parametrize("op", ["Replace", "Add", "replace"])
def test_e3_value_path_without_a_match_creates(idp, tenant, user, op):
    ok(idp.patch(f"/Users/{user['id']}", {"op": "remove", "path": "emails"}))
    ok(idp.patch(f"/Users/{user['id']}", {"op": op, "path": 'emails[type eq "work"].value', "value": "new@example.org"}))
    assert doc(tenant, user["id"])["emails"] == [{"type": "work", "value": "new@example.org"}]
    ok(idp.patch(f"/Users/{user['id']}", {"op": op, "path": 'emails[type eq "work"].value', "value": "newer@example.org"}))
    assert doc(tenant, user["id"])["emails"] == [{"type": "work", "value": "newer@example.org"}]


def test_e4_several_adds_make_one_element(idp, tenant, user):
    parts = {"locality": "Oslo", "region": "Oslo", "country": "NO", "postalCode": "0150", "streetAddress": "Kirkegata 1"}
    ok(idp.patch(f"/Users/{user['id']}", *[
        {"op": "Add", "path": f'addresses[type eq "work"].{name}', "value": value} for name, value in parts.items()]))
    assert doc(tenant, user["id"])["addresses"] == [{"type": "work", **parts}]


def test_e5_enterprise_attribute_by_urn(idp, tenant):
    body = idp.profile(f"u{next(numbers)}@example.org")
    del body[scim.ENTERPRISE]
    body["schemas"] = [scim.USER]
    made = ok(idp.create(body), 201)
    assert made["schemas"] == [scim.USER]
    changed = ok(idp.patch(f"/Users/{made['id']}", {"op": "Add", "path": f"{scim.ENTERPRISE}:department", "value": "X"}))
    assert changed[scim.ENTERPRISE] == {"department": "X"} and set(changed["schemas"]) == {scim.USER, scim.ENTERPRISE}


def test_e6_dotted_and_urn_keys_in_a_value(idp, tenant, user):
    ok(idp.patch(f"/Users/{user['id']}", {"op": "replace", "value": {
        "displayName": "A", "name.givenName": "B", f"{scim.ENTERPRISE}:employeeNumber": "7"}}))
    stored = doc(tenant, user["id"])
    assert stored["displayName"] == "A" and stored["name"]["givenName"] == "B" and stored["name"]["familyName"] == "Family"
    assert stored[scim.ENTERPRISE] == {"department": "Sales", "employeeNumber": "7"}
    assert not [key for key in stored if "." in key and not key.startswith("urn:")]


def test_e7_bare_urn_as_a_key_merges(idp, tenant, user):
    ok(idp.patch(f"/Users/{user['id']}", {"op": "add", "value": {scim.ENTERPRISE: {"costCenter": "C1"}}}))
    assert doc(tenant, user["id"])[scim.ENTERPRISE] == {"department": "Sales", "costCenter": "C1"}


def test_e8_add_members_with_null_refs(idp, tenant, user, group):
    second = ok(idp.create(idp.profile(f"u{next(numbers)}@example.org")), 201)["id"]
    answer = idp.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [
        {"$ref": None, "value": user["id"]}, {"$ref": None, "value": second}]})
    assert answer.status == 204 and answer.body == ""
    assert members_in_database(tenant, group) == ({user["id"], second}, set())


def three_members(idp, group):
    ids = [ok(idp.create(idp.profile(f"u{next(numbers)}@example.org")), 201)["id"] for _ in range(3)]
    assert idp.add_members(group, *ids).status == 204
    return ids


def test_e9_remove_by_value_removes_just_those(idp, tenant, group):
    ids = three_members(idp, group)
    answer = idp.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ids[1]}]})
    assert answer.status == 204
    assert members_in_database(tenant, group)[0] == {ids[0], ids[2]}


def test_e10_remove_by_path_filter(idp, tenant, group):
    ids = three_members(idp, group)
    assert idp.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{ids[0]}"]'}).status == 204
    assert members_in_database(tenant, group)[0] == set(ids[1:])
    assert idp.patch(f"/Groups/{group}", {"op": "remove", "path": f"members[value eq {ids[1]}]"}).status == 204, "unquoted"
    assert members_in_database(tenant, group)[0] == {ids[2]}


@pytest.mark.parametrize("value", [None, []])
def test_e11_replace_members_with_nothing(idp, tenant, group, value):
    three_members(idp, group)
    assert idp.patch(f"/Groups/{group}", {"op": "Replace", "path": "members", "value": value}).status == 204
    assert members_in_database(tenant, group)[0] == set()


def test_e12_manager_as_array_string_object_and_cleared(idp, tenant, user):
    boss = ok(idp.create(idp.profile(f"u{next(numbers)}@example.org")), 201)["id"]
    path = f"{scim.ENTERPRISE}:manager"
    for value in ([{"$ref": f"../Users/{boss}", "value": boss}], boss, {"value": boss}):
        ok(idp.patch(f"/Users/{user['id']}", {"op": "Add", "path": path, "value": value}))
        assert doc(tenant, user["id"])[scim.ENTERPRISE]["manager"]["value"] == boss
        ok(idp.patch(f"/Users/{user['id']}", {"op": "Replace", "path": path, "value": ""}))
        assert "manager" not in doc(tenant, user["id"])[scim.ENTERPRISE]
    ok(idp.patch(f"/Users/{user['id']}", {"op": "Add", "path": path, "value": boss}))
    ok(idp.patch(f"/Users/{user['id']}", {"op": "Remove", "path": path}))
    assert "manager" not in doc(tenant, user["id"])[scim.ENTERPRISE]


def test_e13_role_as_json_in_a_string_stays_text(idp, tenant, user):
    text = '{"id":"18d14569-c3bd-439b-9a66-3a2aee01d14f","value":"Admin","displayName":"Admin"}'
    ok(idp.patch(f"/Users/{user['id']}", {"op": "Add", "path": "roles", "value": [{"value": text}]}))
    assert doc(tenant, user["id"])["roles"] == [{"value": text}]


def test_e14_boolean_as_text_in_a_path_filter(idp, tenant, user):
    ok(idp.patch(f"/Users/{user['id']}", {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "one"}))
    assert doc(tenant, user["id"])["roles"] == [{"primary": True, "value": "one"}]
    ok(idp.patch(f"/Users/{user['id']}", {"op": "Replace", "path": 'roles[primary EQ "True"].value', "value": "two"}))
    assert doc(tenant, user["id"])["roles"] == [{"primary": True, "value": "two"}]


def test_e15_add_on_a_single_value_replaces(idp, tenant, user):
    for value in ("First", "Second"):
        ok(idp.patch(f"/Users/{user['id']}", {"op": "Add", "path": "title", "value": value}))
    assert doc(tenant, user["id"])["title"] == "Second"


def test_e16_remove_a_member_that_is_gone(idp, tenant, user, group):
    ids = three_members(idp, group)
    before = tenant.sql("SELECT version FROM scim_group WHERE group_id = %s", group)
    for _ in range(2):
        assert idp.remove_member(group, user["id"]).status == 204
    assert tenant.sql("SELECT version FROM scim_group WHERE group_id = %s", group) == before
    assert members_in_database(tenant, group)[0] == set(ids)


def test_e17_extra_key_in_an_operation(idp, tenant, user):
    ok(idp.patch(f"/Users/{user['id']}", {"name": "addMember", "op": "Replace", "path": "title", "value": "T"}))
    assert doc(tenant, user["id"])["title"] == "T"


@pytest.mark.parametrize("shape", ["string", "list"])
def test_e18_bare_member_ids(idp, tenant, user, group, shape):
    value = user["id"] if shape == "string" else [user["id"]]
    assert idp.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": value}).status == 204
    assert members_in_database(tenant, group)[0] == {user["id"]}


def test_default_attribute_flow(idp, tenant, user):
    """Many operations in one request, as a changed person arrives."""
    ok(idp.patch(f"/Users/{user['id']}",
                 {"op": "Replace", "path": 'emails[type eq "other"].Value', "value": "proxy@example.org"},
                 {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+47 1"},
                 {"op": "Replace", "path": "preferredLanguage", "value": "nb-NO"},
                 {"op": "Replace", "path": "name.familyName", "value": "New"},
                 {"op": "Add", "path": f"{scim.ENTERPRISE}:employeeNumber", "value": "42"}))
    stored = doc(tenant, user["id"])
    assert {"type": "other", "value": "proxy@example.org"} in stored["emails"] and len(stored["emails"]) == 2
    assert stored["phoneNumbers"] == [{"type": "mobile", "value": "+47 1"}] and stored["preferredLanguage"] == "nb-NO"
    assert stored["name"]["familyName"] == "New" and stored[scim.ENTERPRISE]["employeeNumber"] == "42"


def test_disable_enable_keeps_memberships(idp, tenant, user, group):
    idp.add_members(group, user["id"])
    ok(idp.set_active(user["id"], False))
    assert ok(idp.get(f"/Users/{user['id']}"))["active"] is False
    assert listing(idp.find("Users", f'userName eq "{user["userName"]}"'), total=1)[0]["active"] is False
    assert members_in_database(tenant, group)[0] == {user["id"]}
    assert [g["value"] for g in ok(idp.set_active(user["id"], True))["groups"]] == [group]
    assert members_in_database(tenant, group)[0] == {user["id"]}


def test_delete_twice(idp, tenant, user, group):
    idp.add_members(group, user["id"])
    path = idp.path(f"/Users/{user['id']}")
    assert idp.client.delete(path).status == 204
    refused(idp.client.delete(path), 404)
    refused(idp.get(f"/Users/{user['id']}"), 404)
    listing(idp.find("Users", f'userName eq "{user["userName"]}"'), total=0)
    assert user_in_database(tenant, user["id"]) is None and members_in_database(tenant, group)[0] == set()
    assert tenant.sql("SELECT count(*) FROM scim_tombstone WHERE user_id = %s", user["id"]) == [(1,)]


def test_one_tenant_sends_both_dialects(idp, tenant, user, group):
    """On-demand provisioning ignores the flag, so shapes mix for the same objects."""
    plain, flagged = entra.Entra(tenant.gatepost.scim_base, tenant.token), entra.Entra(tenant.gatepost.scim_base, tenant.token, True)
    assert plain.add_members(group, user["id"]).status == 204
    assert flagged.remove_member(group, user["id"]).status == 204
    assert flagged.add_members(group, user["id"]).status == 204
    assert plain.remove_member(group, user["id"]).status == 204
    assert members_in_database(tenant, group)[0] == set()
