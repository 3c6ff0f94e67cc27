"""Nobody sees or changes what is another organisation's or another source's: every route, every kind of id."""

import uuid

import pytest

from checks import listing, ok, refused
from conftest import new_tenant
from stack import scim


@pytest.fixture(scope="module")
def victim(gatepost, cluster):
    """An organisation with a person in a group and a pending member."""
    made = new_tenant(gatepost, cluster)
    made.user = ok(made.client.post("/Users", scim.user("victim@example.org", externalId="ext-v", emails=[{"value": "victim@example.org", "type": "work"}])), 201)
    made.group = ok(made.client.post("/Groups", scim.group("victims", externalId="ext-g", members=[{"value": made.user["id"]}, {"value": "ghost"}])), 201)
    return made


@pytest.fixture(scope="module", params=["other organisation", "other source of the same organisation"])
def intruder(request, gatepost, cluster, victim):
    if request.param.startswith("other organisation"):
        return new_tenant(gatepost, cluster).client
    gatepost.cli.json("source", "add", "second", "--org", victim.org)
    return victim.with_token(source="second")


@pytest.fixture
def untouched(victim):
    """The victim's rows are the same afterwards."""
    def rows():
        mine = (victim.user["id"], victim.group["id"])
        return [victim.sql(f"SELECT to_jsonb(t) FROM {table} t WHERE {column}::text IN (%s, %s) ORDER BY 1::text", *mine)
                for table, column in (("scim_user", "user_id"), ("scim_group", "group_id"), ("scim_member", "group_id"),
                                      ("scim_pending_member", "group_id"))]
    before = rows()
    yield
    assert rows() == before


PATCH_NAME = {"schemas": [scim.PATCH], "Operations": [{"op": "replace", "path": "externalId", "value": "stolen"}]}
ROUTES = [
    ("GET", "/Users/{user}", None), ("PUT", "/Users/{user}", scim.user("stolen@example.org")),
    ("PATCH", "/Users/{user}", PATCH_NAME), ("DELETE", "/Users/{user}", None),
    ("GET", "/Groups/{group}", None), ("PUT", "/Groups/{group}", scim.group("stolen", members=[])),
    ("PATCH", "/Groups/{group}", PATCH_NAME), ("DELETE", "/Groups/{group}", None),
]


@pytest.mark.parametrize("method,path,body", ROUTES, ids=[f"{m} {p}" for m, p, _ in ROUTES])
def test_foreign_ids_are_unknown_ids(victim, intruder, untouched, method, path, body):
    """The answer to a foreign id is the answer to an id that nobody has, the id aside."""
    ids = {"user": victim.user["id"], "group": victim.group["id"]}
    nobody = {"user": str(uuid.uuid4()), "group": str(uuid.uuid4())}
    foreign = refused(intruder.request(method, path.format(**ids), body), 404)
    unknown = refused(intruder.request(method, path.format(**nobody), body), 404)
    for name, value in ids.items():
        foreign["detail"] = foreign["detail"].replace(value, "ID")
        unknown["detail"] = unknown["detail"].replace(nobody[name], "ID")
    assert foreign == unknown


@pytest.mark.parametrize("swap", ["group id as user", "user id as group"])
def test_ids_of_the_other_kind_are_unknown(victim, untouched, swap):
    path = f"/Users/{victim.group['id']}" if swap.startswith("group") else f"/Groups/{victim.user['id']}"
    refused(victim.client.get(path), 404)
    refused(victim.client.delete(path), 404)


FILTERS = [
    ("Users", 'userName eq "victim@example.org"'), ("Users", 'id eq "{user}"'), ("Users", 'externalId eq "ext-v"'),
    ("Users", 'emails.value eq "victim@example.org"'), ("Users", 'emails[type eq "work"].value eq "victim@example.org"'),
    ("Users", 'userName eq "victim@example.org" and active eq true'), ("Users", 'groups.value eq "{group}"'),
    ("Groups", 'displayName eq "victims"'), ("Groups", 'id eq "{group}"'), ("Groups", 'externalId eq "ext-g"'),
    ("Groups", 'members.value eq "{user}"'), ("Groups", 'members[value eq "{user}"]'), ("Groups", 'members.value eq "ghost"'),
]


@pytest.mark.parametrize("resource,expression", FILTERS, ids=[e for _, e in FILTERS])
def test_filters_leak_nothing(victim, intruder, resource, expression):
    expression = expression.format(user=victim.user["id"], group=victim.group["id"])
    assert victim.client.search(resource, expression).json["totalResults"] == 1, "the filter does find it for its owner"
    listing(intruder.search(resource, expression), total=0)


def test_lists_leak_nothing(intruder):
    listing(intruder.get("/Users"), total=0)
    listing(intruder.get("/Groups"), total=0)


def test_foreign_people_do_not_become_members(victim, intruder, untouched):
    """A foreign id is an id nobody has: it waits, and stays waiting."""
    group = ok(intruder.post("/Groups", scim.group("intruders " + uuid.uuid4().hex, members=[{"value": victim.user["id"]}])), 201)
    live = victim.sql("SELECT count(*) FROM scim_member WHERE group_id = %s", group["id"])
    assert live == [(0,)]
    assert [m["value"] for m in group["members"]] == [victim.user["id"]]
    assert "display" not in group["members"][0], "not even the name leaks"
    assert ok(victim.client.get(f"/Users/{victim.user['id']}"))["groups"][0]["value"] == victim.group["id"]


def test_a_name_of_another_source_is_taken(victim, gatepost):
    """userName is unique in the organisation: the 409 says whose it is, and nothing is taken over."""
    gatepost.cli.run("source", "add", "third", "--org", victim.org)
    client = victim.with_token(source="third")
    body = refused(client.post("/Users", scim.user("VICTIM@example.org")), 409, "uniqueness")
    assert victim.user["id"] not in body["detail"]
    listing(client.get("/Users"), total=0)


def test_a_name_of_another_organisation_is_free(gatepost, cluster, victim):
    other = new_tenant(gatepost, cluster)
    made = ok(other.client.post("/Users", scim.user("victim@example.org", externalId="ext-v")), 201)
    assert made["id"] != victim.user["id"]
    ok(other.client.post("/Groups", scim.group("victims")), 201)


def test_the_path_may_name_the_organisation_but_must_agree(gatepost, victim, intruder):
    mine = victim.client.request("GET", f"/o/{victim.org}/scim/v2/Users/{victim.user['id']}", raw_path=True)
    assert ok(mine)["id"] == victim.user["id"]
    refused(victim.client.request("GET", "/o/default/scim/v2/Users", raw_path=True), 401)
    refused(victim.client.request("GET", "/o/no-such-organisation/scim/v2/Users", raw_path=True), 401)


def test_audit_and_write_requests_carry_the_callers_organisation(victim):
    stray = victim.sql("""SELECT count(*) FROM write_request w JOIN scim_user u ON u.user_id = w.resource_id
                          WHERE u.org_id <> w.org_id""")
    assert stray == [(0,)]
    assert victim.sql("SELECT count(*) > 0 FROM audit WHERE org_id = %s AND kind = 'scim'", victim.org_id) == [(True,)]
