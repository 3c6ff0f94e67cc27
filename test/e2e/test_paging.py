"""Index paging and projection."""

import pytest

from checks import listing, ok
from stack import scim


@pytest.fixture(scope="module")
def crowd(gatepost, cluster):
    from conftest import new_tenant
    made = new_tenant(gatepost, cluster)
    made.ids = [ok(made.client.post("/Users", scim.user(f"p{n:03}@example.org", title="even" if n % 2 == 0 else "odd",
                                                        name={"givenName": f"G{n}", "familyName": "F"})), 201)["id"] for n in range(30)]
    return made


CASES = [  # query, ids by position, total, startIndex
    ("", slice(0, 30), 30, 1), ("startIndex=1&count=10", slice(0, 10), 30, 1), ("startIndex=21&count=10", slice(20, 30), 30, 21),
    ("startIndex=29&count=10", slice(28, 30), 30, 29), ("startIndex=31&count=10", slice(0, 0), 30, 31), ("startIndex=0&count=2", slice(0, 2), 30, 1),
    ("startIndex=-5&count=2", slice(0, 2), 30, 1), ("count=0", slice(0, 0), 30, 1), ("count=-1", slice(0, 0), 30, 1),
    ("count=100000", slice(0, 30), 30, 1), ("startindex=3&COUNT=1", slice(2, 3), 30, 3), ("unknown=1&count=1", slice(0, 1), 30, 1),
]


@pytest.mark.parametrize("query,wanted,total,start", CASES, ids=[c[0] or "none" for c in CASES])
def test_index_paging(crowd, query, wanted, total, start):
    body = ok(crowd.client.get("/Users?" + query))
    assert [u["id"] for u in body["Resources"]] == crowd.ids[wanted]
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (total, start, len(crowd.ids[wanted]))


def test_filtered_total_does_not_depend_on_the_page(crowd):
    for start in (1, 8, 15):
        body = crowd.client.search("Users", 'title eq "EVEN"', startIndex=start, count=4).json
        assert body["totalResults"] == 15
    assert [u["title"] for u in body["Resources"]] == ["even"]


PROJECTIONS = [  # query, names that must be there, names that must not
    ("attributes=userName", {"id", "schemas", "userName"}, {"name", "meta", "active"}),
    ("attributes=USERNAME,name.givenName", {"userName", "name"}, {"active"}),
    ("attributes=urn:ietf:params:scim:schemas:core:2.0:User:userName", {"userName"}, {"name"}),
    ("excludedAttributes=name,meta", {"userName", "active", "id"}, {"name", "meta"}),
    ("excludedAttributes=id,schemas", {"id", "schemas"}, set()),
    ("attributes=nosuch", {"id", "schemas"}, {"userName"}),
]


@pytest.mark.parametrize("query,there,absent", PROJECTIONS, ids=[p[0] for p in PROJECTIONS])
def test_projection(crowd, query, there, absent):
    for answer in (crowd.client.get(f"/Users/{crowd.ids[0]}?{query}"), crowd.client.get(f"/Users?count=1&{query}")):
        user = ok(answer)
        user = user["Resources"][0] if "Resources" in user else user
        assert there <= set(user) and not absent & set(user)
    if "name.givenName" in query:
        assert user["name"] == {"givenName": "G0"}


def test_projection_of_write_answers(crowd):
    made = ok(crowd.client.post("/Users?attributes=userName", scim.user("proj@example.org", title="T")), 201)
    assert set(made) == {"id", "schemas", "userName"}
    patched = ok(crowd.client.patch(f"/Users/{made['id']}?attributes=title", [{"op": "replace", "path": "title", "value": "U"}]))
    assert set(patched) == {"id", "schemas", "title"}
    group = ok(crowd.client.post("/Groups", scim.group("projected")), 201)
    answer = crowd.client.patch(f"/Groups/{group['id']}?attributes=displayName", [{"op": "replace", "path": "displayName", "value": "P"}])
    assert set(ok(answer)) == {"id", "schemas", "displayName"}, "attributes in the query makes it 200 with a body"


def test_empty_lists(other):
    listing(other.client.get("/Users"), total=0)
    listing(other.client.search("Groups", 'displayName eq "x"'), total=0)
