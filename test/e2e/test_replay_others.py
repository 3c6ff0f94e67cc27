"""JumpCloud, OneLogin, Ping and an AWS-style exporter, as far as their traffic is known."""

from checks import listing, members_in_database, ok, refused, user_in_database
from stack import scim


def test_jumpcloud_activation_makes_and_deletes_a_test_user_and_group(other):
    client = scim.Client(other.gatepost.scim_base, other.token, headers={"User-Agent": "JumpCloud", "Accept": "application/json"})
    listing(client.search("Users", 'userName eq "test@example.org"'), total=0)
    user = ok(client.post("/Users", scim.user("test@example.org", name={"givenName": "Test", "familyName": "User"},
                                              emails=[{"value": "test@example.org", "primary": True}]),
                          headers={"Content-Type": "application/json"}), 201)
    group = ok(client.post("/Groups", scim.group("test group", members=[{"value": user["id"]}])), 201)
    renamed = client.patch(f"/Groups/{group['id']}", [{"op": "replace", "path": "displayName", "value": "renamed"}])
    assert renamed.status == 204
    gone = client.patch(f"/Groups/{group['id']}", [{"op": "remove", "path": "members", "value": [{"value": user["id"]}]}])
    assert gone.status == 204 and members_in_database(other, group["id"]) == (set(), set())
    assert client.delete(f"/Groups/{group['id']}").status == 204
    assert client.delete(f"/Users/{user['id']}").status == 204
    assert other.sql("SELECT count(*) FROM scim_user WHERE org_id = %s", other.org_id) == [(0,)]
    assert other.sql("SELECT sum(n)::int FROM resource_count WHERE org_id = %s", other.org_id) == [(0,)]


def test_jumpcloud_takes_an_existing_group_over(other):
    client = other.client
    made = ok(client.post("/Groups", scim.group("Existing")), 201)
    assert listing(client.search("Groups", 'displayName eq "existing"'), total=1)[0]["id"] == made["id"]


def onelogin(tenant):
    return scim.Client(tenant.gatepost.scim_base, tenant.token, headers={"User-Agent": "", "Content-Type": "application/scim+json"})


def test_onelogin_template_with_unset_variables(other):
    body = {
        "schemas": [scim.USER, scim.ENTERPRISE], "userName": "ada@example.org", "name": {"familyName": "Byron", "givenName": ""},
        "emails": [{"value": "ada@example.org", "type": "work", "primary": True}], "title": "", "userType": "", "timezone": "",
        "addresses": [{"locality": "", "region": "", "country": ""}],
        scim.ENTERPRISE: {"department": "", "manager": {"value": "", "displayName": "Nobody"}},
    }
    made = ok(onelogin(other).post("/Users", body), 201)
    assert made["name"] == {"familyName": "Byron"} and made["active"] is True
    stored = user_in_database(other, made["id"])[3]
    assert set(stored) == {"schemas", "userName", "name", "emails", "active"}, stored


def test_onelogin_groups_by_patch_with_an_empty_user_agent(other):
    client = onelogin(other)
    user = ok(client.post("/Users", scim.user("ada@example.org")), 201)["id"]
    group = ok(client.post("/Groups", scim.group("Engineers")), 201)["id"]
    assert client.patch(f"/Groups/{group}", [{"op": "add", "path": "members", "value": [{"value": user}]}]).status == 204
    assert members_in_database(other, group)[0] == {user}


def test_onelogin_core_connector_with_the_scim_1_urn(other):
    body = {"schemas": ["urn:scim:schemas:core:1.0"], "userName": "old@example.org"}
    refused(onelogin(other).post("/Users", body), 400, "invalidValue", scim.USER)
    assert other.sql("SELECT count(*) FROM scim_user WHERE org_id = %s", other.org_id) == [(0,)]


def test_ping_walks_all_groups_and_puts_only(other):
    client = scim.Client(other.gatepost.scim_base, other.token, headers={"Accept": "application/scim+json"})
    made = [ok(client.post("/Groups", scim.group(f"group {n:02}")), 201)["id"] for n in range(25)]
    walked, start = [], 1
    while True:
        page = ok(client.get(f"/Groups?startIndex={start}&count=10&excludedAttributes=members"))
        walked += [g["id"] for g in page["Resources"]]
        start += page["itemsPerPage"]
        if start > page["totalResults"]:
            break
    assert walked == made
    user = ok(client.post("/Users", scim.user("ping@example.org", title="One")), 201)
    changed = ok(client.put(f"/Users/{user['id']}", scim.user("ping@example.org", nickName="P")))
    assert "title" not in changed and changed["nickName"] == "P", "what a PUT leaves out is cleared"
    stored = user_in_database(other, user["id"])
    assert stored[2] == 2 and "title" not in stored[3]


def test_aws_style_rotation_with_two_live_tokens(other):
    first = other.client
    ok(first.post("/Users", scim.user("a@example.org")), 201)
    second_secret, second_id = other.new_token()
    second = scim.Client(other.gatepost.scim_base, second_secret)
    listing(second.get("/Users"), total=1)
    listing(first.get("/Users"), total=1)
    assert other.gatepost.cli.run("scim-token", "revoke", other.token_id, "--org", other.org, "--yes").returncode == 0
    refused(first.get("/Users"), 401, None, "first")
    listing(second.get("/Users"), total=1)


def test_google_pushes_people_only(other):
    """No group ever arrives; people must stand by themselves."""
    client = other.client
    for n in range(3):
        ok(client.post("/Users", scim.user(f"g{n}@example.org")), 201)
    listing(client.get("/Groups"), total=0)
    listing(client.get("/Users"), total=3)
